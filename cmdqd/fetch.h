/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fetch: may this terminal have that file? Only what a put-file names, while it is open, at the
 * address that it was given, and only its device. docs/PROTOCOL.md 6 */
#ifndef PUNCHD_CMDQD_FETCH_H
#define PUNCHD_CMDQD_FETCH_H

#include "cmdqd/answer.h"
#include "cmdqd/shelf.h"

/* Both borrowed. */
struct fetch {
	struct answerer *answerer;
	const struct shelf *shelf;
};

/* The answer to MSG_FILE, whose body is borrowed until the next call of anything in answer.h: 200
 * with lib/file_target.h's grant; 404 for an address that was given to nobody, to another device,
 * or by a command that is over; 403 as answer_admit, for the command's device; 503 when it cannot
 * be said. The first time that a command's file is asked for is audited, and held until
 * answer_settle has returned 0. */
enum desk_fate fetch_answer(
	struct fetch *f, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret);

#endif
