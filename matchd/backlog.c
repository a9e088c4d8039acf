/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backlog: a ring. */
#include "matchd/backlog.h"

#include <errno.h>

int backlog_add(struct backlog *b, uint64_t id, uint64_t deadline_ms, struct span line)
{
	struct waiting item = {id, deadline_ms, buf_with_max(line.len)};
	int rc;

	if (b->count == BACKLOG_MAX)
		return -ENOBUFS;
	rc = buf_add_span(&item.line, line);
	if (rc < 0)
		return rc;
	b->items[(b->first + b->count++) % BACKLOG_MAX] = item;
	return 0;
}

const struct waiting *backlog_first(const struct backlog *b)
{
	return b->count > 0 ? &b->items[b->first] : NULL;
}

/* Templates are in it, and nobody wants them any more. */
static void wipe(struct buf *line)
{
	buf_wipe(line);
	buf_free(line);
}

void backlog_drop(struct backlog *b)
{
	wipe(&b->items[b->first].line);
	b->first = (b->first + 1) % BACKLOG_MAX;
	b->count--;
}

void backlog_clear(struct backlog *b)
{
	while (b->count > 0)
		backlog_drop(b);
}
