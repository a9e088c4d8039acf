/* SPDX-License-Identifier: GPL-2.0-or-later */
/* item_room: what the readers of items share: transactions in which an item is found with its text
 * and with what marks say of it. */
#ifndef PUNCHD_STORE_ITEM_ROOM_H
#define PUNCHD_STORE_ITEM_ROOM_H

#include "store/item.h"
#include "store/scan.h"

struct item_room {
	MDB_txn *records; /* the marks are in there, for private items too */
	MDB_txn *txn;     /* the same, or the private environment's */
	MDB_dbi item, version, content, marks;
	uint64_t ahead_us; /* what was received later is passed over: item.h */
	struct mark_cache *cache;
};

/* 0; -EINVAL for no kind; why the private environment is not open; other negative errno. */
must_check int item_room_open(struct records_reader *r, enum item_kind kind, struct item_room *ret);
void item_room_close(struct item_room *room);
/* Of a private kind's room the one of the other environment at the same moment; it ends with it. */
void item_room_beside(
	const struct item_room *private, const struct records_reader *r, struct item_room *ret);

/* Its text, which points into the environment. Of what was unpacked from the items: the version
 * that holds for this reader, with its text and the flags of marks. */
must_check int item_room_text(const struct item_room *room, struct item *i);
must_check int item_room_complete(const struct item_room *room, struct item *i);

#endif
