/* SPDX-License-Identifier: GPL-2.0-or-later */
/* notifyd: tells terminals that a command waits for them, so that they ask at once. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/daemon.h"
#include "lib/io.h"
#include "lib/log.h"
#include "lib/options.h"
#include "notifyd/confine.h"
#include "notifyd/waker.h"

#define STATUS_MS 5000

struct notifyd {
	struct options options;
	struct conf conf;
	struct waker waker;
	int signal_fd;
	uint64_t told_ms; /* the service manager, last */
	bool stopping;
};

static int or_fail(int rc, const char *what)
{
	if (rc >= 0)
		return rc;
	log_error("cannot go on", LOG_TEXT("what", what), LOG_ERR(rc));
	exit(EX_OSERR);
}

static void read_configuration(struct notifyd *n)
{
	if (conf_load(conf_path(n->options.conf_file), &n->conf) < 0)
		exit(EX_CONFIG);
	if (n->options.check)
		exit(EX_OK);
}

static void open_sockets(struct notifyd *n)
{
	char *path = conf_join(n->conf.run_dir, CONF_WAKE);

	n->signal_fd = or_fail(daemon_signals(), "signals");
	or_fail(path ? waker_open(path, (uint16_t)n->conf.wake_port, (unsigned)n->conf.wake_pokes,
			       (unsigned)n->conf.wake_rate, &n->waker)
		     : -ENOMEM,
		path);
	free(path);
}

/* Said before the sandbox is entered: libsystemd opens its way to the journal with the first line,
 * and keeps it. */
static void say_ready(const struct notifyd *n)
{
	log_notice("ready", LOG_NUM("port", n->conf.wake_port));
}

static void enter_sandbox(void)
{
	or_fail(confine_notifyd(), "the sandbox");
	daemon_ready("nobody to wake");
}

/* ---- the loop ---- */

static void tell_status(struct notifyd *n, uint64_t now_ms)
{
	const struct waker *w = &n->waker;
	char line[128];

	daemon_alive();
	if (now_ms - n->told_ms < STATUS_MS)
		return;
	n->told_ms = now_ms;
	snprintf(line, sizeof(line), "%u to wake, %" PRIu64 " datagrams sent, %" PRIu64 " failed",
		pace_count(w->pace), w->sent, w->failed);
	daemon_status(line);
}

static int wait_ms(const struct notifyd *n)
{
	uint64_t wait = pace_wait_ms(n->waker.pace, clock_mono_ms());
	uint64_t watchdog = daemon_watchdog_ms();

	if (watchdog > 0 && watchdog / 2 < wait)
		wait = watchdog / 2;
	return wait < STATUS_MS ? (int)wait : STATUS_MS;
}

static void take_signal(struct notifyd *n)
{
	int signal = daemon_next_signal(n->signal_fd);

	/* The configuration is read at start only. */
	if (signal == SIGTERM || signal == SIGINT)
		n->stopping = true;
}

static void turn(struct notifyd *n)
{
	struct pollfd ready[] = {
		{.fd = n->signal_fd, .events = POLLIN}, {.fd = n->waker.wake_fd, .events = POLLIN}};

	if (poll(ready, 2, wait_ms(n)) < 0 && errno != EINTR)
		or_fail(-errno, "waiting");
	uint64_t now_ms = clock_mono_ms();
	if (ready[0].revents)
		take_signal(n);
	if (ready[1].revents)
		waker_hear(&n->waker, now_ms);
	waker_poke(&n->waker, now_ms);
	tell_status(n, now_ms);
}

static int stop(struct notifyd *n)
{
	daemon_stopping();
	waker_close(&n->waker);
	io_close(n->signal_fd);
	conf_free(&n->conf);
	return EX_OK;
}

int main(int argc, char **argv)
{
	static struct notifyd n;

	n.options =
		options_read(argc, argv, "Tells terminals that a command waits for them.", false);
	log_open("notifyd", LOG_LEVEL_INFO);
	read_configuration(&n);
	daemon_refuse_root();
	open_sockets(&n);
	say_ready(&n);
	enter_sandbox();
	while (!n.stopping)
		turn(&n);
	return stop(&n);
}
