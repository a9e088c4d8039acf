/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http_program: the program under http that the targets http and http_steps give it, and the checks
 * of what http promises to it: each exchange is told its body whole and in order, ends once, and is
 * gone once. */
#ifndef PUNCHD_TESTS_HTTP_PROGRAM_H
#define PUNCHD_TESTS_HTTP_PROGRAM_H

#include <sys/mman.h>

#include "ingestd/range.h"
#include "lib/log.h"
#include "tests/fuzz/http_clients.h"

#define PROGRAM_OPEN_MAX 512 /* exchanges of an input: each needs some bytes of it */
#define PROGRAM_FILE     1000
#define PROGRAM_BIG      (300u * 1024) /* an answer larger than a socket takes at once */

struct exchange {
	struct http_exchange *x;
	unsigned number, peer; /* of the exchange; the last part of its client's address */
	uint64_t announced, body_bytes, body_hash;
	bool big, ended, answered, gone;
};

static struct program {
	struct exchange exchanges[PROGRAM_OPEN_MAX];
	size_t count;
	bool later; /* answers are given by the loop, not at once */
} program;

/* ---- what http tells ---- */

static void program_give_file(struct http_exchange *x, const struct http_head *head)
{
	const struct range_request wanted = {head->range, head->if_range, head->if_none_match};
	const struct range r = range_decide(&wanted, PROGRAM_FILE, "\"tag\"");
	struct http_file file = {
		.status = r.status,
		.fd = -1,
		.size = PROGRAM_FILE,
		.from = r.from,
		.length = r.length,
		.etag = "\"tag\"",
	};

	if (r.length > 0) {
		file.fd = memfd_create("file", MFD_CLOEXEC);
		CHECK(file.fd >= 0 && ftruncate(file.fd, PROGRAM_FILE) == 0);
	}
	http_reply_file(x, &file);
}

static unsigned program_peer(const struct http_head *head)
{
	struct span peer = span_str(head->peer);

	CHECK(span_starts(peer, "192.0.2.") && peer.len == 9);
	return (unsigned)(peer.ptr[8] - '0');
}

static void program_check_head(const struct http_head *head)
{
	CHECK(head->method[0] != '\0');
	CHECK(!span_has(head->target, '\0') && !span_has(head->target, '\n'));
	CHECK(head->content_length <= INT64_MAX || head->content_length >= HTTP_LENGTH_BAD);
}

static void *program_begin(void *context, struct http_exchange *x, const struct http_head *head)
{
	struct program *p = context;
	struct exchange *e = &p->exchanges[p->count];

	program_check_head(head);
	CHECK(p->count < PROGRAM_OPEN_MAX);
	*e = (struct exchange){.x = x,
		.number = (unsigned)p->count,
		.peer = program_peer(head),
		.announced = head->content_length,
		.big = span_starts(head->target, "/big")};
	p->count++;
	if (span_starts(head->target, "/file"))
		program_give_file(x, head);
	else if (head->content_length == HTTP_LENGTH_BAD)
		http_reply(x, 400, span_str("bad\n"));
	else
		return e;
	e->gone = true; /* nobody says so without an `own` */
	return NULL;
}

static void program_body(void *own, struct span piece)
{
	struct exchange *e = own;
	struct span said = buf_span(&clients[e->peer].said);

	CHECK(!e->ended && !e->gone && piece.len > 0);
	CHECK(memmem(said.ptr, said.len, piece.ptr, piece.len) != NULL);
	for (size_t i = 0; i < piece.len; i++)
		e->body_hash = e->body_hash * 31 + (unsigned char)piece.ptr[i];
	e->body_bytes += piece.len;
	CHECK(e->announced == HTTP_LENGTH_UNKNOWN || e->body_bytes <= e->announced);
	CHECK(e->announced != HTTP_LENGTH_NONE);
}

/* "OK 7\n": a client can tell whose answer it hears. */
static void program_answer(struct exchange *e)
{
	struct buf text = buf_with_max(2 * PROGRAM_BIG);
	char ok[16];

	snprintf(ok, sizeof(ok), "OK %u\n", e->number);
	CHECK(buf_add_str(&text, ok) == 0);
	if (e->big) {
		CHECK(buf_reserve(&text, PROGRAM_BIG) == 0);
		memset(text.ptr + text.len, 'x', PROGRAM_BIG - text.len);
		text.len = PROGRAM_BIG;
	}
	e->answered = true;
	http_reply(e->x, 200, buf_span(&text));
	buf_free(&text);
}

static void program_end(void *own)
{
	struct exchange *e = own;

	CHECK(!e->ended && !e->gone);
	CHECK(e->announced > INT64_MAX || e->body_bytes == e->announced);
	e->ended = true;
	if (!program.later)
		program_answer(e);
}

/* Who waits for an answer cannot go away. */
static void program_gone(void *own)
{
	struct exchange *e = own;

	CHECK(!e->gone && (e->answered || !e->ended));
	e->gone = true;
}

static const struct http_calls program_calls = {
	program_begin, program_body, program_end, program_gone};

/* ---- the loop ---- */

/* A server for each input, so that none knows of another. */
static struct http *program_serve(bool later, unsigned per_address)
{
	struct http_limits limits = http_limits;
	struct http *h;

	limits.per_address = per_address;
	log_open("fuzz", LOG_LEVEL_ERROR); /* the library says of each input what is wrong */
	program = (struct program){.later = later};
	clients_begin();
	CHECK(http_open(-1, &limits, &program_calls, &program, &h) == 0);
	return h;
}

static bool program_answer_next(void)
{
	for (size_t i = 0; i < program.count; i++) {
		struct exchange *e = &program.exchanges[i];

		if (e->ended && !e->answered) {
			program_answer(e);
			return true;
		}
	}
	return false;
}

/* Nothing comes any more: the loop comes to rest, and what waits is answered. */
static void program_settle(struct http *h)
{
	do
		clients_settle(h);
	while (program_answer_next());
	CHECK(http_fd(h) >= 0);
}

static void program_check_gone(void)
{
	for (size_t i = 0; i < program.count; i++)
		CHECK(program.exchanges[i].gone);
}

/* Whoever is there is sent away in the end, whatever it did: in a request when that has taken too
 * long, between two when it was idle for too long. */
static void program_finish(struct http *h)
{
	program_settle(h);
	clients_pass(h, HTTP_IDLE_S / 2);
	clients_pass(h, 2);
	program_check_gone();
	clients_pass(h, HTTP_IDLE_S);
	CHECK(http_connections(h) == 0);
	http_quiesce(h);
	http_close(h);
}

#endif
