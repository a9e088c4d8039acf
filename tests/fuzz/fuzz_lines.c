/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The count of lines that a terminal is told: the same for a body whole and in pieces, and the same
 * as that of its lines that hold more than blanks. */
#include "ingestd/route.h"
#include "tests/fuzz/fuzz.h"

#define EVERY_CUT 96 /* bytes of a body that is cut at every place */

static uint64_t count_plainly(struct span body)
{
	struct span line;
	uint64_t count = 0;

	while (span_next(&body, '\n', &line))
		count += span_trim(line).len > 0;
	return count;
}

static uint64_t count_cut_at(struct span body, size_t at)
{
	struct route_lines l = {0};

	route_count(&l, span_of(body.ptr, at));
	route_count(&l, span_from(body, at));
	return l.count;
}

/* In pieces of about so many bytes, empty ones too. */
static uint64_t count_in_pieces(struct span body, uint64_t about)
{
	struct route_lines l = {0};
	uint64_t state = fuzz_hash(body) ^ about;

	while (body.len > 0) {
		size_t len;

		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		len = (size_t)((state >> 33) % (2 * about));
		len = len < body.len ? len : body.len;
		route_count(&l, span_of(body.ptr, len));
		body = span_from(body, len);
	}
	return l.count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of(data, size);
	struct route_lines l = {0};

	route_count(&l, body);
	CHECK(l.count == count_plainly(body));
	for (uint64_t about = 1; about <= 256; about *= 4)
		CHECK(count_in_pieces(body, about) == l.count);
	for (size_t at = 0; size <= EVERY_CUT && at <= size; at++)
		CHECK(count_cut_at(body, at) == l.count);
	return 0;
}
