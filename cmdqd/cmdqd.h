/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmdqd: all that the daemon has open, and what it does after each turn of its loop. */
#ifndef PUNCHD_CMDQD_CMDQD_H
#define PUNCHD_CMDQD_CMDQD_H

#include "cmdqd/admission.h"
#include "cmdqd/answer.h"
#include "cmdqd/content.h"
#include "cmdqd/desk.h"
#include "cmdqd/devices.h"
#include "cmdqd/fetch.h"
#include "cmdqd/intake.h"
#include "cmdqd/later.h"
#include "cmdqd/loop.h"
#include "cmdqd/obey.h"
#include "cmdqd/outcome.h"
#include "cmdqd/people.h"
#include "cmdqd/poke.h"
#include "cmdqd/queue.h"
#include "cmdqd/referee.h"
#include "cmdqd/remote.h"
#include "cmdqd/shelf.h"
#include "cmdqd/verify.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/options.h"

#define CHORES_WOKEN_MAX 64 /* devices that one sweep pokes; the others wait for their poll */

/* When each was done last, by the clock that never steps; and who is to be poked after a sweep. */
struct chores {
	uint64_t saved_ms, looked_ms, swept_ms, daylight_ms, withdrawn_ms, purged_ms, shelf_ms;
	struct queue_cursor cursor;
	char woken[CHORES_WOKEN_MAX][SERIAL_MAX + 1];
	size_t woken_count;
	bool pokes_wait, saves_wait;
	struct log_limit answer_failures, sweep_failures, daylight_failures, save_failures,
		list_failures, audit_failures, shelf_failures;
};

struct cmdqd {
	struct loop_source signals; /* first: a pointer to it is one to all of this */
	struct options options;
	struct conf conf;
	int loop_fd, state_fd;
	struct intake orders, results;
	struct intake_watch watch;
	struct obey obey;
	struct outcome outcome;
	struct later later; /* of both: only one of them is at work */
	struct content content;
	struct shelf shelf;
	struct devices *devices;
	struct admission admission;
	struct answerer answerer;
	struct poke poke;
	struct desk *desk;
	struct library library;
	struct people people;
	struct remote remote;
	struct fetch fetch;
	struct referee referee;
	struct verify verify;
	char *records_path, *private_path, *match_path, *wake_path;
	struct chores chores;
	bool stopping;
};

/* What the two intakes do with a file; the context is a struct cmdqd. */
struct intake_work chores_order_work(struct cmdqd *c);
struct intake_work chores_result_work(struct cmdqd *c);

/* None of them was done yet. */
void chores_open(struct cmdqd *c);
/* All that is due after a turn of the loop. 0; a negative errno when the store is damaged or has to
 * be opened anew (devices_damaged). */
must_check int chores_do(struct cmdqd *c, uint64_t now_ms);
/* How long the loop may wait for something to come. */
uint64_t chores_wait_ms(const struct cmdqd *c);

#endif
