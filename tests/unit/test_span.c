/* SPDX-License-Identifier: GPL-2.0-or-later */
/* span: comparing, cutting and splitting; also with NULL, with NUL bytes and at the ends. */
#include "lib/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_span(s, text) assert_true(span_is((s), (text)))

static const struct span nothing = {NULL, 0};

static void compares_bytes(void **state)
{
	(void)state;
	assert_true(span_eq(nothing, span_str("")));
	assert_true(span_eq(span_of("a\0b", 3), span_of("a\0b", 3)));
	assert_false(span_eq(span_of("a\0b", 3), span_of("a\0c", 3)));
	assert_false(span_is(span_of("ab", 2), "abc"));
	assert_false(span_is(span_of("abc", 3), "ab"));
	assert_false(span_is(span_of("ab\0", 3), "ab"));
	assert_int_equal(span_str(NULL).len, 0);
}

static void folds_ascii_letters_only(void **state)
{
	(void)state;
	assert_true(span_is_nocase(span_str("StAmP"), "sTaMp"));
	assert_false(span_is_nocase(span_str("Stamp"), "Stamps"));
	assert_false(span_is_nocase(span_str("@"), "`"));
	assert_false(span_is_nocase(span_str("["), "{"));
	assert_false(span_is_nocase(span_str("\xc3\x84"), "\xc3\xa4"));
	assert_true(span_eq_nocase(span_str("PIN"), span_str("pIn")));
	assert_false(span_eq_nocase(span_str("PIN"), span_str("PI")));
	assert_false(span_eq_nocase(span_of("a\0b", 3), span_of("a\0c", 3)));
}

static void orders_as_keys_sort(void **state)
{
	(void)state;
	assert_int_equal(span_order(span_str("ab"), span_str("ab")), 0);
	assert_int_equal(span_order(span_of(NULL, 0), span_str("")), 0);
	assert_true(span_order(span_str("ab"), span_str("abc")) < 0);
	assert_true(span_order(span_str("b"), span_str("abc")) > 0);
	assert_true(span_order(span_str("a\xff"), span_str("ab")) > 0);
}

static void finds_beginnings_and_bytes(void **state)
{
	(void)state;
	assert_true(span_starts(span_str("abc"), "ab"));
	assert_true(span_starts(span_str("abc"), ""));
	assert_true(span_starts(nothing, ""));
	assert_false(span_starts(span_str("a"), "ab"));
	assert_true(span_has(span_of("a\0", 2), '\0'));
	assert_false(span_has(span_of("a\0", 1), '\0'));
	assert_false(span_has(nothing, 'a'));
	assert_true(span_has_control(span_of("a\0", 2)));
	assert_true(span_has_control(span_str("a\x1f")));
	assert_true(span_has_control(span_str("\x7f")));
	assert_false(span_has_control(span_str(" ~\x80\xff")));
	assert_false(span_has_control(nothing));
}

static void cuts_without_leaving_the_bytes(void **state)
{
	(void)state;
	assert_span(span_from(span_str("abc"), 1), "bc");
	assert_span(span_from(span_str("abc"), 3), "");
	assert_span(span_from(span_str("abc"), 9), "");
	assert_span(span_from(nothing, 9), "");
	assert_span(span_trim(span_str(" \t\r\n a b \n")), "a b");
	assert_span(span_trim(span_str(" \t ")), "");
	assert_span(span_trim(nothing), "");
	assert_int_equal(span_trim(span_of(" \0 ", 3)).len, 1);
}

static void splits_at_every_separator(void **state)
{
	struct span rest = span_str("a,,"), piece;

	(void)state;
	assert_true(span_next(&rest, ',', &piece));
	assert_span(piece, "a");
	assert_true(span_next(&rest, ',', &piece));
	assert_span(piece, "");
	assert_true(span_next(&rest, ',', &piece));
	assert_span(piece, "");
	assert_false(span_next(&rest, ',', &piece));
	assert_null(rest.ptr);
}

static void splits_nothing_into_one_or_none(void **state)
{
	struct span rest = span_str(""), piece = span_str("untouched");

	(void)state;
	assert_true(span_next(&rest, ',', &piece));
	assert_span(piece, "");
	piece = span_str("untouched");
	assert_false(span_next(&rest, ',', &piece));
	rest = nothing;
	assert_false(span_next(&rest, ',', &piece));
	assert_span(piece, "untouched");
}

static void reads_lines(void **state)
{
	struct span rest = span_str("one\r\n\ntwo\r\r\nthree\r"), line;

	(void)state;
	assert_true(span_next_line(&rest, &line));
	assert_span(line, "one");
	assert_true(span_next_line(&rest, &line));
	assert_span(line, "");
	assert_true(span_next_line(&rest, &line));
	assert_span(line, "two\r");
	assert_true(span_next_line(&rest, &line));
	assert_span(line, "three\r"); /* no LF, so the CR is data */
	assert_false(span_next_line(&rest, &line));
}

static void has_nothing_after_the_last_lf(void **state)
{
	struct span rest = span_str("one\n"), line;

	(void)state;
	assert_true(span_next_line(&rest, &line));
	assert_false(span_next_line(&rest, &line));
	rest = span_str("");
	assert_false(span_next_line(&rest, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_bytes),
		cmocka_unit_test(folds_ascii_letters_only),
		cmocka_unit_test(orders_as_keys_sort),
		cmocka_unit_test(finds_beginnings_and_bytes),
		cmocka_unit_test(cuts_without_leaving_the_bytes),
		cmocka_unit_test(splits_at_every_separator),
		cmocka_unit_test(splits_nothing_into_one_or_none),
		cmocka_unit_test(reads_lines),
		cmocka_unit_test(has_nothing_after_the_last_lf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
