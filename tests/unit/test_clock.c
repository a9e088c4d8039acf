/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock: the calendar against the C library's, and the two spellings of time. */
#include "lib/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#define LAST_S 253402300799 /* 9999-12-31 23:59:59 */

static void writes_utc(void **state)
{
	char text[CLOCK_UTC_BYTES];

	(void)state;
	clock_format_utc(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
	clock_format_utc(1795341600123456, text);
	assert_string_equal(text, "2026-11-22T10:00:00.123456Z");
	clock_format_utc((uint64_t)LAST_S * 1000000 + 999999, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
	clock_format_utc(UINT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
}

static void check_utc(const char *text, int rc, uint64_t value)
{
	uint64_t got = 7;

	assert_int_equal(clock_parse_utc(span_str(text), &got), rc);
	assert_int_equal(got, rc == 0 ? value : 7);
}

static void reads_utc(void **state)
{
	(void)state;
	check_utc("1970-01-01T00:00:00Z", 0, 0);
	check_utc("2026-11-22T10:00:00Z", 0, 1795341600000000);
	check_utc("2026-11-22T10:00:00.123456Z", 0, 1795341600123456);
	check_utc("2026-11-22T10:00:00.5Z", 0, 1795341600500000);
	check_utc("2026-11-22T10:00:00.000001Z", 0, 1795341600000001);
	check_utc("9999-12-31T23:59:59.999999Z", 0, (uint64_t)LAST_S * 1000000 + 999999);
}

static void refuses_other_utc(void **state)
{
	static const char *const bad[] = {"", "2026-11-22T10:00:00", "2026-11-22 10:00:00Z",
		"2026-11-22T10:00:00.Z", "2026-11-22T10:00:00.1234567Z",
		"2026-11-22T10:00:00+00:00", "2026-11-22T10:00:00z", "2026-11-22T10:00:00Z ",
		" 2026-11-22T10:00:00Z", "2026-1-22T10:00:00Z", "2026-13-22T10:00:00Z",
		"2026-02-29T10:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T10:00:60Z",
		"1969-12-31T23:59:59Z", "12026-11-22T10:00:00Z", "-026-11-22T10:00:00Z"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		check_utc(bad[i], -EINVAL, 0);
}

static void reads_what_a_terminal_writes(void **state)
{
	struct clock_local l;

	(void)state;
	assert_int_equal(clock_parse_local(span_str("2026-01-05 08:00:59"), &l), 0);
	assert_int_equal(l.year, 2026);
	assert_int_equal(l.month, 1);
	assert_int_equal(l.day, 5);
	assert_int_equal(l.hour, 8);
	assert_int_equal(l.minute, 0);
	assert_int_equal(l.second, 59);
	assert_int_equal(clock_parse_local(span_str("2026-1-5 8:0:9"), &l), 0);
	assert_int_equal(l.second, 9);
	assert_true(clock_local_exists(&l));
	assert_int_equal(clock_parse_local(span_str("2000-99-00 31:61:60"), &l), 0);
	assert_int_equal(l.month, 99);
	assert_false(clock_local_exists(&l));
}

static void refuses_other_shapes(void **state)
{
	static const char *const bad[] = {"", "2026-01-05", "2026-01-05T08:00:00",
		"2026-01-05  08:00:00", "26-01-05 08:00:00", "2026-01-05 08:00",
		"2026-01-05 08:00:00.0", "2026-01-05 08:00:00 ", "2026-001-05 08:00:00",
		"2026--1-05 08:00:00", "2026-01-05 08:00:", "20260-01-05 08:00:00",
		"2026/01/05 08:00:00"};
	struct clock_local l = {.year = 7};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(clock_parse_local(span_str(bad[i]), &l), -EINVAL);
	assert_int_equal(clock_parse_local(span_of("2026-01-05 08:00:00\0", 20), &l), -EINVAL);
	assert_int_equal(l.year, 7);
}

static bool exists(
	uint16_t year, uint8_t month, uint8_t day, uint8_t hour, uint8_t minute, uint8_t second)
{
	return clock_local_exists(&(struct clock_local){year, month, day, hour, minute, second});
}

static void knows_the_calendar(void **state)
{
	(void)state;
	assert_true(exists(2024, 2, 29, 0, 0, 0));
	assert_true(exists(2000, 2, 29, 0, 0, 0));
	assert_false(exists(1900, 2, 29, 0, 0, 0));
	assert_false(exists(2026, 2, 29, 0, 0, 0));
	assert_true(exists(2026, 12, 31, 23, 59, 59));
	assert_false(exists(2026, 4, 31, 0, 0, 0));
	assert_false(exists(2026, 0, 1, 0, 0, 0));
	assert_false(exists(2026, 13, 1, 0, 0, 0));
	assert_false(exists(2026, 1, 0, 0, 0, 0));
	assert_false(exists(2026, 1, 1, 24, 0, 0));
	assert_false(exists(2026, 1, 1, 0, 60, 0));
	assert_false(exists(2026, 1, 1, 0, 0, 60));
	assert_false(exists(10000, 1, 1, 0, 0, 0));
}

/* Every day and a second of it, from the year 0 to 9999. */
static void agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t s = -62167219200; s <= LAST_S; s += 86400 + 3607) {
		struct clock_local l = clock_local_from_seconds(s);
		time_t t = s;
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		if (l.year != tm.tm_year + 1900 || l.month != tm.tm_mon + 1 ||
			l.day != tm.tm_mday || l.hour != tm.tm_hour || l.minute != tm.tm_min ||
			l.second != tm.tm_sec || !clock_local_exists(&l) ||
			clock_local_seconds(&l) != s)
			fail_msg("%lld seconds are not %u-%u-%u", (long long)s, l.year, l.month,
				l.day);
	}
}

static void stays_in_its_years(void **state)
{
	(void)state;
	assert_int_equal(clock_local_from_seconds(INT64_MAX).year, 9999);
	assert_int_equal(clock_local_from_seconds(INT64_MIN).year, 0);
	assert_int_equal(clock_local_from_seconds(-1).second, 59);
}

static void the_clocks_go_on(void **state)
{
	uint64_t began_ms = clock_mono_ms();

	(void)state;
	clock_sleep_ms(0);
	clock_sleep_ms(20);
	assert_true(
		clock_mono_ms() >= began_ms + 20); /* a bound from below, which no load can break */
	assert_true(clock_wall_us() > 1600000000000000);
}

/* docs/PROTOCOL.md 1.6: its months all have 31 days. */
static void counts_as_a_terminal_does(void **state)
{
	static const struct {
		const char *local;
		uint64_t zk;
	} cases[] = {
		{"2000-01-01 00:00:00", 0},
		{"2000-01-01 23:59:59", 86399},
		{"2000-02-01 00:00:00", 31 * 86400},
		{"2001-01-01 00:00:00", 372 * 86400},
		{"2018-02-20 11:09:50", 582894590},
		{"2099-12-31 23:59:59", UINT64_C(3214079999)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct clock_local local;
		assert_int_equal(clock_parse_local(span_str(cases[i].local), &local), 0);
		assert_int_equal(clock_zk_seconds(&local), cases[i].zk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_as_a_terminal_does),
		cmocka_unit_test(writes_utc),
		cmocka_unit_test(reads_utc),
		cmocka_unit_test(refuses_other_utc),
		cmocka_unit_test(reads_what_a_terminal_writes),
		cmocka_unit_test(refuses_other_shapes),
		cmocka_unit_test(knows_the_calendar),
		cmocka_unit_test(agrees_with_the_c_library),
		cmocka_unit_test(stays_in_its_years),
		cmocka_unit_test(the_clocks_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
