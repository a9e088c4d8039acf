/* SPDX-License-Identifier: GPL-2.0-or-later */
/* skew: what a terminal's punches say of its clock. */
#include "ctl/skew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOON_US 1767614400000000u /* 2026-01-05 12:00:00 UTC */

static void punch(struct skew *s, unsigned hour, unsigned minute, unsigned second)
{
	const struct clock_local at = {.year = 2026,
		.month = 1,
		.day = 5,
		.hour = (uint8_t)hour,
		.minute = (uint8_t)minute,
		.second = (uint8_t)second};
	skew_take(s, &at, 330, NOON_US + 500000);
}

static void takes_the_smallest_difference(void **state)
{
	struct skew s = {0};
	(void)state;
	/* Half past five in the afternoon there is noon here. */
	punch(&s, 9, 0, 0);
	assert_true(s.known);
	assert_int_equal(s.seconds, -(8 * 3600 + 30 * 60));
	punch(&s, 17, 29, 50);
	assert_int_equal(s.seconds, -10);
	punch(&s, 17, 29, 0);
	assert_int_equal(s.seconds, -10);
	punch(&s, 17, 30, 7);
	assert_int_equal(s.seconds, 7);
	punch(&s, 17, 30, 0);
	assert_int_equal(s.seconds, 0);
}

static void passes_over_no_times(void **state)
{
	struct skew s = {0};
	const struct clock_local none = {.year = 2026, .month = 2, .day = 30};
	(void)state;
	skew_take(&s, &none, 0, NOON_US);
	assert_false(s.known);
}

static void says_it(void **state)
{
	char text[SKEW_TEXT_BYTES];
	struct skew s = {.known = true, .seconds = -3};
	(void)state;
	skew_text(&s, text);
	assert_string_equal(text, "3 s behind");
	s.seconds = 7200;
	skew_text(&s, text);
	assert_string_equal(text, "2 h ahead");
	s.seconds = 0;
	skew_text(&s, text);
	assert_string_equal(text, "right");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_smallest_difference),
		cmocka_unit_test(passes_over_no_times),
		cmocka_unit_test(says_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
