/* SPDX-License-Identifier: GPL-2.0-or-later */
/* num: the whole input or nothing, at and beside every limit. */
#include "lib/num.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define UNTOUCHED 12345

static void check_u64(const char *text, uint64_t min, uint64_t max, int rc, uint64_t value)
{
	uint64_t got = UNTOUCHED;

	assert_int_equal(num_u64(span_str(text), min, max, &got), rc);
	assert_int_equal(got, rc == 0 ? value : UNTOUCHED);
}

static void reads_unsigned(void **state)
{
	static const char *const none[] = {
		"", " ", "-", "+1", "-1", " 1", "1 ", "0x10", "1e3", "1.0", "1\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		check_u64(none[i], 0, UINT64_MAX, -EINVAL, 0);
	check_u64("0", 0, 9, 0, 0);
	check_u64("0007", 0, 9, 0, 7);
	check_u64("9", 1, 9, 0, 9);
	check_u64("10", 1, 9, -ERANGE, 0);
	check_u64("0", 1, 9, -ERANGE, 0);
	check_u64("18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX);
	check_u64("18446744073709551616", 0, UINT64_MAX, -ERANGE, 0);
	check_u64("99999999999999999999999", 0, UINT64_MAX, -ERANGE, 0);
	check_u64("99999999999999999999999x", 0, UINT64_MAX, -EINVAL, 0);
	check_u64(NULL, 0, UINT64_MAX, -EINVAL, 0);
}

static void stops_at_no_nul(void **state)
{
	uint64_t got = UNTOUCHED;

	(void)state;
	assert_int_equal(num_u64(span_of("12\0", 3), 0, 99, &got), -EINVAL);
	assert_int_equal(num_u64(span_of("1234", 2), 0, 99, &got), 0);
	assert_int_equal(got, 12);
}

static void check_i64(const char *text, int64_t min, int64_t max, int rc, int64_t value)
{
	int64_t got = UNTOUCHED;

	assert_int_equal(num_i64(span_str(text), min, max, &got), rc);
	assert_true(got == (rc == 0 ? value : UNTOUCHED));
}

static void reads_signed(void **state)
{
	(void)state;
	check_i64("-1004", -9999, 9999, 0, -1004);
	check_i64("17", -9999, 9999, 0, 17);
	check_i64("-0", -9, 9, 0, 0);
	check_i64("-", -9, 9, -EINVAL, 0);
	check_i64("--1", -9, 9, -EINVAL, 0);
	check_i64("+1", -9, 9, -EINVAL, 0);
	check_i64("", -9, 9, -EINVAL, 0);
	check_i64("-10", -9, 9, -ERANGE, 0);
	check_i64("9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX);
	check_i64("9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0);
	check_i64("-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN);
	check_i64("-9223372036854775809", INT64_MIN, INT64_MAX, -ERANGE, 0);
}

static void reads_hex_of_one_length(void **state)
{
	uint64_t got = UNTOUCHED;

	(void)state;
	assert_int_equal(num_hex(span_str("5f3A91c2"), 8, &got), -EINVAL);
	assert_int_equal(num_hex(span_str("5f3a91c"), 8, &got), -EINVAL);
	assert_int_equal(num_hex(span_str("5f3a91c2a"), 8, &got), -EINVAL);
	assert_int_equal(num_hex(span_str("0x3a91c2"), 8, &got), -EINVAL);
	assert_int_equal(num_hex(span_str(""), 0, &got), -EINVAL);
	assert_int_equal(num_hex(span_str("00000000000000000"), 17, &got), -EINVAL);
	assert_int_equal(got, UNTOUCHED);
	assert_int_equal(num_hex(span_str("5f3a91c2"), 8, &got), 0);
	assert_int_equal(got, 0x5f3a91c2);
	assert_int_equal(num_hex(span_str("ffffffffffffffff"), 16, &got), 0);
	assert_true(got == UINT64_MAX);
}

static void check_bytes(const char *text, int rc, uint64_t value)
{
	uint64_t got = UNTOUCHED;

	assert_int_equal(num_bytes(span_str(text), 0, UINT64_MAX, &got), rc);
	assert_true(got == (rc == 0 ? value : UNTOUCHED));
}

static void reads_sizes(void **state)
{
	uint64_t got;

	(void)state;
	check_bytes("512", 0, 512);
	check_bytes("0 B", 0, 0);
	check_bytes("100 B", 0, 100);
	check_bytes("64 KiB", 0, 65536);
	check_bytes("16MiB", 0, 16777216);
	check_bytes("1   GiB", 0, 1073741824);
	check_bytes("16777215 TiB", 0, 16777215ULL << 40);
	check_bytes("16777216 TiB", -ERANGE, 0);
	check_bytes("64 kib", -EINVAL, 0);
	check_bytes("64 KB", -EINVAL, 0);
	check_bytes("64 KiB ", -EINVAL, 0);
	check_bytes("64 ", -EINVAL, 0);
	check_bytes("64\tKiB", -EINVAL, 0);
	check_bytes(" 64 KiB", -EINVAL, 0);
	check_bytes("-1 KiB", -EINVAL, 0);
	check_bytes("1.5 KiB", -EINVAL, 0);
	check_bytes("KiB", -EINVAL, 0);
	check_bytes("", -EINVAL, 0);
	assert_int_equal(num_bytes(span_str("2 KiB"), 0, 2047, &got), -ERANGE);
	assert_int_equal(num_bytes(span_str("2 KiB"), 2049, 9999, &got), -ERANGE);
}

static void check_duration(const char *text, int rc, uint64_t value)
{
	uint64_t got = UNTOUCHED;

	assert_int_equal(num_duration_ms(span_str(text), 0, UINT64_MAX, &got), rc);
	assert_true(got == (rc == 0 ? value : UNTOUCHED));
}

static void reads_durations(void **state)
{
	(void)state;
	check_duration("250 ms", 0, 250);
	check_duration("30s", 0, 30000);
	check_duration("5 min", 0, 300000);
	check_duration("24 h", 0, 86400000);
	check_duration("30 days", 0, 2592000000);
	check_duration("1 day", 0, 86400000);
	check_duration("0 min", 0, 0);
	check_duration("30", -EINVAL, 0);
	check_duration("0", -EINVAL, 0);
	check_duration("5 m", -EINVAL, 0);
	check_duration("", -EINVAL, 0);
	check_duration("213503982335 days", -ERANGE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_unsigned),
		cmocka_unit_test(stops_at_no_nul),
		cmocka_unit_test(reads_signed),
		cmocka_unit_test(reads_hex_of_one_length),
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(reads_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
