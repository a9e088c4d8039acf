/* SPDX-License-Identifier: GPL-2.0-or-later */
/* when: the moments of a command line, their edges, and what is no moment. */
#include "ctl/when.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The last day of a leap February, a minute before midnight. */
static const struct clock_local now = {
	.year = 2028, .month = 2, .day = 29, .hour = 23, .minute = 59, .second = 30};

static void check(const char *text, enum when_edge edge, const char *expected)
{
	struct clock_local got;
	char shown[WHEN_LOCAL_BYTES];

	assert_int_equal(when_parse(span_str(text), &now, edge, &got), 0);
	when_format(&got, shown);
	assert_string_equal(shown, expected);
}

static void check_fails(const char *text, int rc)
{
	struct clock_local got = {.year = 4711};

	assert_int_equal(when_parse(span_str(text), &now, WHEN_SINCE, &got), rc);
	assert_int_equal(got.year, 4711);
}

static void reads_days(void **state)
{
	(void)state;
	check("2026-01-05", WHEN_SINCE, "2026-01-05 00:00:00");
	check("2026-01-05", WHEN_UNTIL, "2026-01-06 00:00:00");
	check("2026-12-31", WHEN_UNTIL, "2027-01-01 00:00:00");
	check("2028-02-28", WHEN_UNTIL, "2028-02-29 00:00:00");
	check("today", WHEN_SINCE, "2028-02-29 00:00:00");
	check("today", WHEN_UNTIL, "2028-03-01 00:00:00");
	check("yesterday", WHEN_SINCE, "2028-02-28 00:00:00");
	check("yesterday", WHEN_UNTIL, "2028-02-29 00:00:00");
}

static void reads_times(void **state)
{
	(void)state;
	check("2026-01-05 08:00", WHEN_SINCE, "2026-01-05 08:00:00");
	check("2026-01-05 08:00", WHEN_UNTIL, "2026-01-05 08:00:00");
	check("2026-01-05 23:59:59", WHEN_UNTIL, "2026-01-05 23:59:59");
	check("2026-01-05T08:00", WHEN_SINCE, "2026-01-05 08:00:00");
	check("now", WHEN_SINCE, "2028-02-29 23:59:30");
	check("now", WHEN_UNTIL, "2028-02-29 23:59:30");
}

static void reads_spans_before_now(void **state)
{
	(void)state;
	check("-0h", WHEN_SINCE, "2028-02-29 23:59:30");
	check("-30min", WHEN_SINCE, "2028-02-29 23:29:30");
	check("-24h", WHEN_UNTIL, "2028-02-28 23:59:30");
	check("-7d", WHEN_SINCE, "2028-02-22 23:59:30");
	check("-2w", WHEN_SINCE, "2028-02-15 23:59:30");
	check("-366d", WHEN_SINCE, "2027-02-28 23:59:30");
}

static void refuses_other_forms(void **state)
{
	static const char *const others[] = {"", " ", "-", "-7", "-d", "7d", "+7d", "-7 d",
		"-7days", "--7d", "-7m", "tomorrow", "Today", "2026", "2026-01", "26-01-05",
		"2026-1-5", "2026-01-05 ", "2026-01-05 8:00", "2026-01-05 08",
		"2026-01-05 08:00:", "2026-01-05 08:00:00Z", "2026-01-05  08:00", "2026/01/05",
		" 2026-01-05"};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		check_fails(others[i], -EINVAL);
}

static void refuses_what_no_calendar_has(void **state)
{
	(void)state;
	check_fails("2026-02-29", -ERANGE);
	check_fails("2026-13-01", -ERANGE);
	check_fails("2026-00-01", -ERANGE);
	check_fails("2026-01-05 24:00", -ERANGE);
	check_fails("2026-01-05 08:60", -ERANGE);
	check_fails("1969-12-31", -ERANGE);
	check_fails("-10000000w", -ERANGE);
	check_fails("-99999999999999999999d", -ERANGE);
}

static void shows_moments_of_receipt(void **state)
{
	char shown[WHEN_LOCAL_BYTES];

	(void)state;
	when_format_short(1767600000123456, shown);
	assert_string_equal(shown, "2026-01-05 08:00:00Z");
	when_format_short(0, shown);
	assert_string_equal(shown, "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_days),
		cmocka_unit_test(reads_times),
		cmocka_unit_test(reads_spans_before_now),
		cmocka_unit_test(refuses_other_forms),
		cmocka_unit_test(refuses_what_no_calendar_has),
		cmocka_unit_test(shows_moments_of_receipt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
