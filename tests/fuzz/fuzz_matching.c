/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of docs/MATCHER.md: what is read can be written and is the same; and a template's
 * format, which its own length must bear out. */
#include "lib/matching.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of(data, size);
	struct buf b = buf_with_max(MATCHING_REQUEST_MAX);

	check_hello(input, &b);
	check_request(input, &b);
	check_answer(input, &b);
	check_format(input);
	buf_free(&b);
	return 0;
}
