/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ingestd: takes what terminals push, makes it durable, and only then says OK. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sysexits.h>

#include "ingestd/confine.h"
#include "ingestd/listen.h"
#include "ingestd/proxy.h"
#include "ingestd/serve.h"
#include "ingestd/served.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/daemon.h"
#include "lib/io.h"
#include "lib/log.h"
#include "lib/options.h"
#include "lib/sandbox.h"

#define TICK_MS      250  /* admission list, desk, deadlines */
#define SPACE_MS     1000 /* free space */
#define STATUS_MS    5000
#define LAST_WAIT_MS 5000 /* at the end, for what was taken in already */
#define GROUP_BYTES  (8u * 1024 * 1024)
#define EVENTS       16
#define OTHER_FDS    (256 + PROXY_WAITING_MAX) /* descriptors besides connections and large bodies */
#define HTTP_MAX     (CONF_LISTEN_MAX + 1)     /* the last one is for the proxy */

struct ingestd {
	struct conf conf;
	struct serve serve;
	struct listeners listeners;
	struct http *http[HTTP_MAX];
	unsigned http_count;
	struct proxy *proxy;  /* NULL: there is none */
	unsigned connections; /* as many as descriptors allow */
	int epoll_fd, signal_fd, done_fd, desk_fd;
	bool ending;
	uint64_t next_tick_ms, next_space_ms, next_status_ms, end_by_ms;
};

static __attribute__((noreturn)) void give_up(int code, const char *what, int rc)
{
	log_error(what, LOG_ERR(rc));
	exit(code);
}

/* ---- opening ---- */

/* What is not there is made by another daemon: try again. */
static void or_give_up(int rc, const char *event, const char *path)
{
	if (rc >= 0)
		return;
	log_error(event, LOG_TEXT("path", path), LOG_ERR(rc));
	exit(rc == -ENOENT ? EX_TEMPFAIL : EX_UNAVAILABLE);
}

static char *join_or_give_up(const char *dir, const char *name)
{
	char *path = conf_join(dir, name);

	or_give_up(path ? 0 : -ENOMEM, "cannot make the name of a file", name);
	return path;
}

static void open_listeners(struct ingestd *d)
{
	if (listen_all(&d->conf, &d->listeners) < 0)
		exit(EX_UNAVAILABLE);
}

static void open_spool(struct ingestd *d, const char *kind, struct spool *ret)
{
	int rc = spool_open(d->conf.spool_dir, kind, SPOOL_FOR_WRITING, ret);
	if (rc == 0)
		return;
	log_error("cannot open spool", LOG_TEXT("path", d->conf.spool_dir), LOG_TEXT("spool", kind),
		LOG_ERR(rc));
	exit(rc == -ENOENT ? EX_TEMPFAIL : EX_NOPERM); /* its consumer makes it: try again */
}

static void open_state(struct ingestd *d)
{
	const char *dir = d->conf.state_dir;
	char *list = join_or_give_up(dir, CONF_ADMISSION);
	struct serve *s = &d->serve;

	or_give_up(admit_open(list, d->conf.admit_any, &s->admit), "cannot open the admission list",
		list);
	s->state_fd = served_open(dir);
	or_give_up(s->state_fd, "cannot open the state directory", dir);
	free(list);
}

/* cmdqd's socket need not be there yet. */
static void open_desk(struct ingestd *d)
{
	char *path = join_or_give_up(d->conf.run_dir, CONF_DESK);

	or_give_up(desk_open(path, d->conf.desk_timeout_ms, serve_answered, &d->serve.desk),
		"cannot open the desk", path);
	free(path);
}

static void open_all(struct ingestd *d)
{
	struct serve *s = &d->serve;

	s->conf = &d->conf;
	s->budget.max_bytes = d->conf.body_memory_bytes;
	s->refusals = s->failures = (struct log_limit){.burst = 20, .window_ms = 10000};
	s->list_faults = (struct log_limit){.burst = 1, .window_ms = 60000};
	open_listeners(d);
	open_spool(d, "upload", &s->upload_spool);
	open_spool(d, "result", &s->result_spool);
	if (spool_announce_writer(&s->upload_spool) < 0)
		log_notice("somebody holds the spool's tmp/ locked", LOG_TEXT("spool", "upload"));
	open_state(d);
	open_desk(d);
}

