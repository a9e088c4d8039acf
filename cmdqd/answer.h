/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answer: what a terminal hears to its handshake and its polls. */
#ifndef PUNCHD_CMDQD_ANSWER_H
#define PUNCHD_CMDQD_ANSWER_H

#include "cmdqd/desk.h"
#include "cmdqd/devices.h"
#include "cmdqd/library.h"
#include "cmdqd/poke.h"
#include "cmdqd/zone.h"
#include "lib/conf.h"
#include "lib/msg.h"
#include "lib/target.h"

#define ANSWER_CLAIMS_MAX 512 /* between two answer_settle */

/* What was changed in a device on the strength of the transaction that is open, and has to be
 * changed back if it is given up: it has no open commands, and was given these stamps as 0. */
struct answer_claim {
	char serial[SERIAL_MAX + 1];
	uint64_t resend;
};

/* Who answers. What stands before `body` is to be set; the rest begins as zero. */
struct answerer {
	struct devices *devices;
	struct ledger *ledger;
	struct poke *poke;
	const struct conf *defaults;
	struct library *library;
	struct buf body, facts;
	struct target target;
	struct zone_cache zones;
	struct answer_claim claims[ANSWER_CLAIMS_MAX];
	size_t claim_count;
	int failed; /* the queue or the audit, since the last answer_settle: its errno, else 0 */
};

/* 200 with the reply for an approved device; 403 for any other, for one that speaks from outside of
 * its networks and for one without its comm key; 503 when the reply cannot be made now, so that the
 * terminal asks again. The body is borrowed until the next call. DESK_HOLD when it holds commands,
 * or a stamp of 0 that is given once: then answer_settle has to return 0 first. */
enum desk_fate answer(
	struct answerer *a, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret);

/* For every other question: the device that asks, which is approved, speaks from one of its
 * networks and has shown its comm key; or NULL with what it hears instead. */
struct device *answer_admit(
	struct answerer *a, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret);

/* What time it is there: 200 to a device that answer_admit lets in; 503 when its zone cannot be
 * read. The body is borrowed until the next call of any of these. */
enum desk_fate answer_time(
	struct answerer *a, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret);

/* Commits what the answers since the last call say. Call it after each turn of the loop, before
 * anybody else works in the ledger's transaction. 0; or a negative errno when all that was held
 * must not be said: then nothing of it has happened. */
must_check int answer_settle(struct answerer *a);
void answer_close(struct answerer *a);

#endif
