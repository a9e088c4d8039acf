/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmdqd: answers what terminals ask, and does what operators order. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cmdqd/admission.h"
#include "cmdqd/answer.h"
#include "cmdqd/desk.h"
#include "cmdqd/devices.h"
#include "cmdqd/intake.h"
#include "cmdqd/loop.h"
#include "cmdqd/zone.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/daemon.h"
#include "lib/io.h"
#include "lib/log.h"
#include "lib/options.h"
#include "lib/sandbox.h"
#include "spool/spool.h"

#define SAVE_EVERY_MS 2000
#define LOOK_EVERY_MS 1000
#define SOON_MS       ADMISSION_PAUSE_MS

struct cmdqd {
	struct options options;
	/* what is open */
	struct conf conf;
	int loop_fd, state_fd;
	struct loop_source signals;
	struct devices *devices;
	struct desk *desk;
	struct answerer answerer;
	struct admission admission;
	struct intake intake;
	char *records_path;
	/* the loop's */
	uint64_t saved_ms, looked_ms;
	struct log_limit save_failures, list_failures;
	bool stopping;
};

/* ---- options and configuration ---- */

static void read_configuration(struct cmdqd *c)
{
	const char *path = conf_path(c->options.conf_file);
	int minutes;

	if (conf_load(path, &c->conf) < 0)
		exit(EX_CONFIG);
	if (zone_offset(c->conf.time_zone, 0, &minutes) < 0) {
		fprintf(stderr, "%s: time_zone: there is no zone \"%s\"\n", path,
			c->conf.time_zone);
		exit(EX_CONFIG);
	}
	if (c->options.check)
		exit(EX_OK);
}

/* ---- what the loop calls ---- */

static void on_question(void *context, const struct msg_question *q, struct msg_answer *ret)
{
	struct cmdqd *c = context;

	answer(&c->answerer, q, clock_wall_us(), ret);
}

static void on_signal(struct loop_source *source, uint32_t events)
{
	struct cmdqd *c =
		(struct cmdqd *)(void *)((char *)source - offsetof(struct cmdqd, signals));
	int signal = daemon_next_signal(source->fd);
	(void)events;

	/* The configuration is read at start only. */
	if (signal == SIGTERM || signal == SIGINT)
		c->stopping = true;
}

/* ---- opening ---- */

static __attribute__((noreturn)) void fail(int code, const char *event, const char *what, int rc)
{
	log_error(event, LOG_TEXT("what", what), LOG_ERR(rc));
	exit(code);
}

static int or_fail(int rc, const char *what)
{
	if (rc < 0)
		fail(devices_damaged(rc) ? EX_DATAERR : EX_OSERR, "cannot start", what, rc);
	return rc;
}

static char *join_or_fail(const char *dir, const char *name)
{
	char *path = conf_join(dir, name);

	if (!path)
		or_fail(-ENOMEM, name);
	return path;
}

/* The loop and the watch come first, while few descriptors are open (spool.h); the spool's lock
 * keeps a second cmdqd from everything else. */
static void open_spools(struct cmdqd *c)
{
	c->loop_fd = or_fail(loop_open(), "the loop");
	c->signals = (struct loop_source){or_fail(daemon_signals(), "signals"), on_signal};
	or_fail(loop_add(c->loop_fd, &c->signals, EPOLLIN), "signals");
	or_fail(intake_open(&c->intake, c->loop_fd, &c->conf), "the spool order");
	/* Nobody takes results out of it yet; ingestd must be able to put them in. */
	or_fail(spool_make(c->conf.spool_dir, "result"), "the spool result");
}

static void open_state(struct cmdqd *c)
{
	char *dir = join_or_fail(c->conf.state_dir, CONF_CMDQD_DIR);
	char *control = join_or_fail(c->conf.state_dir, CONF_CONTROL);

	/* Others may pass: the admission list in it is for ingestd. */
	or_fail(io_make_dir(dir, 02751), dir);
	c->state_fd = or_fail(io_open_dir(AT_FDCWD, dir), dir);
	or_fail(devices_open(control, c->conf.admit_any, &c->devices), control);
	free(control);
	free(dir);
	c->admission = (struct admission){.state_fd = c->state_fd, .devices = c->devices};
	or_fail(admission_write(&c->admission, clock_mono_ms()), "the admission list");
	c->intake.devices = c->devices;
	c->intake.admission = &c->admission;
}

