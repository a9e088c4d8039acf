/* SPDX-License-Identifier: GPL-2.0-or-later */
/* utf8: the shortest form of each length, and what is no character. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/utf8.h"

static void test_characters(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		uint32_t code;
	} cases[] = {
		{"A", 1, 'A'},
		{"\x7f", 1, 0x7f},
		{"\xc2\x80", 2, 0x80},
		{"\xdf\xbf", 2, 0x7ff},
		{"\xe0\xa0\x80", 3, 0x800},
		{"\xed\x9f\xbf", 3, 0xd7ff},
		{"\xee\x80\x80", 3, 0xe000},
		{"\xef\xbf\xbf", 3, 0xffff},
		{"\xf0\x90\x80\x80", 4, 0x10000},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
		{"Ab", 1, 'A'},
	};
	uint32_t code = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(utf8_next(span_str(cases[i].bytes), &code), cases[i].len);
		assert_int_equal(code, cases[i].code);
		assert_true(utf8_valid(span_str(cases[i].bytes)));
	}
}

static void test_none(void **state)
{
	static const char *const bad[] = {"\x80", "\xbf", "\xbf\xbf", "\xc0\xaf", "\xc1\xbf",
		"\xc2",
		"\xc2"
		"A",
		"\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
		"\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80",
		"\xff", "\xc2\xff"};
	uint32_t code = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(utf8_next(span_str(bad[i]), &code), 0);
		assert_false(utf8_valid(span_str(bad[i])));
	}
	assert_int_equal(utf8_next(span_of(NULL, 0), &code), 0);
	assert_int_equal(code, 7);
	assert_false(utf8_valid(span_str("good \xff")));
	assert_true(utf8_valid(span_of(NULL, 0)));
}

static void test_plain(void **state)
{
	(void)state;
	assert_true(utf8_plain(span_str("Front door \xc3\xa9 \xe9\x97\xa8")));
	assert_true(utf8_plain(span_str("\xc2\xa0")));
	assert_false(utf8_plain(span_str("a\tb")));
	assert_false(utf8_plain(span_str("\x7f")));
	assert_false(utf8_plain(span_str("\xc2\x80")));
	assert_false(utf8_plain(span_str("\xc2\x9f")));
	assert_false(utf8_plain(span_of("\0", 1)));
	assert_true(utf8_valid(span_of("\0", 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_plain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
