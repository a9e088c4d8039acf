/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remote: remote attendance: a terminal asks who a PIN is, and is told what another device of its
 * site has said of him. docs/PROTOCOL.md 6 */
#ifndef PUNCHD_CMDQD_REMOTE_H
#define PUNCHD_CMDQD_REMOTE_H

#include "cmdqd/answer.h"
#include "cmdqd/people.h"

/* Of one device: so many questions, and so many of them about people whom nobody knows; and how
 * often it is audited that it asks for more. So neither is the audit filled by a device, nor does
 * one that tries all PINs get far. */
#define REMOTE_ASKED                                   \
	{                                              \
		.at_once = 1000, .every_ms = 10 * 1000 \
	}
#define REMOTE_MISSED                                 \
	{                                             \
		.at_once = 100, .every_ms = 60 * 1000 \
	}
#define REMOTE_ALARM                                  \
	{                                             \
		.at_once = 1, .every_ms = 3600 * 1000 \
	}

/* Both borrowed. */
struct remote {
	struct answerer *answerer;
	struct people *people;
};

/* The answer to MSG_LOOKUP, whose body is borrowed until the next call of anything in answer.h: 200
 * with lines, or with "NONE" for somebody whom no device of the site knows, and for a device that
 * may not ask; 503 when it cannot be said, or was asked too often; 403 as answer_admit. What is
 * said is audited in the transaction, and held until answer_settle has returned 0. */
enum desk_fate remote_answer(
	struct remote *r, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret);

#endif
