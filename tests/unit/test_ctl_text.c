/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text: nothing from outside steers a terminal, breaks a field, or is lost. */
#include "ctl/text.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Bytes with their length, NUL included. */
#define BYTES(text) span_of(text, sizeof(text) - 1)

static void check(const struct buf *b, const char *expected)
{
	assert_int_equal(b->len, strlen(expected));
	assert_memory_equal(b->ptr ? b->ptr : "", expected, b->len);
}

static void check_escape(struct span s, const char *expected)
{
	struct buf b = buf_with_max(1024);

	assert_int_equal(text_escape(&b, s, ""), 0);
	check(&b, expected);
	buf_free(&b);
}

static void escapes_what_steers(void **state)
{
	(void)state;
	check_escape(BYTES("plain, \"text\""), "plain, \"text\"");
	check_escape(BYTES("\xe5\xbc\xa0"), "\xe5\xbc\xa0");
	check_escape(BYTES("\x1b[31m"), "\\x1b[31m");
	check_escape(BYTES("a\0b\tc\nd\re\x7f"), "a\\x00b\\x09c\\x0ad\\x0de\\x7f");
	check_escape(BYTES("back\\slash \\x1b"), "back\\\\slash \\\\x1b");
	check_escape(BYTES("\xff\xe5\xbc"), "\\xff\\xe5\\xbc");
	check_escape(BYTES("\xc2\x9b"
			   "31m"),
		"\\xc2\\x9b31m"); /* CSI in one character */
	check_escape(BYTES("\xe2\x80\xae"
			   "txt.exe"),
		"\\xe2\\x80\\xaetxt.exe"); /* right-to-left override */
	check_escape(
		BYTES("\xe2\x80\x8b\xef\xbb\xbf"), "\\xe2\\x80\\x8b\\xef\\xbb\\xbf"); /* unseen */
}

static void keeps_what_is_to_be_kept(void **state)
{
	struct buf b = buf_with_max(1024);

	(void)state;
	assert_int_equal(text_escape(&b, BYTES("a\tb\n\0"), "\t"), 0);
	check(&b, "a\tb\\x0a\\x00");
	buf_free(&b);
}

static void stays_within_its_limit(void **state)
{
	struct buf b = buf_with_max(7);

	(void)state;
	assert_int_equal(text_escape(&b, BYTES("\x1b\x1b"), ""), -EMSGSIZE);
	buf_free(&b);
}

static void check_csv(struct span s, const char *expected)
{
	struct buf b = buf_with_max(1024);

	assert_int_equal(text_csv(&b, s), 0);
	check(&b, expected);
	buf_free(&b);
}

static void quotes_fields_of_csv(void **state)
{
	(void)state;
	check_csv(BYTES(""), "");
	check_csv(BYTES("plain text"), "plain text");
	check_csv(BYTES("a,b"), "\"a,b\"");
	check_csv(BYTES("\""), "\"\"\"\"");
	check_csv(BYTES("say \"no\""), "\"say \"\"no\"\"\"");
	check_csv(BYTES("two\r\nlines"), "\"two\r\nlines\"");
	check_csv(BYTES("a\tb"), "a\tb");
	check_csv(BYTES("\xff,\x1b"), "\"\\xff,\\x1b\"");
}

static void quotes_words_for_a_shell(void **state)
{
	static const char *const words[][2] = {
		{"/mnt/mtdblock", "/mnt/mtdblock"},
		{"", "''"},
		{"a b", "'a b'"},
		{"it's; rm -rf $HOME `x` \"y\"", "'it'\\''s; rm -rf $HOME `x` \"y\"'"},
		{"~root", "'~root'"},
		{"a\nb", "'a\nb'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct buf b = buf_with_max(256);

		assert_int_equal(text_word(&b, span_str(words[i][0])), 0);
		check(&b, words[i][1]);
		buf_free(&b);
	}
}

static void repairs_for_json(void **state)
{
	struct buf b = buf_with_max(1024);

	(void)state;
	assert_int_equal(text_repair(&b, BYTES("a\xff\xe5\xbc\xa0\xe5\xbc")), 0);
	check(&b, "a\xef\xbf\xbd\xe5\xbc\xa0\xef\xbf\xbd\xef\xbf\xbd");
	buf_clear(&b);
	assert_int_equal(text_hex(&b, BYTES("\x00\xff"
					    "a")),
		0);
	check(&b, "00ff61");
	buf_free(&b);
}

static void measures_columns(void **state)
{
	(void)state;
	assert_int_equal(text_columns(BYTES("")), 0);
	assert_int_equal(text_columns(BYTES("abc")), 3);
	assert_int_equal(text_columns(BYTES("\xc3\xa9")), 1);
	assert_int_equal(text_columns(BYTES("\xe5\xbc\xa0")), 2); /* a wide one */
}

static void check_age(uint64_t age_us, const char *expected)
{
	char shown[TEXT_AGE_BYTES];

	text_age(age_us, shown);
	assert_string_equal(shown, expected);
}

static void check_size(uint64_t bytes, const char *expected)
{
	char shown[TEXT_SIZE_BYTES];

	text_size(bytes, shown);
	assert_string_equal(shown, expected);
}

static void shows_ages_and_sizes(void **state)
{
	(void)state;
	check_age(999999, "0 s");
	check_age(59999999, "59 s");
	check_age(60000000, "1 min");
	check_age(3600000000, "1 h");
	check_age(172799999999, "47 h");
	check_age(172800000000, "2 days");
	check_size(0, "0 B");
	check_size(1023, "1023 B");
	check_size(1024, "1.0 KiB");
	check_size(1536, "1.5 KiB");
	check_size((uint64_t)1 << 30, "1.0 GiB");
	check_size((uint64_t)1 << 52, "4096.0 TiB");
}

static void what_is_shown_can_be_said_again(void **state)
{
	static const char all[] = "5\x01\x1b[31m \\x01 \xc2\x9b\xe2\x80\xae \xff\xfe 张三 %41";
	struct buf shown = buf_with_max(1024), again = buf_with_max(1024);
	(void)state;
	assert_int_equal(text_escape(&shown, span_str(all), ""), 0);
	assert_null(memchr(shown.ptr, '\x01', shown.len));
	assert_int_equal(text_unescape(&again, buf_span(&shown)), 0);
	assert_true(span_is(buf_span(&again), all));
	buf_clear(&again);
	assert_int_equal(text_unescape(&again, span_str("\\x1B\\xfF\xff")), 0);
	assert_true(span_is(buf_span(&again), "\x1b\xff\xff"));
	static const char *const none[] = {"1\\", "\\x", "\\x1", "\\x1g", "\\X01", "\\n", "\\\\\\"};
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		assert_int_equal(text_unescape(&again, span_str(none[i])), -EBADMSG);
		assert_int_equal(again.len, 3);
	}
	buf_free(&shown);
	buf_free(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_shown_can_be_said_again),
		cmocka_unit_test(escapes_what_steers),
		cmocka_unit_test(keeps_what_is_to_be_kept),
		cmocka_unit_test(stays_within_its_limit),
		cmocka_unit_test(quotes_fields_of_csv),
		cmocka_unit_test(quotes_words_for_a_shell),
		cmocka_unit_test(repairs_for_json),
		cmocka_unit_test(measures_columns),
		cmocka_unit_test(shows_ages_and_sizes),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
