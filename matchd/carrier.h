/* SPDX-License-Identifier: GPL-2.0-or-later */
/* carrier: between the client and the matcher: one request at a time, an answer to each. */
#ifndef PUNCHD_MATCHD_CARRIER_H
#define PUNCHD_MATCHD_CARRIER_H

#include <poll.h>

#include "lib/log.h"
#include "matchd/backlog.h"
#include "matchd/child.h"
#include "matchd/client.h"
#include "matchd/keeper.h"

#define CARRIER_FDS 4

struct carrier {
	struct client client;
	struct child child;
	struct keeper keeper;
	struct backlog backlog;
	bool idle; /* no matcher is configured */

	uint64_t carried_id;       /* the client's, of the request that the matcher has; 0: none, or
				      nobody waits for it any more */
	uint64_t carried_until_ms; /* then its client is told that it is late */

	char said[MATCHING_ANSWER_MAX + 1]; /* by the matcher, up to a whole line */
	size_t said_bytes;
	char packet[MATCHING_REQUEST_MAX + 1];
	struct buf line;

	uint64_t answered, failed; /* since the start: by the matcher; all others */
	struct log_limit ends;
};

/* `program`: a path from the root, or empty for none; borrowed. 0 or a negative errno. */
must_check int carrier_open(const char *socket_path, const char *program, uint64_t memory_bytes,
	uint64_t timeout_ms, struct carrier *ret);
void carrier_close(struct carrier *c);

/* What to poll; -1 among them is passed over. */
void carrier_fds(const struct carrier *c, struct pollfd ret_fds[static CARRIER_FDS]);
/* How long until carrier_turn has something to do anyway; UINT64_MAX: nothing. */
uint64_t carrier_wait_ms(const struct carrier *c, uint64_t now_ms);
/* All that can be done now without waiting, a bounded amount of it. */
void carrier_turn(struct carrier *c, uint64_t now_ms);

#endif
