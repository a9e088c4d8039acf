/* SPDX-License-Identifier: GPL-2.0-or-later */
/* referee: asks matchd whether a finger is somebody's (docs/MATCHER.md). It never waits: a question
 * goes out or fails at once, and what was said of it, or that nothing was in time, is fetched by
 * referee_next. What matchd says that answers nothing is counted and told of, and is else as if it
 * had not been said. */
#ifndef PUNCHD_CMDQD_REFEREE_H
#define PUNCHD_CMDQD_REFEREE_H

#include "cmdqd/loop.h"
#include "lib/log.h"
#include "lib/matching.h"

#define REFEREE_OPEN_MAX 64 /* questions that wait for an answer */
#define REFEREE_RETRY_MS 1000

enum referee_verdict {
	REFEREE_MATCH,
	REFEREE_NOMATCH,
	REFEREE_ERROR, /* it cannot be said: `word` */
	REFEREE_LATE,
	REFEREE_GONE, /* matchd went before it said anything */
};

struct referee_said {
	uint64_t id;
	enum referee_verdict verdict;
	char word[MATCHING_WORD_MAX + 1]; /* of REFEREE_ERROR */
};

struct referee_case {
	struct referee_said said;
	uint64_t deadline_ms;
	bool decided;
};

struct referee {
	struct loop_source source; /* first; its fd is -1 while matchd is away */
	int loop_fd;
	const char *path; /* of match.sock; borrowed */
	uint64_t retry_ms, last_id;
	struct matching_hello hello; /* no formats while nobody can be asked */
	struct referee_case cases[REFEREE_OPEN_MAX];
	size_t count;
	uint64_t lies; /* packets that answered nothing */
	struct buf packet;
	struct log_limit lie_limit, coming_limit;
};

/* 0 or -ENOMEM. `r` stays where it is until it is closed. It connects with the first referee_turn.
 */
must_check int referee_open(struct referee *r, int loop_fd, const char *path);
void referee_close(struct referee *r);

/* Looks for matchd when it is away. After every turn of the loop. */
void referee_turn(struct referee *r, uint64_t now_ms);

/* Sends `q` under an id of its own, which is set in it. 0; -ENOTCONN when nobody can be asked;
 * -EAGAIN when too much waits already; -EINVAL, -EMSGSIZE for a question that hello does not allow;
 * other negative errno. */
must_check int referee_ask(struct referee *r, struct matching_request *q, uint64_t deadline_ms);

/* The next one that is decided, or whose time is up. False when there is none. Each question is
 * given once. */
bool referee_next(struct referee *r, uint64_t now_ms, struct referee_said *ret);
/* When the next one's time is up; UINT64_MAX when nothing waits. */
uint64_t referee_deadline_ms(const struct referee *r);

#endif
