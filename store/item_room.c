/* SPDX-License-Identifier: GPL-2.0-or-later */
/* item_room: see the header. */
#include "store/item_room.h"

#include <errno.h>

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

	room->txn = room->records;
	room->item = r->dbs[RECORDS_ITEM];
	room->version = r->dbs[RECORDS_VERSION];
	room->content = r->dbs[RECORDS_CONTENT];
	return rc;
}

int item_room_open(struct records_reader *r, enum item_kind kind, struct item_room *ret)
{
	struct item_room room = {.marks = r->dbs[RECORDS_ITEM]};

	if (item_id_count(kind) == 0)
		return -EINVAL;
	int rc = item_private(kind) ? open_private(r, &room) : open_public(r, &room);
	if (rc == 0)
		*ret = room;
	return rc;
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

/* Did one of the marks with this word and PIN come later than the item? 1, 0 or a negative errno.
 */
static int is_cleared(
	const struct item_room *room, const struct item *i, struct span what, struct span pin)
{
	struct pack from = {.len = 0}, arrival = {.len = 0}, other = {.len = 0};
	struct item mark;
	struct scan s;
	MDB_val key, value;
	int later = 0;

	pack_u8(&from, ITEM_CLEARED);
	pack_text(&from, i->serial);
	pack_text(&from, what);
	pack_text(&from, pin);
	item_pack_arrival(&arrival, i);
	int rc = scan_within(room->records, room->marks, &s);
	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(&from), &key, &value);
	while (rc == 0 && later == 0 && pack_begins(env_span(key), &from)) {
		rc = item_unpack(env_span(key), env_span(value), &mark);
		if (rc != 0)
			break;
		pack_clear(&other);
		item_pack_arrival(&other, &mark);
		later = memcmp(other.bytes, arrival.bytes, ITEM_ARRIVAL_BYTES) > 0;
		rc = scan_next(&s, &key, &value);
	}
	rc = scan_end_within(&s, rc);
	return rc == 0 ? later : rc;
}

int item_room_complete(const struct item_room *room, struct item *i)
{
	int rc = item_room_text(room, i);
	char room_for_word[ITEM_WORD_BYTES];
	const char *word;

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
