/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records: see the header. */
#include "parserd/records.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "lib/num.h"
#include "store/env.h"
#include "store/schema.h"

#define STAMP_DIGITS_MAX 20
#define DAY_US           ((uint64_t)24 * 3600 * 1000000)

struct records_writer {
	MDB_env *env;
	MDB_dbi dbs[RECORDS_DBS];
	MDB_txn *txn;      /* NULL while none is begun */
	uint64_t last_seq; /* of the journal, within txn */
};

/* ---- opening ---- */

static int make_dbs(struct records_writer *w)
{
	MDB_txn *txn;
	int rc = env_errno(mdb_txn_begin(w->env, NULL, 0, &txn));

	if (rc != 0)
		return rc;
	rc = records_open_dbs(txn, true, w->dbs);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return env_errno(mdb_txn_commit(txn));
}

int records_writer_open(const char *path, uint64_t map_bytes, struct records_writer **ret)
{
	struct records_writer *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -ENOMEM;
	int rc = sodium_init() < 0 ? -ENOSYS : env_make(path);
	if (rc == 0)
		rc = env_open_writer(path, map_bytes, RECORDS_DBS, &w->env);
	if (rc == 0)
		rc = make_dbs(w);
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
	if (w->env != NULL)
		mdb_env_close(w->env);
	free(w);
}

/* ---- the transaction ---- */

static int read_last_seq(MDB_txn *txn, MDB_dbi journal, uint64_t *ret_seq)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	struct fact last = {.seq = 0};
	int rc = mdb_cursor_open(txn, journal, &cursor);

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

int records_begin(struct records_writer *w)
{
	int rc = env_errno(mdb_txn_begin(w->env, NULL, 0, &w->txn));

	if (rc != 0) {
		w->txn = NULL;
		return rc;
	}
	rc = read_last_seq(w->txn, w->dbs[RECORDS_JOURNAL], &w->last_seq);
	if (rc != 0)
		records_abort(w);
	return rc;
}

int records_commit(struct records_writer *w)
{
	MDB_txn *txn = w->txn;

	w->txn = NULL;
	/* Durability: the environment is opened without MDB_NOSYNC and the like, so this returns
	 * when the pages and then the page that points to them are on the disk. */
	return env_errno(mdb_txn_commit(txn));
}

void records_abort(struct records_writer *w)
{
	if (w->txn != NULL)
		mdb_txn_abort(w->txn);
	w->txn = NULL;
}

int records_grow(struct records_writer *w)
{
	return env_grow(w->env);
}

/* ---- facts ---- */

/* A pack that has failed is a fault of the caller's: everything in it was to be checked before. */
static int put_new(struct records_writer *w, enum records_db db, const struct pack *key,
	MDB_val *value, unsigned flags)
{
	if (key->failed)
		return -EINVAL;
	MDB_val k = env_val(pack_span(key));
	return env_errno(mdb_put(w->txn, w->dbs[db], &k, value, flags | MDB_NOOVERWRITE));
}

/* The number is used up only now, when the fact turned out to be new. */
static int put_journal(struct records_writer *w, enum fact_kind kind, const struct pack *fact_key)
{
	struct pack key, value;

	pack_clear(&key);
	pack_clear(&value);
	fact_pack_key(&key, w->last_seq + 1);
	fact_pack_value(&value, kind, pack_span(fact_key));
	MDB_val v = env_val(pack_span(&value));
	int rc = put_new(w, RECORDS_JOURNAL, &key, &v, MDB_APPEND);
	if (rc != 0)
		return rc == -EEXIST ? -EUCLEAN : rc; /* the last number was not the last */
	w->last_seq++;
	return 1;
}

int records_add_punch(struct records_writer *w, const struct punch *p)
{
	struct punch numbered = *p;
	struct pack key, value;

	numbered.seq = w->last_seq + 1;
	pack_clear(&key);
	pack_clear(&value);
	punch_pack_key(&key, &numbered);
	punch_pack_value(&value, &numbered);
	if (value.failed)
		return -EINVAL;
	MDB_val v = env_val(pack_span(&value));
	int rc = put_new(w, RECORDS_PUNCH, &key, &v, 0);
	if (rc != 0)
		return rc == -EEXIST ? 0 : rc;
	return put_journal(w, FACT_PUNCH, &key);
}

