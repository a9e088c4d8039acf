/* SPDX-License-Identifier: GPL-2.0-or-later */
/* desk: ingestd's side of desk.sock. Questions go out, answers come back whenever they do; nobody
 * waits for cmdqd but the terminal that asked, and that one not for long. */
#ifndef PUNCHD_INGESTD_DESK_H
#define PUNCHD_INGESTD_DESK_H

#include <stdint.h>

#include "lib/msg.h"

struct desk;

/* Called once for each question that desk_ask took: with the answer, or with NULL when the desk
 * went away or was too late. */
typedef void desk_answered(void *owner, const struct msg_answer *answer);

/* Nothing is connected yet: desk_tick does that. */
must_check int desk_open(
	const char *path, uint64_t timeout_ms, desk_answered *answered, struct desk **ret);
/* Whoever waits is told that the desk is away. */
void desk_hang_up(struct desk *d);
/* Nobody may be waiting any more. */
void desk_close(struct desk *d);

/* The descriptor to poll for reading, -1 while the desk is away. It changes when the desk comes
 * back. */
int desk_fd(const struct desk *d);

/* Sends a question; q->id is set here, `owner` comes back with the answer and must live until then.
 * It is waited for as long as desk_open said, for MSG_VERIFY MSG_VERIFY_MS. 0; -ENOTCONN while the
 * desk is away; -EAGAIN when it has too much to do. */
must_check int desk_ask(struct desk *d, struct msg_question *q, void *owner);

/* Takes all answers that are waiting. */
void desk_read(struct desk *d);
/* When desk_tick is to be called at the latest, by the clock of desk_tick; UINT64_MAX: nobody
 * waits. */
uint64_t desk_due_ms(const struct desk *d);
/* Tries to connect when away, gives up on what is too late. 1 when the desk came or went since the
 * last call, else 0. */
int desk_tick(struct desk *d, uint64_t now_ms);

#endif
