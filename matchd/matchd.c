/* SPDX-License-Identifier: GPL-2.0-or-later */
/* matchd: carries questions about fingers to a matcher, and looks after that. */
#include <errno.h>
#include <inttypes.h>
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
#include "matchd/carrier.h"
#include "matchd/confine.h"

#define STATUS_MS 5000

struct matchd {
	struct options options;
	struct conf conf;
	struct carrier carrier;
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

static void read_configuration(struct matchd *m)
{
	if (conf_load(conf_path(m->options.conf_file), &m->conf) < 0)
		exit(EX_CONFIG);
	if (m->options.check)
		exit(EX_OK);
}

static void open_socket(struct matchd *m)
{
	char *path = conf_join(m->conf.run_dir, CONF_MATCH);

	m->signal_fd = or_fail(daemon_signals(), "signals");
	or_fail(path ? carrier_open(path, m->conf.matcher, m->conf.matcher_memory_bytes,
			       m->conf.matcher_timeout_ms, &m->carrier)
		     : -ENOMEM,
		path);
	free(path);
}

/* Said before the sandbox is entered: libsystemd opens its way to the journal with the first line,
 * and keeps it. */
static void say_ready(const struct matchd *m)
{
	if (m->carrier.idle)
		log_notice("ready; no matcher is configured, so every request is refused");
	else
		log_notice("ready", LOG_TEXT("path", m->conf.matcher));
}

static void enter_sandbox(const struct matchd *m)
{
	or_fail(confine_matchd(m->conf.matcher), "the sandbox");
	daemon_ready("no matcher yet");
}

/* ---- the loop ---- */

static void tell_status(struct matchd *m, uint64_t now_ms)
{
	const struct carrier *c = &m->carrier;
	char line[128];

	daemon_alive();
	if (now_ms - m->told_ms < STATUS_MS)
		return;
	m->told_ms = now_ms;
	snprintf(line, sizeof(line), "%s, %" PRIu64 " answered, %" PRIu64 " failed",
		c->keeper.hello.formats ? "a matcher is at work" : "no matcher", c->answered,
		c->failed);
	daemon_status(line);
}

static int wait_ms(const struct matchd *m)
{
	uint64_t wait = carrier_wait_ms(&m->carrier, clock_mono_ms());
	uint64_t watchdog = daemon_watchdog_ms();

	if (watchdog > 0 && watchdog / 2 < wait)
		wait = watchdog / 2;
	return wait < STATUS_MS ? (int)wait : STATUS_MS;
}

static void take_signal(struct matchd *m)
{
	int signal = daemon_next_signal(m->signal_fd);

	/* The configuration is read at start only. */
	if (signal == SIGTERM || signal == SIGINT)
		m->stopping = true;
}

static void turn(struct matchd *m)
{
	struct pollfd ready[1 + CARRIER_FDS] = {{.fd = m->signal_fd, .events = POLLIN}};

	carrier_fds(&m->carrier, ready + 1);
	if (poll(ready, 1 + CARRIER_FDS, wait_ms(m)) < 0 && errno != EINTR)
		or_fail(-errno, "waiting");
	uint64_t now_ms = clock_mono_ms();
	if (ready[0].revents)
		take_signal(m);
	carrier_turn(&m->carrier, now_ms);
	tell_status(m, now_ms);
}

static int stop(struct matchd *m)
{
	daemon_stopping();
	carrier_close(&m->carrier);
	io_close(m->signal_fd);
	conf_free(&m->conf);
	return EX_OK;
}

int main(int argc, char **argv)
{
	static struct matchd m;

	m.options = options_read(argc, argv, "Asks a matcher whose finger it is.", false);
	log_open("matchd", LOG_LEVEL_INFO);
	read_configuration(&m);
	daemon_refuse_root();
	open_socket(&m);
	say_ready(&m);
	enter_sandbox(&m);
	while (!m.stopping)
		turn(&m);
	return stop(&m);
}
