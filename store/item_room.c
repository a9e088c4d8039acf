/* SPDX-License-Identifier: GPL-2.0-or-later */
/* item_room: see the header. */
#include "store/item_room.h"

#include <errno.h>

#include "lib/clock.h"

#define DAY_US ((uint64_t)24 * 3600 * 1000000)

static int open_private(struct records_reader *r, struct item_room *room)
{
	if (r->private_env == NULL)
		return r->private_error;
	int rc = env_begin_read(r->private_env, &room->txn);
	if (rc != 0)
		return rc;
	rc = env_begin_read(r->env, &room->records);
	if (rc != 0)
		mdb_txn_abort(room->txn);
	room->item = r->private_dbs[PRIVATE_ITEM];
	room->version = r->private_dbs[PRIVATE_VERSION];
	room->content = r->private_dbs[PRIVATE_CONTENT];
	return rc;
}

static int open_public(struct records_reader *r, struct item_room *room)
{
	int rc = env_begin_read(r->env, &room->records);

	if (rc == 0)
		item_room_beside(room, r, room);
	return rc;
}

/* What was looked up lasts as long as nothing was committed. */
static void renew(struct item_room *room)
{
	struct mark_cache *c = room->cache;
	size_t txn_id = mdb_txn_id(room->records);

	if (c->ahead_us == 0 || c->txn_id != txn_id) {
		c->txn_id = txn_id;
		c->ahead_us = clock_wall_us() + DAY_US;
		for (size_t i = 0; i < MARK_GROUPS; i++)
			pack_clear(&c->groups[i].key);
	}
	room->ahead_us = c->ahead_us;
}

int item_room_open(struct records_reader *r, enum item_kind kind, struct item_room *ret)
{
	struct item_room room = {.marks = r->dbs[RECORDS_ITEM], .cache = &r->marks};

	if (item_id_count(kind) == 0)
		return -EINVAL;
	int rc = item_private(kind) ? open_private(r, &room) : open_public(r, &room);
	if (rc != 0)
		return rc;
	renew(&room);
	*ret = room;
	return 0;
}

void item_room_beside(
	const struct item_room *private, const struct records_reader *r, struct item_room *ret)
{
	*ret = *private;
	ret->txn = private->records;
	ret->item = r->dbs[RECORDS_ITEM];
	ret->version = r->dbs[RECORDS_VERSION];
	ret->content = r->dbs[RECORDS_CONTENT];
}

void item_room_close(struct item_room *room)
{
	if (room->txn != room->records)
		mdb_txn_abort(room->txn);
	mdb_txn_abort(room->records);
}

int item_room_text(const struct item_room *room, struct item *i)
{
	MDB_val key = env_val(span_of(i->digest, sizeof(i->digest)));
	MDB_val value;
	int rc = room->content == SCHEMA_NO_DB ? MDB_NOTFOUND
					       : mdb_get(room->txn, room->content, &key, &value);

	if (rc != 0)
		return rc == MDB_NOTFOUND ? -EUCLEAN : env_errno(rc);
	i->text = env_span(value);
	return 0;
}

/* ---- marks ---- */

static void see_mark(const struct item_room *room, const struct item *mark, struct mark_group *g)
{
	struct pack arrival = {.len = 0};

	item_pack_arrival(&arrival, mark);
	if (memcmp(arrival.bytes, g->latest_of_all, ITEM_ARRIVAL_BYTES) > 0)
		memcpy(g->latest_of_all, arrival.bytes, ITEM_ARRIVAL_BYTES);
	if (mark->received_us <= room->ahead_us &&
		memcmp(arrival.bytes, g->latest, ITEM_ARRIVAL_BYTES) > 0)
		memcpy(g->latest, arrival.bytes, ITEM_ARRIVAL_BYTES);
}

static int look_up(const struct item_room *room, const struct pack *from, struct mark_group *ret)
{
	struct mark_group g = {.key = *from};
	struct item mark;
	struct scan s;
	MDB_val key, value;
	int rc = scan_within(room->records, room->marks, &s);

	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(from), &key, &value);
	while (rc == 0 && pack_begins(env_span(key), from)) {
		rc = item_unpack(env_span(key), env_span(value), &mark);
		if (rc != 0)
			break;
		see_mark(room, &mark, &g);
		rc = scan_next(&s, &key, &value);
	}
	rc = scan_end_within(&s, rc);
	if (rc == 0)
		*ret = g;
	return rc;
}

static struct mark_group *place_of(const struct item_room *room, struct span key)
{
	size_t sum = 0;

	for (size_t i = 0; i < key.len; i++)
		sum = sum * 31 + (unsigned char)key.ptr[i];
	return &room->cache->groups[sum % MARK_GROUPS];
}

/* Did one of the marks with this word and PIN come later than the item? 1, 0 or a negative errno.
 */
static int is_cleared(
	const struct item_room *room, const struct item *i, struct span what, struct span pin)
{
	struct pack key = {.len = 0}, arrival = {.len = 0};
	int rc = 0;

	pack_u8(&key, ITEM_CLEARED);
	pack_text(&key, i->serial);
	pack_text(&key, what);
	pack_text(&key, pin);
	item_pack_arrival(&arrival, i);
	if (key.failed)
		return -EUCLEAN;
	struct mark_group *g = place_of(room, pack_span(&key));
	if (!span_eq(pack_span(&g->key), pack_span(&key)))
		rc = look_up(room, &key, g);
	const unsigned char *latest =
		i->received_us > room->ahead_us ? g->latest_of_all : g->latest;
	return rc == 0 ? memcmp(latest, arrival.bytes, ITEM_ARRIVAL_BYTES) > 0 : rc;
}

/* ---- what is ahead ---- */

/* The latest version of the item that is not; the item stays when there is none. */
static int pass_over(const struct item_room *room, struct item *i)
{
	struct pack item = {.len = 0};
	struct scan s;
	MDB_val key, value;

	item_pack_key(&item, i);
	struct pack from = item;
	pack_u64(&from, room->ahead_us + 1);
	int rc = from.failed ? -EUCLEAN : scan_within(room->txn, room->version, &s);
	if (rc != 0)
		return rc;
	rc = scan_before(&s, pack_span(&from), &key, &value);
	if (rc == 0 && pack_begins(env_span(key), &item))
		rc = item_unpack_version(env_span(key), env_span(value), i);
	return scan_end_within(&s, rc);
}

int item_room_complete(const struct item_room *room, struct item *i)
{
	int rc = i->received_us > room->ahead_us ? pass_over(room, i) : 0;
	char room_for_word[ITEM_WORD_BYTES];
	const char *word;

	if (rc == 0)
		rc = item_room_text(room, i);
	for (size_t n = 0; rc >= 0 && (word = item_cleared_word(i, n, room_for_word)) != NULL;
		n++) {
		struct span what = span_str(word);
		uint32_t flag = item_cleared_by(what, i);
		if (flag == 0)
			continue;
		rc = is_cleared(room, i, what, span_of(NULL, 0));
		if (rc == 0 && item_pin(i).len > 0)
			rc = is_cleared(room, i, what, item_pin(i));
		if (rc > 0)
			i->flags |= flag;
	}
	return rc < 0 ? rc : 0;
}
