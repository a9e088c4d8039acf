/* SPDX-License-Identifier: GPL-2.0-or-later */
/* card: numbers in the forms of terminals, there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/card.h"

static void assert_put(uint64_t number, enum card_form form, const char *expected)
{
	struct buf b = buf_with_max(64);

	assert_int_equal(card_put(&b, number, form), 0);
	assert_true(span_is(buf_span(&b), expected));
	buf_free(&b);
}

static void test_forms(void **state)
{
	(void)state;
	assert_put(123456789, CARD_DECIMAL, "123456789");
	assert_put(123456789, CARD_HEX_LOW, "[15CD5B0700]");
	assert_put(123456789, CARD_HEX_HIGH, "[00075BCD15]");
	assert_put(123456789, CARD_DECIMAL_TURNED, "365779719");
	assert_put(1, CARD_DECIMAL_TURNED, "16777216");
	assert_put(0x0102030405, CARD_DECIMAL_TURNED, "21542142465"); /* 05 04 03 02 01 */
	assert_put(0x0102030405060708, CARD_DECIMAL_TURNED, "578437695752307201");
	assert_put(0xFFFFFFFFFF, CARD_HEX_LOW, "[FFFFFFFFFF]");
	assert_put(UINT64_MAX, CARD_DECIMAL, "18446744073709551615");
}

static void test_no_card_is_empty(void **state)
{
	(void)state;
	assert_put(0, CARD_DECIMAL, "");
	assert_put(0, CARD_HEX_LOW, "");
	assert_put(0, CARD_HEX_HIGH, "");
}

static void test_too_large_for_ten_digits(void **state)
{
	struct buf b = buf_with_max(64);

	(void)state;
	assert_int_equal(card_put(&b, 1ULL << 40, CARD_HEX_LOW), -ERANGE);
	assert_int_equal(card_put(&b, 1ULL << 40, CARD_HEX_HIGH), -ERANGE);
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

static void assert_get(const char *text, enum card_form form, uint64_t expected)
{
	uint64_t number = 77;

	assert_int_equal(card_get(span_str(text), form, &number), 0);
	assert_int_equal(number, expected);
}

static void test_reads_every_form(void **state)
{
	(void)state;
	assert_get("", CARD_DECIMAL, 0);
	assert_get("0001234567", CARD_HEX_LOW, 1234567);
	assert_get("[15CD5B0700]", CARD_DECIMAL, 123456789);
	assert_get("[15cd5b0700]", CARD_HEX_LOW, 123456789);
	assert_get("[00075BCD15]", CARD_HEX_HIGH, 123456789);
	assert_get("365779719", CARD_DECIMAL_TURNED, 123456789);
	assert_get("16777216", CARD_DECIMAL_TURNED, 1);
	assert_get("0", CARD_DECIMAL_TURNED, 0);
	assert_get("[15CD5B0700]", CARD_DECIMAL_TURNED, 123456789);
	assert_get("123456789", CARD_HEX_HIGH, 123456789);
	assert_get("[0A]", CARD_HEX_LOW, 10);
	assert_get("[0102030405060708]", CARD_HEX_LOW, 0x0807060504030201);
}

static void test_refuses_the_rest(void **state)
{
	static const char *const bad[] = {"[", "[]", "[1]", "[123]", "[15CD5B0700", "15CD5B0700]",
		"[0g]", "[010203040506070809]", "12a", "-1", " 1", "[ 1]", "[[]]"};
	uint64_t number = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(card_get(span_str(bad[i]), CARD_HEX_LOW, &number), -EINVAL);
	assert_int_equal(
		card_get(span_str("18446744073709551616"), CARD_DECIMAL, &number), -ERANGE);
	assert_int_equal(number, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_no_card_is_empty),
		cmocka_unit_test(test_too_large_for_ten_digits),
		cmocka_unit_test(test_reads_every_form),
		cmocka_unit_test(test_refuses_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