static unsigned char *append(unsigned char *to, struct span bytes)
{
	if (bytes.len > 0)
		memcpy(to, bytes.ptr, bytes.len);
	return to + bytes.len;
}

static int add_kept(
	struct records_writer *w, enum records_db db, enum fact_kind kind, const struct kept *k)
{
	struct kept numbered = *k;
	struct pack key, head;

	numbered.seq = w->last_seq + 1;
	(void)crypto_generichash(numbered.digest, sizeof(numbered.digest),
		(const unsigned char *)k->bytes.ptr, k->bytes.len, NULL, 0);
	pack_clear(&key);
	pack_clear(&head);
	kept_pack_key(&key, &numbered);
	kept_pack_head(&head, &numbered);
	if (head.failed)
		return -EINVAL;
	/* Reserved and then filled: a body may be long and is copied once. */
	MDB_val room = {.mv_size = head.len + k->note.len + k->bytes.len};
	int rc = put_new(w, db, &key, &room, MDB_RESERVE);
	if (rc != 0)
		return rc == -EEXIST ? 0 : rc;
	append(append(append(room.mv_data, pack_span(&head)), k->note), k->bytes);
	return put_journal(w, kind, &key);
}

int records_add_raw(struct records_writer *w, const struct kept *k)
{
	return add_kept(w, RECORDS_RAW, FACT_RAW, k);
}

int records_add_refused(struct records_writer *w, const struct kept *k)
{
	return add_kept(w, RECORDS_REFUSED, FACT_REFUSED, k);
}

/* ---- stamps ---- */

static bool may_be_stored(struct span text)
{
	uint64_t value;

	/* Terminals read it as a number: 0, "None" and nothing at all mean "send everything". A
	 * longer one than any number could be is none, whatever its zeros. */
	return text.len <= STAMP_DIGITS_MAX && num_u64(text, 1, UINT64_MAX, &value) == 0;
}

/* < 0, 0, > 0: by receipt, then by entry. Packed, because packed entries sort by arrival. */
static int compare(const struct stamp *a, const struct stamp *b)
{
	struct pack left = {.len = 0};
	struct pack right = {.len = 0};

	pack_u64(&left, a->received_us);
	pack_u64(&right, b->received_us);
	entry_ref_pack(&left, &a->entry);
	entry_ref_pack(&right, &b->entry);
	return memcmp(left.bytes, right.bytes, left.len);
}

/* 1 when `stamp` may take the place of what is stored under `key`, 0 when not, or an errno. */
static int is_later(
	struct records_writer *w, MDB_val *key, const struct stamp *stamp, uint64_t now_us)
{
	struct stamp stored;
	MDB_val value;
	int rc = mdb_get(w->txn, w->dbs[RECORDS_STAMP], key, &value);

	if (rc != 0)
		return rc == MDB_NOTFOUND ? 1 : env_errno(rc);
	rc = stamp_unpack(env_span(value), &stored);
	if (rc != 0)
		return rc;
	return compare(stamp, &stored) > 0 || stored.received_us > now_us + DAY_US;
}

int records_set_stamp(struct records_writer *w, struct span serial, struct span table,
	const struct stamp *stamp, uint64_t now_us)
{
	struct pack key = {.len = 0};
	struct pack value = {.len = 0};

	if (!may_be_stored(stamp->text))
		return 0;
	stamp_pack_key(&key, serial, table);
	stamp_pack_value(&value, stamp);
	if (key.failed || value.failed)
		return -EINVAL;
	MDB_val k = env_val(pack_span(&key));
	MDB_val v = env_val(pack_span(&value));
	int rc = is_later(w, &k, stamp, now_us);
	if (rc <= 0)
		return rc;
	rc = env_errno(mdb_put(w->txn, w->dbs[RECORDS_STAMP], &k, &v, 0));
	return rc == 0 ? 1 : rc;
}
