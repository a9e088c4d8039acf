/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serial: what is a serial number and, more so, what is none. */
#include "lib/serial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void takes_real_ones(void **state)
{
	(void)state;
	assert_true(serial_valid(span_str("ABCD250100001")));
	assert_true(serial_valid(span_str("a")));
	assert_true(serial_valid(span_str("A_b-9")));
	assert_true(serial_valid(span_str("12345678901234567890123456789012")));
}

static void refuses_the_rest(void **state)
{
	static const char *const bad[] = {"", "123456789012345678901234567890123", "a b", "a/b",
		"..", "a.b", "a\n", "a%41", "a@", "a[", "a`", "a{", "a:", "\xc3\xa4", "\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(serial_valid(span_str(bad[i])));
	assert_false(serial_valid(span_of("ABC\0", 4)));
	assert_false(serial_valid(span_of(NULL, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_real_ones),
		cmocka_unit_test(refuses_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
