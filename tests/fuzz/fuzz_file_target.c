/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The address of a file, and which part of it a request wants: what is taken names one file and
 * leads nowhere else, and no part is outside of it. The input is a target, LF, a Range, and behind
 * another LF each If-Range and If-None-Match, if they come. */
#include "ingestd/range.h"
#include "ingestd/route.h"
#include "lib/file_target.h"
#include "tests/fuzz/fuzz.h"

static void check_address(struct span text)
{
	struct file_target t;
	struct route r;

	if (file_target_read(text, &t) < 0) {
		CHECK(route_decide_file("GET", text, &r) == 404);
		return;
	}
	CHECK(file_target_is(text) && route_decide_file("GET", text, &r) == 0);
	CHECK(span_eq(span_str(r.serial), t.serial));
	CHECK(fuzz_inside(t.token, text) && fuzz_inside(t.name, text));
	CHECK(t.token.len == FILE_TOKEN_BYTES && t.name.len > 0 && t.name.len <= FILE_NAME_MAX);
	CHECK(t.name.ptr[0] != '.' && !span_has(t.name, '/') && !span_has(t.name, '%'));
	CHECK(!span_has(t.name, '\\') && !fuzz_has_control(text) && !span_has(t.name, '\0'));
}

static void check_part(const struct range_request *wanted, uint64_t size)
{
	const struct range r = range_decide(wanted, size, "\"tag\"");

	CHECK(r.status == 200 || r.status == 206 || r.status == 416 || r.status == 304);
	CHECK((r.status != 416 && r.status != 304) || r.length == 0);
	CHECK(r.status != 304 || wanted->if_none_match.len > 0);
	CHECK(r.from <= size && r.length <= size - r.from);
	CHECK(r.status != 200 || r.length == size);
	CHECK(r.status != 206 || r.length > 0);
}

static void check_grant(const struct file_grant *grant)
{
	struct buf b = buf_with_max(128);
	struct file_grant back;

	CHECK(file_hex_valid(grant->sha256, FILE_SHA256_BYTES));
	CHECK(file_grant_put(&b, grant) == 0 && file_grant_read(buf_span(&b), &back) == 0);
	CHECK(span_eq(back.sha256, grant->sha256) && back.bytes == grant->bytes);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size), target;
	struct range_request wanted = {.range = {NULL, 0}};
	struct file_grant grant;

	if (!span_next(&rest, '\n', &target))
		return 0;
	check_address(target);
	(void)span_next(&rest, '\n', &wanted.range);
	(void)span_next(&rest, '\n', &wanted.if_range);
	wanted.if_none_match = rest;
	check_part(&wanted, 0);
	check_part(&wanted, 1000);
	check_part(&wanted, INT64_MAX);
	if (file_grant_read(target, &grant) == 0)
		check_grant(&grant);
	return 0;
}
