/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client sends, from its first byte on, through libmicrohttpd and http: every exchange that
 * begins is told its body whole, ends once, and hears what was said to it. The input is what comes,
 * in two pieces. */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ingestd/http.h"
#include "ingestd/range.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "lib/log.h"
#include "tests/fuzz/fuzz.h"

#define ROUNDS      64  /* of the loop, more than any input needs */
#define OPEN_MAX    256 /* exchanges of an input: each needs some bytes of it */
#define FILE_BYTES  1000
#define DEADLINE_MS 1000

struct exchange {
	struct http_exchange *x;
	uint64_t announced, body_bytes;
	struct span sent; /* all of the input */
	bool ended, gone;
};

static struct program {
	struct span sent;
	struct exchange exchanges[OPEN_MAX];
	size_t count;
	unsigned replies;
	bool later; /* answers are given by the loop, not at once */
} program;

/* ---- the program under http ---- */

static void give_file(struct http_exchange *x, const struct http_head *head)
{
	const struct range_request wanted = {head->range, head->if_range, head->if_none_match};
	const struct range r = range_decide(&wanted, FILE_BYTES, "\"tag\"");
	struct http_file file = {
		.status = r.status,
		.fd = -1,
		.size = FILE_BYTES,
		.from = r.from,
		.length = r.length,
		.etag = "\"tag\"",
	};

	if (r.length > 0) {
		file.fd = memfd_create("file", MFD_CLOEXEC);
		CHECK(file.fd >= 0 && ftruncate(file.fd, FILE_BYTES) == 0);
	}
	program.replies++;
	http_reply_file(x, &file);
}

static void check_head(const struct http_head *head)
{
	CHECK(head->method[0] != '\0' && strcmp(head->peer, "192.0.2.7") == 0);
	CHECK(!span_has(head->target, '\0') && !span_has(head->target, '\n'));
	CHECK(head->content_length <= INT64_MAX || head->content_length >= HTTP_LENGTH_BAD);
}

static void *on_begin(void *context, struct http_exchange *x, const struct http_head *head)
{
	struct program *p = context;
	struct exchange *e = &p->exchanges[p->count];

	check_head(head);
	CHECK(p->count < OPEN_MAX);
	if (span_starts(head->target, "/file")) {
		give_file(x, head);
		return NULL;
	}
	if (head->content_length == HTTP_LENGTH_BAD) {
		p->replies++;
		http_reply(x, 400, span_str("bad\n"));
		return NULL;
	}
	*e = (struct exchange){.x = x, .announced = head->content_length, .sent = p->sent};
	p->count++;
	return e;
}

static void on_body(void *own, struct span piece)
{
	struct exchange *e = own;

	CHECK(!e->ended && !e->gone && piece.len > 0);
	CHECK(memmem(e->sent.ptr, e->sent.len, piece.ptr, piece.len) != NULL);
	e->body_bytes += piece.len;
	CHECK(e->announced == HTTP_LENGTH_UNKNOWN || e->body_bytes <= e->announced);
	CHECK(e->announced != HTTP_LENGTH_NONE);
}

static void answer(struct exchange *e)
{
	program.replies++;
	http_reply(e->x, 200, span_str("OK\n"));
}

static void on_end(void *own)
{
	struct exchange *e = own;

	CHECK(!e->ended && !e->gone);
	CHECK(e->announced > INT64_MAX || e->body_bytes == e->announced);
	e->ended = true;
	if (!program.later)
		answer(e);
}

static void on_gone(void *own)
{
	struct exchange *e = own;

	CHECK(!e->gone);
	e->gone = true;
}

static const struct http_calls calls = {on_begin, on_body, on_end, on_gone};

/* ---- the client ---- */

/* A server for each input, so that none knows of another. */
static struct http *serve(int *ret_client)
{
	const struct http_limits limits = {
		.connections = 4, .idle_s = 60, .deadline_ms = DEADLINE_MS, .body_rate_min = 1000};
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(5555)};
	struct http *h;
	int ends[2];

	CHECK(inet_pton(AF_INET, "192.0.2.7", &at.sin_addr) == 1);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	CHECK(http_open(-1, &limits, &calls, &program, &h) == 0);
	CHECK(http_add(h, ends[0], (const struct sockaddr *)&at, sizeof(at)) == 0);
	*ret_client = ends[1];
	return h;
}

static void answer_who_waits(void)
{
	for (size_t i = 0; i < program.count; i++) {
		struct exchange *e = &program.exchanges[i];

		if (program.later && e->ended && !e->gone && e->x) {
			answer(e);
			e->x = NULL;
		}
	}
}

static void run(struct http *h, unsigned rounds)
{
	for (unsigned i = 0; i < rounds && http_connections(h) > 0; i++) {
		http_run(h);
		answer_who_waits();
	}
}

static void send_all(struct http *h, int client, struct span bytes)
{
	while (bytes.len > 0 && http_connections(h) > 0) {
		ssize_t n = send(client, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		CHECK(n > 0 || errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
		if (n < 0 && errno != EAGAIN)
			return;
		bytes = span_from(bytes, n > 0 ? (size_t)n : 0);
		run(h, 4);
	}
}

/* All that it heard is HTTP, and no more answers than were given, but for those that the library
 * gives of its own to what is no request. */
static void check_heard(int client)
{
	struct buf heard = buf_with_max(4 * 1024 * 1024);
	char room[4096];
	ssize_t n;

	while ((n = recv(client, room, sizeof(room), MSG_DONTWAIT)) > 0)
		CHECK(buf_add(&heard, room, (size_t)n) == 0);
	CHECK(heard.len == 0 || span_starts(buf_span(&heard), "HTTP/1."));
	buf_free(&heard);
}

static void check_over(void)
{
	for (size_t i = 0; i < program.count; i++)
		CHECK(program.exchanges[i].gone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = span_of(data, size);
	uint64_t hash = fuzz_hash(all);
	size_t cut = size > 0 ? hash % size : 0;
	int client;

	log_open(
		"fuzz", LOG_LEVEL_ERROR); /* the library says of each input what is wrong with it */
	program = (struct program){.sent = all, .later = hash >> 32 & 1};
	struct http *h = serve(&client);
	send_all(h, client, span_of(all.ptr, cut));
	send_all(h, client, span_from(all, cut));
	run(h, 4);
	CHECK(http_fd(h) >= 0 && http_wait_ms(h) >= -1);
	/* Who says nothing more is sent away in the end, whether it goes or not. */
	if (hash >> 33 & 1)
		shutdown(client, SHUT_WR);
	run(h, ROUNDS);
	(void)http_expire(h, clock_mono_ms() + UINT32_MAX);
	run(h, ROUNDS);
	check_heard(client);
	http_quiesce(h);
	io_close(client);
	run(h, ROUNDS);
	http_close(h);
	check_over();
	return 0;
}
