/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64: what is, of how many bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

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

static void puts_and_gets(void **state)
{
	static const char *const both[][2] = {{"", ""}, {"A", "QQ=="}, {"AB", "QUI="},
		{"ABC", "QUJD"}, {"ABCA", "QUJDQQ=="}, {"\xff\xfe\xfd", "//79"}};

	(void)state;
	for (size_t i = 0; i < sizeof(both) / sizeof(*both); i++) {
		struct buf text = buf_with_max(16), bytes = buf_with_max(16);

		assert_int_equal(buf_add_str(&text, "<"), 0);
		assert_int_equal(base64_put(&text, span_str(both[i][0])), 0);
		assert_true(span_is(span_from(buf_span(&text), 1), both[i][1]));
		assert_int_equal(buf_add_str(&bytes, "<"), 0);
		assert_int_equal(base64_get(&bytes, span_str(both[i][1])), 0);
		assert_true(span_is(span_from(buf_span(&bytes), 1), both[i][0]));
		buf_free(&text);
		buf_free(&bytes);
	}
}

static void gets_nothing_else(void **state)
{
	static const char *const bad[] = {"Q", "QU", "QUJ", "Q===", "QU D", "QUJ\n", "QU-_",
		"QQ==QQ==", "QR==" /* says more than its byte has */};
	struct buf b = buf_with_max(16);

	(void)state;
	assert_int_equal(buf_add_str(&b, "<"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(base64_get(&b, span_str(bad[i])), -EINVAL);
	assert_int_equal(base64_get(&b, span_str("QUJDQUJDQUJDQUJDQUJDQUJD")), -EMSGSIZE);
	assert_int_equal(base64_put(&b, span_str("0123456789ab")), -EMSGSIZE);
	assert_true(span_is(buf_span(&b), "<"));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_bytes),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(puts_and_gets),
		cmocka_unit_test(gets_nothing_else),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
