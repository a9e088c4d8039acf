/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keywords and pairs: put together again they are what they were. */
#include "parserd/pairs.h"
#include "tests/fuzz/fuzz.h"

static bool in_key(char c)
{
	return c != '\0' && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789_~",
				    c) != NULL;
}

static void check_split(struct span piece)
{
	struct pair pair;

	if (pairs_split(piece, &pair) != 0)
		return;
	CHECK(pair.key.len > 0 && pair.key.len <= PAIRS_KEY_MAX);
	for (size_t i = 0; i < pair.key.len; i++)
		CHECK(in_key(pair.key.ptr[i]));
	CHECK(pair.key.ptr[pair.key.len] == '=');
	CHECK(pair.value.ptr == pair.key.ptr + pair.key.len + 1);
	CHECK(pair.value.ptr + pair.value.len == piece.ptr + piece.len);
	for (const char *p = piece.ptr; p < pair.key.ptr; p++)
		CHECK(*p == ' ');
	CHECK(pairs_key_len(span_of(pair.key.ptr, pair.key.len + 1)) == pair.key.len);
	CHECK(span_eq_nocase(pair.key, pair.key));
}

static void check_keyword(struct span line)
{
	struct span rest = line, keyword = pairs_take_keyword(&rest);

	CHECK(fuzz_inside(keyword, line) && fuzz_inside(rest, line));
	CHECK(!span_has(keyword, ' ') && !span_has(keyword, '\t') && !span_has(keyword, '='));
	CHECK(rest.ptr + rest.len == line.ptr + line.len);
	CHECK(rest.len == 0 || keyword.len == 0 || rest.ptr > keyword.ptr + keyword.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	struct span piece;

	check_split(text);
	check_keyword(text);
	while (span_next(&text, '\t', &piece))
		check_split(piece);
	return 0;
}
