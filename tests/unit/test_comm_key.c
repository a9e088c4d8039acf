/* SPDX-License-Identifier: GPL-2.0-or-later */
/* comm_key: only the key that was hashed is that key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "store/setting.h"

/* BLAKE2b-256 of 16 bytes 00 01 … 0f and "sesame", worked out with Python's hashlib. */
#define STORED                              \
	"000102030405060708090a0b0c0d0e0f:" \
	"84313d1b52a328dc6df9809d24da471d6446393a5be079130fc586621fc8656e"

static void test_a_known_hash(void **state)
{
	(void)state;
	assert_true(comm_key_is(STORED, span_str("sesame")));
	assert_false(comm_key_is(STORED, span_str("Sesame")));
}

static void test_round_trip(void **state)
{
	char first[COMM_KEY_BYTES], second[COMM_KEY_BYTES];

	(void)state;
	assert_int_equal(comm_key_hash(span_str("sesame"), first), 0);
	assert_int_equal(comm_key_hash(span_str("sesame"), second), 0);
	assert_int_equal(strlen(first), COMM_KEY_BYTES - 1);
	assert_true(strcmp(first, second) != 0); /* the salt */
	assert_true(strcmp(first + 33, second + 33) != 0);
	assert_true(comm_key_is_hash(span_str(first)));
	assert_true(comm_key_is(first, span_str("sesame")));
	assert_true(comm_key_is(second, span_str("sesame")));
	assert_false(comm_key_is(first, span_str("sesam")));
	assert_false(comm_key_is(first, span_str("sesame ")));
	assert_false(comm_key_is(first, span_of("sesame\0", 7)));
	assert_false(comm_key_is(first, span_of(NULL, 0)));
	assert_false(comm_key_is(first, span_str(first)));
}

/* Every byte of it counts. */
static void test_a_changed_hash(void **state)
{
	char text[COMM_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i + 1 < COMM_KEY_BYTES; i++) {
		assert_int_equal(comm_key_hash(span_str("sesame"), text), 0);
		text[i] = text[i] == '0' ? '1' : '0';
		assert_false(comm_key_is(text, span_str("sesame")));
	}
}

static void test_no_hash(void **state)
{
	static const char *const bad[] = {"", "sesame", STORED "0", ":",
		"000102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e0f:"};
	char text[COMM_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(comm_key_is_hash(span_str(bad[i])));
		assert_false(comm_key_is(bad[i], span_str("sesame")));
		assert_false(comm_key_is(bad[i], span_str("")));
	}
	assert_int_equal(comm_key_hash(span_str("sesame"), text), 0);
	assert_false(comm_key_is_hash(span_of(text, COMM_KEY_BYTES - 2)));
	assert_false(comm_key_is_hash(span_of(text, COMM_KEY_BYTES)));
	text[40] = 'g';
	assert_false(comm_key_is_hash(span_str(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_known_hash),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_a_changed_hash),
		cmocka_unit_test(test_no_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
