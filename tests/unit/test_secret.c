/* SPDX-License-Identifier: GPL-2.0-or-later */
/* secret: all of it or nothing, and nothing is never right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/secret.h"

static void test_all_of_it_or_nothing(void **state)
{
	(void)state;
	assert_true(secret_is(span_str("1234"), span_str("1234")));
	assert_false(secret_is(span_str("1234"), span_str("1235")));
	assert_false(secret_is(span_str("1234"), span_str("0234")));
	assert_false(secret_is(span_str("1234"), span_str("123")));
	assert_false(secret_is(span_str("123"), span_str("1234")));
	assert_false(secret_is(span_str("abc"), span_str("ABC")));
	/* A NUL is a byte like any other, and no end. */
	assert_false(secret_is(span_str("123"), span_of("123\0", 4)));
	assert_false(secret_is(span_of("12\0003", 4), span_of("12\0004", 4)));
}

static void test_nothing_is_never_right(void **state)
{
	(void)state;
	assert_false(secret_is(span_str(""), span_str("")));
	assert_false(secret_is((struct span){NULL, 0}, (struct span){NULL, 0}));
	assert_false(secret_is(span_str(""), span_str("1")));
	assert_false(secret_is(span_str("1"), span_str("")));
	assert_false(secret_is(span_str(""), span_of("\0", 1)));
}

static void test_the_longest(void **state)
{
	char text[SECRET_MAX + 1];

	(void)state;
	memset(text, '7', sizeof(text));
	assert_true(secret_is(span_of(text, SECRET_MAX), span_of(text, SECRET_MAX)));
	assert_false(secret_is(span_of(text, SECRET_MAX), span_of(text, SECRET_MAX - 1)));
	assert_false(secret_is(span_of(text, sizeof(text)), span_of(text, sizeof(text))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_it_or_nothing),
		cmocka_unit_test(test_nothing_is_never_right),
		cmocka_unit_test(test_the_longest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
