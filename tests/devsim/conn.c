/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection and its exchange: connect, send, read the reply, and let the server close first
 * when it said it would, so that TIME_WAIT stays with it and our ports do not run out.
 */
#include "tests/devsim/devsim.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_ROOM  2048
#define LINGER_US  2000000U /* longest wait for the close that was announced */
#define EV_CLOSING (EPOLLRDHUP | EPOLLHUP | EPOLLERR)

struct conn_totals conn_totals;

static void conn_event(struct watch *watch, uint32_t events);
static void conn_deadline(struct timer *timer);

void conn_init(struct conn *conn, uint32_t source)
{
	conn->watch.event = conn_event;
	conn->deadline.fire = conn_deadline;
	conn->fd = -1;
	conn->state = CONN_CLOSED;
	conn->source = source;
}

void conn_close(struct conn *conn)
{
	if (conn->fd >= 0) {
		close(conn->fd);
		conn->fd = -1;
	}
	conn->state = CONN_CLOSED;
	timer_stop(&conn->deadline);
}

static size_t upload_len(const struct upload *upload)
{
	return upload->bytes.len + upload->tail_len;
}

static int conn_open(struct conn *conn)
{
	bool no_delay = settings.keep_alive || upload_len(conn->upload) > 32768;
	int fd = net_connect(&settings.target, conn->source, no_delay);
	int err;

	if (fd < 0) {
		return fd;
	}
	err = loop_watch(fd, &conn->watch);
	if (err < 0) {
		close(fd);
		return err;
	}
	conn->fd = fd;
	conn->sent = 0;
	conn->state = CONN_SENDING;
	conn_totals.opened++;
	return 0;
}

/* 1 when all is sent, 0 when the socket is full (or not connected yet). */
static int conn_send(struct conn *conn)
{
	const struct upload *upload = conn->upload;

	while (conn->sent < upload_len(upload)) {
		size_t in_head = conn->sent < upload->bytes.len ? conn->sent : upload->bytes.len;
		size_t in_tail = conn->sent - in_head;
		struct iovec parts[2] = {
			{upload->bytes.data + in_head, upload->bytes.len - in_head},
			{(char *)upload->tail + in_tail, upload->tail_len - in_tail},
		};
		struct msghdr message = {
			.msg_iov = parts,
			.msg_iovlen = upload->tail_len > 0 ? 2 : 1,
		};
		ssize_t done = sendmsg(conn->fd, &message, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done < 0) {
			return errno == EAGAIN ? 0 : -errno;
		}
		conn->sent += (size_t)done;
		conn_totals.bytes_out += (uint64_t)done;
	}
	return 1;
}

/* A kept connection may have been closed just when it was used again: then a fresh one gets the
 * request, once. */
static void conn_fail(struct conn *conn, int err)
{
	bool again =
		conn->reused && conn->reply.in.len == 0 && (err == -EPIPE || err == -ECONNRESET);

	conn_close(conn);
	conn->reused = false;
	if (again) {
		conn_totals.reconnects++;
		err = conn_open(conn);
		if (err == 0) {
			timer_set(&conn->deadline, now_us() + settings.timeout_ms * 1000ULL);
			return;
		}
	}
	conn->finished(conn, err);
}

static void conn_complete(struct conn *conn, bool closed_by_peer)
{
	bool all_sent = conn->sent == upload_len(conn->upload);

	conn->answered_us = now_us();
	timer_stop(&conn->deadline);
	conn->answered(conn);
	if (conn->reply.close && all_sent && !closed_by_peer) {
		conn->state = CONN_DRAINING;
		timer_set(&conn->deadline, conn->answered_us + LINGER_US);
		return;
	}
	if (closed_by_peer || conn->reply.close || !settings.keep_alive || !all_sent) {
		conn_close(conn);
	} else {
		conn->state = CONN_IDLE;
	}
	conn->finished(conn, 0);
}

