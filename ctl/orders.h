/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders: what is ordered of cmdqd, as entries of the spool "order", durable before anything is
 * said; and what became of each. */
#ifndef PUNCHD_CTL_ORDERS_H
#define PUNCHD_CTL_ORDERS_H

#include "ctl/ask.h"
#include "ctl/place.h"
#include "store/command.h"

#define ORDERS_FILE_MAX                                                          \
	((size_t)8 * 1024 * 1024) /* bytes of a spool file; more go into several \
				   */

enum orders_fate {
	ORDERS_WAITING, /* in the spool, nobody has taken it */
	ORDERS_TAKEN,   /* cmdqd has it; what becomes of it cannot be seen, or not yet */
	ORDERS_DONE,
	ORDERS_REFUSED,
};

struct orders_item {
	const char *what;             /* "device.approve" */
	char serial[SERIAL_MAX + 1];  /* "" for command.cancel alone */
	char subject[SERIAL_MAX + 1]; /* what it is about, for people: the serial unless changed */
	struct span lines;            /* "key: value" LF …, what follows the serial; borrowed */
	char entry[SPOOL_ENTRY_ID_BYTES]; /* "NAME.1", once it is posted */
	enum orders_fate fate;
	uint64_t id;                 /* of the command that it made */
	char why[COMMAND_WHY_BYTES]; /* it was refused */
};

struct orders {
	const struct ask *ask;
	struct orders_item *items;
	size_t count, room;
};

/* 0 or -ENOMEM. A serial that is too long is cut: check it before. */
must_check int orders_add(
	struct orders *o, const char *what, struct span serial, struct span lines);
void orders_free(struct orders *o);

/* The body of one, appended. 0, -ENOMEM, -EMSGSIZE. Pure. */
must_check int orders_put_body(struct buf *b, const struct orders_item *i);

/* Writes all of them, in their order. An exit code, said: how far it came as well. */
int orders_post(struct orders *o, const struct places *ps);
/* Waits until each is done or refused, or the time is over (0: not at all): ask->timeout_ms, else
 * `preset_ms`; UINT64_MAX is for ever. Returns at once while cmdqd is not at work, unless
 * `stubborn`. */
void orders_await(struct orders *o, const struct places *ps, uint64_t preset_ms, bool stubborn);
/* Says what became of one that is not done. An exit code: EX_OK when cmdqd is not at work and its
 * waiting is no failure. */
int orders_say(const struct orders *o, const struct orders_item *i, const struct places *ps);

/* All three, for orders of which only the end counts: each that is done is said as "SUBJECT
 * `done`". An exit code. */
int orders_give(struct orders *o, const char *done);

#define ORDERS_WAIT_MS 5000

#endif
