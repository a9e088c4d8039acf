/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_fact: facts and their numbers in the journal; punches, bodies kept whole, refused lines.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "parserd/records_writer.h"

/* ---- one environment ---- */

int records_errno(struct records_shelf *s, int mdb_code)
{
	s->full = s->full || mdb_code == MDB_MAP_FULL;
	return env_errno(mdb_code);
}

int records_put(struct records_shelf *s, MDB_dbi db, struct span key, const struct pack *value)
{
	MDB_val k = env_val(key);
	MDB_val v = env_val(pack_span(value));

	if (value->failed)
		return -EINVAL;
	s->changed = true;
	return records_errno(s, mdb_put(s->txn, db, &k, &v, 0));
}

int records_delete(struct records_shelf *s, MDB_dbi db, struct span key)
{
	MDB_val k = env_val(key);
	int rc = mdb_del(s->txn, db, &k, NULL);

	if (rc == MDB_NOTFOUND)
		return 0;
	s->changed = true;
	return rc == 0 ? 1 : records_errno(s, rc);
}

int records_get(struct records_shelf *s, MDB_dbi db, struct span key, struct span *ret)
{
	MDB_val k = env_val(key);
	MDB_val value;
	int rc = mdb_get(s->txn, db, &k, &value);

	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : env_errno(rc);
	*ret = env_span(value);
	return 1;
}

int records_seek(struct records_shelf *s, MDB_cursor *cursor, struct span from,
	struct span *ret_key, struct span *ret_value)
{
	MDB_val key = env_val(from);
	MDB_val value;
	int rc = mdb_cursor_get(cursor, &key, &value, from.len > 0 ? MDB_SET_RANGE : MDB_FIRST);

	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : records_errno(s, rc);
	*ret_key = env_span(key);
	*ret_value = env_span(value);
	return 1;
}

int records_next(
	struct records_shelf *s, MDB_cursor *cursor, struct pack *at, struct span *ret_value)
{
	struct span key = {NULL, 0};

	if (at->len > 0)
		pack_u8(at, 0); /* the least key behind it */
	int rc = records_seek(s, cursor, pack_span(at), &key, ret_value);
	if (rc <= 0)
		return rc;
	pack_clear(at);
	pack_bytes(at, key);
	return at->failed ? -EUCLEAN : 1;
}

/* ---- the journal ---- */

/* The number is used up only now, when the fact turned out to be new. */
int records_enter(struct records_writer *w, enum fact_kind kind, struct span fact_key)
{
	struct pack key, value;

	pack_clear(&key);
	pack_clear(&value);
	fact_pack_key(&key, w->last_seq + 1);
	fact_pack_value(&value, kind, fact_key);
	if (value.failed)
		return -EINVAL;
	MDB_val k = env_val(pack_span(&key));
	MDB_val v = env_val(pack_span(&value));
	int rc = records_errno(&w->shared, mdb_put(w->shared.txn, w->dbs[RECORDS_JOURNAL], &k, &v,
						   MDB_NOOVERWRITE | MDB_APPEND));
	if (rc != 0)
		return rc == -EEXIST ? -EUCLEAN : rc; /* the last number was not the last */
	w->shared.changed = true;
	w->last_seq++;
	return 1;
}

int records_is_entered(
	struct records_writer *w, uint64_t seq, enum fact_kind kind, struct span fact_key)
{
	struct pack key = {.len = 0};
	struct pack value = {.len = 0};
	struct span stored = {NULL, 0};

	fact_pack_key(&key, seq);
	fact_pack_value(&value, kind, fact_key);
	int rc = records_get(&w->shared, w->dbs[RECORDS_JOURNAL], pack_span(&key), &stored);
	return rc == 1 ? span_eq(stored, pack_span(&value)) : rc;
}

/* ---- facts ---- */

static unsigned char *append(unsigned char *to, struct span bytes)
{
	if (bytes.len > 0)
		memcpy(to, bytes.ptr, bytes.len);
	return to + bytes.len;
}

