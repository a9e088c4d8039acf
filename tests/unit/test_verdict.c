/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verdict: exact bytes, in the terminal's charset, and never a second field out of a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "cmdqd/people.h"
#include "cmdqd/verdict.h"
#include "tests/unit/wiped.h"

static struct buf line;

static int close_room(void **state)
{
	(void)state;
	buf_free(&line);
	return 0;
}

static struct person tester(void)
{
	return (struct person){.pin = span_str("123"),
		.name = span_str("TESTER"),
		.privilege = span_str("0"),
		.group = span_str("1"),
		.timezones = span_str("0000000000000000"),
		.password = span_str("hidden"),
		.card = 4711};
}

static int put(const struct person *p, enum charset charset, struct span photo)
{
	if (line.max == 0)
		line = buf_with_max(VERDICT_MAX);
	return verdict_put(&line, p, charset, photo);
}

static void says(const struct person *p, enum charset charset, const char *wanted)
{
	assert_int_equal(put(p, charset, span_str("")), 0);
	assert_int_equal(line.len, strlen(wanted));
	assert_memory_equal(line.ptr, wanted, line.len);
}

/* The bytes of fw_auth_reply_ok and fw_auth_reply_failed. */
static void test_bytes(void **state)
{
	struct person p = tester(), nobody = {.pin = span_str("7")};

	(void)state;
	says(&p, CHARSET_UTF_8,
		"AUTH=Success\tPIN=123\tName=TESTER\tPri=0\tGrp=1\tTZ=0000000000000000\n");
	says(&nobody, CHARSET_GB18030, "AUTH=Success\tPIN=7\tName=\tPri=0\tGrp=1\tTZ=\n");
	assert_string_equal(VERDICT_FAILED, "AUTH=Failed\n");
}

#define NAMED(name) "AUTH=Success\tPIN=123\tName=" name "\tPri=0\tGrp=1\tTZ=0000000000000000\n"

static void test_names(void **state)
{
	struct person p = tester();

	(void)state;
	p.name = span_str("张三");
	says(&p, CHARSET_UTF_8, NAMED("张三"));
	says(&p, CHARSET_GB18030, NAMED("\xd5\xc5\xc8\xfd"));
	p.name = span_str("张张张张张张张张张");
	says(&p, CHARSET_UTF_8, NAMED("张张张张张张张张"));
	p.name = span_str("ab\tPri=14");
	says(&p, CHARSET_UTF_8, NAMED(""));
	says(&p, CHARSET_GB18030, NAMED(""));
	p.name = span_str("ab\nAUTH=Success");
	says(&p, CHARSET_UTF_8, NAMED(""));
	p.name = span_str("\xff\xfe");
	says(&p, CHARSET_UTF_8, NAMED(""));
	says(&p, CHARSET_GB18030, NAMED(""));
}

static void test_other_texts(void **state)
{
	struct person p = tester();

	(void)state;
	p.timezones = span_str("1\tPhoto=x");
	p.group = span_str("1\n");
	p.privilege = span_of("1\0", 2);
	says(&p, CHARSET_UTF_8, "AUTH=Success\tPIN=123\tName=TESTER\tPri=0\tGrp=1\tTZ=\n");
	p.pin = span_str("1\t2");
	assert_int_equal(put(&p, CHARSET_UTF_8, span_str("")), -EINVAL);
	assert_int_equal(line.len, 0);
	p.pin = span_str("");
	assert_int_equal(put(&p, CHARSET_UTF_8, span_str("")), -EINVAL);
}

static void test_nothing_is_left_of_a_failure(void **state)
{
	struct person p = tester();
	struct buf b = buf_with_max(40);

	(void)state;
	assert_int_equal(buf_reserve(&b, b.max), 0);
	const char *at_first = b.ptr;
	assert_int_equal(verdict_put(&b, &p, CHARSET_UTF_8, span_str("")), -EMSGSIZE);
	assert_int_equal(b.len, 0);
	assert_wiped(&b, at_first);
	assert_int_equal(buf_add_str(&b, "of another"), 0);
	p.pin = span_str("1\t2");
	assert_int_equal(verdict_put(&b, &p, CHARSET_UTF_8, span_str("")), -EINVAL);
	assert_wiped(&b, at_first);
	buf_free(&b);
}

static void test_photo(void **state)
{
	static char bytes[VERDICT_PHOTO_MAX + 1];
	struct person p = tester();

	(void)state;
	assert_int_equal(put(&p, CHARSET_UTF_8, span_str("ABCA")), 0);
	assert_true(span_is(buf_span(&line), "AUTH=Success\tPIN=123\tName=TESTER\tPri=0\tGrp=1\t"
					     "TZ=0000000000000000\tPhotoSize=8\tPhoto=QUJDQQ==\n"));
	assert_int_equal(put(&p, CHARSET_UTF_8, span_of(bytes, VERDICT_PHOTO_MAX)), 0);
	assert_true(line.len > VERDICT_PHOTO_MAX / 3 * 4 && line.len <= VERDICT_MAX);
	assert_int_equal(line.ptr[line.len - 1], '\n');
	assert_int_equal(put(&p, CHARSET_UTF_8, span_of(bytes, sizeof(bytes))), 0);
	assert_true(span_is(buf_span(&line), NAMED("TESTER")));
	/* The texts before it leave it no room. */
	memset(bytes, 'x', 1000);
	p.timezones = span_of(bytes, 1000);
	assert_int_equal(put(&p, CHARSET_UTF_8, span_of(bytes, VERDICT_PHOTO_MAX)), 0);
	assert_true(line.len < 1100);
	assert_int_equal(line.ptr[line.len - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_bytes, close_room),
		cmocka_unit_test_teardown(test_names, close_room),
		cmocka_unit_test_teardown(test_other_texts, close_room),
		cmocka_unit_test_teardown(test_photo, close_room),
		cmocka_unit_test(test_nothing_is_left_of_a_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
