/* SPDX-License-Identifier: GPL-2.0-or-later */
/* follow: the journal of all facts, for a follower that keeps up with everything. Punches alone:
 * records_follow. */
#ifndef PUNCHD_STORE_FOLLOW_H
#define PUNCHD_STORE_FOLLOW_H

#include "store/item.h"
#include "store/logbook.h"

/* Called for each fact as it is now, with its number; NULL: such facts are passed over, as is what
 * was erased or purged since. They must neither wait nor ask the same reader; anything but 0 ends
 * it and is given back. */
struct follower {
	void *context;
	int (*punch)(void *context, uint64_t seq, const struct punch *p);
	int (*item)(void *context, uint64_t seq, const struct item *i); /* what holds now */
	int (*logged)(void *context, uint64_t seq, const struct logged *l);
	int (*photo)(void *context, uint64_t seq, const struct photo *p);
	/* Bodies kept whole, refused lines, items that this reader may not read, and kinds of a
	 * newer parserd. */
	int (*other)(void *context, const struct fact *f);
};

/* From the first number above `after`, at most `limit` journal entries (0: all). 0, what the
 * follower returned, or a negative errno; `*ret_last` is the last number that was looked at,
 * `after` when there was none: where to go on. */
must_check int records_follow_all(struct records_reader *r, uint64_t after, uint64_t limit,
	const struct follower *f, uint64_t *ret_last);

#endif