static void set_seq(void *value, uint64_t seq)
{
	struct pack p;

	pack_clear(&p);
	pack_u64(&p, seq);
	memcpy(value, p.bytes, RECORDS_SEQ_BYTES);
}

/* Reserved and then filled: a body may be long and is copied once. With MDB_NOOVERWRITE: -EEXIST,
 * and `ret_stored` is what is there. */
static int put_fact(
	const struct records_fact *f, uint64_t seq, unsigned flags, struct span *ret_stored)
{
	MDB_val key = env_val(pack_span(f->key));
	MDB_val room = {.mv_size = f->head->len + f->more[0].len + f->more[1].len};
	int rc = mdb_put(f->shelf->txn, f->db, &key, &room, flags | MDB_RESERVE);

	if (rc != 0) {
		*ret_stored = env_span(room);
		return records_errno(f->shelf, rc);
	}
	f->shelf->changed = true;
	append(append(append(room.mv_data, pack_span(f->head)), f->more[0]), f->more[1]);
	set_seq(room.mv_data, seq);
	return 0;
}

/* What is stored stands, with another number. It lies in the page that is about to change. */
static int renumber(const struct records_fact *f, struct span stored, uint64_t seq)
{
	char *copy = malloc(stored.len);
	MDB_val key = env_val(pack_span(f->key));
	MDB_val value = {.mv_size = stored.len, .mv_data = copy};

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, stored.ptr, stored.len);
	set_seq(copy, seq);
	f->shelf->changed = true;
	int rc = records_errno(f->shelf, mdb_put(f->shelf->txn, f->db, &key, &value, 0));
	free(copy);
	return rc;
}

/* It is there: is it in the journal, and which upload stands? */
static int meet_known(struct records_writer *w, const struct records_fact *f, struct span stored)
{
	struct unpack u = {.rest = stored};
	uint64_t seq = unpack_u64(&u);
	struct span arrival = unpack_bytes(&u, RECORDS_ARRIVAL_BYTES);
	int entered = 1;

	if (u.failed)
		return -EUCLEAN;
	int order = memcmp(f->head->bytes + RECORDS_SEQ_BYTES, arrival.ptr, arrival.len);
	bool stands = f->last_stands ? order > 0 : order < 0;
	if (f->shelf == &w->private)
		entered = records_is_entered(w, seq, f->kind, pack_span(f->journal_key));
	if (entered < 0 || (entered == 1 && !stands))
		return entered < 0 ? entered : 0;
	if (entered == 0)
		seq = w->last_seq + 1;
	int rc = stands ? put_fact(f, seq, 0, &stored) : renumber(f, stored, seq);
	if (rc != 0 || entered == 1)
		return rc;
	return records_enter(w, f->kind, pack_span(f->journal_key));
}

/* A pack that has failed is a fault of the caller's: everything in it was to be checked before. */
int records_add_fact(struct records_writer *w, const struct records_fact *f)
{
	struct span stored;

	if (f->key->failed || f->head->failed)
		return -EINVAL;
	int rc = put_fact(f, w->last_seq + 1, MDB_NOOVERWRITE, &stored);
	if (rc == -EEXIST)
		return meet_known(w, f, stored);
	return rc == 0 ? records_enter(w, f->kind, pack_span(f->journal_key)) : rc;
}

int records_add_punch(struct records_writer *w, const struct punch *p)
{
	struct pack key, head;

	pack_clear(&key);
	pack_clear(&head);
	punch_pack_key(&key, p);
	punch_pack_value(&head, p);
	return records_add_fact(w, &(struct records_fact){
					   .shelf = &w->shared,
					   .db = w->dbs[RECORDS_PUNCH],
					   .kind = FACT_PUNCH,
					   .key = &key,
					   .journal_key = &key,
					   .head = &head,
				   });
}

/* ---- bodies kept whole and refused lines ---- */

void records_digest(struct span bytes, unsigned char ret[static KEPT_DIGEST_BYTES])
{
	(void)crypto_generichash(
		ret, KEPT_DIGEST_BYTES, (const unsigned char *)bytes.ptr, bytes.len, NULL, 0);
}

