/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answer: what a terminal hears to its handshake and its polls. */
#ifndef PUNCHD_CMDQD_ANSWER_H
#define PUNCHD_CMDQD_ANSWER_H

#include "cmdqd/desk.h"
#include "cmdqd/devices.h"
#include "cmdqd/poke.h"
#include "lib/conf.h"
#include "lib/msg.h"
#include "lib/target.h"
#include "store/records.h"

/* Who answers. What stands before `records` is to be set; the rest begins as zero. */
struct answerer {
	struct devices *devices;
	struct ledger *ledger;
	struct poke *poke;
	const struct conf *defaults;
	const char *records_path;       /* STATE/records; it may come to be later */
	struct records_reader *records; /* NULL until it is there */
	struct buf body;
	struct target target;
};

/* 200 with the reply for an approved device; 403 for any other, for one that speaks from outside of
 * its networks and for one without its comm key; 503 when the reply cannot be made now, so that the
 * terminal asks again. The body is borrowed until the next call. DESK_HOLD when it holds commands,
 * or a stamp of 0 that is given once: then the ledger's transaction has to be committed first
 * (devices_save_ordered). */
enum desk_fate answer(
	struct answerer *a, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret);
void answer_close(struct answerer *a);

#endif
