/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sha256: the examples of FIPS 180-2, in whatever parts they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "lib/sha256.h"

static void assert_hash(const char *text, size_t part, const char *expected)
{
	struct span rest = span_str(text);
	char hex[SHA256_HEX_BYTES];
	unsigned char whole[SHA256_BYTES];
	struct sha256 s;

	sha256_begin(&s);
	while (rest.len > 0) {
		struct span bytes = span_of(rest.ptr, rest.len < part ? rest.len : part);
		sha256_add(&s, bytes);
		rest = span_from(rest, bytes.len);
	}
	sha256_end(&s, hex);
	assert_string_equal(hex, expected);
	sha256_of(span_str(text), whole);
	for (size_t n = 0; n < sizeof(whole); n++)
		snprintf(hex + 2 * n, 3, "%02x", whole[n]);
	assert_string_equal(hex, expected);
}

static void test_examples(void **state)
{
	static const char longer[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

	(void)state;
	for (size_t part = 1; part < 60; part++) {
		assert_hash("", part,
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
		assert_hash("abc", part,
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
		assert_hash(longer, part,
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