/*
 * Edge-triggered, so read until there is no more: a short read is the end unless the events said
 * that the peer has closed, because what comes later brings another event.
 */
static void conn_read(struct conn *conn, uint32_t events)
{
	struct bytes *in = &conn->reply.in;

	for (;;) {
		char *room = bytes_reserve(in, READ_ROOM);
		size_t room_len = in->cap - in->len;
		ssize_t got = recv(conn->fd, room, room_len, 0);
		int err;

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0 && errno == EAGAIN) {
			return;
		}
		if (got < 0) {
			conn_fail(conn, -errno);
			return;
		}
		if (got == 0) {
			err = reply_eof(&conn->reply);
		} else {
			in->len += (size_t)got;
			conn_totals.bytes_in += (uint64_t)got;
			err = reply_feed(&conn->reply);
		}
		if (err < 0) {
			conn_fail(conn, err);
			return;
		}
		if (conn->cut_body && conn->reply.body_len >= conn->cut_body && !conn->reply.done) {
			conn_fail(conn, -ECONNRESET);
			return;
		}
		if (conn->reply.done) {
			conn_complete(conn, got == 0 || (events & EV_CLOSING));
			return;
		}
		if ((size_t)got < room_len && !(events & EV_CLOSING)) {
			return;
		}
	}
}

/* A server that refuses early may answer and close before it has read everything: look for its
 * words first. */
static void conn_sending(struct conn *conn, uint32_t events)
{
	int sent = conn_send(conn);

	if (sent == 1) {
		conn->state = CONN_READING;
	}
	if (sent < 0 && !(events & EPOLLIN)) {
		conn_fail(conn, sent);
	} else if (sent < 0 || (events & (EPOLLIN | EV_CLOSING))) {
		conn_read(conn, sent < 0 ? events | EPOLLHUP : events);
	}
}

static void conn_draining(struct conn *conn, uint32_t events)
{
	char waste[4096];

	if (!(events & EV_CLOSING) && recv(conn->fd, waste, sizeof(waste), 0) != 0) {
		return;
	}
	conn_close(conn);
	conn->finished(conn, 0);
}

static void conn_event(struct watch *watch, uint32_t events)
{
	struct conn *conn = container(watch, struct conn, watch);

	switch (conn->state) {
	case CONN_CLOSED:
		break;
	case CONN_SENDING:
		conn_sending(conn, events);
		break;
	case CONN_READING:
		if (events & (EPOLLIN | EV_CLOSING)) {
			conn_read(conn, events);
		}
		break;
	case CONN_DRAINING:
		conn_draining(conn, events);
		break;
	case CONN_IDLE:
		if (events & EV_CLOSING) {
			conn_close(conn);
		}
		break;
	}
}

static void conn_deadline(struct timer *timer)
{
	struct conn *conn = container(timer, struct conn, deadline);
	bool answered = conn->state == CONN_DRAINING;

	conn_close(conn);
	conn->reused = false;
	conn->finished(conn, answered ? 0 : -ETIMEDOUT);
}

/*
 * Sends the upload, which stays the caller's and must stay until finished() is called; that can
 * happen before this function returns when nothing could be sent at all.
 */
void conn_start(struct conn *conn, const struct upload *upload)
{
	int sent;

	conn->started_us = now_us();
	conn->upload = upload;
	conn->sent = 0;
	conn->reused = conn->state == CONN_IDLE;
	reply_reset(&conn->reply, REPLY_MAX, false);
	if (!conn->reused) {
		int err = conn_open(conn);

		if (err < 0) {
			conn_fail(conn, err);
			return;
		}
	}
	conn->state = CONN_SENDING;
	timer_set(&conn->deadline, conn->started_us + settings.timeout_ms * 1000ULL);
	/* On loopback the connection often stands already. */
	sent = conn_send(conn);
	if (sent < 0) {
		conn_fail(conn, sent);
	} else if (sent == 1) {
		conn->state = CONN_READING;
	}
}
