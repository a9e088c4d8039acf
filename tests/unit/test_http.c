/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http: files as answers, over a real socket. What else it does is looked at from outside, with the
 * whole daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ingestd/http.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "scratch.h"

#define BIG_BYTES (600u * 1024) /* more than a socket takes at once */

/* What the program under http is: it answers everything with one file, at once or later. */
struct program {
	struct http_file file;
	bool later;
	struct http_exchange *waiting;
	char range[64], if_range[64], if_none_match[64];
};

static void keep(struct span text, char into[static 64])
{
	assert_true(text.len < 64);
	memcpy(into, text.len ? text.ptr : "", text.len);
	into[text.len] = '\0';
}

static void *on_begin(void *context, struct http_exchange *x, const struct http_head *head)
{
	struct program *p = context;
	keep(head->range, p->range);
	keep(head->if_range, p->if_range);
	keep(head->if_none_match, p->if_none_match);
	p->waiting = x;
	if (p->later)
		return p;
	http_reply_file(x, &p->file);
	return NULL;
}

static void on_body(void *own, struct span piece)
{
	(void)own, (void)piece;
}

static void on_end(void *own)
{
	(void)own;
}

static void on_gone(void *own)
{
	(void)own;
}

static const struct http_calls calls = {on_begin, on_body, on_end, on_gone};

static int listen_somewhere(struct sockaddr_in *ret_at)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*ret_at = at;
	return fd;
}

