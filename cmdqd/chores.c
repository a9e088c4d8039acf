/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chores: what is done after each turn of the loop. Every chore leaves the ledger's transaction
 * closed behind it, so that what one of them gives up is never the work of another. */
#include "cmdqd/cmdqd.h"

#include <errno.h>

#include "cmdqd/audit.h"
#include "cmdqd/daylight.h"
#include "cmdqd/ledger.h"
#include "cmdqd/withdraw.h"
#include "lib/clock.h"
#include "lib/daemon.h"

#define SAVE_EVERY_MS     2000
#define LOOK_EVERY_MS     1000
#define SWEEP_EVERY_MS    1000
#define DAYLIGHT_EVERY_MS 30000
#define WITHDRAW_EVERY_MS 10000
#define PURGE_EVERY_MS    60000
#define SHELF_EVERY_MS    60000
#define PURGE_MOST        1024
#define SOON_MS           ADMISSION_PAUSE_MS

/* A map that had to grow is no failure: what was given up is done again, in the larger one. */
static void log_failure(struct log_limit *limit, uint64_t now_ms, const char *event, int rc)
{
	uint64_t dropped;

	if (rc < 0 && rc != -EAGAIN && log_allow(limit, now_ms, &dropped))
		log_error(event, LOG_ERR(rc), LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

static bool due(uint64_t *last_ms, uint64_t every_ms, uint64_t now_ms)
{
	if (now_ms - *last_ms < every_ms)
		return false;
	*last_ms = now_ms;
	return true;
}

static int if_damaged(int rc)
{
	return devices_damaged(rc) ? rc : 0;
}

/* ---- the files of the two spools ---- */

static int order_file(void *context, const struct spool *spool, const char *name, struct span bytes,
	const char **ret_why)
{
	struct cmdqd *c = context;

	return obey_file(&c->obey, spool, name, bytes, ret_why);
}

/* What the log tells of has happened. */
static int save_and_tell(struct cmdqd *c)
{
	int rc = devices_save(c->devices);

	if (rc == 0)
		later_write(&c->later);
	return rc;
}

/* Durability: the commands and the devices in one transaction, then the list that is made of them;
 * only then are terminals poked, and the files done. */
static int order_settle(void *context, uint64_t now_ms)
{
	struct cmdqd *c = context;
	int rc = save_and_tell(c);

	if (rc == 0)
		rc = admission_write(&c->admission, now_ms);
	if (rc == 0)
		obey_wake(&c->obey, &c->poke, now_ms);
	return rc;
}

static int result_file(void *context, const struct spool *spool, const char *name,
	struct span bytes, const char **ret_why)
{
	struct cmdqd *c = context;

	return outcome_file(&c->outcome, spool, name, bytes, ret_why);
}

static int result_settle(void *context, uint64_t now_ms)
{
	struct cmdqd *c = context;
	(void)now_ms;

	return save_and_tell(c);
}

/* Both kinds share the transaction, but never at a time: each pass ends with one of these two. */
static void abandon(void *context)
{
	struct cmdqd *c = context;

	ledger_abort(devices_ledger(c->devices));
	later_drop(&c->later);
	obey_wake(&c->obey, NULL, 0);
}

struct intake_work chores_order_work(struct cmdqd *c)
{
	return (struct intake_work){"order", order_file, order_settle, abandon, c};
}

struct intake_work chores_result_work(struct cmdqd *c)
{
	return (struct intake_work){"result", result_file, result_settle, abandon, c};
}

/* ---- what is held at the desk ---- */

/* Its audit is in the transaction that the next chore commits. */
static void verify_waiting(struct cmdqd *c, uint64_t now_ms)
{
	if (!c->conf.allow_verify)
		return;
	referee_turn(&c->referee, now_ms);
	verify_turn(&c->verify, c->desk, clock_wall_us());
}

static int settle_answers(struct cmdqd *c, uint64_t now_ms)
{
	int rc = answer_settle(&c->answerer);

	desk_release(c->desk, rc == 0);
	log_failure(&c->chores.answer_failures, now_ms, "answers not durable, so not given", rc);
	return if_damaged(rc);
}

/* ---- time ---- */

static void note_due(void *context, struct span serial)
{
	struct cmdqd *c = context;
	struct device *d = devices_find(c->devices, serial);

	if (!d)
		return;
	devices_set_open(d, true);
	if (c->chores.woken_count < CHORES_WOKEN_MAX)
		memcpy(c->chores.woken[c->chores.woken_count++], d->serial, sizeof(d->serial));
}

static void wake_due(struct cmdqd *c, uint64_t now_ms)
{
	for (size_t i = 0; i < c->chores.woken_count; i++) {
		struct device *d = devices_find(c->devices, span_str(c->chores.woken[i]));
		if (d)
			poke_wake(&c->poke, d, now_ms);
	}
}

static int sweep(struct cmdqd *c, uint64_t now_ms)
{
	struct ledger *l = devices_ledger(c->devices);
	const struct progress_rules rules = {
		.lease_us = c->conf.command_lease_ms * 1000, .offers_max = c->conf.command_offers};

	c->chores.woken_count = 0;
	int rc = queue_sweep(l, &c->chores.cursor, &rules, clock_wall_us(), note_due, c);
	rc = rc < 0 ? ledger_give_up(l, rc) : devices_save_ordered(c->devices);
	if (rc == 0)
		wake_due(c, now_ms);
	log_failure(&c->chores.sweep_failures, now_ms, "commands not looked through", rc);
	return if_damaged(rc);
}

/* When a whole zone changes there are more than one call takes: the rest soon. */
static int check_daylight(struct cmdqd *c, uint64_t now_ms)
{
	int rc = daylight_check(c->devices, &c->conf, clock_wall_us());

	if (rc > 0)
		log_info("devices are told that their zone's offset has changed",
			LOG_NUM("devices", rc));
	if (rc == DAYLIGHT_MOST || rc == -EAGAIN)
		c->chores.daylight_ms -= DAYLIGHT_EVERY_MS - LOOK_EVERY_MS;
	log_failure(&c->chores.daylight_failures, now_ms, "zones not looked at", rc);
	return if_damaged(rc);
}

/* What one turn leaves comes with the next look. */
static int withdraw(struct cmdqd *c, uint64_t now_ms)
{
	int rc = withdraw_due(&c->people, &c->conf, clock_wall_us());

	if (rc > 0)
		log_info("users that were lent are taken back", LOG_NUM("users", rc));
	if (rc == WITHDRAW_MOST || rc == -EAGAIN)
		c->chores.withdrawn_ms -= WITHDRAW_EVERY_MS - LOOK_EVERY_MS;
	log_failure(&c->chores.audit_failures, now_ms, "users that were lent not taken back", rc);
	return if_damaged(rc);
}

static int purge_audit(struct cmdqd *c, uint64_t now_ms)
{
	struct ledger *l = devices_ledger(c->devices);
	uint64_t now_us = clock_wall_us(), keep_us = c->conf.audit_keep_ms * 1000;
	int count = audit_purge(l, now_us > keep_us ? now_us - keep_us : 0, PURGE_MOST);
	int rc = count < 0 ? ledger_give_up(l, count) : devices_save_ordered(c->devices);

	if (count == PURGE_MOST || rc == -EAGAIN)
		c->chores.purged_ms -= PURGE_EVERY_MS - LOOK_EVERY_MS;
	log_failure(&c->chores.audit_failures, now_ms, "audit not purged", rc);
	return if_damaged(rc);
}

/* The ledger is only read. */
static int sweep_shelf(struct cmdqd *c, uint64_t now_ms)
{
	struct ledger *l = devices_ledger(c->devices);
	int rc = shelf_sweep(&c->shelf, l, clock_wall_us());

	ledger_abort(l);
	if (rc > 0)
		log_info("copies of files that no command names any more are gone",
			LOG_NUM("files", rc));
	log_failure(&c->chores.shelf_failures, now_ms, "copies of files not looked through", rc);
	return if_damaged(rc);
}

/* Polls wait meanwhile, so one save is short, and what it left comes soon. */
static int save(struct cmdqd *c, uint64_t now_ms)
{
	int rc = devices_save(c->devices);

	c->chores.saves_wait = rc == 0 && devices_unsaved(c->devices);
	if (c->chores.saves_wait)
		c->chores.saved_ms -= SAVE_EVERY_MS - SOON_MS;
	log_failure(&c->chores.save_failures, now_ms, "devices not saved", rc);
	return if_damaged(rc);
}

/* ---- all of them ---- */

void chores_open(struct cmdqd *c)
{
	const struct log_limit limit = {.burst = 3, .window_ms = 60000};

	c->chores = (struct chores){.answer_failures = limit,
		.sweep_failures = limit,
		.daylight_failures = limit,
		.save_failures = limit,
		.list_failures = limit,
		.audit_failures = limit,
		.shelf_failures = limit};
}

int chores_do(struct cmdqd *c, uint64_t now_ms)
{
	struct chores *done = &c->chores;

	verify_waiting(c, now_ms);
	/* First, before anybody else works in the transaction of the offers. */
	int rc = settle_answers(c, now_ms);

	if (rc == 0)
		rc = intake_turn(&c->orders, now_ms);
	if (rc == 0)
		rc = intake_turn(&c->results, now_ms);
	if (rc == 0 && due(&done->swept_ms, SWEEP_EVERY_MS, now_ms))
		rc = sweep(c, now_ms);
	if (rc == 0 && due(&done->daylight_ms, DAYLIGHT_EVERY_MS, now_ms))
		rc = check_daylight(c, now_ms);
	if (rc == 0 && due(&done->withdrawn_ms, WITHDRAW_EVERY_MS, now_ms))
		rc = withdraw(c, now_ms);
	if (rc == 0 && due(&done->purged_ms, PURGE_EVERY_MS, now_ms))
		rc = purge_audit(c, now_ms);
	if (rc == 0 && due(&done->shelf_ms, SHELF_EVERY_MS, now_ms))
		rc = sweep_shelf(c, now_ms);
	if (rc == 0 && due(&done->saved_ms, SAVE_EVERY_MS, now_ms))
		rc = save(c, now_ms);
	log_failure(&done->list_failures, now_ms, "admission list not written",
		admission_write_paced(&c->admission, now_ms));
	if (due(&done->looked_ms, LOOK_EVERY_MS, now_ms))
		desk_look(c->desk, now_ms);
	done->pokes_wait = !poke_flush(&c->poke, now_ms);
	return rc;
}

static uint64_t until_matched(const struct cmdqd *c)
{
	uint64_t deadline_ms = referee_deadline_ms(&c->referee), now_ms = clock_mono_ms();

	return deadline_ms > now_ms ? deadline_ms - now_ms : 0;
}

static bool in_a_hurry(const struct intake *in)
{
	return in->hurry && !in->failed;
}

uint64_t chores_wait_ms(const struct cmdqd *c)
{
	uint64_t wait = LOOK_EVERY_MS, watchdog = daemon_watchdog_ms();

	if (in_a_hurry(&c->orders) || in_a_hurry(&c->results))
		return 0;
	if (admission_stale(&c->admission) || c->chores.saves_wait)
		wait = SOON_MS;
	if (c->chores.pokes_wait)
		wait = POKE_AGAIN_MS;
	if (watchdog > 0 && watchdog / 2 < wait)
		wait = watchdog / 2;
	if (c->conf.rescan_ms < wait)
		wait = c->conf.rescan_ms;
	return until_matched(c) < wait ? until_matched(c) : wait;
}
