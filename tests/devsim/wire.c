/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one exchange of `devsim send`: blocking, and patient with a server that answers before it was
 * told all. */
#include "tests/devsim/devsim.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define CONTINUE_MS 1000

/* Waits for the events until the deadline; 0 when it passed. */
static short wait_for(int fd, short events, uint64_t until_us)
{
	struct pollfd one = {fd, events, 0};
	uint64_t now = now_us();
	int got;

	if (now >= until_us) {
		return 0;
	}
	do {
		got = poll(&one, 1, (int)((until_us - now) / 1000 + 1));
	} while (got < 0 && errno == EINTR);
	return got > 0 ? one.revents : 0;
}

static int connect_wait(uint64_t until_us)
{
	int fd = net_connect(&settings.target, 0, true);
	int err = 0;
	socklen_t len = sizeof(err);

	if (fd < 0) {
		return fd;
	}
	if (wait_for(fd, POLLOUT, until_us) == 0) {
		err = ETIMEDOUT;
	} else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0) {
		err = errno;
	}
	if (err) {
		close(fd);
		return -err;
	}
	return fd;
}

/* 1 when something was read, 0 at the end of the stream or when the time is over. */
static int receive(int fd, struct reply *reply, uint64_t until_us)
{
	ssize_t got;
	int err;

	if (wait_for(fd, POLLIN, until_us) == 0) {
		return 0;
	}
	bytes_reserve(&reply->in, 65536);
	got = recv(fd, reply->in.data + reply->in.len, 65536, 0);
	if (got <= 0) {
		return got < 0 && errno == EAGAIN;
	}
	reply->in.len += (size_t)got;
	err = reply_feed(reply);
	if (err < 0) {
		die(EX_PROTOCOL, "the reply makes no sense: %s", strerror(-err));
	}
	return 1;
}

/* Sends, but stops as soon as a whole reply is there or the server has closed. */
static void transmit(int fd, const struct bytes *bytes, struct reply *reply, uint64_t until_us)
{
	size_t sent = 0;

	while (sent < bytes->len && !reply->done) {
		short events = wait_for(fd, POLLIN | POLLOUT, until_us);
		ssize_t got = 0;

		if (events == 0) {
			return;
		}
		if (events & POLLOUT) {
			got = send(fd, bytes->data + sent, bytes->len - sent, MSG_NOSIGNAL);
			sent += got > 0 ? (size_t)got : 0;
		}
		if (got < 0 && errno != EAGAIN) {
			return;
		}
		if ((events & (POLLIN | POLLHUP | POLLERR)) && !receive(fd, reply, until_us)) {
			return;
		}
	}
}

static void wait_continue(int fd, struct reply *reply)
{
	uint64_t until_us = now_us() + CONTINUE_MS * 1000ULL;

	while (!reply->saw_continue && !reply->done && receive(fd, reply, until_us)) {
	}
	if (reply->saw_continue) {
		fprintf(stderr, "devsim: 100 Continue\n");
	}
}

/* Returns a negative errno only when there was no connection; everything else shows in the reply.
 */
int wire_exchange(const struct wire *wire, struct reply *reply)
{
	uint64_t until_us = now_us() + settings.timeout_ms * 1000ULL;
	int fd = connect_wait(until_us);

	if (fd < 0) {
		return fd;
	}
	transmit(fd, &wire->head, reply, until_us);
	if (wire->expect) {
		wait_continue(fd, reply);
	}
	if (!reply->head_done) {
		transmit(fd, &wire->rest, reply, until_us);
	}
	if (wire->half_close) {
		shutdown(fd, SHUT_WR);
	}
	while (!reply->done && receive(fd, reply, until_us)) {
	}
	if (!reply->done && now_us() < until_us && reply_eof(reply) < 0 && reply->in.len > 0) {
		fprintf(stderr, "devsim: the reply is incomplete\n");
	}
	if (now_us() >= until_us) {
		fprintf(stderr, "devsim: no whole reply within %u ms\n", settings.timeout_ms);
	}
	close(fd);
	return 0;
}
