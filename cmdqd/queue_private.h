/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue_private: what the two halves of the queue share. For cmdqd/queue.c and cmdqd/queue_offer.c
 * alone. */
#ifndef PUNCHD_CMDQD_QUEUE_PRIVATE_H
#define PUNCHD_CMDQD_QUEUE_PRIVATE_H

#include "cmdqd/queue.h"

/* The commands of one call, one after the other. */
struct queue_work {
	struct ledger *l;
	uint64_t now_us;
	struct buf text;   /* of the command at hand; its spans point here */
	struct buf masked; /* what stays of it */
};
struct queue_work queue_work_on(struct ledger *l, uint64_t now_us);
void queue_work_free(struct queue_work *w);

/* Writes it; if it is over now, without what is secret, and c->text is what stays. */
must_check int queue_store(struct queue_work *w, struct command *c, unsigned marks);
/* The open command at the place, and what time made of it since. 1 when it changed, 0, or a
 * negative errno. */
must_check int queue_load_now(struct queue_work *w, const struct open_place *at,
	const struct progress_rules *rules, struct command *ret);

#endif
