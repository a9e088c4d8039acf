/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connection: see connection.h. */
#include "ingestd/connection.h"

#include <stdlib.h>
#include <sys/socket.h>

struct connection *connection_add(struct connection **list, int fd, uint64_t now_ms)
{
	struct connection *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->fd = fd;
	c->since_ms = now_ms;
	c->next = *list;
	c->back = list;
	if (c->next)
		c->next->back = &c->next;
	*list = c;
	return c;
}

void connection_remove(struct connection *c)
{
	*c->back = c->next;
	if (c->next)
		c->next->back = c->back;
	free(c);
}

void connection_begin_request(struct connection *c, uint64_t now_ms)
{
	c->since_ms = now_ms;
	c->kept = false;
}

void connection_begin_reply(struct connection *c, uint64_t now_ms)
{
	c->since_ms = now_ms;
	c->waiting = false;
}

void connection_end_request(struct connection *c, uint64_t now_ms)
{
	c->since_ms = now_ms;
	c->body_bytes = 0;
	c->waiting = false;
	c->kept = true;
}

bool connection_is_late(
	const struct connection *c, const struct http_limits *limits, uint64_t now_ms)
{
	uint64_t allowed_ms = limits->deadline_ms + (c->kept ? (uint64_t)limits->idle_s * 1000 : 0);
	if (limits->body_rate_min)
		allowed_ms += c->body_bytes * 1000 / limits->body_rate_min;
	else if (c->body_bytes)
		return false;
	return !c->waiting && now_ms > c->since_ms + allowed_ms;
}

unsigned connection_expire(
	struct connection *list, const struct http_limits *limits, uint64_t now_ms)
{
	unsigned expired = 0;
	for (struct connection *c = list; c; c = c->next) {
		if (c->expired || !connection_is_late(c, limits, now_ms))
			continue;
		(void)shutdown(c->fd, SHUT_RDWR); /* it fails for what is closed already */
		c->expired = true;
		expired++;
	}
	return expired;
}