static void open_desk(struct cmdqd *c)
{
	char *path = join_or_fail(c->conf.run_dir, CONF_DESK);

	c->records_path = join_or_fail(c->conf.state_dir, CONF_RECORDS);
	c->answerer = (struct answerer){
		.devices = c->devices, .defaults = &c->conf, .records_path = c->records_path};
	or_fail(desk_serve(c->loop_fd, path, on_question, c, &c->desk), path);
	free(path);
}

static void say_ready(const struct cmdqd *c)
{
	log_notice("ready", LOG_NUM("approved", devices_count(c->devices, DEVICE_APPROVED)),
		LOG_NUM("pending", devices_count(c->devices, DEVICE_PENDING)),
		LOG_NUM("refused", devices_count(c->devices, DEVICE_REFUSED)));
	daemon_ready("answering");
}

/* ---- the loop ---- */

static void log_failure(struct log_limit *limit, uint64_t now_ms, const char *event, int rc)
{
	uint64_t dropped;

	if (rc < 0 && log_allow(limit, now_ms, &dropped))
		log_error(event, LOG_ERR(rc), LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

static bool due(uint64_t *last_ms, uint64_t every_ms, uint64_t now_ms)
{
	if (now_ms - *last_ms < every_ms)
		return false;
	*last_ms = now_ms;
	return true;
}

/* The service manager starts it again, and opening says more. */
static int unless_damaged(int rc)
{
	if (devices_damaged(rc))
		fail(EX_DATAERR, "the devices have to be opened anew", CONF_CONTROL, rc);
	return rc;
}

static void do_chores(struct cmdqd *c, uint64_t now_ms)
{
	(void)unless_damaged(intake_turn(&c->intake, now_ms));
	if (due(&c->saved_ms, SAVE_EVERY_MS, now_ms))
		log_failure(&c->save_failures, now_ms, "devices not saved",
			unless_damaged(devices_save(c->devices)));
	log_failure(&c->list_failures, now_ms, "admission list not written",
		admission_write_paced(&c->admission, now_ms));
	if (due(&c->looked_ms, LOOK_EVERY_MS, now_ms))
		desk_drop_stalled(c->desk, now_ms);
}

static uint64_t wait_ms(const struct cmdqd *c)
{
	uint64_t wait = LOOK_EVERY_MS, watchdog = daemon_watchdog_ms();

	if (c->intake.hurry && !c->intake.failed)
		return 0;
	if (admission_stale(&c->admission))
		wait = SOON_MS;
	if (watchdog > 0 && watchdog / 2 < wait)
		wait = watchdog / 2;
	return c->conf.rescan_ms < wait ? c->conf.rescan_ms : wait;
}

static void run(struct cmdqd *c)
{
	while (!c->stopping) {
		int rc = loop_turn(c->loop_fd, wait_ms(c));
		if (rc < 0)
			fail(EX_OSERR, "waiting failed", "epoll", rc);
		daemon_alive();
		do_chores(c, clock_mono_ms());
	}
}

/* ---- the end ---- */

static int stop(struct cmdqd *c)
{
	daemon_stopping();
	desk_shut(c->desk);
	int rc = devices_save_all(c->devices);
	if (rc == 0)
		rc = admission_write(&c->admission, clock_mono_ms());
	if (rc < 0)
		log_error("state not saved at the end", LOG_ERR(rc));
	answer_close(&c->answerer);
	devices_close(c->devices);
	/* Last: with the spool's lock another cmdqd may open all of it. */
	intake_close(&c->intake);
	io_close(c->state_fd);
	io_close(c->signals.fd);
	io_close(c->loop_fd);
	free(c->records_path);
	conf_free(&c->conf);
	return rc < 0 ? EX_IOERR : 0;
}

int main(int argc, char **argv)
{
	static struct cmdqd c = {
		.save_failures = {.burst = 3, .window_ms = 60000},
		.list_failures = {.burst = 3, .window_ms = 60000},
	};

	c.options = options_read(
		argc, argv, "Answers what terminals ask, and does what operators order.", false);
	log_open("cmdqd", LOG_LEVEL_INFO);
	read_configuration(&c);
	daemon_refuse_root();
	open_spools(&c);
	open_state(&c);
	open_desk(&c);
	or_fail(sandbox_enter(), "the sandbox");
	say_ready(&c);
	run(&c);
	return stop(&c);
}
