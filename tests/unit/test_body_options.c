/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body_options: "k=v,k=v" whose values hold commas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

static void parsed(struct span body, const char *wanted)
{
	struct body_source source = {.table = span_str("OPTIONS")};

	rows_assert(body, &source, wanted);
}

static void test_pairs(void **state)
{
	(void)state;
	parsed(span_str("~DeviceName=X,MAC=00:17,PvCount="),
		"OPTION ~DeviceName value=X\nOPTION MAC value=00:17\nOPTION PvCount value=\n");
	parsed(span_str("a=b=c,d=1\n"), "OPTION a value=b=c\nOPTION d value=1\n");
	parsed(span_str(""), "");
}

static void test_commas(void **state)
{
	(void)state;
	parsed(span_str("~OEMVendor=ZKTECO CO., LTD.,FWVersion=1"),
		"OPTION ~OEMVendor value=ZKTECO CO., LTD.\nOPTION FWVersion value=1\n");
	parsed(span_str("a=1,,b=2,"), "OPTION a value=1,\nOPTION b value=2,\n");
	parsed(span_str("a=1,b c=2"), "OPTION a value=1,b c=2\n");
	parsed(span_str("a=x,y"), "OPTION a value=x,y\n");
	parsed(span_str(",a=1"), "OPTION a value=1\n");
}

static void test_lines(void **state)
{
	(void)state;
	parsed(span_str("a=1,b=2\r\n\r\n\nc=3"),
		"OPTION a value=1\nOPTION b value=2\nOPTION c value=3\n");
}

static void test_secrets(void **state)
{
	(void)state;
	parsed(span_str("ComPwd=1,AdminPassword=2,pushcommKEY=3,ClientSecret=4,TokenX=5,Compw=6"),
		"OPTION ComPwd *value=1\nOPTION AdminPassword *value=2\nOPTION pushcommKEY "
		"*value=3\n"
		"OPTION ClientSecret *value=4\nOPTION TokenX *value=5\nOPTION Compw value=6\n");
	parsed(span_str("WifiPSK=1,ProxyPass=2,WpaMode=3,AuthCode=4,LoginName=5,UserPin=6,"
			"MyCredentials=7"),
		"OPTION WifiPSK *value=1\nOPTION ProxyPass *value=2\nOPTION WpaMode *value=3\n"
		"OPTION AuthCode *value=4\nOPTION LoginName *value=5\nOPTION UserPin *value=6\n"
		"OPTION MyCredentials *value=7\n");
}

static void test_refused(void **state)
{
	char body[80];

	(void)state;
	parsed(span_str("hello\n=1,a=2"),
		"! an option is not name=value (5)\n! an option is not name=value (2)\n"
		"OPTION a value=2\n");
	parsed(span_of("a=1\0,b=2", 8), "! NUL in the option (4)\nOPTION b value=2\n");
	memset(body, 'k', sizeof(body));
	body[65] = '=';
	parsed(span_of(body, 67), "! an option is not name=value (67)\n");
}

/* Commas that begin nothing are looked at once: sixteen MiB of them would take hours otherwise. */
static void test_only_commas(void **state)
{
	enum { BYTES = 16 << 20 };
	char *body = malloc(BYTES);
	struct body_source source = {.table = span_str("OPTIONS")};
	struct rows_text t = {.rows = 0};

	(void)state;
	memset(body, ',', BYTES);
	memcpy(body, "a=", 2);
	assert_int_equal(rows_read(span_of(body, BYTES), &source, &t), 0);
	assert_int_equal(t.rows, 1);
	assert_int_equal(t.refused, 0);
	buf_free(&t.out);
	free(body);
}

/* Behind 4,096 of them all is kept as it is, in the middle of a line or not. */
static void test_too_many(void **state)
{
	enum { MANY = 4099 };
	struct body_source source = {.table = span_str("OPTIONS")};
	struct rows_text t = {.rows = 0}, lines = {.rows = 0};
	struct buf b = buf_with_max(1 << 20);

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(buf_printf(&b, "%sk%04u=1", i > 0 ? "," : "", i), 0);
	assert_int_equal(buf_add_str(&b, "\nx=1\n"), 0);
	assert_int_equal(rows_read(buf_span(&b), &source, &t), 0);
	assert_true(t.rows == 4096 && t.refused == 0 && t.unknown == 1);
	assert_non_null(strstr(t.out.ptr, "OPTION k4095 value=1\n? (28)\n"));
	for (size_t i = 0; i < b.len; i++)
		b.ptr[i] = b.ptr[i] == ',' ? '\n' : b.ptr[i];
	assert_int_equal(rows_read(buf_span(&b), &source, &lines), 0);
	assert_string_equal(lines.out.ptr, t.out.ptr);
	buf_free(&lines.out);
	assert_int_equal(rows_read(span_of(b.ptr, (size_t)4096 * 8), &source, &lines), 0);
	assert_true(lines.rows == 2 * 4096 && lines.unknown == 1);
	buf_free(&lines.out);
	buf_free(&t.out);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_commas),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_only_commas),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
