/* SPDX-License-Identifier: GPL-2.0-or-later */
/* follow: see the header. */
#include "store/follow.h"

#include "store/item_room.h"

struct following {
	struct records_reader *r;
	MDB_txn *txn; /* of the records */
	const struct follower *f;
};

/* 1, 0 when it is gone, or a negative errno. */
static int get(MDB_txn *txn, MDB_dbi db, struct span key, MDB_val *ret)
{
	MDB_val k = env_val(key);
	int rc = db == SCHEMA_NO_DB ? MDB_NOTFOUND : mdb_get(txn, db, &k, ret);

	if (rc == MDB_NOTFOUND)
		return 0;
	return rc == 0 ? 1 : env_errno(rc);
}

static int find(const struct following *g, enum records_db db, struct span key, MDB_val *ret)
{
	return get(g->txn, g->r->dbs[db], key, ret);
}

static int show_punch(const struct following *g, const struct fact *fact)
{
	struct punch p;
	MDB_val value;
	int rc = g->f->punch == NULL ? 0 : find(g, RECORDS_PUNCH, fact->key, &value);

	if (rc <= 0)
		return rc;
	rc = punch_unpack(fact->key, env_span(value), &p);
	return rc == 0 ? g->f->punch(g->f->context, fact->seq, &p) : rc;
}

static int show_logged(const struct following *g, const struct fact *fact)
{
	struct logged l;
	MDB_val value;
	int rc = g->f->logged == NULL ? 0 : find(g, RECORDS_LOG, fact->key, &value);

	if (rc <= 0)
		return rc;
	rc = logged_unpack(fact->key, env_span(value), &l);
	return rc == 0 ? g->f->logged(g->f->context, fact->seq, &l) : rc;
}

static int show_photo(const struct following *g, const struct fact *fact)
{
	struct photo p;
	MDB_val value;
	int rc = g->f->photo == NULL ? 0 : find(g, RECORDS_PHOTO, fact->key, &value);

	if (rc <= 0)
		return rc;
	rc = photo_unpack(fact->key, env_span(value), &p);
	return rc == 0 ? g->f->photo(g->f->context, fact->seq, &p) : rc;
}

static int show_other(const struct following *g, const struct fact *fact)
{
	return g->f->other == NULL ? 0 : g->f->other(g->f->context, fact);
}

static int show_item_in(
	const struct following *g, const struct item_room *room, const struct fact *fact)
{
	MDB_val value;
	struct item i;
	int rc = get(room->txn, room->item, fact->key, &value);

	if (rc <= 0)
		return rc;
	rc = item_unpack(fact->key, env_span(value), &i);
	if (rc == 0)
		rc = item_room_complete(room, &i);
	return rc == 0 ? g->f->item(g->f->context, fact->seq, &i) : rc;
}

static int show_item(const struct following *g, const struct fact *fact)
{
	enum item_kind kind = fact->key.len > 0 ? (unsigned char)fact->key.ptr[0] : 0;
	struct item_room room;

	if (item_id_count(kind) == 0 || (item_private(kind) && !records_has_private(g->r)))
		return show_other(g, fact);
	if (g->f->item == NULL)
		return 0;
	int rc = item_room_open(g->r, kind, &room);
	if (rc != 0)
		return rc;
	rc = show_item_in(g, &room, fact);
	item_room_close(&room);
	return rc;
}

static int show(const struct following *g, const struct fact *fact)
{
	switch (fact->kind) {
	case FACT_PUNCH:
		return show_punch(g, fact);
	case FACT_LOG:
		return show_logged(g, fact);
	case FACT_PHOTO:
		return show_photo(g, fact);
	case FACT_ITEM:
		return show_item(g, fact);
	case FACT_RAW:
	case FACT_REFUSED:
	default:
		return show_other(g, fact);
	}
}

int records_follow_all(struct records_reader *r, uint64_t after, uint64_t limit,
	const struct follower *f, uint64_t *ret_last)
{
	struct pack from = {.len = 0};
	struct fact fact = {.seq = after};
	struct scan s;
	MDB_val key, value;

	*ret_last = after;
	if (after == UINT64_MAX)
		return 0;
	int rc = scan_begin(r, RECORDS_JOURNAL, &s);
	if (rc != 0)
		return rc;
	struct following g = {r, s.txn, f};
	fact_pack_key(&from, after + 1);
	rc = scan_to(&s, pack_span(&from), &key, &value);
	for (uint64_t shown = 0; rc == 0 && (limit == 0 || shown < limit); shown++) {
		rc = fact_unpack(env_span(key), env_span(value), &fact);
		if (rc == 0)
			rc = show(&g, &fact);
		if (rc == 0)
			*ret_last = fact.seq;
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end(&s, rc);
}
