/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_read: the readers' side of the records. Each question is one read transaction, which
 * ends with it: one that stays open keeps the writer from using old pages again. */
#include <errno.h>
#include <stdlib.h>

#include "store/env.h"
#include "store/records.h"
#include "store/schema.h"

struct records_reader {
	MDB_env *env;
	MDB_dbi dbs[RECORDS_DBS];
};

int records_open_dbs(MDB_txn *txn, bool make, MDB_dbi ret[static RECORDS_DBS])
{
	static const char *const names[RECORDS_DBS] = {
		[RECORDS_PUNCH] = "punch",
		[RECORDS_JOURNAL] = "journal",
		[RECORDS_RAW] = "raw",
		[RECORDS_REFUSED] = "refused",
		[RECORDS_STAMP] = "stamp",
		[RECORDS_META] = "meta",
	};
	return schema_open(txn, names, RECORDS_DBS, RECORDS_SCHEMA, make, ret);
}

static int open_handles(struct records_reader *r)
{
	MDB_txn *txn;
	int rc = env_begin_read(r->env, &txn);

	if (rc != 0)
		return rc;
	rc = records_open_dbs(txn, false, r->dbs);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	/* Committed, for the handles to outlive it. */
	return env_errno(mdb_txn_commit(txn));
}

int records_open(const char *path, struct records_reader **ret)
{
	struct records_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -ENOMEM;
	int rc = env_open_reader(path, RECORDS_DBS, &r->env);
	if (rc == 0)
		rc = open_handles(r);
	if (rc != 0) {
		records_close(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void records_close(struct records_reader *r)
{
	if (r == NULL)
		return;
	if (r->env != NULL)
		mdb_env_close(r->env);
	free(r);
}

/* ---- a cursor in a transaction of its own ---- */

struct scan {
	MDB_txn *txn;
	MDB_cursor *cursor;
};

static int scan_begin(struct records_reader *r, enum records_db db, struct scan *ret)
{
	struct scan s;
	int rc = env_begin_read(r->env, &s.txn);

	if (rc != 0)
		return rc;
	rc = mdb_cursor_open(s.txn, r->dbs[db], &s.cursor);
	if (rc != 0) {
		mdb_txn_abort(s.txn);
		return env_errno(rc);
	}
	*ret = s;
	return 0;
}

/* Passes a result through; the end of the data is a good end. */
static int scan_end(struct scan *s, int rc)
{
	mdb_cursor_close(s->cursor);
	mdb_txn_abort(s->txn);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* To the first key that is not below `from`: 0, MDB_NOTFOUND, or a negative errno. */
static int scan_to(struct scan *s, struct span from, MDB_val *key, MDB_val *value)
{
	*key = env_val(from);
	int rc = mdb_cursor_get(s->cursor, key, value, from.len > 0 ? MDB_SET_RANGE : MDB_FIRST);
	return rc == MDB_NOTFOUND ? rc : env_errno(rc);
}

static int scan_next(struct scan *s, MDB_val *key, MDB_val *value)
{
	int rc = mdb_cursor_get(s->cursor, key, value, MDB_NEXT);
	return rc == MDB_NOTFOUND ? rc : env_errno(rc);
}

/* ---- punches ---- */

/* A question in the bytes of the keys, so that a punch nobody asked for is not even unpacked. */
struct filter {
	struct pack since, until, serial, pin; /* empty: any */
	uint64_t left;
};

static int filter_make(const struct punch_query *q, struct filter *ret)
{
	*ret = (struct filter){.left = q->limit > 0 ? q->limit : UINT64_MAX};
	if (q->since.month > 0)
		punch_pack_time(&ret->since, &q->since);
	if (q->until.month > 0)
		punch_pack_time(&ret->until, &q->until);
	if (q->serial.len > 0)
		pack_text(&ret->serial, q->serial);
	if (q->pin.len > 0)
		pack_text(&ret->pin, q->pin);
	return ret->serial.failed || ret->pin.failed ? -EINVAL : 0;
}

static inline bool begins_with(struct span key, const struct pack *wanted)
{
	return key.len >= wanted->len && memcmp(key.ptr, wanted->bytes, wanted->len) == 0;
}

static inline struct span behind(struct span key, size_t len)
{
	return span_of(key.ptr + len, key.len - len);
}

static bool filter_past(const struct filter *f, struct span key)
{
	return f->until.len > 0 && key.len >= PUNCH_TIME_BYTES &&
	       memcmp(key.ptr, f->until.bytes, PUNCH_TIME_BYTES) >= 0;
}

static bool filter_takes(const struct filter *f, struct span key)
{
	if (key.len <= PUNCH_TIME_BYTES)
		return true; /* damaged: let it be found out on unpacking */
	struct span texts = behind(key, PUNCH_TIME_BYTES);
	if (!begins_with(texts, &f->serial))
		return false;
	if (f->pin.len == 0)
		return true;
	const char *serial_end = memchr(texts.ptr, '\0', texts.len);
	return serial_end == NULL ||
	       begins_with(behind(texts, (size_t)(serial_end - texts.ptr) + 1), &f->pin);
}

static int show(struct filter *f, MDB_val key, MDB_val value, punch_visit *visit, void *context)
{
	struct punch p;
	int rc = punch_unpack(env_span(key), env_span(value), &p);

	f->left--;
	return rc == 0 ? visit(context, &p) : rc;
}

int records_punches(
	struct records_reader *r, const struct punch_query *q, punch_visit *visit, void *context)
{
	struct filter f;
	struct scan s;
	MDB_val key, value;
	int rc = filter_make(q, &f);

	if (rc == 0)
		rc = scan_begin(r, RECORDS_PUNCH, &s);
	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(&f.since), &key, &value);
	while (rc == 0 && f.left > 0 && !filter_past(&f, env_span(key))) {
		if (filter_takes(&f, env_span(key)))
			rc = show(&f, key, value, visit, context);
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end(&s, rc);
}

/* ---- the journal ---- */

static bool follows(const struct filter *f, const struct fact *fact)
{
	return fact->kind == FACT_PUNCH && !filter_past(f, fact->key) &&
	       (f->since.len == 0 || fact->key.len < PUNCH_TIME_BYTES ||
		       memcmp(fact->key.ptr, f->since.bytes, PUNCH_TIME_BYTES) >= 0) &&
	       filter_takes(f, fact->key);
}

static int show_fact(struct records_reader *r, MDB_txn *txn, struct filter *f,
	const struct fact *fact, punch_visit *visit, void *context)
{
	MDB_val key = env_val(fact->key);
	MDB_val value;
	int rc = mdb_get(txn, r->dbs[RECORDS_PUNCH], &key, &value);

	if (rc == MDB_NOTFOUND)
		return 0; /* an operator's tool took the punch out; the journal still counts it */
	return rc == 0 ? show(f, key, value, visit, context) : env_errno(rc);
}

int records_follow(struct records_reader *r, uint64_t after, const struct punch_query *q,
	punch_visit *visit, void *context)
{
	struct filter f;
	struct scan s;
	struct fact fact;
	struct pack from = {.len = 0};
	MDB_val key, value;
	int rc = filter_make(q, &f);

	if (rc != 0 || after == UINT64_MAX)
		return rc;
	rc = scan_begin(r, RECORDS_JOURNAL, &s);
	if (rc != 0)
		return rc;
	fact_pack_key(&from, after + 1);
	rc = scan_to(&s, pack_span(&from), &key, &value);
	while (rc == 0 && f.left > 0) {
		rc = fact_unpack(env_span(key), env_span(value), &fact);
		if (rc == 0 && follows(&f, &fact))
			rc = show_fact(r, s.txn, &f, &fact, visit, context);
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end(&s, rc);
}

int records_last_seq(struct records_reader *r, uint64_t *ret_seq)
{
	struct scan s;
	struct fact last = {.seq = 0};
	MDB_val key, value;
	int rc = scan_begin(r, RECORDS_JOURNAL, &s);

	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(s.cursor, &key, &value, MDB_LAST);
	if (rc == 0)
		rc = fact_unpack(env_span(key), env_span(value), &last);
	else if (rc != MDB_NOTFOUND)
		rc = env_errno(rc);
	rc = scan_end(&s, rc);
	if (rc == 0)
		*ret_seq = last.seq;
	return rc;
}

/* ---- bodies kept whole and refused lines ---- */

int records_kept(struct records_reader *r, enum fact_kind kind, struct span serial,
	kept_visit *visit, void *context)
{
	struct pack from = {.len = 0};
	struct scan s;
	struct kept k;
	MDB_val key, value;

	if (kind != FACT_RAW && kind != FACT_REFUSED)
		return -EINVAL;
	if (serial.len > 0)
		pack_text(&from, serial);
	int rc = from.failed ? -EINVAL
			     : scan_begin(r, kind == FACT_RAW ? RECORDS_RAW : RECORDS_REFUSED, &s);
	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(&from), &key, &value);
	while (rc == 0 && begins_with(env_span(key), &from)) {
		rc = kept_unpack(env_span(key), env_span(value), &k);
		if (rc == 0)
			rc = visit(context, &k);
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end(&s, rc);
}

/* ---- counts ---- */

static int count_db(MDB_txn *txn, MDB_dbi db, uint64_t *ret)
{
	MDB_stat stat;
	int rc = mdb_stat(txn, db, &stat);

	if (rc == 0)
		*ret = stat.ms_entries;
	return env_errno(rc);
}

static int count_bytes(MDB_env *env, struct records_counts *ret)
{
	MDB_envinfo info;
	MDB_stat stat;
	int rc = mdb_env_info(env, &info);

	if (rc == 0)
		rc = mdb_env_stat(env, &stat);
	if (rc != 0)
		return env_errno(rc);
	ret->map_bytes = info.me_mapsize;
	ret->used_bytes = (info.me_last_pgno + 1) * stat.ms_psize;
	return 0;
}

int records_count(struct records_reader *r, struct records_counts *ret)
{
	struct records_counts c = {.punches = 0};
	MDB_txn *txn;
	int rc = env_begin_read(r->env, &txn);

	if (rc != 0)
		return rc;
	rc = count_db(txn, r->dbs[RECORDS_PUNCH], &c.punches);
	if (rc == 0)
		rc = count_db(txn, r->dbs[RECORDS_RAW], &c.raw);
	if (rc == 0)
		rc = count_db(txn, r->dbs[RECORDS_REFUSED], &c.refused);
	if (rc == 0)
		rc = count_db(txn, r->dbs[RECORDS_JOURNAL], &c.journal);
	if (rc == 0)
		rc = count_bytes(r->env, &c);
	mdb_txn_abort(txn);
	if (rc == 0)
		*ret = c;
	return rc;
}

/* ---- stamps ---- */

int records_stamp(struct records_reader *r, struct span serial, const char *table, struct buf *into)
{
	struct pack k = {.len = 0};
	struct stamp stamp;
	MDB_txn *txn;
	MDB_val value;

	stamp_pack_key(&k, serial, span_str(table));
	int rc = k.failed ? -EINVAL : env_begin_read(r->env, &txn);
	if (rc != 0)
		return rc;
	MDB_val key = env_val(pack_span(&k));
	rc = env_errno(mdb_get(txn, r->dbs[RECORDS_STAMP], &key, &value));
	if (rc == 0)
		rc = stamp_unpack(env_span(value), &stamp);
	if (rc == 0) {
		buf_clear(into);
		rc = buf_add_span(into, stamp.text);
	}
	mdb_txn_abort(txn);
	return rc;
}

static int show_stamp(MDB_val key, MDB_val value, stamp_visit *visit, void *context)
{
	struct unpack k = {.rest = env_span(key)};
	struct stamp stamp;

	(void)unpack_text(&k); /* the serial that was asked for */
	struct span table = unpack_text(&k);
	int rc = k.failed ? -EUCLEAN : stamp_unpack(env_span(value), &stamp);
	return rc == 0 ? visit(context, table, stamp.text, stamp.received_us) : rc;
}

int records_stamps(struct records_reader *r, struct span serial, stamp_visit *visit, void *context)
{
	struct pack from = {.len = 0};
	struct scan s;
	MDB_val key, value;

	pack_text(&from, serial);
	int rc = from.failed ? -EINVAL : scan_begin(r, RECORDS_STAMP, &s);
	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(&from), &key, &value);
	while (rc == 0 && begins_with(env_span(key), &from)) {
		rc = show_stamp(key, value, visit, context);
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end(&s, rc);
}
