/* SPDX-License-Identifier: GPL-2.0-or-later */
/* desk: where ingestd asks what a terminal is to hear. */
#include "cmdqd/desk.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "lib/clock.h"
#include "lib/io.h"
#include "lib/log.h"

/* Questions of one client answered in a row, so that the others get their turn. */
#define QUESTIONS_IN_A_ROW 64

struct client {
	struct loop_source source; /* first: a pointer to it is one to the client */
	struct desk *desk;
	struct buf unsent;         /* an answer that the socket had no room for; empty: none */
	uint64_t stalled_since_ms; /* while there is one */
	LIST_ENTRY(client) others;
};

struct desk {
	struct loop_source listener; /* first, as above */
	int loop_fd;
	desk_answer *answer;
	void *context;
	struct buf packet; /* the answer being made */
	char question[MSG_MAX];
	size_t client_count;
	LIST_HEAD(, client) clients;
	struct log_limit bad_packets, comings;
};

static void drop(struct client *c)
{
	LIST_REMOVE(c, others);
	c->desk->client_count--;
	io_close(c->source.fd);
	buf_free(&c->unsent);
	free(c);
}

/* What clients can cause; `rc` 0 when nothing failed. */
static void tell(struct log_limit *limit, enum log_level level, const char *event, int rc)
{
	const struct log_field no_error = {.key = NULL}, error = LOG_ERR(rc);
	uint64_t dropped;

	if (log_allow(limit, clock_mono_ms(), &dropped))
		log_at(level, event, rc < 0 ? error : no_error,
			LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

static void log_bad_packet(struct desk *desk)
{
	tell(&desk->bad_packets, LOG_LEVEL_WARNING, "packet at the desk is no question", 0);
}

/* 0; -EAGAIN when the client's socket is full; other negative errno. */
static int send_packet(int fd, struct span packet)
{
	return send(fd, packet.ptr, packet.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The client reads too slowly. Its answer is kept and its further questions stay with the kernel
 * until it has made room: that slows down who asks, and costs nothing here. */
static int stall(struct client *c)
{
	int rc = buf_add_span(&c->unsent, buf_span(&c->desk->packet));

	c->stalled_since_ms = clock_mono_ms();
	return rc < 0 ? rc : loop_change(c->desk->loop_fd, &c->source, EPOLLOUT);
}

static int send_unsent(struct client *c)
{
	int rc = send_packet(c->source.fd, buf_span(&c->unsent));

	if (rc < 0)
		return rc == -EAGAIN ? 0 : rc;
	buf_free(&c->unsent);
	return loop_change(c->desk->loop_fd, &c->source, EPOLLIN);
}

static int put_answer(struct desk *desk, const struct msg_question *q)
{
	struct msg_answer a = {.status = 503};

	desk->answer(desk->context, q, &a);
	a.id = q->id;
	return msg_put_answer(&desk->packet, &a);
}

static int answer_one(struct client *c, struct span packet)
{
	struct desk *desk = c->desk;
	struct msg_question q;

	if (msg_get_question(packet, &q) < 0) {
		log_bad_packet(desk);
		return 0;
	}
	int rc = put_answer(desk, &q);
	if (rc == 0)
		rc = send_packet(c->source.fd, buf_span(&desk->packet));
	return rc == -EAGAIN ? stall(c) : rc;
}

/* 1 when a question was dealt with, 0 when none is there, or a negative errno. A packet that was
 * longer than any question is cut by the kernel and no question either. */
static int take_one(struct client *c)
{
	struct desk *desk = c->desk;
	struct iovec part = {desk->question, sizeof(desk->question)};
	struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t len = recvmsg(c->source.fd, &head, MSG_DONTWAIT);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (len == 0)
		return -ECONNRESET;
	if (head.msg_flags & MSG_TRUNC) {
		log_bad_packet(desk);
		return 1;
	}
	int rc = answer_one(c, span_of(desk->question, (size_t)len));
	return rc < 0 ? rc : 1;
}

static int take_questions(struct client *c)
{
	int rc = 1;

	for (int i = 0; i < QUESTIONS_IN_A_ROW && rc == 1 && c->unsent.len == 0; i++)
		rc = take_one(c);
	return rc < 0 ? rc : 0;
}

static void client_ready(struct loop_source *source, uint32_t events)
{
	struct client *c = (struct client *)source;
	int rc = c->unsent.len > 0 ? send_unsent(c) : take_questions(c);

	if (rc == 0 && (events & EPOLLERR))
		rc = -ECONNRESET;
	if (rc == -ECONNRESET || rc == -EPIPE)
		tell(&c->desk->comings, LOG_LEVEL_INFO, "client has left the desk", 0);
	else if (rc < 0)
		tell(&c->desk->comings, LOG_LEVEL_WARNING, "client at the desk dropped", rc);
	if (rc < 0)
		drop(c);
}

int desk_adopt(struct desk *desk, int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	if (!c) {
		io_close(fd);
		return -ENOMEM;
	}
	*c = (struct client){
		.source = {fd, client_ready}, .desk = desk, .unsent = buf_with_max(MSG_MAX)};
	LIST_INSERT_HEAD(&desk->clients, c, others);
	desk->client_count++;
	int rc = loop_add(desk->loop_fd, &c->source, EPOLLIN);
	if (rc < 0)
		drop(c);
	return rc;
}

static void listener_ready(struct loop_source *source, uint32_t events)
{
	struct desk *desk = (struct desk *)source;
	int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	(void)events;

	if (fd < 0 && errno == EAGAIN)
		return;
	int rc = fd < 0 ? -errno : 0;
	if (rc == 0 && desk->client_count >= DESK_CLIENTS_MAX) {
		io_close(fd);
		rc = -EUSERS;
	}
	if (rc == 0)
		rc = desk_adopt(desk, fd);
	if (rc < 0)
		tell(&desk->comings, LOG_LEVEL_WARNING, "client at the desk not accepted", rc);
	else
		tell(&desk->comings, LOG_LEVEL_INFO, "client has come to the desk", 0);
}

void desk_drop_stalled(struct desk *desk, uint64_t now_ms)
{
	struct client *next;

	for (struct client *c = LIST_FIRST(&desk->clients); c; c = next) {
		next = LIST_NEXT(c, others);
		if (c->unsent.len > 0 && now_ms - c->stalled_since_ms >= DESK_STALL_MS) {
			tell(&desk->comings, LOG_LEVEL_WARNING, "client at the desk does not read",
				0);
			drop(c);
		}
	}
}

size_t desk_clients(const struct desk *desk)
{
	return desk->client_count;
}

int desk_serve(int loop_fd, const char *path, desk_answer *answer, void *context, struct desk **ret)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	if (!desk)
		return -ENOMEM;
	desk->loop_fd = loop_fd;
	desk->answer = answer;
	desk->context = context;
	desk->packet = buf_with_max(MSG_MAX);
	desk->bad_packets = desk->comings = (struct log_limit){.burst = 5, .window_ms = 10000};
	LIST_INIT(&desk->clients);

	int fd = msg_listen(path, 0660);
	desk->listener = (struct loop_source){fd, listener_ready};
	int rc = fd < 0 ? fd : loop_add(loop_fd, &desk->listener, EPOLLIN);
	if (rc < 0) {
		desk_shut(desk);
		return rc;
	}
	*ret = desk;
	return 0;
}

static void drop_all(struct desk *desk)
{
	struct client *next;

	for (struct client *c = LIST_FIRST(&desk->clients); c; c = next) {
		next = LIST_NEXT(c, others);
		drop(c);
	}
}

void desk_shut(struct desk *desk)
{
	if (!desk)
		return;
	drop_all(desk);
	io_close(desk->listener.fd);
	buf_free(&desk->packet);
	free(desk);
}
