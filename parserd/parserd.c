/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parserd: takes uploads out of the spool and keeps what they say. The loop knows when; the inbox
 * knows which file is next, the batch how files become durable, the upload what a body means. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/daemon.h"
#include "lib/log.h"
#include "lib/options.h"
#include "parserd/confine.h"
#include "parserd/opening.h"

#define SWEEP_MS       ((uint64_t)5 * 60 * 1000)
#define RETRY_FIRST_MS ((uint64_t)1000)
#define RETRY_MOST_MS  ((uint64_t)30 * 1000)
/* While files keep coming, a pause lets more of them share the next sync. docs/ARCHITECTURE.md */
#define GATHER_MS 20

/* ---- the sandbox ---- */

static int enter_sandbox(const struct parserd *p)
{
	int rc = confine_parserd(&p->spool, &p->erase, &p->photos);

	return rc < 0 ? opening_fail("cannot enter the sandbox", "", rc) : EX_OK;
}

/* ---- the loop ---- */

static void take_signals(struct parserd *p)
{
	for (int sig; (sig = daemon_next_signal(p->signal_fd)) != 0;) {
		if (sig == SIGHUP)
			inbox_rescan(&p->inbox);
		else
			p->stopping = true;
	}
}

/* Until `wait_ms` are over, a signal comes or, with `for_files`, a file does. */
static void wait_ms(struct parserd *p, uint64_t wait_ms_most, bool for_files)
{
	uint64_t now_ms = clock_mono_ms();
	uint64_t until_ms = now_ms + wait_ms_most;
	uint64_t slice_ms = daemon_watchdog_ms() > 0 ? daemon_watchdog_ms() / 2 : RETRY_MOST_MS;
	struct pollfd fds[] = {
		{.fd = p->signal_fd, .events = POLLIN},
		{.fd = for_files ? p->watch_fd : -1, .events = POLLIN},
	};

	for (; now_ms < until_ms; now_ms = clock_mono_ms()) {
		uint64_t left_ms = until_ms - now_ms;
		daemon_alive();
		if (poll(fds, 2, (int)(left_ms < slice_ms ? left_ms : slice_ms)) > 0)
			break;
	}
	take_signals(p);
}

static void tell_swept(int swept)
{
	if (swept < 0)
		log_warning("cannot sweep stale drafts", LOG_ERR(swept));
	else if (swept > 0)
		log_notice("stale drafts removed", LOG_NUM("files", swept));
}

static void sweep(struct parserd *p)
{
	uint64_t now_ms = clock_mono_ms();

	if (now_ms < p->next_sweep_ms)
		return;
	p->next_sweep_ms = now_ms + SWEEP_MS;
	tell_swept(spool_sweep(&p->spool, clock_wall_us(), p->conf.draft_stale_ms));
	tell_swept(erase_sweep(&p->erase, clock_wall_us(), p->conf.draft_stale_ms));
}

static void say_waiting(const struct parserd *p)
{
	char status[64];

	snprintf(status, sizeof(status), "%llu files waiting",
		(unsigned long long)inbox_waiting(&p->inbox));
	daemon_status(status);
}

/* Did anything arrive? Without the watch nothing is known, and every rescan looks. */
static bool drain(struct parserd *p)
{
	int rc = p->watch_fd < 0 ? 0 : spool_watch_drain();

	if (rc < 0) {
		log_warning(
			"watch is lost; the spool is looked at every rescan interval", LOG_ERR(rc));
		p->watch_fd = -1; /* or it would wake us for ever */
	}
	return rc > 0;
}

/* Files were worked on. If there are more already, they are coming fast. */
static void gather(struct parserd *p)
{
	p->retry_ms = RETRY_FIRST_MS;
	if (drain(p) && inbox_waiting(&p->inbox) == 0 && !p->once)
		wait_ms(p, GATHER_MS, false);
}

static void be_idle(struct parserd *p)
{
	uint64_t now_ms = clock_mono_ms();
	uint64_t sweep_in_ms = p->next_sweep_ms > now_ms ? p->next_sweep_ms - now_ms : 0;
	uint64_t rescan_ms = p->conf.rescan_ms;

	p->retry_ms = RETRY_FIRST_MS;
	wait_ms(p, sweep_in_ms < rescan_ms ? sweep_in_ms : rescan_ms, true);
	(void)drain(p);
}

/* The surroundings are bad: wait, longer each time. An exit code when waiting cannot help. */
static int bear_trouble(struct parserd *p, int rc)
{
	uint64_t dropped;

	if (rc == -ENOTRECOVERABLE)
		return opening_fail("records have to be opened anew", p->conf.state_dir, rc);
	if (records_is_broken(rc))
		return opening_fail("records are damaged", p->conf.state_dir, rc);
	if (log_allow(&p->trouble, clock_mono_ms(), &dropped))
		log_error("cannot store; will try again", LOG_ERR(rc), LOG_NUM("dropped", dropped));
	if (p->once)
		return EX_TEMPFAIL;
	daemon_status("cannot store; waiting");
	wait_ms(p, p->retry_ms, false);
	p->retry_ms = p->retry_ms * 2 < RETRY_MOST_MS ? p->retry_ms * 2 : RETRY_MOST_MS;
	return EX_OK;
}

/* Uploads go on where the orders cannot even be looked at. */
static int erase(struct parserd *p)
{
	uint64_t dropped;
	int rc = erase_work(&p->erase, clock_wall_us());

	if (rc >= 0 || p->once || records_is_broken(rc))
		return rc;
	if (log_allow(&p->erase_trouble, clock_mono_ms(), &dropped))
		log_error(
			"cannot look at orders to erase", LOG_ERR(rc), LOG_NUM("dropped", dropped));
	return 0;
}

static int work(struct parserd *p)
{
	int (*next)(struct inbox *, uint64_t) = inbox_recover;
	int code = EX_OK;

	while (!p->stopping && code == EX_OK) {
		daemon_alive();
		sweep(p);
		int rc = erase(p);
		if (rc == 0)
			rc = next(&p->inbox, clock_wall_us());
		say_waiting(p);
		if (rc < 0)
			code = bear_trouble(p, rc);
		else if (rc > 0)
			gather(p);
		else if (next == inbox_recover)
			next = inbox_work;
		else if (p->once)
			break;
		else
			be_idle(p);
		if (p->batch.taker.stranded && next == inbox_work && rc == 0) {
			p->batch.taker.stranded = false;
			next = inbox_recover;
		}
		take_signals(p);
	}
	return code;
}

int main(int argc, char **argv)
{
	struct parserd p = {
		.retry_ms = RETRY_FIRST_MS,
		.trouble = {.burst = 3, .window_ms = 60000},
		.erase_trouble = {.burst = 3, .window_ms = 60000},
	};
	struct options o = options_read(
		argc, argv, "Takes uploads out of the spool and keeps what they say.", true);

	log_open("parserd", LOG_LEVEL_INFO);
	if (conf_load(conf_path(o.conf_file), &p.conf) < 0)
		return EX_CONFIG;
	if (o.check) {
		conf_free(&p.conf);
		return EX_OK;
	}
	p.once = o.once;

	daemon_refuse_root();
	daemon_end_on_lost_page();
	int code = opening_all(&p);
	if (code == EX_OK)
		code = enter_sandbox(&p);
	if (code != EX_OK)
		return code;

	daemon_ready("looking for files");
	code = work(&p);
	daemon_stopping();
	opening_close(&p);
	return code;
}
