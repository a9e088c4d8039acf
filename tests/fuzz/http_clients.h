/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http_clients: what is around http in the targets http, http_steps and serve: clients that speak
 * by socket pairs, time that passes when the input says so, and memory that ends then. */
#ifndef PUNCHD_TESTS_HTTP_CLIENTS_H
#define PUNCHD_TESTS_HTTP_CLIENTS_H

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ingestd/http.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "tests/fuzz/fuzz.h"

#define CLIENTS        10
#define CLIENT_ROUNDS  64    /* of the loop, more than most inputs need */
#define CLIENT_SETTLES 20000 /* the same, of those that are nothing but requests */

#define HTTP_DEADLINE_MS 1000
#define HTTP_IDLE_S      3600

static const struct http_limits http_limits = {.connections = 4,
	.idle_s = HTTP_IDLE_S,
	.deadline_ms = HTTP_DEADLINE_MS,
	.body_rate_min = 1000};

/* ---- time: the library's and ours; the fuzzer's goes by the wall clock ---- */

static time_t passed_s;

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, ret);

	if (clock != CLOCK_REALTIME)
		ret->tv_sec += passed_s;
	return rc;
}

/* ---- memory that is short: ingestd's own, and that of the library's responses ---- */

static unsigned allocations_left; /* until one fails; 0: none does */

static bool fails(void)
{
	return allocations_left > 0 && --allocations_left == 0;
}

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
struct MHD_Response *__real_MHD_create_response_from_buffer(
	size_t size, void *buffer, enum MHD_ResponseMemoryMode mode);
struct MHD_Response *__wrap_MHD_create_response_from_buffer(
	size_t size, void *buffer, enum MHD_ResponseMemoryMode mode);

void *__wrap_calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : __real_calloc(count, bytes);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

struct MHD_Response *__wrap_MHD_create_response_from_buffer(
	size_t size, void *buffer, enum MHD_ResponseMemoryMode mode)
{
	return fails() ? NULL : __real_MHD_create_response_from_buffer(size, buffer, mode);
}

/* ---- clients ---- */

static struct client {
	int fd;                 /* -1: it is not connected */
	struct buf said, heard; /* said: by all that had its number */
} clients[CLIENTS];

static void clients_begin(void)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i] = (struct client){.fd = -1,
			.said = buf_with_max(1024 * 1024),
			.heard = buf_with_max(64 * 1024 * 1024)};
	passed_s = 0;
	allocations_left = 0;
}

static void clients_end(void)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		buf_free(&clients[i].said);
		buf_free(&clients[i].heard);
	}
	passed_s = 0;
}

static void client_connect(struct http *h, unsigned number)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons(5555),
		.sin_addr.s_addr = htonl(0xc0000200u + number)}; /* 192.0.2.NUMBER */
	int ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	if (http_add(h, ends[0], (const struct sockaddr *)&at, sizeof(at)) < 0)
		io_close(ends[1]);
	else
		clients[number].fd = ends[1];
}

/* As much of it as is taken. */
static struct span client_say(struct http *h, unsigned number, struct span bytes)
{
	if (clients[number].fd < 0)
		client_connect(h, number);
	for (unsigned i = 0; i < 8 && bytes.len > 0 && clients[number].fd >= 0; i++) {
		ssize_t n = send(clients[number].fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		CHECK(n > 0 || errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
		if (n > 0)
			CHECK(buf_add(&clients[number].said, bytes.ptr, (size_t)n) == 0);
		bytes = span_from(bytes, n > 0 ? (size_t)n : 0);
		http_run(h);
	}
	return bytes;
}

static void client_listen(struct client *c)
{
	char room[4096];
	ssize_t n;

	while (c->fd >= 0 && (n = recv(c->fd, room, sizeof(room), MSG_DONTWAIT)) > 0)
		CHECK(buf_add(&c->heard, room, (size_t)n) == 0);
}

/* Goes away. What it heard is HTTP, and stays in `heard`. */
static void client_leave(struct client *c)
{
	client_listen(c);
	io_close(c->fd);
	c->fd = -1;
	CHECK(c->heard.len == 0 || span_starts(buf_span(&c->heard), "HTTP/1."));
}

/* ---- the loop ---- */

static void clients_run(struct http *h, unsigned rounds)
{
	for (unsigned i = 0; i < rounds && http_connections(h) > 0; i++)
		http_run(h);
}

/* Nothing comes any more: the loop comes to rest. */
static void clients_settle(struct http *h)
{
	clients_run(h, CLIENT_ROUNDS);
	for (unsigned i = 0; http_wait_ms(h) == 0; i++) {
		CHECK(i < CLIENT_SETTLES);
		http_run(h);
	}
}

static void clients_pass(struct http *h, unsigned seconds)
{
	passed_s += seconds;
	(void)http_expire(h, clock_mono_ms());
	clients_settle(h);
}

#endif
