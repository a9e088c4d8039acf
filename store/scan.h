/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scan: what the readers of the records share: a cursor in a transaction that ends with it. */
#ifndef PUNCHD_STORE_SCAN_H
#define PUNCHD_STORE_SCAN_H

#include "store/env.h"
#include "store/item.h"
#include "store/records.h"
#include "store/schema.h"

/* The latest mark of ITEM_CLEARED of each group of them (serial, what, PIN) that was asked for: a
 * group may be long, and every item asks for a few. item_room.c */
#define MARK_GROUPS 256
struct mark_group {
	struct pack key; /* empty: none is here yet */
	/* Arrivals, all 0 for none: of what is not ahead, and of all of it. */
	unsigned char latest[ITEM_ARRIVAL_BYTES], latest_of_all[ITEM_ARRIVAL_BYTES];
};
struct mark_cache {
	size_t txn_id; /* what was committed when they were looked up */
	uint64_t ahead_us;
	struct mark_group groups[MARK_GROUPS];
};

struct records_reader {
	MDB_env *env;
	MDB_dbi dbs[RECORDS_DBS];
	MDB_env *private_env; /* NULL: not opened, and why stands in private_error */
	MDB_dbi private_dbs[PRIVATE_DBS];
	int private_error;
	struct mark_cache marks;
};

struct scan {
	MDB_txn *txn;
	MDB_cursor *cursor; /* NULL: nobody has made this database yet, and nothing is in it */
};

must_check int scan_begin(struct records_reader *r, enum records_db db, struct scan *ret);
/* The same in the private environment; private_error when it is not open. */
must_check int scan_begin_private(struct records_reader *r, enum private_db db, struct scan *ret);
/* In a transaction that is begun and is not ended with it (scan_end_within). */
must_check int scan_within(MDB_txn *txn, MDB_dbi db, struct scan *ret);
int scan_end_within(struct scan *s, int rc);

/* To the first key that is not below `from` (empty: to the first); to the last one that is; to the
 * next one; to the one before; to the last one. 0, MDB_NOTFOUND at the end of the data, or a
 * negative errno. */
must_check int scan_to(struct scan *s, struct span from, MDB_val *key, MDB_val *value);
must_check int scan_before(struct scan *s, struct span from, MDB_val *key, MDB_val *value);
must_check int scan_next(struct scan *s, MDB_val *key, MDB_val *value);
must_check int scan_prev(struct scan *s, MDB_val *key, MDB_val *value);
must_check int scan_last(struct scan *s, MDB_val *key, MDB_val *value);

/* Passes a result through; the end of the data is a good end: 0. */
int scan_end(struct scan *s, int rc);

#endif
