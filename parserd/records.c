/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records: opening both environments, and their transactions, which are one to the callers. */
#include "parserd/records.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "parserd/records_writer.h"

/* ---- opening ---- */

static int make_dbs(
	MDB_env *env, int (*open_dbs)(MDB_txn *txn, bool make, MDB_dbi *ret), MDB_dbi *ret)
{
	MDB_txn *txn;
	int rc = env_errno(mdb_txn_begin(env, NULL, 0, &txn));

	if (rc != 0)
		return rc;
	rc = open_dbs(txn, true, ret);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return env_errno(mdb_txn_commit(txn));
}

static int open_env(const char *path, uint64_t map_bytes, unsigned databases, MDB_env **ret)
{
	int rc = env_make(path);

	return rc == 0 ? env_open_writer(path, map_bytes, databases, ret) : rc;
}

static int open_shared(struct records_writer *w, const char *path, uint64_t map_bytes)
{
	int rc = open_env(path, map_bytes, RECORDS_DBS, &w->shared.env);

	if (rc == 0)
		rc = make_dbs(w->shared.env, records_open_dbs, w->dbs);
	w->shared.item = w->dbs[RECORDS_ITEM];
	w->shared.version = w->dbs[RECORDS_VERSION];
	w->shared.content = w->dbs[RECORDS_CONTENT];
	w->shared.uses = w->dbs[RECORDS_USES];
	w->shared.raw = w->dbs[RECORDS_RAW];
	w->shared.refused = w->dbs[RECORDS_REFUSED];
	return rc;
}

static int open_private(struct records_writer *w, const char *path, uint64_t map_bytes)
{
	int rc = open_env(path, map_bytes, PRIVATE_DBS, &w->private.env);

	if (rc == 0)
		rc = make_dbs(w->private.env, private_open_dbs, w->private_dbs);
	w->private.item = w->private_dbs[PRIVATE_ITEM];
	w->private.version = w->private_dbs[PRIVATE_VERSION];
	w->private.content = w->private_dbs[PRIVATE_CONTENT];
	w->private.uses = w->private_dbs[PRIVATE_USES];
	w->private.raw = w->private_dbs[PRIVATE_RAW];
	w->private.refused = w->private_dbs[PRIVATE_REFUSED];
	return rc;
}

int records_writer_open(
	const char *path, const char *private_path, uint64_t map_bytes, struct records_writer **ret)
{
	struct records_writer *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -ENOMEM;
	int rc = sodium_init() < 0 ? -ENOSYS : open_shared(w, path, map_bytes);
	if (rc == 0)
		rc = open_private(w, private_path, map_bytes);
	if (rc != 0) {
		records_writer_close(w);
		return rc;
	}
	*ret = w;
	return 0;
}

void records_writer_close(struct records_writer *w)
{
	if (w == NULL)
		return;
	records_abort(w);
	if (w->private.env != NULL)
		mdb_env_close(w->private.env);
	if (w->shared.env != NULL)
		mdb_env_close(w->shared.env);
	free(w);
}

/* ---- numbers ---- */

static int read_journal_seq(struct records_writer *w, uint64_t *ret_seq)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	struct fact last = {.seq = 0};
	int rc = mdb_cursor_open(w->shared.txn, w->dbs[RECORDS_JOURNAL], &cursor);

	if (rc != 0)
		return env_errno(rc);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
	mdb_cursor_close(cursor);
	if (rc == 0)
		rc = fact_unpack(env_span(key), env_span(value), &last);
	else
		rc = rc == MDB_NOTFOUND ? 0 : env_errno(rc);
	if (rc == 0)
		*ret_seq = last.seq;
	return rc;
}

/* The private environment may be ahead: it is committed first. */
static int read_private_seq(struct records_writer *w, uint64_t *ret_seq)
{
	struct span value;
	int rc = records_get(
		&w->private, w->private_dbs[PRIVATE_META], span_str(PRIVATE_SEQ), &value);
	struct unpack u = {.rest = value};

	if (rc <= 0)
		return rc;
	uint64_t seq = unpack_u64(&u);
	if (u.failed)
		return -EUCLEAN;
	*ret_seq = seq;
	return 0;
}

static int read_last_seq(struct records_writer *w)
{
	uint64_t journal = 0;
	uint64_t private = 0;
	int rc = read_journal_seq(w, &journal);

	if (rc == 0)
		rc = read_private_seq(w, &private);
	w->last_seq = journal > private ? journal : private;
	return rc;
}

static int write_private_seq(struct records_writer *w)
{
	struct pack value = {.len = 0};

	pack_u64(&value, w->last_seq);
	return records_put(
		&w->private, w->private_dbs[PRIVATE_META], span_str(PRIVATE_SEQ), &value);
}

/* ---- the transaction ---- */

static int begin(struct records_shelf *s)
{
	int rc = env_errno(mdb_txn_begin(s->env, NULL, 0, &s->txn));

	s->changed = false;
	if (rc != 0)
		s->txn = NULL;
	return rc;
}

static void drop(struct records_shelf *s)
{
	if (s->txn != NULL)
		mdb_txn_abort(s->txn);
	s->txn = NULL;
}

/* Durability: the environments are opened without MDB_NOSYNC and the like, so this returns when the
 * pages and then the page that points to them are on the disk. */
static int commit(struct records_shelf *s)
{
	MDB_txn *txn = s->txn;

	s->txn = NULL;
	return records_errno(s, mdb_txn_commit(txn));
}

int records_begin(struct records_writer *w)
{
	int rc = begin(&w->private);

	if (rc == 0)
		rc = begin(&w->shared);
	if (rc == 0)
		rc = read_last_seq(w);
	if (rc != 0)
		records_abort(w);
	return rc;
}

/* Durability: the private facts first. When the power goes between the two, all of it is done
 * again, and a private fact that the journal does not know is entered then; the other way round,
 * the journal would name what was never stored. */
int records_commit(struct records_writer *w)
{
	int rc = 0;

	if (w->private.changed)
		rc = write_private_seq(w);
	if (rc == 0 && w->private.changed)
		rc = commit(&w->private);
	if (rc == 0)
		rc = commit(&w->shared);
	records_abort(w);
	return rc;
}

void records_abort(struct records_writer *w)
{
	drop(&w->private);
	drop(&w->shared);
}

int records_grow(struct records_writer *w)
{
	struct records_shelf *s = records_shelf(w, w->private.full);
	int rc = env_grow(s->env);

	if (rc == 0)
		s->full = false;
	return rc;
}

bool records_is_broken(int rc)
{
	return rc == -EUCLEAN || rc == -EPROTONOSUPPORT || rc == -ENOTRECOVERABLE;
}
