/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmdqd: answers what terminals ask, and does what operators order. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cmdqd/cmdqd.h"
#include "cmdqd/confine.h"
#include "cmdqd/zone.h"
#include "lib/charset.h"
#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/io.h"

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

static enum desk_fate on_question(
	void *context, const struct msg_question *q, struct msg_answer *ret)
{
	struct cmdqd *c = context;

	switch (q->kind) {
	case MSG_HELLO:
	case MSG_POLL:
		return answer(&c->answerer, q, clock_wall_us(), ret);
	case MSG_LOOKUP:
		return remote_answer(&c->remote, q, clock_wall_us(), ret);
	case MSG_TIME:
		return answer_time(&c->answerer, q, clock_wall_us(), ret);
	case MSG_VERIFY:
		return verify_answer(&c->verify, c->desk, q, clock_wall_us(), ret);
	case MSG_FILE:
		return fetch_answer(&c->fetch, q, clock_wall_us(), ret);
	}
	*ret = (struct msg_answer){.status = 404};
	return DESK_SEND;
}

static void on_signal(struct loop_source *source, uint32_t events)
{
	struct cmdqd *c = (struct cmdqd *)source;
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

static int open_spool(struct intake *in, struct intake_work work, const struct conf *conf)
{
	int watch_fd = -1;

	or_fail(intake_open(in, work.kind, conf, &watch_fd), work.kind);
	in->work = work;
	return watch_fd;
}

/* The loop and the watch come first, while few descriptors are open (spool.h); the spools' locks
 * keep a second cmdqd from everything else. */
static void open_spools(struct cmdqd *c)
{
	c->loop_fd = or_fail(loop_open(), "the loop");
	c->signals = (struct loop_source){or_fail(daemon_signals(), "signals"), on_signal};
	or_fail(loop_add(c->loop_fd, &c->signals, EPOLLIN), "signals");
	(void)open_spool(&c->orders, chores_order_work(c), &c->conf);
	int watch_fd = open_spool(&c->results, chores_result_work(c), &c->conf);
	c->watch.intakes[0] = &c->orders;
	c->watch.intakes[1] = &c->results;
	or_fail(intake_watch(&c->watch, c->loop_fd, watch_fd), "the watch");
}

static void open_shelf(struct cmdqd *c)
{
	char *files = join_or_fail(c->conf.state_dir, CONF_FILES);
	char *served = join_or_fail(c->conf.state_dir, CONF_SERVED);

	or_fail(shelf_open(files, served, &c->shelf), served);
	if (c->shelf.from == -EACCES)
		log_warning("no file can be sent: the directory is closed to cmdqd",
			LOG_TEXT("path", files));
	free(served);
	free(files);
}

/* Where it cannot be written, as on a full disk, the one that is there holds until it can. */
static void write_list(struct cmdqd *c)
{
	int rc = admission_write(&c->admission, clock_mono_ms());

	if (rc < 0)
		log_warning("admission list not written; it is tried again", LOG_ERR(rc));
}

static void open_state(struct cmdqd *c)
{
	char *dir = join_or_fail(c->conf.state_dir, CONF_CMDQD_DIR);
	char *control = join_or_fail(c->conf.state_dir, CONF_CONTROL);

	/* Others may pass: the admission list in it is for ingestd. */
	or_fail(io_make_dir(dir, 02751), dir);
	c->state_fd = or_fail(io_open_dir(AT_FDCWD, dir), dir);
	or_fail(devices_open(control, c->conf.admit_any, &c->devices), control);
	c->admission = (struct admission){.state_fd = c->state_fd, .devices = c->devices};
	write_list(c);
	or_fail(content_open(c->state_fd, &c->content), CONF_CONTENT);
	open_shelf(c);
	free(control);
	free(dir);
}

static void open_work(struct cmdqd *c)
{
	struct ledger *ledger = devices_ledger(c->devices);

	or_fail(charset_open(), "the character set GB18030 of the C library");
	c->wake_path = join_or_fail(c->conf.run_dir, CONF_WAKE);
	poke_open(&c->poke, c->wake_path);
	c->obey = (struct obey){.devices = c->devices,
		.ledger = ledger,
		.conf = &c->conf,
		.later = &c->later,
		.shelf = &c->shelf};
	c->outcome = (struct outcome){.ledger = ledger, .content = &c->content, .later = &c->later};
	chores_open(c);
}

/* Where parserd has not made the records yet they are opened when they are first asked for. */
static void open_library(struct cmdqd *c)
{
	struct known *known;

	c->records_path = join_or_fail(c->conf.state_dir, CONF_RECORDS);
	c->library = (struct library){.path = c->records_path};
	c->people = (struct people){.devices = c->devices, .library = &c->library};
	if (!c->conf.allow_remote && !c->conf.allow_verify)
		return;
	c->private_path = join_or_fail(c->conf.state_dir, CONF_PRIVATE);
	c->library.private_path = c->private_path;
	if (library_look(&c->library, &known) == 0)
		known_end(known);
}

static void open_verify(struct cmdqd *c)
{
	c->match_path = join_or_fail(c->conf.run_dir, CONF_MATCH);
	or_fail(referee_open(&c->referee, c->loop_fd, c->match_path), c->match_path);
	c->verify = (struct verify){.answerer = &c->answerer,
		.people = &c->people,
		.referee = &c->referee,
		.conf = &c->conf};
	or_fail(verify_open(&c->verify, clock_wall_us()), "the audit");
}

static void open_desk(struct cmdqd *c)
{
	char *path = join_or_fail(c->conf.run_dir, CONF_DESK);

	c->answerer = (struct answerer){.devices = c->devices,
		.ledger = devices_ledger(c->devices),
		.poke = &c->poke,
		.defaults = &c->conf,
		.library = &c->library};
	open_verify(c);
	c->fetch = (struct fetch){.answerer = &c->answerer, .shelf = &c->shelf};
	c->remote = (struct remote){.answerer = &c->answerer, .people = &c->people};
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

static void run(struct cmdqd *c)
{
	while (!c->stopping) {
		int rc = loop_turn(c->loop_fd, chores_wait_ms(c));
		if (rc < 0)
			fail(EX_OSERR, "waiting failed", "epoll", rc);
		daemon_alive();
		rc = chores_do(c, clock_mono_ms());
		/* The service manager starts it again, and opening says more. */
		if (rc < 0)
			fail(EX_DATAERR, "the devices have to be opened anew", CONF_CONTROL, rc);
	}
}

/* ---- the end ---- */

static int save_state(struct cmdqd *c)
{
	int rc = devices_save_all(c->devices);

	if (rc == 0)
		rc = admission_write(&c->admission, clock_mono_ms());
	if (rc < 0)
		log_error("state not saved at the end", LOG_ERR(rc));
	return rc;
}

static void close_all(struct cmdqd *c)
{
	verify_close(&c->verify);
	referee_close(&c->referee);
	answer_close(&c->answerer);
	library_close(&c->library);
	poke_close(&c->poke);
	obey_close(&c->obey);
	shelf_close(&c->shelf);
	content_close(&c->content);
	devices_close(c->devices);
	/* Last: with the spools' locks another cmdqd may open all of it. */
	intake_close(&c->results);
	intake_close(&c->orders);
	io_close(c->state_fd);
	io_close(c->signals.fd);
	io_close(c->loop_fd);
	free(c->private_path);
	free(c->records_path);
	free(c->match_path);
	free(c->wake_path);
	conf_free(&c->conf);
}

static int stop(struct cmdqd *c)
{
	daemon_stopping();
	desk_shut(c->desk);
	int rc = save_state(c);
	close_all(c);
	return rc < 0 ? EX_IOERR : 0;
}

int main(int argc, char **argv)
{
	static struct cmdqd c;

	c.options = options_read(
		argc, argv, "Answers what terminals ask, and does what operators order.", false);
	log_open("cmdqd", LOG_LEVEL_INFO);
	read_configuration(&c);
	daemon_refuse_root();
	daemon_end_on_lost_page();
	open_spools(&c);
	open_state(&c);
	open_work(&c);
	open_library(&c);
	open_desk(&c);
	or_fail(confine_cmdqd(&c), "the sandbox");
	say_ready(&c);
	run(&c);
	return stop(&c);
}
