/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of docs/MATCHER.md: what is read can be written and is the same; and a template's
 * format, which its own length must bear out. */
#include "lib/matching.h"
#include "matchd/keeper.h"
#include "tests/fuzz/fuzz.h"

static void check_hello(struct span line, struct buf *b)
{
	struct matching_hello h = {.references = 77}, back;

	if (matching_get_hello(line, &h) != 0) {
		CHECK(h.references == 77);
		return;
	}
	CHECK(line.len <= MATCHING_ANSWER_MAX);
	CHECK(matching_put_hello(b, &h) == 0 && b->len == line.len);
	CHECK(matching_get_hello(buf_span(b), &back) == 0);
	CHECK(back.formats == h.formats && back.probe_bytes == h.probe_bytes &&
		back.references == h.references);
}

static void check_request(struct span line, struct buf *b)
{
	const struct matching_hello all = {.formats = ~0u,
		.probe_bytes = MATCHING_PROBE_MAX,
		.references = MATCHING_REFERENCES_MAX};
	struct matching_request r = {.id = 77};

	if (matching_get_request(line, &r) != 0) {
		CHECK(r.id == 77);
		return;
	}
	CHECK(line.len <= MATCHING_REQUEST_MAX && r.probe.len > 0 && r.references.len > 0);
	CHECK(fuzz_inside(r.probe, line) && fuzz_inside(r.references, line));
	CHECK(!matching_objection(&all, &r));
	CHECK(matching_put_request(b, &r) == 0 && span_eq(buf_span(b), line));
}

static void check_answer(struct span line, struct buf *b)
{
	struct matching_answer a = {.id = 77};

	if (matching_get_answer(line, &a) != 0) {
		CHECK(a.id == 77);
		return;
	}
	CHECK(line.len <= MATCHING_ANSWER_MAX && fuzz_inside(a.word, line));
	CHECK(matching_put_answer(b, &a) == 0 && span_eq(buf_span(b), line));
}

static void check_format(struct span bytes)
{
	enum matching_format format = matching_format_of(bytes);

	CHECK(format < MATCHING_FORMATS);
	/* What says its length is nothing any more with a byte less. */
	if (format != MATCHING_UNKNOWN && format != MATCHING_ZKFINGER_9)
		CHECK(matching_format_of(span_of(bytes.ptr, bytes.len - 1)) == MATCHING_UNKNOWN);
}

/* ---- what a matcher says ---- */

static void check_heard(struct keeper *k, struct span said)
{
	const enum keeper_state state = k->state;
	struct matching_answer a = {.id = 77};
	const char *why = NULL;

	switch (keeper_hear(k, said, &a, &why)) {
	case KEEPER_HELLO:
		CHECK(state == KEEPER_GREETING && k->state == KEEPER_READY && k->hello.formats);
		CHECK(!keeper_late(k, UINT64_MAX - 1));
		break;
	case KEEPER_ANSWER:
		CHECK(state == KEEPER_BUSY && k->state == KEEPER_READY && a.id == k->asked);
		CHECK(said.ptr[said.len - 1] == '\n' && fuzz_inside(a.word, said));
		break;
	case KEEPER_LIE:
		CHECK(why && *why && a.id == 77);
		keeper_ended(k, 5000);
		CHECK(k->state == KEEPER_DOWN && k->hello.formats == 0 && k->due_ms >= 5000);
		break;
	case KEEPER_NOTHING:
		CHECK(said.len <= MATCHING_ANSWER_MAX && k->state == state);
		CHECK(keeper_late(k, k->due_ms));
		break;
	}
}

/* Its first line, a request, its second one: "hello|answer". */
static void check_life(struct span input)
{
	struct keeper k = keeper_make(1000);
	struct span first = fuzz_piece(&input);

	keeper_started(&k, 0);
	if (first.len > 0)
		check_heard(&k, first);
	CHECK(keeper_hopeful(&k));
	/* It says something though nobody asked. */
	struct keeper unasked = k;
	if (input.len > 0 && k.state == KEEPER_READY)
		check_heard(&unasked, input);
	if (k.state == KEEPER_READY)
		CHECK(keeper_ask(&k, 10) == 1);
	if (input.len > 0)
		check_heard(&k, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of(data, size);
	struct buf b = buf_with_max(MATCHING_REQUEST_MAX);

	check_hello(input, &b);
	check_request(input, &b);
	check_answer(input, &b);
	check_format(input);
	check_life(input);
	buf_free(&b);
	return 0;
}
