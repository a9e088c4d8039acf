/* SPDX-License-Identifier: GPL-2.0-or-later */
/* item_read: which items hold, and what each one was before. */
#include <errno.h>

#include "store/item_room.h"

static bool pin_comes_first(enum item_kind kind)
{
	const struct item any = {.kind = kind, .ids = {span_str("1")}};

	return item_pin(&any).len > 0;
}

/* One user of one device is found at once: who lists punches asks for many. */
static int prefix_of(const struct item_query *q, struct pack *ret)
{
	pack_u8(ret, (uint8_t)q->kind);
	if (q->serial.len > 0)
		pack_text(ret, q->serial);
	if (q->serial.len > 0 && q->pin.len > 0 && pin_comes_first(q->kind))
		pack_text(ret, q->pin);
	return ret->failed ? -EINVAL : 0;
}

static bool takes(const struct item_query *q, const struct item *i)
{
	return q->pin.len == 0 || span_eq(item_pin(i), q->pin);
}

static int show(const struct item_room *room, const struct item_query *q, MDB_val key,
	MDB_val value, item_visit *visit, void *context)
{
	struct item i;
	int rc = item_unpack(env_span(key), env_span(value), &i);

	if (rc != 0 || !takes(q, &i))
		return rc;
	rc = item_room_complete(room, &i);
	if (rc != 0 || (!q->deleted && (i.flags & ITEM_DELETED) != 0))
		return rc;
	return visit(context, &i);
}

static int show_each(
	struct item_room *room, const struct item_query *q, item_visit *visit, void *context)
{
	struct pack from = {.len = 0};
	struct scan s;
	MDB_val key, value;
	int rc = prefix_of(q, &from);

	if (rc == 0)
		rc = scan_within(room->txn, room->item, &s);
	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(&from), &key, &value);
	while (rc == 0 && pack_begins(env_span(key), &from)) {
		rc = show(room, q, key, value, visit, context);
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end_within(&s, rc);
}

int items_each(
	struct records_reader *r, const struct item_query *q, item_visit *visit, void *context)
{
	struct item_room room;
	int rc = item_room_open(r, q->kind, &room);

	if (rc != 0)
		return rc;
	rc = show_each(&room, q, visit, context);
	item_room_close(&room);
	return rc;
}

static int show_version(
	struct item_room *room, MDB_val key, MDB_val value, item_visit *visit, void *context)
{
	struct item i;
	int rc = item_unpack_version(env_span(key), env_span(value), &i);

	if (rc == 0)
		rc = item_room_text(room, &i);
	return rc == 0 ? visit(context, &i) : rc;
}

static int show_history(
	struct item_room *room, const struct pack *from, item_visit *visit, void *context)
{
	struct scan s;
	MDB_val key, value;
	int rc = scan_within(room->txn, room->version, &s);

	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(from), &key, &value);
	while (rc == 0 && pack_begins(env_span(key), from)) {
		rc = show_version(room, key, value, visit, context);
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end_within(&s, rc);
}

int items_history(
	struct records_reader *r, const struct item *which, item_visit *visit, void *context)
{
	struct pack from = {.len = 0};
	struct item_room room;

	item_pack_key(&from, which);
	int rc = from.failed ? -EINVAL : item_room_open(r, which->kind, &room);
	if (rc != 0)
		return rc;
	rc = show_history(&room, &from, visit, context);
	item_room_close(&room);
	return rc;
}
