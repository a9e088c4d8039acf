/* SPDX-License-Identifier: GPL-2.0-or-later */
/* validity: both spellings of a bound, both ends, and what is none or cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmdqd/validity.h"

/* As a terminal's number: ((26 * 12 + 0) * 31 + 4) days and 8 hours. */
#define NOW  "836035200"
#define SOON "836035201"
#define PAST "836035199"

static const struct clock_local now = {2026, 1, 5, 8, 0, 0};

static const char *objection(const char *start, const char *end)
{
	return validity_objection(span_str(start), span_str(end), &now);
}

static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(clock_zk_seconds(&now), 836035200);
	assert_null(objection(NOW, NOW));
	assert_null(objection(PAST, "0"));
	assert_null(objection("0", SOON));
	assert_string_equal(objection(SOON, ""), "not valid yet");
	assert_string_equal(objection("", PAST), "no longer valid");
}

static void test_texts(void **state)
{
	(void)state;
	assert_null(objection("2026-01-05 08:00:00", "2026-01-05 08:00:00"));
	assert_string_equal(objection("2026-01-05 08:00:01", "0"), "not valid yet");
	assert_string_equal(objection("0", "2026-01-05 07:59:59"), "no longer valid");
	assert_string_equal(objection("0", "2000-01-01 00:00:00"), "no longer valid");
	assert_null(objection(PAST, "9999-12-31 23:59:59"));
}

static void test_no_bound(void **state)
{
	static const char *const none[] = {"", "0", "00000000", "0000-00-00 00:00:00"};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		assert_null(objection(none[i], none[i]));
		assert_false(validity_limited(span_str(none[i]), span_str(none[i])));
		assert_true(validity_limited(span_str(none[i]), span_str(NOW)));
		assert_true(validity_limited(span_str(NOW), span_str(none[i])));
	}
}

static void test_unreadable(void **state)
{
	static const char *const odd[] = {"soon", "-1", "20260101", "20990101", "1",
		"1999-12-31 23:59:59", "2026-02-30 00:00:00", "2026-01-05", "18446744073709551616"};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		assert_non_null(objection(odd[i], "0"));
		assert_non_null(objection("0", odd[i]));
	}
	assert_non_null(validity_objection(span_of("0\0", 2), span_of("0\0", 2), &now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_no_bound),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