static MDB_dbi db_of(const struct records_shelf *s, enum fact_kind kind)
{
	return kind == FACT_RAW ? s->raw : s->refused;
}

/* An older version kept it where everybody may read it. */
static int hide(struct records_writer *w, enum fact_kind kind, const struct pack *key)
{
	return records_delete(&w->shared, db_of(&w->shared, kind), pack_span(key));
}

static int add_kept(struct records_writer *w, enum fact_kind kind, const struct kept *k)
{
	struct kept digested = *k;
	bool private = kept_is_private(k);
	struct records_shelf *s = records_shelf(w, private);
	struct pack key, head, without_digest;

	records_digest(k->bytes, digested.digest);
	pack_clear(&key);
	pack_clear(&head);
	kept_pack_key(&key, &digested);
	kept_pack_head(&head, &digested);
	without_digest = key;
	if (!key.failed)
		without_digest.len -= KEPT_DIGEST_BYTES;
	struct records_fact f = {s, db_of(s, kind), kind, &key, private ? &without_digest : &key,
		&head, {k->note, k->bytes}, false};
	int added = records_add_fact(w, &f);
	int rc = added >= 0 && private ? hide(w, kind, &key) : 0;
	return rc < 0 ? rc : added;
}

int records_add_raw(struct records_writer *w, const struct kept *k)
{
	return add_kept(w, FACT_RAW, k);
}

int records_add_refused(struct records_writer *w, const struct kept *k)
{
	return add_kept(w, FACT_REFUSED, k);
}

/* By its digest it is the same; is it also of the same upload? */
static int drop_if_same(
	struct records_shelf *s, enum fact_kind kind, struct span key, const struct kept *k)
{
	struct pack head = {.len = 0};
	struct span stored = {NULL, 0};
	int rc = records_get(s, db_of(s, kind), key, &stored);

	if (rc <= 0)
		return rc;
	kept_pack_head(&head, k);
	if (head.failed || stored.len < RECORDS_SEQ_BYTES + RECORDS_ARRIVAL_BYTES)
		return head.failed ? -EINVAL : -EUCLEAN;
	if (memcmp(stored.ptr + RECORDS_SEQ_BYTES, head.bytes + RECORDS_SEQ_BYTES,
		    RECORDS_ARRIVAL_BYTES) != 0)
		return 0;
	return records_delete(s, db_of(s, kind), key);
}

static int drop(struct records_writer *w, enum fact_kind kind, const struct kept *k)
{
	struct kept digested = *k;
	struct pack key = {.len = 0};

	records_digest(k->bytes, digested.digest);
	kept_pack_key(&key, &digested);
	if (key.failed)
		return -EINVAL;
	int shared = drop_if_same(&w->shared, kind, pack_span(&key), k);
	if (shared < 0)
		return shared;
	int private = drop_if_same(&w->private, kind, pack_span(&key), k);
	return private < 0 ? private : shared + private > 0;
}

int records_drop_raw(struct records_writer *w, const struct kept *k)
{
	return drop(w, FACT_RAW, k);
}

int records_drop_refused(struct records_writer *w, const struct kept *k)
{
	return drop(w, FACT_REFUSED, k);
}

static int has_key_from(struct records_shelf *s, MDB_dbi db, const struct pack *prefix)
{
	MDB_cursor *cursor;
	struct span key = span_str("");
	struct span value;
	int rc = records_errno(s, mdb_cursor_open(s->txn, db, &cursor));

	if (rc < 0)
		return rc;
	rc = records_seek(s, cursor, pack_span(prefix), &key, &value);
	mdb_cursor_close(cursor);
	return rc == 1 ? pack_begins(key, prefix) : rc;
}

int records_has_refused(struct records_writer *w, struct span serial, struct span table)
{
	struct kept k = {.serial = serial, .table = table};
	struct pack key = {.len = 0};

	kept_pack_key(&key, &k);
	if (key.failed)
		return -EINVAL;
	key.len -= KEPT_DIGEST_BYTES;
	int rc = has_key_from(&w->shared, w->shared.refused, &key);
	return rc == 0 ? has_key_from(&w->private, w->private.refused, &key) : rc;
}
