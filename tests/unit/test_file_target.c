/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file_target: the one spelling of a file's address is read, and whatever bends it is refused. */
#include "lib/file_target.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TOKEN "0123456789abcdef0123456789abcdef"
#define FILES "/iclock/file/"
#define NAME  "main_v2.1+b-3.tgz"
#define SHA   TOKEN TOKEN
#define LONG  "a123456789a123456789a123456789a123456789a123456789a123456789abcd"

static void reads_the_address(void **state)
{
	static const struct {
		const char *target, *name, *serial;
	} cases[] = {
		{FILES TOKEN "/" NAME, NAME, ""},
		{FILES TOKEN "/" NAME "?SN=ABCD-25_01", NAME, "ABCD-25_01"},
		{FILES TOKEN "/a", "a", ""},
		{FILES TOKEN "/" LONG, LONG, ""},
		{FILES TOKEN "/a..b", "a..b", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct file_target t;
		assert_true(file_target_is(span_str(cases[i].target)));
		assert_int_equal(file_target_read(span_str(cases[i].target), &t), 0);
		assert_true(span_is(t.token, TOKEN));
		assert_true(span_is(t.name, cases[i].name));
		assert_true(span_is(t.serial, cases[i].serial));
	}
}

static void refuses_what_bends_it(void **state)
{
	static const char *const bad[] = {"", "/", "/iclock/file", FILES,
		FILES "?url=../../etc/passwd", "/iclock/file?url=../../etc/passwd", FILES TOKEN,
		FILES TOKEN "/", FILES "/" NAME, FILES TOKEN "//" NAME, FILES "/" TOKEN "/" NAME,
		"/" FILES TOKEN "/" NAME, "//iclock/file/" TOKEN "/" NAME,
		"/iclock//file/" TOKEN "/" NAME, "/file/" TOKEN "/" NAME, "file/" TOKEN "/" NAME,
		"/iclock/./file/" TOKEN "/" NAME, "/ICLOCK/file/" TOKEN "/" NAME,
		"/iclock/File/" TOKEN "/" NAME, "http://127.0.0.1" FILES TOKEN "/" NAME,
		FILES TOKEN "/..", FILES TOKEN "/.", FILES TOKEN "/.hidden",
		FILES TOKEN "/../" NAME, FILES "../" TOKEN "/" NAME, FILES "../../etc/passwd",
		FILES TOKEN "/../../admission", FILES TOKEN "/a/b", FILES TOKEN "/a/",
		FILES TOKEN "/%2e%2e", FILES TOKEN "/%2e%2e%2fpasswd", FILES TOKEN "/..%2fpasswd",
		FILES "%2e%2e/" TOKEN "/" NAME, FILES TOKEN "%2f" NAME, FILES TOKEN "/..%c0%af",
		FILES TOKEN "/%252e%252e", FILES TOKEN "\\" NAME, FILES TOKEN "/..\\passwd",
		FILES TOKEN "/a\\b", FILES TOKEN "/a%00", FILES TOKEN "/a b", FILES TOKEN "/a;b",
		FILES TOKEN "/a#b", FILES TOKEN "/a\n", FILES TOKEN "/a\r\nX: y",
		FILES TOKEN "/\xc3\xa4", FILES TOKEN "/" LONG "x",
		/* A token that is none. */
		FILES "0123456789ABCDEF0123456789abcdef/a",
		FILES "0123456789abcdef0123456789abcde/a", FILES TOKEN "0/a",
		FILES "0123456789abcdef0123456789abcdeg/a", FILES "-/a",
		/* Behind the path nothing is said but who asks. */
		FILES TOKEN "/a?", FILES TOKEN "/a?SN=", FILES TOKEN "/a?SN=../x",
		FILES TOKEN "/a?url=../../etc/passwd", FILES TOKEN "/a?SN=A&url=x",
		FILES TOKEN "/a?SN=A?B", FILES TOKEN "/a?sn=A"};
	struct file_target t = {.name = span_str("untouched")};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (file_target_read(span_str(bad[i]), &t) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(file_target_read(span_of(FILES TOKEN "/a\0b", 49), &t), -EINVAL);
	assert_int_equal(file_target_read(span_of(NULL, 0), &t), -EINVAL);
	assert_true(span_is(t.name, "untouched"));
}

static void knows_what_is_meant_for_a_file(void **state)
{
	(void)state;
	assert_true(file_target_is(span_str("/iclock/file?url=x")));
	assert_true(file_target_is(span_str("/iclock/file")));
	assert_true(file_target_is(span_str("/iclock/file/../cdata?SN=A")));
	assert_false(file_target_is(span_str("/iclock/fdata?SN=A")));
	assert_false(file_target_is(span_str("/iclock/filed?SN=A")));
	assert_false(file_target_is(span_str("/iclock/fil")));
}

static void says_which_file(void **state)
{
	static const char *const bad[] = {"", " ", SHA, SHA " ", SHA " -1", SHA " x", SHA "0 1",
		TOKEN " 1", " 1", SHA "  1", SHA " 1 ", SHA " 9223372036854775808",
		"../admission 1"};
	struct file_grant given = {span_str(SHA), INT64_MAX}, got = {.bytes = 99};
	struct buf b = buf_with_max(128);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (file_grant_read(span_str(bad[i]), &got) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(got.bytes, 99);
	assert_int_equal(file_grant_put(&b, &given), 0);
	assert_true(span_is(buf_span(&b), SHA " 9223372036854775807"));
	assert_int_equal(file_grant_read(buf_span(&b), &got), 0);
	assert_true(span_is(got.sha256, SHA));
	assert_true(got.bytes == INT64_MAX);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_address),
		cmocka_unit_test(refuses_what_bends_it),
		cmocka_unit_test(knows_what_is_meant_for_a_file),
		cmocka_unit_test(says_which_file),
	};

	return cmocka_run_group_tests_name("file_target", tests, NULL, NULL);
}
