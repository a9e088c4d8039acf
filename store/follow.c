/* SPDX-License-Identifier: GPL-2.0-or-later */
/* follow: see the header. */
#include "store/follow.h"

#include <errno.h>

#include "store/item_room.h"

struct following {
	struct records_reader *r;
	MDB_txn *txn; /* of the records */
	const struct follower *f;
};

/* 0, -ENOENT when it is gone, other negative errno. */
static int find(const struct following *g, enum records_db db, struct span key, MDB_val *ret)
{
	MDB_val k = env_val(key);

	return g->r->dbs[db] == SCHEMA_NO_DB ? -ENOENT
					     : env_errno(mdb_get(g->txn, g->r->dbs[db], &k, ret));
}

static int show_punch(const struct following *g, const struct fact *fact)
{
	struct punch p;
	MDB_val value;
	int rc = g->f->punch == NULL ? -ENOENT : find(g, RECORDS_PUNCH, fact->key, &value);

	if (rc == 0)
		rc = punch_unpack(fact->key, env_span(value), &p);
	return rc == 0 ? g->f->punch(g->f->context, fact->seq, &p) : rc;
}

static int show_logged(const struct following *g, const struct fact *fact)
{
	struct logged l;
	MDB_val value;
	int rc = g->f->logged == NULL ? -ENOENT : find(g, RECORDS_LOG, fact->key, &value);

	if (rc == 0)
		rc = logged_unpack(fact->key, env_span(value), &l);
	return rc == 0 ? g->f->logged(g->f->context, fact->seq, &l) : rc;
}

static int show_photo(const struct following *g, const struct fact *fact)
{
	struct photo p;
	MDB_val value;
	int rc = g->f->photo == NULL ? -ENOENT : find(g, RECORDS_PHOTO, fact->key, &value);

	if (rc == 0)
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
	MDB_val key = env_val(fact->key);
	MDB_val value;
	struct item i;
	int rc = room->item == SCHEMA_NO_DB ? MDB_NOTFOUND
					    : mdb_get(room->txn, room->item, &key, &value);

	if (rc != 0)
		return env_errno(rc);
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
	int rc;

	switch (fact->kind) {
	case FACT_PUNCH:
		rc = show_punch(g, fact);
		break;
	case FACT_LOG:
		rc = show_logged(g, fact);
		break;
	case FACT_PHOTO:
		rc = show_photo(g, fact);
		break;
	case FACT_ITEM:
		rc = show_item(g, fact);
		break;
	case FACT_RAW:
	case FACT_REFUSED:
	default:
		rc = show_other(g, fact);
		break;
	}
	return rc == -ENOENT ? 0 : rc;
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