static void poll_for(struct ingestd *d, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
	if (epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		give_up(EX_OSERR, "cannot poll", -errno);
}

static void open_loop(struct ingestd *d)
{
	d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	d->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	d->signal_fd = daemon_signals();
	d->desk_fd = -1;
	if (d->epoll_fd < 0 || d->done_fd < 0 || d->signal_fd < 0)
		give_up(EX_OSERR, "cannot make the loop", -errno);
	poll_for(d, d->done_fd);
	poll_for(d, d->signal_fd);
}

/* A connection needs a descriptor, and one in four may be storing a large body. */
static unsigned connections_within(const struct conf *c)
{
	unsigned wanted = (unsigned)c->connections_max;
	unsigned fds = sandbox_raise_descriptors(wanted + wanted / 4 + OTHER_FDS);
	unsigned most = fds > 2 * OTHER_FDS ? (fds - OTHER_FDS) / 5 * 4 : OTHER_FDS / 2;
	if (most >= wanted)
		return wanted;
	log_warning("fewer connections than connections_max: the limit of descriptors is too low",
		LOG_NUM("connections", most), LOG_NUM("descriptors", fds));
	return most;
}

/* What goes into one file: enough to share a sync, and never more than the consumer takes. */
static size_t group_within(const struct conf *c)
{
	uint64_t most = c->file_max_bytes - CONF_HEAD_ROOM_BYTES;
	return most < GROUP_BYTES ? (size_t)most : GROUP_BYTES;
}

static int start_http(struct ingestd *d, int listen_fd, const struct http_limits *limits)
{
	struct http **h = &d->http[d->http_count];
	int rc = http_open(listen_fd, limits, &serve_calls, &d->serve, h);
	if (rc < 0)
		return rc;
	d->http_count++;
	poll_for(d, http_fd(*h));
	return 0;
}

/* What comes by the terminator is served like all else, once it is known for whom. */
static int start_proxy(struct ingestd *d, const struct http_limits *limits)
{
	int rc = start_http(d, -1, limits);
	if (rc == 0)
		rc = proxy_open(d->listeners.proxy_fd, d->http[d->http_count - 1], &d->proxy);
	if (rc == 0)
		poll_for(d, proxy_fd(d->proxy));
	return rc;
}

static int start_listeners(struct ingestd *d)
{
	const struct listeners *l = &d->listeners;
	unsigned count = l->count + (l->proxy_fd >= 0);
	const struct http_limits limits = {
		.connections = d->connections / count,
		.per_address = (unsigned)d->conf.connections_per_address,
		.idle_s = (unsigned)((d->conf.idle_timeout_ms + 999) / 1000),
		.deadline_ms = d->conf.request_deadline_ms,
		.body_rate_min = d->conf.body_rate_min,
	};
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < l->count; i++)
		rc = start_http(d, l->fds[i], &limits);
	if (rc == 0 && l->proxy_fd >= 0)
		rc = start_proxy(d, &limits);
	return rc;
}

/* Threads and the library come after the sandbox: privileges are a thread's own. */
static void start_serving(struct ingestd *d)
{
	struct serve *s = &d->serve;
	size_t group = group_within(&d->conf);
	int rc = commit_open(&s->upload_spool, d->done_fd, group, &s->upload_lane);
	if (rc == 0)
		rc = commit_open(&s->result_spool, d->done_fd, group, &s->result_lane);
	if (rc == 0)
		rc = start_listeners(d);
	if (rc < 0)
		give_up(EX_OSERR, "cannot serve", rc);
}

/* ---- the loop ---- */

static void follow_desk(struct ingestd *d, uint64_t now_ms)
{
	if (!desk_tick(d->serve.desk, now_ms))
		return;
	/* A descriptor that was closed has left the set by itself. */
	int fd = desk_fd(d->serve.desk);
	if (fd >= 0)
		poll_for(d, fd);
	d->desk_fd = fd;
	log_notice(fd >= 0 ? "desk is there"
			   : "desk is away: polls hear OK, verifications Failed, all else 503");
}

static void tick(struct ingestd *d, uint64_t now_ms)
{
	struct serve *s = &d->serve;
	unsigned connections = 0, expired = 0;
	uint64_t dropped;
	d->next_tick_ms = now_ms + TICK_MS;
	follow_desk(d, now_ms);
	int rc = admit_refresh(s->admit);
	if (rc > 0)
		log_info("admission list read", LOG_NUM("serials", admit_count(s->admit)));
	else if (rc < 0 && log_allow(&s->list_faults, now_ms, &dropped))
		log_error("admission list not read: the one before goes on", LOG_ERR(rc),
			LOG_NUM("dropped", dropped));
	if (d->proxy)
		expired += proxy_expire(d->proxy, now_ms);
	for (unsigned i = 0; i < d->http_count; i++) {
		expired += http_expire(d->http[i], now_ms);
		connections += http_connections(d->http[i]);
	}
	if (expired && log_allow(&s->refusals, now_ms, &dropped))
		log_notice("connections past their deadline ended", LOG_NUM("count", expired),
			LOG_NUM("dropped", dropped));
	if (now_ms >= d->next_space_ms) {
		d->next_space_ms = now_ms + SPACE_MS;
		serve_check_space(s);
	}
	if (now_ms >= d->next_status_ms) {
		char line[128];
		d->next_status_ms = now_ms + STATUS_MS;
		snprintf(line, sizeof(line), "%u connections, %llu accepted, %llu refused%s",
			connections, (unsigned long long)s->accepted,
			(unsigned long long)s->refused, s->disk_full ? ", spool full" : "");
		daemon_status(line);
	}
	daemon_alive();
}

