/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_hide: bodies kept whole and refused lines that an older version put where more may read
 * them than should. */
#include <errno.h>

#include "parserd/records_writer.h"

#define HIDE_BYTES_MAX ((size_t)32 * 1024 * 1024) /* of a transaction, so that it stays small */

struct hiding {
	struct records_writer *w;
	enum fact_kind kind;
	unsigned most, count;
	size_t bytes;
};

/* By the digest in the journal, a reader could guess at what was there. */
static int forget_digest(
	struct records_writer *w, enum fact_kind kind, uint64_t seq, const struct pack *fact_key)
{
	struct pack key = {.len = 0}, value = {.len = 0};
	int rc = records_is_entered(w, seq, kind, pack_span(fact_key));

	if (rc <= 0)
		return rc;
	fact_pack_key(&key, seq);
	fact_pack_value(&value, kind, span_of(fact_key->bytes, fact_key->len - KEPT_DIGEST_BYTES));
	return records_put(&w->shared, w->dbs[RECORDS_JOURNAL], pack_span(&key), &value);
}

/* What `k` points to is copied into the private environment before anything is put or deleted in
 * the other one, where it lies. */
static int hide(struct hiding *h, MDB_dbi db, const struct pack *key, const struct kept *k)
{
	struct records_writer *w = h->w;
	uint64_t seq = k->seq;

	h->count++;
	h->bytes += k->bytes.len;
	int rc = h->kind == FACT_RAW ? records_add_raw(w, k) : records_add_refused(w, k);
	if (rc >= 0)
		rc = records_delete(&w->shared, db, pack_span(key));
	return rc < 0 ? rc : forget_digest(w, h->kind, seq, key);
}

/* The row behind `at`, which becomes its key. 1, 0 at the end, or a negative errno. */
static int hide_next(struct hiding *h, MDB_dbi db, MDB_cursor *cursor, struct pack *at)
{
	struct span value;
	struct kept k;
	int rc = records_next(&h->w->shared, cursor, at, &value);

	if (rc <= 0)
		return rc;
	rc = kept_unpack(pack_span(at), value, &k);
	if (rc == 0 && kept_is_private(&k))
		rc = hide(h, db, at, &k);
	return rc < 0 ? rc : 1;
}

static int hide_all(struct hiding *h, MDB_dbi db)
{
	struct records_shelf *s = &h->w->shared;
	struct pack at = {.len = 0};
	MDB_cursor *cursor;
	int rc = records_errno(s, mdb_cursor_open(s->txn, db, &cursor));

	if (rc != 0)
		return rc;
	do
		rc = hide_next(h, db, cursor, &at);
	while (rc == 1 && h->count < h->most && h->bytes < HIDE_BYTES_MAX);
	mdb_cursor_close(cursor);
	return rc < 0 ? rc : 0;
}

int records_hide_old(struct records_writer *w, unsigned most)
{
	struct hiding h = {.w = w, .kind = FACT_RAW, .most = most};
	int rc = records_begin(w);

	if (rc != 0)
		return rc;
	rc = hide_all(&h, w->shared.raw);
	h.kind = FACT_REFUSED;
	if (rc == 0 && h.count < most)
		rc = hide_all(&h, w->shared.refused);
	if (rc == 0 && h.count > 0)
		rc = records_commit(w);
	records_abort(w);
	return rc < 0 ? rc : (int)h.count;
}
