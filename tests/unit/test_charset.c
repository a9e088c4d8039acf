/* SPDX-License-Identifier: GPL-2.0-or-later */
/* charset: cuts between characters and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/charset.h"

#define BYTES(text) span_of(text, sizeof(text) - 1)

/* U+00E9, U+20AC, U+5F20, U+1F600 */
#define E_ACUTE "\xC3\xA9"
#define EURO    "\xE2\x82\xAC"
#define ZHANG   "\xE5\xBC\xA0"
#define SMILE   "\xF0\x9F\x98\x80"

static void assert_cut(struct span text, size_t max, size_t expected)
{
	struct span head = charset_cut_utf8(text, max);

	assert_ptr_equal(head.ptr, text.ptr);
	assert_int_equal(head.len, expected);
}

static void test_cuts_utf8(void **state)
{
	(void)state;
	assert_cut(BYTES("abc"), 3, 3);
	assert_cut(BYTES("abc"), 2, 2);
	assert_cut(BYTES("a" E_ACUTE), 3, 3);
	assert_cut(BYTES("a" E_ACUTE), 2, 1);
	assert_cut(BYTES("a" ZHANG "b"), 4, 4);
	assert_cut(BYTES("a" ZHANG "b"), 3, 1);
	assert_cut(BYTES("a" ZHANG "b"), 2, 1);
	assert_cut(BYTES("a" SMILE), 5, 5);
	assert_cut(BYTES("a" SMILE), 4, 1);
	assert_cut(BYTES("a" SMILE), 3, 1);
	assert_cut(BYTES("a" SMILE), 2, 1);
	assert_cut(BYTES(SMILE), 3, 0);
}

static void assert_gb18030(struct span text, size_t max, struct span expected, bool cut)
{
	struct buf b = buf_with_max(256);
	bool was_cut = !cut;

	assert_int_equal(buf_add_str(&b, "Name="), 0);
	assert_int_equal(charset_put_gb18030(&b, text, max, &was_cut), 0);
	assert_true(span_eq(span_from(buf_span(&b), 5), expected));
	assert_int_equal(was_cut, cut);
	buf_free(&b);
}

static void test_gb18030(void **state)
{
	/* The name of samples/edge_gbk_user.bin. */
	struct span name = BYTES("\xE5\xBC\xA0\xE4\xB8\x89\xE6\xB5\x8B\xE8\xAF\x95");

	(void)state;
	assert_gb18030(name, 24, BYTES("\xD5\xC5\xC8\xFD\xB2\xE2\xCA\xD4"), false);
	assert_gb18030(BYTES(""), 24, BYTES(""), false);
	assert_gb18030(BYTES("Anna"), 24, BYTES("Anna"), false);
	assert_gb18030(BYTES(SMILE), 4, BYTES("\x94\x39\xFC\x36"), false);
	/* e with acute takes two bytes, o with tilde four. */
	assert_gb18030(BYTES(E_ACUTE), 2, BYTES("\xA8\xA6"), false);
	assert_gb18030(BYTES("\xC3\xB5"), 4, BYTES("\x81\x30\x8B\x31"), false);
}

static void test_cuts_gb18030(void **state)
{
	(void)state;
	assert_gb18030(BYTES("abc"), 2, BYTES("ab"), true);
	assert_gb18030(BYTES("a" ZHANG), 2, BYTES("a"), true);
	assert_gb18030(BYTES("a" ZHANG "b"), 3, BYTES("a\xD5\xC5"), true);
	assert_gb18030(BYTES("a" SMILE), 4, BYTES("a"), true);
	assert_gb18030(BYTES("a" SMILE), 3, BYTES("a"), true);
	assert_gb18030(BYTES("a" SMILE), 2, BYTES("a"), true);
	assert_gb18030(BYTES("a" SMILE), 5, BYTES("a\x94\x39\xFC\x36"), false);
	assert_gb18030(BYTES(SMILE), 0, BYTES(""), true);
}

static void test_refusals_leave_nothing(void **state)
{
	struct buf b = buf_with_max(64), small = buf_with_max(3);
	bool cut = true;

	(void)state;
	assert_int_equal(charset_put_gb18030(&b, BYTES("good\xC3"), 64, &cut), -EILSEQ);
	/* What is cut off counts too. */
	assert_int_equal(charset_put_gb18030(&b, BYTES("good\xC3"), 2, &cut), -EILSEQ);
	assert_int_equal(charset_put_utf8(&b, BYTES("good\xD5")), -EILSEQ);
	assert_int_equal(charset_put_utf8(&b, BYTES("good\xFF\xFF")), -EILSEQ);
	assert_int_equal(b.len, 0);
	assert_true(cut);
	assert_int_equal(charset_put_gb18030(&small, BYTES("long"), 64, &cut), -EMSGSIZE);
	assert_int_equal(small.len, 0);
	buf_free(&b);
	buf_free(&small);
}

static void test_there_and_back(void **state)
{
	struct span text = BYTES("Zo" E_ACUTE " " EURO " " ZHANG " " SMILE);
	struct buf gb = buf_with_max(64), back = buf_with_max(64);
	bool cut;

	(void)state;
	assert_int_equal(charset_open(), 0);
	assert_int_equal(charset_put_gb18030(&gb, text, 64, &cut), 0);
	assert_int_equal(charset_put_utf8(&back, buf_span(&gb)), 0);
	assert_true(span_eq(buf_span(&back), text));
	buf_free(&gb);
	buf_free(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts_utf8),
		cmocka_unit_test(test_gb18030),
		cmocka_unit_test(test_cuts_gb18030),
		cmocka_unit_test(test_refusals_leave_nothing),
		cmocka_unit_test(test_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
