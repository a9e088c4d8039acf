/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connection: who is connected, and how long each may still take. The library's timeout is of
 * inactivity only; these deadlines hold for whoever sends a byte now and then. */
#ifndef PUNCHD_INGESTD_CONNECTION_H
#define PUNCHD_INGESTD_CONNECTION_H

#include <stdint.h>

#include "ingestd/http.h"

/* The deadline is of whatever request it is on. */
struct connection {
	struct connection *next, **back;
	int fd;
	struct http_exchange *exchange; /* the request under way, http's; NULL between two */
	uint64_t since_ms;   /* accepted, request begun, or reply given, whatever was last */
	uint64_t body_bytes; /* received since, and those of a file that are to be sent */
	bool kept;           /* has been served and may be idle before the next request */
	bool waiting;        /* for us, not we for it */
	bool expired;
};

/* Puts a new one at the head of the list; NULL when there is no memory. The descriptor stays
 * another's. */
struct connection *connection_add(struct connection **list, int fd, uint64_t now_ms);
void connection_remove(struct connection *c);

void connection_begin_request(struct connection *c, uint64_t now_ms);
void connection_begin_reply(struct connection *c, uint64_t now_ms);
void connection_end_request(struct connection *c, uint64_t now_ms);

bool connection_is_late(
	const struct connection *c, const struct http_limits *limits, uint64_t now_ms);
/* Shuts down those that are late, each once, so that they look closed by the peer: how many. */
unsigned connection_expire(
	struct connection *list, const struct http_limits *limits, uint64_t now_ms);

#endif
