/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hash: the published values, and buckets that the seed decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/hash.h"

static void test_is_fnv_1a(void **state)
{
	(void)state;
	assert_int_equal(hash_bytes(span_of(NULL, 0)), 0xcbf29ce484222325);
	assert_int_equal(hash_bytes(span_str("a")), 0xaf63dc4c8601ec8c);
	assert_int_equal(hash_bytes(span_str("foobar")), 0x85944171f73967e8);
	assert_int_equal(hash_bytes(span_of("\0", 1)), 0xaf63bd4c8601b7df);
	/* A byte above 127 is not a negative one. */
	assert_int_equal(hash_bytes(span_of("\xff", 1)), 0xaf64724c8602eb6e);
}

static void test_bucket_is_of_the_bytes_alone(void **state)
{
	char copy[] = "ABCD250100001";

	(void)state;
	assert_int_equal(hash_bucket(7, span_str(copy), 512),
		hash_bucket(7, span_str("ABCD250100001"), 512));
	assert_int_equal(hash_bucket(7, span_str(copy), 1), 0);
}

/* Serials that count up, and each bucket gets about its share of them, by any seed. */
static void test_buckets_are_even(void **state)
{
	static const uint64_t seeds[] = {0, 1, 0x0123456789abcdef, UINT64_MAX};

	(void)state;
	for (size_t s = 0; s < sizeof(seeds) / sizeof(*seeds); s++) {
		unsigned in[16] = {0};
		for (int i = 0; i < 1600; i++) {
			char serial[16];
			snprintf(serial, sizeof(serial), "GATE%06d", i);
			in[hash_bucket(seeds[s], span_str(serial), 16)]++;
		}
		for (size_t i = 0; i < 16; i++)
			assert_in_range(in[i], 60, 140);
	}
}

static void test_the_seed_decides(void **state)
{
	unsigned same = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char serial[16];
		snprintf(serial, sizeof(serial), "GATE%06d", i);
		same += hash_bucket(1, span_str(serial), 100) ==
			hash_bucket(2, span_str(serial), 100);
	}
	assert_in_range(same, 0, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_fnv_1a),
		cmocka_unit_test(test_bucket_is_of_the_bytes_alone),
		cmocka_unit_test(test_buckets_are_even),
		cmocka_unit_test(test_the_seed_decides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
