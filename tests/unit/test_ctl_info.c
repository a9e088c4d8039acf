/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info and skew: what a terminal says of itself, and what its punches say of its clock. */
#include "ctl/info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/skew.h"

static void field_is(const struct info *i, enum info_field f, const char *expected)
{
	assert_int_equal(i->fields[f].len, strlen(expected));
	if (i->fields[f].len > 0)
		assert_memory_equal(i->fields[f].ptr, expected, i->fields[f].len);
}

static void takes_fields_apart(void **state)
{
	(void)state;
	struct info i =
		info_read(span_str("Ver 8.0.4.2 x,14, 23 ,887,192.0.2.7,10,-1,0,0,101,17,4"));
	field_is(&i, INFO_FIRMWARE, "Ver 8.0.4.2 x");
	field_is(&i, INFO_USERS, "14");
	field_is(&i, INFO_FINGERS, "23");
	field_is(&i, INFO_PUNCHES, "887");
	field_is(&i, INFO_IP, "192.0.2.7");
	field_is(&i, INFO_FINGER_VERSION, "10");
	field_is(&i, INFO_FACE_VERSION, "-1");
	field_is(&i, INFO_FACES, "0");
	field_is(&i, INFO_FLAGS, "101");

	i = info_read(span_str("Ver 1,,3"));
	field_is(&i, INFO_USERS, "");
	field_is(&i, INFO_FINGERS, "3");
	field_is(&i, INFO_FLAGS, "");
	i = info_read(span_of(NULL, 0));
	field_is(&i, INFO_FIRMWARE, "");
}

static void able(const char *flags, const char *expected)
{
	struct buf b = buf_with_max(256);
	assert_int_equal(info_put_abilities(&b, span_str(flags)), 0);
	assert_int_equal(b.len, strlen(expected));
	if (b.len > 0)
		assert_memory_equal(b.ptr, expected, b.len);
	buf_free(&b);
}

static void reads_flags(void **state)
{
	(void)state;
	able("", "finger");
	able("0", "");
	able("1", "finger");
	able("011", "face userpic");
	able("11111", "finger face userpic biophoto biodata");
	able("1x01", "finger biophoto");
	able("000001", "");
}

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
		cmocka_unit_test(takes_fields_apart),
		cmocka_unit_test(reads_flags),
		cmocka_unit_test(takes_the_smallest_difference),
		cmocka_unit_test(passes_over_no_times),
		cmocka_unit_test(says_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
