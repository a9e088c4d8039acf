/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client: packets in and out. */
#include "matchd/client.h"

#include <errno.h>
#include <sys/socket.h>

#include "lib/io.h"
#include "lib/local.h"

#define SOCKET_MODE 0660 /* its group may ask: docs/TRUST.md */

int client_open(const char *socket_path, struct client *ret)
{
	const struct log_limit few = {.burst = 5, .window_ms = 60000};
	int fd = local_listen(socket_path, SOCK_SEQPACKET, SOCKET_MODE);

	if (fd < 0)
		return fd;
	*ret = (struct client){.listen_fd = fd, .fd = -1, .comings = few, .partings = few};
	return 0;
}

static void let_go(struct client *c)
{
	io_close(c->fd);
	c->fd = -1;
}

void client_close(struct client *c)
{
	let_go(c);
	io_close(c->listen_fd);
	c->listen_fd = -1;
}

void client_drop(struct client *c, const char *why, uint64_t now_ms)
{
	uint64_t dropped;

	if (log_allow(&c->partings, now_ms, &dropped))
		log_warning("client let go", LOG_TEXT("reason", why),
			LOG_NUM(dropped ? "dropped" : NULL, dropped));
	let_go(c);
}

static void tell_unaccepted(struct client *c, int rc, uint64_t now_ms)
{
	uint64_t dropped;

	if (log_allow(&c->comings, now_ms, &dropped))
		log_warning("client not accepted", LOG_ERR(rc),
			LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

bool client_accept(struct client *c, uint64_t now_ms)
{
	int fd = local_accept(c->listen_fd);
	uint64_t dropped;

	c->deaf = fd < 0 && fd != -EAGAIN;
	if (c->deaf)
		tell_unaccepted(c, fd, now_ms);
	if (fd < 0)
		return false;
	if (c->fd >= 0)
		client_drop(c, "another has come", now_ms);
	c->fd = fd;
	c->greeted = false;
	if (log_allow(&c->comings, now_ms, &dropped))
		log_info("client has come", LOG_NUM(dropped ? "dropped" : NULL, dropped));
	return true;
}

/* An empty packet is no request, and looks like the end. */
ssize_t client_hear(struct client *c, char *into)
{
	ssize_t n = recv(c->fd, into, MATCHING_REQUEST_MAX + 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n > 0)
		return n;
	let_go(c);
	return -EPIPE;
}

static void say(struct client *c, struct span line, uint64_t now_ms)
{
	if (send(c->fd, line.ptr, line.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		client_drop(c, errno == EAGAIN ? "it does not read" : "it has gone", now_ms);
}

void client_answer(struct client *c, const struct matching_answer *answer, uint64_t now_ms)
{
	struct buf line = buf_with_max(MATCHING_ANSWER_MAX);

	if (c->fd >= 0 && matching_put_answer(&line, answer) == 0)
		say(c, buf_span(&line), now_ms);
	else if (c->fd >= 0)
		client_drop(c, "no memory to answer", now_ms);
	buf_free(&line);
}

static bool same_hello(const struct matching_hello *a, const struct matching_hello *b)
{
	return a->formats == b->formats && a->probe_bytes == b->probe_bytes &&
	       a->references == b->references;
}

void client_greet(struct client *c, const struct matching_hello *hello, uint64_t now_ms)
{
	struct buf line = buf_with_max(MATCHING_ANSWER_MAX);

	if (c->fd < 0 || (c->greeted && same_hello(&c->told, hello)))
		return;
	c->greeted = true;
	c->told = *hello;
	if (matching_put_hello(&line, hello) == 0)
		say(c, buf_span(&line), now_ms);
	else
		client_drop(c, "no memory to say hello", now_ms);
	buf_free(&line);
}
