/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64: what is, of how many bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base64.h"

static void counts_bytes(void **state)
{
	static const struct {
		const char *text;
		size_t bytes;
	} good[] = {
		{"", 0}, {"QQ==", 1}, {"QUI=", 2}, {"QUJD", 3}, {"az09AZ+/", 6}, {"QUJDQQ==", 4}};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(base64_valid(span_str(good[i].text)));
		assert_int_equal(base64_bytes(span_str(good[i].text)), good[i].bytes);
	}
	assert_true(base64_valid(span_of(NULL, 0)));
	assert_int_equal(base64_bytes(span_of(NULL, 0)), 0);
}

static void refuses_the_rest(void **state)
{
	static const char *const bad[] = {"Q", "QU", "QUJ", "Q===", "====", "=", "==", "QQ=A",
		"QUJDQ", "QU D", "QUJ\n", "QU-_", "QQ==QQ=="};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(base64_valid(span_str(bad[i])));
	assert_false(base64_valid(span_of("QU\0D", 4)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_bytes),
		cmocka_unit_test(refuses_the_rest),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
