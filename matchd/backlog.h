/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backlog: requests that wait for the matcher, the oldest first. All have the same time to wait, so
 * the oldest is also the next whose time is over. Pure: times come in. */
#ifndef PUNCHD_MATCHD_BACKLOG_H
#define PUNCHD_MATCHD_BACKLOG_H

#include <stdint.h>

#include "lib/buf.h"

#define BACKLOG_MAX 64

struct waiting {
	uint64_t id;          /* the client's */
	uint64_t deadline_ms; /* when the client is told that it is late */
	struct buf line;      /* owned: the request, as it came */
};

struct backlog {
	struct waiting items[BACKLOG_MAX]; /* a ring */
	unsigned first, count;
};

/* Copies the line. 0, -ENOBUFS when it is full, -ENOMEM. */
must_check int backlog_add(struct backlog *b, uint64_t id, uint64_t deadline_ms, struct span line);
/* NULL when it is empty; good until the queue is changed. */
const struct waiting *backlog_first(const struct backlog *b);
/* Takes away the first; there is one. Its line is no longer in memory then. */
void backlog_drop(struct backlog *b);
void backlog_clear(struct backlog *b);

#endif
