/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proxy: see proxy.h. The head is looked at (MSG_PEEK) until it is whole and only then read, so
 * that not a byte of the client's is taken. A connection is polled for news alone (EPOLLET): half a
 * head stays in its socket and would be readable for ever. */
#include "ingestd/proxy.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/un.h>

#include "ingestd/proxy_head.h"
#include "lib/io.h"
#include "lib/local.h"
#include "lib/log.h"

#define EVENTS      64
#define ACCEPTS_MAX 64 /* in one turn; others want to be served too */
#define LISTENER    PROXY_WAITING_MAX

struct waiting {
	int fd; /* -1: a free place */
	uint64_t since_ms;
};

struct proxy {
	int listen_fd, epoll_fd;
	struct http *http;
	struct waiting waiting[PROXY_WAITING_MAX];
	bool deaf; /* out of descriptors: the listener is not polled until the next proxy_expire */
	struct log_limit complaints;
};

static int poll_for(struct proxy *p, int op, int fd, uint32_t events, unsigned place)
{
	struct epoll_event ev = {.events = events, .data.u32 = place};
	return epoll_ctl(p->epoll_fd, op, fd, &ev) < 0 ? -errno : 0;
}

static void complain(struct proxy *p, const char *reason, int rc, uint64_t now_ms)
{
	uint64_t dropped;
	if (log_allow(&p->complaints, now_ms, &dropped))
		log_notice("connection of the terminator ended", LOG_TEXT("reason", reason),
			LOG_ERR(rc), LOG_NUM("dropped", dropped));
}

static void end(struct waiting *w)
{
	io_close(w->fd); /* it leaves the set by itself */
	w->fd = -1;
}

/* ---- one connection ---- */

/* Who has no name is the terminator itself: http calls it "local". */
static void hand_over(
	struct proxy *p, struct waiting *w, const struct proxy_head *head, uint64_t now_ms)
{
	static const struct sockaddr_un local = {.sun_family = AF_UNIX};
	const void *client = head->named ? (const void *)&head->client : &local;
	socklen_t len = head->named ? sizeof(head->client) : sizeof(local.sun_family);
	int fd = w->fd;
	w->fd = -1;
	int rc = poll_for(p, EPOLL_CTL_DEL, fd, 0, 0);
	if (rc < 0)
		io_close(fd);
	else
		rc = http_add(p->http, fd, client, len);
	if (rc < 0)
		complain(p, "it cannot be served", rc, now_ms);
}

static void listen_to(struct proxy *p, struct waiting *w, bool ends, uint64_t now_ms)
{
	char bytes[PROXY_HEAD_MAX];
	struct proxy_head head;
	ssize_t n = recv(w->fd, bytes, sizeof(bytes), MSG_PEEK);
	if (n < 0 && errno == EAGAIN)
		return;
	int rc = n > 0 ? proxy_head_read(span_of(bytes, (size_t)n), &head) : -ENODATA;
	if (rc == -EAGAIN && !ends)
		return;
	if (rc == 0 && recv(w->fd, bytes, head.len, 0) == (ssize_t)head.len) {
		hand_over(p, w, &head, now_ms);
		return;
	}
	end(w);
	complain(p, rc == -EBADMSG ? "no PROXY head" : "it ended before its PROXY head", 0, now_ms);
}

/* ---- new ones ---- */

/* A free place, or that of the one that waits longest. */
static struct waiting *make_place(struct proxy *p, uint64_t now_ms)
{
	struct waiting *oldest = &p->waiting[0];
	for (unsigned i = 0; i < PROXY_WAITING_MAX; i++) {
		struct waiting *w = &p->waiting[i];
		if (w->fd < 0)
			return w;
		if (w->since_ms < oldest->since_ms)
			oldest = w;
	}
	end(oldest);
	complain(p, "too many have not sent their PROXY head", 0, now_ms);
	return oldest;
}

static void take(struct proxy *p, int fd, uint64_t now_ms)
{
	struct waiting *w = make_place(p, now_ms);
	int rc = poll_for(
		p, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, (unsigned)(w - p->waiting));
	if (rc < 0) {
		io_close(fd);
		complain(p, "it cannot be polled", rc, now_ms);
		return;
	}
	*w = (struct waiting){.fd = fd, .since_ms = now_ms};
}

static void take_new(struct proxy *p, uint64_t now_ms)
{
	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		int fd = local_accept(p->listen_fd);
		if (fd >= 0) {
			take(p, fd, now_ms);
			continue;
		}
		if (fd == -EAGAIN)
			return;
		complain(p, "none can be accepted", fd, now_ms);
		p->deaf = poll_for(p, EPOLL_CTL_MOD, p->listen_fd, 0, LISTENER) == 0;
		return;
	}
}

/* ---- all ---- */

int proxy_open(int listen_fd, struct http *http, struct proxy **ret)
{
	struct proxy *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->listen_fd = listen_fd;
	p->http = http;
	p->complaints = (struct log_limit){.burst = 10, .window_ms = 10000};
	for (unsigned i = 0; i < PROXY_WAITING_MAX; i++)
		p->waiting[i].fd = -1;
	p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int rc =
		p->epoll_fd < 0 ? -errno : poll_for(p, EPOLL_CTL_ADD, listen_fd, EPOLLIN, LISTENER);
	if (rc == 0)
		*ret = p;
	else
		proxy_close(p);
	return rc;
}

int proxy_fd(const struct proxy *p)
{
	return p->epoll_fd;
}

void proxy_run(struct proxy *p, uint64_t now_ms)
{
	struct epoll_event events[EVENTS];
	bool more = false;
	int n = epoll_wait(p->epoll_fd, events, EVENTS, 0);
	for (int i = 0; i < n; i++) {
		unsigned place = events[i].data.u32;
		bool ends = events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
		if (place == LISTENER)
			more = true;
		else if (p->waiting[place].fd >= 0)
			listen_to(p, &p->waiting[place], ends, now_ms);
	}
	/* Last, so that no news is taken for that of another one in the same place. */
	if (more)
		take_new(p, now_ms);
}

unsigned proxy_expire(struct proxy *p, uint64_t now_ms)
{
	unsigned expired = 0;
	for (unsigned i = 0; i < PROXY_WAITING_MAX; i++) {
		struct waiting *w = &p->waiting[i];
		if (w->fd < 0 || now_ms <= w->since_ms + PROXY_HEAD_MS)
			continue;
		end(w);
		expired++;
	}
	if (p->deaf)
		p->deaf = poll_for(p, EPOLL_CTL_MOD, p->listen_fd, EPOLLIN, LISTENER) < 0;
	return expired;
}

void proxy_quiesce(struct proxy *p)
{
	io_close(p->listen_fd);
	p->listen_fd = -1;
	for (unsigned i = 0; i < PROXY_WAITING_MAX; i++)
		if (p->waiting[i].fd >= 0)
			end(&p->waiting[i]);
}

void proxy_close(struct proxy *p)
{
	if (!p)
		return;
	proxy_quiesce(p);
	io_close(p->epoll_fd);
	free(p);
}
