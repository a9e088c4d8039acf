/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client: match.sock and the one who asks there. Nothing of it waits: a client that does not read
 * is let go. docs/MATCHER.md "Between cmdqd and matchd" */
#ifndef PUNCHD_MATCHD_CLIENT_H
#define PUNCHD_MATCHD_CLIENT_H

#include <sys/types.h>

#include "lib/log.h"
#include "lib/matching.h"

struct client {
	int listen_fd;
	int fd;                     /* -1 while there is none */
	bool deaf;                  /* nobody could be accepted: the socket is not to be polled */
	bool greeted;               /* hello was said to it */
	struct matching_hello told; /* last */
	struct log_limit comings, partings;
};

/* 0 or a negative errno. */
must_check int client_open(const char *socket_path, struct client *ret);
void client_close(struct client *c);

/* Takes who waits at the socket; whoever was there is let go. False when nobody did, or nobody can
 * be taken, for want of descriptors or memory: then it is `deaf` until this is called again. */
bool client_accept(struct client *c, uint64_t now_ms);

/* One packet into `into`, which has room for MATCHING_REQUEST_MAX + 1: its bytes; -EAGAIN when none
 * waits; -EPIPE when the client has gone. */
must_check ssize_t client_hear(struct client *c, char *into);

/* Nothing happens when there is no client. One who does not take it is let go. */
void client_answer(struct client *c, const struct matching_answer *answer, uint64_t now_ms);
/* Says hello, if it is new to the client. */
void client_greet(struct client *c, const struct matching_hello *hello, uint64_t now_ms);

/* Lets it go; `why` goes to the log. */
void client_drop(struct client *c, const char *why, uint64_t now_ms);

#endif
