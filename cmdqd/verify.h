/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify: background verification: is somebody who he says he is? docs/PROTOCOL.md 6
 *
 * Off unless both `allow_verify` and the device's setting say yes. An attempt is granted, refused,
 * or cannot be decided; whatever it is, the terminal hears it within a second, or AUTH=Failed. What
 * was looked at is audited, and its answer held at the desk until that is durable. Failures of a
 * PIN and of a device count (cmdqd/lockout.h); what a lock-out turns away, and what cannot be
 * decided again and again, is counted and audited as one. A device that asks more than
 * VERIFY_ASKED, or fails more often than verify_device_failures in an hour, hears AUTH=Failed too;
 * a success gives none of the latter back. */
#ifndef PUNCHD_CMDQD_VERIFY_H
#define PUNCHD_CMDQD_VERIFY_H

#include <sys/queue.h>

#include "cmdqd/answer.h"
#include "cmdqd/desk.h"
#include "cmdqd/lockout.h"
#include "cmdqd/people.h"
#include "cmdqd/referee.h"

#define VERIFY_MS 800 /* from the question to the last moment at which a matcher is heard */

/* Of one device, whatever comes of them, so that the audit is not filled by one that has a card
 * that is right; and how often it is audited that it asks, or fails, more. */
#define VERIFY_ASKED                              \
	{                                         \
		.at_once = 1000, .every_ms = 1000 \
	}
#define VERIFY_ALARM                                  \
	{                                             \
		.at_once = 1, .every_ms = 3600 * 1000 \
	}

struct attempt;

struct verify {
	struct answerer *answerer;
	struct people *people;
	struct referee *referee;
	const struct conf *conf;
	/* private */
	struct lockout *pins, *devices, *undecided;
	LIST_HEAD(, attempt) waiting; /* for the referee */
	struct buf line, sample, references;
	struct log_limit off_limit, full_limit, alarm_limit;
};

/* The first four are set; the last failures are read from the audit. 0 or a negative errno. */
must_check int verify_open(struct verify *v, uint64_t now_us);
void verify_close(struct verify *v);

/* As a desk_answer of `desk`. */
enum desk_fate verify_answer(struct verify *v, struct desk *desk, const struct msg_question *q,
	uint64_t now_us, struct msg_answer *ret);

/* Answers those that the referee has decided, and audits what lock-outs turned away. After every
 * turn of the loop, before answer_settle. */
void verify_turn(struct verify *v, struct desk *desk, uint64_t now_us);

#endif
