/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pairs: keywords and "key=value". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "parserd/pairs.h"

static void splits(struct span piece, const char *key, struct span value)
{
	struct pair pair;

	assert_int_equal(pairs_split(piece, &pair), 0);
	assert_true(span_is(pair.key, key));
	assert_true(span_eq(pair.value, value));
}

static void test_pair(void **state)
{
	(void)state;
	splits(span_str("PIN=1"), "PIN", span_str("1"));
	splits(span_str("Passwd="), "Passwd", span_str(""));
	splits(span_str("TMP=QUJD=="), "TMP", span_str("QUJD=="));
	splits(span_str("a==b"), "a", span_str("=b"));
	splits(span_str("  ~Key_9= v "), "~Key_9", span_str(" v "));
	splits(span_of("Name=\xd5\xc5\0\xff", 9), "Name", span_of("\xd5\xc5\0\xff", 4));
}

static void refuses(struct span piece)
{
	static const char unset[] = "unset";
	struct pair pair = {span_str(unset), span_str(unset)};

	assert_int_equal(pairs_split(piece, &pair), -EINVAL);
	assert_ptr_equal(pair.key.ptr, unset);
}

static void test_no_pair(void **state)
{
	char longest[66];

	(void)state;
	refuses(span_of(NULL, 0));
	refuses(span_str(""));
	refuses(span_str("   "));
	refuses(span_str("PIN"));
	refuses(span_str("=1"));
	refuses(span_str("PIN =1"));
	refuses(span_str("card.sent=1"));
	refuses(span_str("\xc3\xa9=1"));
	refuses(span_of("P\0N=1", 5));
	memset(longest, 'k', sizeof(longest));
	longest[64] = '=';
	splits(span_of(longest, 65),
		"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", span_str(""));
	longest[64] = 'k';
	longest[65] = '=';
	refuses(span_of(longest, 66));
	assert_int_equal(pairs_key_len(span_of(longest, 66)), 65);
	assert_int_equal(pairs_key_len(span_of(longest, 65)), 0);
}

static void takes(const char *line, const char *keyword, const char *rest)
{
	struct span left = span_str(line);

	assert_true(span_is(pairs_take_keyword(&left), keyword));
	assert_true(span_is(left, rest));
}

static void test_keyword(void **state)
{
	(void)state;
	takes("USER PIN=1\tName=a", "USER", "PIN=1\tName=a");
	takes("  USER   PIN=1", "USER", "PIN=1");
	takes("USER\tPIN=1", "USER", "PIN=1");
	takes("OPLOG 4\t14", "OPLOG", "4\t14");
	takes("USER", "USER", "");
	takes("USER ", "USER", "");
	takes("PIN=1\tName=a b", "", "PIN=1\tName=a b");
	takes("=", "", "=");
	takes("", "", "");
	takes("   ", "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_no_pair),
		cmocka_unit_test(test_keyword),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
