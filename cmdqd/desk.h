/* SPDX-License-Identifier: GPL-2.0-or-later */
/* desk: where ingestd asks what a terminal is to hear (lib/msg.h). It carries questions and
 * answers; what is answered is decided by whom it was opened for. */
#ifndef PUNCHD_CMDQD_DESK_H
#define PUNCHD_CMDQD_DESK_H

#include <stdint.h>

#include "cmdqd/loop.h"
#include "lib/msg.h"

#define DESK_CLIENTS_MAX 64
#define DESK_STALL_MS    2000 /* a client that takes no answer for so long is dropped */

/* Gives the answer's status and body; the body is borrowed until the next call. With DESK_HOLD the
 * answer is kept until desk_release, because what it says is not durable yet. */
enum desk_fate {
	DESK_SEND,
	DESK_HOLD,
	DESK_LATER, /* the answer comes by desk_answer_later */
};
typedef enum desk_fate desk_answer(
	void *context, const struct msg_question *q, struct msg_answer *ret);

struct desk;

/* Who asked, for an answer that comes later; a value, good even when the asker has gone. */
struct desk_ticket {
	uint64_t client, id;
	enum msg_kind kind;
};
/* Of the question that is being answered: to be taken within desk_answer. */
struct desk_ticket desk_ticket(const struct desk *desk, const struct msg_question *q);
/* Answers it now, or holds the answer until desk_release. Nothing happens when the asker has gone;
 * a client that cannot be answered is dropped, so it is not for the `ready` of a source of the
 * loop. */
void desk_answer_later(struct desk *desk, const struct desk_ticket *to,
	const struct msg_answer *answer, enum desk_fate fate);

/* Serves the socket file `path`, mode 0660, from `loop_fd`. -EADDRINUSE when another process does;
 * other negative errno. */
must_check int desk_serve(
	int loop_fd, const char *path, desk_answer *answer, void *context, struct desk **ret);
/* Serves a connected socket as well; it belongs to the desk now, on failure too. 0 or a negative
 * errno. */
must_check int desk_adopt(struct desk *desk, int fd);
/* Sends all that were held; or, when what they say did not become durable, in the place of each
 * what can be said without it (outbox_release). */
void desk_release(struct desk *desk, bool durable);
/* Drops the clients that have stalled, and listens again when for want of descriptors or memory it
 * did not. Call it every second or so. */
void desk_look(struct desk *desk, uint64_t now_ms);
void desk_shut(struct desk *desk);

#endif