/* The whole reply to `request`, with a NUL behind it. */
static struct buf ask(struct program *p, const char *request)
{
	const struct http_limits limits = {.connections = 8, .idle_s = 60, .deadline_ms = 60000};
	struct buf reply = buf_with_max(2 * BIG_BYTES);
	struct sockaddr_in at;
	struct http *h;
	int listen_fd = listen_somewhere(&at);
	assert_int_equal(http_open(listen_fd, &limits, &calls, p, &h), 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(io_write_all(client, span_str(request)), 0);
	assert_true(fcntl(client, F_SETFL, O_NONBLOCK) == 0);
	for (ssize_t n = -1; n != 0;) {
		static char piece[65536];
		struct pollfd fds[] = {{http_fd(h), POLLIN, 0}, {client, POLLIN, 0}};
		int wait_ms = http_wait_ms(h);
		if (wait_ms < 0)
			wait_ms = p->waiting ? 10 : 30000;
		assert_true(poll(fds, 2, wait_ms) >= 0);
		http_run(h);
		if (p->later && p->waiting && !fds[0].revents) {
			http_reply_file(p->waiting, &p->file);
			p->waiting = NULL;
			http_run(h);
		}
		n = recv(client, piece, sizeof(piece), 0);
		if (n > 0)
			assert_int_equal(buf_add(&reply, piece, (size_t)n), 0);
		else if (n < 0 && errno != EAGAIN)
			n = 0; /* cut off */
	}
	close(client);
	http_close(h);
	assert_int_equal(buf_add(&reply, "", 1), 0);
	reply.len--;
	return reply;
}

static const char *body_of(const struct buf *reply)
{
	const char *end = strstr(reply->ptr, "\r\n\r\n");
	return end ? end + 4 : "";
}

static bool says(const struct buf *reply, const char *line)
{
	const char *at = strstr(reply->ptr, line);
	return at && at < body_of(reply) && strncmp(at + strlen(line), "\r\n", 2) == 0;
}

static struct http_file file_with(void *const *state, const char *text, size_t len)
{
	int fd = open(scratch_path(state, "file"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, span_of(text, len)), 0);
	return (struct http_file){
		.status = 200, .fd = fd, .size = len, .length = len, .etag = "\"7-2a\""};
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static void test_a_whole_file_is_sent(void **state)
{
	struct program p = {.file = file_with(state, "0123456789", 10)};
	struct buf reply = ask(&p, GET);
	assert_true(says(&reply, "HTTP/1.1 200 OK"));
	assert_true(says(&reply, "Content-Length: 10"));
	assert_true(says(&reply, "Content-Type: application/octet-stream"));
	assert_true(says(&reply, "Accept-Ranges: bytes"));
	assert_true(says(&reply, "ETag: \"7-2a\""));
	assert_null(strstr(reply.ptr, "Content-Range"));
	assert_string_equal(body_of(&reply), "0123456789");
	assert_false(is_open(p.file.fd));
	buf_free(&reply);
}

static void test_a_part_is_sent_with_its_place(void **state)
{
	struct program p = {.file = file_with(state, "0123456789", 10), .later = true};
	p.file.status = 206;
	p.file.from = 3;
	p.file.length = 4;
	struct buf reply = ask(&p, GET);
	assert_true(says(&reply, "HTTP/1.1 206 Partial Content"));
	assert_true(says(&reply, "Content-Range: bytes 3-6/10"));
	assert_true(says(&reply, "Content-Length: 4"));
	assert_string_equal(body_of(&reply), "3456");
	assert_false(is_open(p.file.fd));
	buf_free(&reply);
}

static void test_head_hears_the_same_without_bytes(void **state)
{
	struct program p = {.file = file_with(state, "0123456789", 10)};
	struct buf reply = ask(&p, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(says(&reply, "HTTP/1.1 200 OK"));
	assert_true(says(&reply, "Content-Length: 10"));
	assert_string_equal(body_of(&reply), "");
	assert_false(is_open(p.file.fd));
	buf_free(&reply);
}

static void test_nothing_is_sent_with_416_and_304(void **state)
{
	(void)state;
	struct program p = {.file = {.status = 416, .fd = -1, .size = 10}};
	struct buf reply = ask(&p, GET);
	assert_true(says(&reply, "Content-Range: bytes */10"));
	assert_string_equal(body_of(&reply), "");
	assert_null(strstr(reply.ptr, "ETag"));
	buf_free(&reply);
	p.file = (struct http_file){.status = 304, .fd = -1, .size = 10, .etag = "\"a\""};
	reply = ask(&p, GET);
	assert_true(says(&reply, "HTTP/1.1 304 Not Modified"));
	assert_true(says(&reply, "ETag: \"a\""));
	assert_string_equal(body_of(&reply), "");
	buf_free(&reply);
}

static void test_a_large_file_comes_whole(void **state)
{
	char *bytes = malloc(BIG_BYTES);
	assert_non_null(bytes);
	for (size_t i = 0; i < BIG_BYTES; i++)
		bytes[i] = (char)('a' + i % 23);
	struct program p = {.file = file_with(state, bytes, BIG_BYTES), .later = true};
	struct buf reply = ask(&p, GET);
	const char *body = body_of(&reply);
	assert_int_equal(reply.len - (size_t)(body - reply.ptr), BIG_BYTES);
	assert_memory_equal(body, bytes, BIG_BYTES);
	assert_false(is_open(p.file.fd));
	buf_free(&reply);
	free(bytes);
}

/* At once and after a wait: nobody may wait for ever for an answer that cannot be made. */
static void test_a_part_beyond_the_file_closes(void **state)
{
	for (int later = 0; later < 2; later++) {
		struct program p = {.file = file_with(state, "0123", 4), .later = later};
		p.file.from = 3;
		struct buf reply = ask(&p, GET);
		assert_int_equal(reply.len, 0);
		assert_false(is_open(p.file.fd));
		buf_free(&reply);
	}
}

static void test_what_is_asked_of_a_file_is_handed_on(void **state)
{
	(void)state;
	struct program p = {.file = {.status = 416, .fd = -1}};
	struct buf reply =
		ask(&p, "GET / HTTP/1.1\r\nHost: a\r\nrange: bytes=3-\r\nIf-Range: \"a\"\r\n"
			"If-None-Match: \"b\", \"c\"\r\n\r\n");
	buf_free(&reply);
	assert_string_equal(p.range, "bytes=3-");
	assert_string_equal(p.if_range, "\"a\"");
	assert_string_equal(p.if_none_match, "\"b\", \"c\"");
	reply = ask(&p, GET);
	buf_free(&reply);
	assert_string_equal(p.range, "");
}

/* A server without a socket to listen at, and one client that has said all of `said`. */
static struct http *serve_one(
	struct program *p, const struct http_limits *limits, struct span said, int *ret_client)
{
	const struct sockaddr at = {.sa_family = AF_UNIX};
	struct http *h;
	int ends[2];
	assert_int_equal(http_open(-1, limits, &calls, p, &h), 0);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(io_write_all(ends[1], said), 0);
	assert_int_equal(http_add(h, ends[0], &at, sizeof(at.sa_family)), 0);
	*ret_client = ends[1];
	return h;
}

/* The library wants to be run at once, for ever: the loop must not. */
static void test_a_chunk_without_end_lets_the_loop_rest(void **state)
{
	static const char head[] =
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;";
	const struct http_limits limits = {
		.connections = 1, .idle_s = 3600, .deadline_ms = 1000, .body_rate_min = 1};
	struct program p = {.later = true};
	char said[sizeof(head) + 4096];
	int client, rests = 0;
	(void)state;
	memset(said, 'a', sizeof(said));
	memcpy(said, head, sizeof(head) - 1);
	struct http *h = serve_one(&p, &limits, span_of(said, sizeof(said)), &client);
	for (int i = 0; i < 100; i++) {
		http_run(h);
		rests += http_wait_ms(h) != 0;
	}
	assert_non_null(p.waiting); /* it was begun */
	assert_true(rests >= 10);
	/* And its deadline ends it, though the library does not look at its socket. */
	assert_int_equal(http_expire(h, clock_mono_ms() + 60000), 1);
	for (int i = 0; i < 100 && http_connections(h) > 0; i++) {
		assert_int_equal(poll(NULL, 0, 50), 0);
		http_run(h);
	}
	assert_int_equal(http_connections(h), 0);
	close(client);
	http_close(h);
}

/* Runs it until it may rest: for how long. */
static int run_until_rest(struct http *h)
{
	int wait_ms = 0;
	while (wait_ms == 0) {
		http_run(h);
		wait_ms = http_wait_ms(h);
	}
	return wait_ms;
}

/* Nor may it rest when the library is about to read the next request. */
static void test_a_kept_connection_is_read_at_once(void **state)
{
	const struct http_limits limits = {.connections = 1, .idle_s = 3600, .deadline_ms = 60000};
	const struct span request =
		span_str("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
	struct program p = {.later = true};
	char reply[1024];
	int client;
	(void)state;
	struct http *h = serve_one(&p, &limits, request, &client);
	for (int i = 0; i < 3; i++) {
		(void)run_until_rest(h);
		assert_non_null(p.waiting);
		http_reply(p.waiting, 200, span_str("OK\n"));
		p.waiting = NULL;
		int wait_ms = run_until_rest(h);
		assert_true(wait_ms < 0 || wait_ms > 1000);
		assert_true(recv(client, reply, sizeof(reply), 0) > 0);
		assert_int_equal(io_write_all(client, request), 0);
	}
	close(client);
	http_close(h);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_whole_file_is_sent),
		CASE(test_a_part_is_sent_with_its_place),
		CASE(test_head_hears_the_same_without_bytes),
		CASE(test_nothing_is_sent_with_416_and_304),
		CASE(test_a_large_file_comes_whole),
		CASE(test_a_part_beyond_the_file_closes),
		CASE(test_what_is_asked_of_a_file_is_handed_on),
		CASE(test_a_chunk_without_end_lets_the_loop_rest),
		CASE(test_a_kept_connection_is_read_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