static int wait_ms(const struct ingestd *d, uint64_t now_ms)
{
	uint64_t due_ms = desk_due_ms(d->serve.desk);
	if (due_ms > d->next_tick_ms)
		due_ms = d->next_tick_ms;
	int wait = due_ms > now_ms ? (int)(due_ms - now_ms) : 0;
	for (unsigned i = 0; i < d->http_count; i++) {
		int own = http_wait_ms(d->http[i]);
		if (own >= 0 && own < wait)
			wait = own;
	}
	return wait;
}

static void take_signals(struct ingestd *d, uint64_t now_ms)
{
	int sig;
	while ((sig = daemon_next_signal(d->signal_fd)) != 0) {
		if (sig == SIGHUP || d->ending)
			continue;
		daemon_stopping();
		d->ending = true;
		d->end_by_ms = now_ms + LAST_WAIT_MS;
		if (d->proxy)
			proxy_quiesce(d->proxy);
		for (unsigned i = 0; i < d->http_count; i++)
			http_quiesce(d->http[i]);
	}
}

static void turn(struct ingestd *d)
{
	struct epoll_event events[EVENTS];
	eventfd_t count;
	int n = epoll_wait(d->epoll_fd, events, EVENTS, wait_ms(d, clock_mono_ms()));
	if (n < 0 && errno != EINTR)
		give_up(EX_OSERR, "cannot wait", -errno);
	uint64_t now_ms = clock_mono_ms();
	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;
		if (fd == d->done_fd)
			(void)eventfd_read(d->done_fd, &count); /* only a wake-up; the lanes know */
		else if (fd == d->signal_fd)
			take_signals(d, now_ms);
		else if (fd == d->desk_fd)
			desk_read(d->serve.desk);
	}
	if (now_ms >= desk_due_ms(d->serve.desk))
		follow_desk(d, now_ms);
	serve_committed(d->serve.upload_lane);
	serve_committed(d->serve.result_lane);
	if (d->proxy)
		proxy_run(d->proxy, now_ms);
	for (unsigned i = 0; i < d->http_count; i++)
		http_run(d->http[i]);
	commit_kick(d->serve.upload_lane);
	commit_kick(d->serve.result_lane);
	if (now_ms >= d->next_tick_ms)
		tick(d, now_ms);
}

/* Whatever was taken in is answered; what stays open then is not ours to finish. */
static void finish(struct ingestd *d)
{
	struct serve *s = &d->serve;
	/* Kept connections may still bring requests; these hear 503. */
	s->ending = true;
	commit_finish(s->upload_lane);
	commit_finish(s->result_lane);
	serve_committed(s->upload_lane);
	serve_committed(s->result_lane);
	desk_hang_up(s->desk); /* every question is answered, if only with "away" */
	for (unsigned i = 0; i < d->http_count; i++) {
		http_run(d->http[i]);
		http_close(d->http[i]);
	}
	proxy_close(d->proxy);
	desk_close(s->desk);
	commit_free(s->upload_lane);
	commit_free(s->result_lane);
	admit_close(s->admit);
	io_close(s->state_fd);
	spool_close(&s->upload_spool);
	spool_close(&s->result_spool);
	conf_free(&d->conf);
}

int main(int argc, char **argv)
{
	static struct ingestd d;
	struct options o = options_read(argc, argv,
		"Takes what attendance terminals push, makes it durable, and only then says OK.",
		false);
	log_open("ingestd", LOG_LEVEL_INFO);
	if (conf_load(conf_path(o.conf_file), &d.conf) < 0)
		return EX_CONFIG;
	if (o.check)
		return EX_OK;
	daemon_refuse_root();
	open_all(&d);
	open_loop(&d);
	d.connections = connections_within(&d.conf);
	int rc = confine_ingestd(&d.serve);
	if (rc < 0)
		give_up(EX_OSERR, "cannot enter the sandbox", rc);
	start_serving(&d);
	tick(&d, clock_mono_ms());
	daemon_ready("serving");
	log_info("serving", LOG_NUM("listeners", d.listeners.count),
		LOG_TEXT("proxy", d.proxy ? "yes" : "no"),
		LOG_TEXT("admit", d.conf.admit_any ? "any" : "approved"));
	while (!d.ending || (d.serve.waiting && clock_mono_ms() < d.end_by_ms))
		turn(&d);
	finish(&d);
	return EX_OK;
}
