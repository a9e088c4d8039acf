/* SPDX-License-Identifier: GPL-2.0-or-later */
/* desk: where ingestd asks what a terminal is to hear. */
#include "cmdqd/desk.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "cmdqd/outbox.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "lib/local.h"
#include "lib/log.h"

/* Questions of one client answered in a row, so that the others get their turn. Answers that are
 * held together share one commit, so a row is not short. */
#define QUESTIONS_IN_A_ROW 512

struct client {
	struct loop_source source; /* first: a pointer to it is one to the client */
	struct desk *desk;
	uint64_t number; /* of all that ever came */
	struct outbox outbox;
	uint64_t stalled_since_ms; /* 0: its socket has room */
	LIST_ENTRY(client) others;
};

struct desk {
	struct loop_source listener; /* first, as above */
	bool deaf; /* nobody can be accepted: the listener is not polled until the next look */
	int loop_fd;
	desk_answer *answer;
	void *context;
	struct buf packet; /* the answer being made */
	char question[MSG_MAX];
	uint64_t asking;  /* whose question is being answered: its number */
	uint64_t numbers; /* the last one given */
	size_t client_count;
	LIST_HEAD(, client) clients;
	struct log_limit bad_packets, comings;
};

static void drop(struct client *c)
{
	LIST_REMOVE(c, others);
	c->desk->client_count--;
	outbox_close(&c->outbox);
	io_close(c->source.fd);
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

/* A client that reads too slowly: its answers are kept and its further questions stay with the
 * kernel until it has made room. That slows down who asks, and costs nothing here. */
static int watch_for_room(struct client *c)
{
	const bool stalled = outbox_stalled(&c->outbox), was = c->stalled_since_ms > 0;

	if (stalled == was)
		return 0;
	c->stalled_since_ms = stalled ? clock_mono_ms() : 0;
	return loop_change(c->desk->loop_fd, &c->source, stalled ? EPOLLOUT : EPOLLIN);
}

/* `fate` is not DESK_LATER. */
static int give(struct client *c, uint64_t id, enum msg_kind kind, const struct msg_answer *answer,
	enum desk_fate fate)
{
	struct buf *packet = &c->desk->packet;
	const struct msg_answer a = {id, answer->status, answer->body};
	int rc = msg_put_answer(packet, &a);

	if (rc < 0)
		return rc;
	rc = fate == DESK_HOLD ? outbox_hold(&c->outbox, id, kind, buf_span(packet))
			       : outbox_send(&c->outbox, buf_span(packet));
	/* Not buf_wipe: most answers are far shorter than the room. */
	explicit_bzero(packet->ptr, packet->len);
	return rc;
}

static int answer_one(struct client *c, struct span packet)
{
	struct desk *desk = c->desk;
	struct msg_answer a = {.status = 503};
	struct msg_question q;

	if (msg_get_question(packet, &q) < 0) {
		log_bad_packet(desk);
		return 0;
	}
	desk->asking = c->number;
	enum desk_fate fate = desk->answer(desk->context, &q, &a);
	return fate == DESK_LATER ? 0 : give(c, q.id, q.kind, &a, fate);
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
	explicit_bzero(desk->question, (size_t)len);
	return rc < 0 ? rc : 1;
}

static int take_questions(struct client *c)
{
	int rc = 1;

	for (int i = 0; i < QUESTIONS_IN_A_ROW && rc == 1 && outbox_has_room(&c->outbox); i++)
		rc = take_one(c);
	return rc < 0 ? rc : 0;
}

/* It goes on, unless something failed. */
static void go_on(struct client *c, int rc)
{
	if (rc == 0)
		rc = watch_for_room(c);
	if (rc == -ECONNRESET || rc == -EPIPE)
		tell(&c->desk->comings, LOG_LEVEL_INFO, "client has left the desk", 0);
	else if (rc < 0)
		tell(&c->desk->comings, LOG_LEVEL_WARNING, "client at the desk dropped", rc);
	if (rc < 0)
		drop(c);
}

static void client_ready(struct loop_source *source, uint32_t events)
{
	struct client *c = (struct client *)source;
	int rc;

	if (outbox_stalled(&c->outbox)) {
		c->stalled_since_ms = clock_mono_ms(); /* it has taken something */
		rc = outbox_flush(&c->outbox);
	} else {
		rc = take_questions(c);
	}
	go_on(c, rc == 0 && (events & EPOLLERR) ? -ECONNRESET : rc);
}

struct desk_ticket desk_ticket(const struct desk *desk, const struct msg_question *q)
{
	return (struct desk_ticket){desk->asking, q->id, q->kind};
}

void desk_answer_later(struct desk *desk, const struct desk_ticket *to,
	const struct msg_answer *answer, enum desk_fate fate)
{
	struct client *c;

	LIST_FOREACH(c, &desk->clients, others)
	{
		if (c->number != to->client)
			continue;
		go_on(c, give(c, to->id, to->kind, answer, fate));
		return;
	}
}

void desk_release(struct desk *desk, bool durable)
{
	struct client *next;

	for (struct client *c = LIST_FIRST(&desk->clients); c; c = next) {
		next = LIST_NEXT(c, others);
		if (c->outbox.held_count > 0)
			go_on(c, outbox_release(&c->outbox, durable, &desk->packet));
	}
}

int desk_adopt(struct desk *desk, int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	if (!c) {
		io_close(fd);
		return -ENOMEM;
	}
	*c = (struct client){.source = {fd, client_ready}, .desk = desk, .number = ++desk->numbers};
	outbox_open(&c->outbox, fd);
	LIST_INSERT_HEAD(&desk->clients, c, others);
	desk->client_count++;
	int rc = loop_add(desk->loop_fd, &c->source, EPOLLIN);
	if (rc < 0)
		drop(c);
	return rc;
}

/* When that fails it is tried again at the next event, or the next look. */
static void be_deaf(struct desk *desk, bool deaf)
{
	if (loop_change(desk->loop_fd, &desk->listener, deaf ? 0 : EPOLLIN) == 0)
		desk->deaf = deaf;
}

static void listener_ready(struct loop_source *source, uint32_t events)
{
	struct desk *desk = (struct desk *)source;
	int fd = local_accept(source->fd);
	(void)events;

	if (fd == -EAGAIN)
		return;
	if (fd < 0)
		be_deaf(desk, true);
	int rc = fd < 0 ? fd : 0;
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

static void drop_stalled(struct desk *desk, uint64_t now_ms)
{
	struct client *next;

	for (struct client *c = LIST_FIRST(&desk->clients); c; c = next) {
		next = LIST_NEXT(c, others);
		if (c->stalled_since_ms > 0 && now_ms - c->stalled_since_ms >= DESK_STALL_MS) {
			tell(&desk->comings, LOG_LEVEL_WARNING, "client at the desk does not read",
				0);
			drop(c);
		}
	}
}

void desk_look(struct desk *desk, uint64_t now_ms)
{
	drop_stalled(desk, now_ms);
	if (desk->deaf)
		be_deaf(desk, false);
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
	/* Whole, so that it never grows and leaves a part of an answer where it was. */
	if (rc == 0)
		rc = buf_reserve(&desk->packet, MSG_MAX);
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
