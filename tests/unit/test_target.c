/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target: every target that was logged from a real terminal, and the spellings that old firmware
 * may have. */
#include "lib/target.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define assert_span(s, text) assert_true(span_is((s), (text)))

static struct target t;

static void parse(const char *text)
{
	assert_int_equal(target_parse(span_str(text), &t), 0);
}

static struct span param(const char *name)
{
	struct span value = span_str("(none)");

	target_param(&t, name, &value);
	return value;
}

/* As logged, but for the method. */
static const struct {
	const char *text, *page, *table, *stamp;
	size_t params;
} real[] = {
	{"/iclock/"
	 "cdata?SN=ABCD250100001&options=all&language=69&pushver=2.4.1&DeviceType=att&"
	 "PushOptionsFlag=1",
		"cdata", "", "", 6},
	{"/iclock/"
	 "cdata?SN=ABCD250100001&options=all&pushver=3.1.2&DeviceType=acc&PushOptionsFlag=1",
		"cdata", "", "", 5},
	{"/iclock/cdata.aspx?SN=BJ2C000000001&options=all&language=69&pushver=2.4.1&DeviceType=att",
		"cdata", "", "", 5},
	{"/iclock/"
	 "getrequest?SN=ABCD250100001&INFO=ZMM510-NF24VB-Ver1.3.13,4,0,113,192.168.192.186,10,35,"
	 "12,4,11110,2,0,0",
		"getrequest", "", "", 2},
	{"/iclock/"
	 "getrequest?SN=ABCD250100001&INFO=ZAM70-NF24HA-Ver3.3.12,27,73,283,192.168.1.201,13,40,12,"
	 "3,11110,0,25,0",
		"getrequest", "", "", 2},
	{"/iclock/getrequest?SN=ABCD250100001", "getrequest", "", "", 1},
	{"/iclock/getrequest.aspx?SN=ABCD250100001", "getrequest", "", "", 1},
	{"/iclock/cdata?SN=ABCD250100001&table=options", "cdata", "OPTIONS", "", 2},
	{"/iclock/cdata?SN=ABCD250100001&table=OPERLOG&Stamp=9999", "cdata", "OPERLOG", "9999", 3},
	{"/iclock/cdata?SN=ABCD250100001&table=OPERLOG&OpStamp=9999", "cdata", "OPERLOG", "9999",
		3},
	{"/iclock/cdata?SN=ABCD250100001&table=ATTLOG&Stamp=9999", "cdata", "ATTLOG", "9999", 3},
	{"/iclock/cdata?SN=ABCD250100001&table=BIODATA&Stamp=9999", "cdata", "BIODATA", "9999", 3},
	{"/iclock/cdata?SN=ABCD250100001&table=ATTPHOTO&Stamp=9999", "cdata", "ATTPHOTO", "9999",
		3},
	{"/iclock/fdata?SN=ABCD250100001&table=ATTPHOTO&PhotoStamp=583050990", "fdata", "ATTPHOTO",
		"583050990", 3},
	{"/iclock/devicecmd?SN=ABCD250100001", "devicecmd", "", "", 1},
	{"/iclock/devicecmd.aspx?SN=ABCD250100001", "devicecmd", "", "", 1},
	{"/iclock/cdata?SN=ABCD250100001&PIN=123", "cdata", "", "", 2},
	{"/iclock/cdata?SN=ABCD250100001&table=RemoteAtt&PIN=123", "cdata", "REMOTEATT", "", 3},
	{"/iclock/cdata?SN=ABCD250100001&AuthType=FP", "cdata", "", "", 2},
	{"/iclock/ping?SN=ABCD250100001", "ping", "", "", 1},
	{"/iclock/rtdata?SN=ABCD250100001&type=time", "rtdata", "", "", 2},
	{"/iclock/registry?SN=ABCD250100001", "registry", "", "", 1},
	{"/iclock/push?SN=ABCD250100001", "push", "", "", 1},
	{"/iclock/cdata?SN=ABCD250100001&table=rtlog", "cdata", "RTLOG", "", 2},
	{"/iclock/cdata?SN=ABCD250100001&table=rtstate", "cdata", "RTSTATE", "", 2},
	{"/iclock/cdata?SN=ABCD250100001&table=tabledata&tablename=user&count=1", "cdata",
		"TABLEDATA", "", 4},
	{"/iclock/"
	 "querydata?SN=ABCD250100001&type=tabledata&cmdid=415&tablename=user&count=1&packcnt=1&"
	 "packidx=1",
		"querydata", "QUERYDATA", "", 7},
};

static void takes_what_was_logged(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(real) / sizeof(*real); i++) {
		struct target_upload u;

		parse(real[i].text);
		assert_true(t.rooted);
		assert_span(t.page, real[i].page);
		assert_int_equal(t.param_count, real[i].params);
		assert_int_equal(param("sn").len, 13);
		assert_int_equal(target_upload(&t, &u), 0);
		assert_string_equal(u.table, real[i].table);
		assert_span(u.stamp, real[i].stamp);
	}
}

static void check_path(const char *text, const char *page, bool rooted)
{
	parse(text);
	if (!span_is(t.page, page) || t.rooted != rooted)
		fail_msg("%s became %.*s, rooted %d", text, SPAN_ARG(t.page), t.rooted);
}

static void finds_the_page(void **state)
{
	(void)state;
	check_path("/cdata", "cdata", true);
	check_path("//iclock//cdata", "cdata", true);
	check_path("/iclock/iclock/CDATA.ASPX?x", "cdata", true);
	check_path("/IClock/cdata/", "cdata", true);
	check_path("/iclock/cdata.a.b", "cdata.a", true);
	check_path("/iclock/file/x", "x", false);
	check_path("/iclock/file/cdata", "cdata", false);
	check_path("/other/iclock/cdata", "cdata", false);
	check_path("/iclock/../cdata", "cdata", false);
	check_path("/iclock", "iclock", true);
	check_path("/", "", true);
	check_path("/?SN=a/b", "", true);
	check_path("/%63data", "%63data", true);
}

static void decodes_values(void **state)
{
	(void)state;
	parse("/cdata?a=%41%2d%2D&b=1+2&c=%zz%4&d=%&e=x%4&%66=%26&g=a=b=c&h=%25%34%31&i=100%&j=%%"
	      "41");
	assert_span(param("a"), "A--");
	assert_span(param("b"), "1+2");
	assert_span(param("c"), "%zz%4");
	assert_span(param("d"), "%");
	assert_span(param("e"), "x%4");
	assert_span(param("%66"), "&"); /* names stay as they came */
	assert_span(param("g"), "a=b=c");
	assert_span(param("h"), "%41"); /* once, not twice */
	assert_span(param("i"), "100%");
	assert_span(param("j"), "%A");
}

static void keeps_blanks_and_nul(void **state)
{
	(void)state;
	parse("/cdata?SN=X&INFO=Ver 8.0.1 (build 7),1,2&nul=a%00b&table= ATTLOG");
	assert_span(param("INFO"), "Ver 8.0.1 (build 7),1,2");
	assert_int_equal(param("nul").len, 3);
	assert_span(param("table"), " ATTLOG");
}

static void names_params_in_any_case(void **state)
{
	(void)state;
	parse("/cdata?sn=first&SN=second&alone&&=nameless&empty=");
	assert_span(param("Sn"), "first");
	assert_span(param("alone"), "");
	assert_span(param("empty"), "");
	assert_span(param(""), "nameless");
	assert_span(param("S"), "(none)");
	assert_int_equal(t.param_count, 5);
}

static void has_limits(void **state)
{
	char text[TARGET_MAX + 2] = "/cdata?";
	size_t len = strlen(text), most = len + 2 * (size_t)TARGET_PARAMS_MAX;

	(void)state;
	memset(text + len, 'x', sizeof(text) - len);
	assert_int_equal(target_parse(span_of(text, TARGET_MAX), &t), 0);
	assert_int_equal(t.params[0].name.len, TARGET_MAX - len);
	assert_int_equal(target_parse(span_of(text, TARGET_MAX + 1), &t), -EMSGSIZE);
	for (size_t at = len + 1; at < most; at += 2)
		text[at] = '&';
	assert_int_equal(target_parse(span_of(text, most), &t), 0);
	assert_int_equal(t.param_count, TARGET_PARAMS_MAX);
	assert_int_equal(target_parse(span_of(text, most + 1), &t), -EMSGSIZE);
	assert_int_equal(target_parse(span_str(""), &t), -EINVAL);
	assert_int_equal(target_parse(span_of(NULL, 0), &t), -EINVAL);
	assert_int_equal(target_parse(span_str("cdata?SN=X"), &t), -EINVAL);
	assert_int_equal(target_parse(span_str("http://host/cdata"), &t), -EINVAL);
}

static void check_upload(const char *text, const char *table, const char *stamp)
{
	struct target_upload u;

	parse(text);
	assert_int_equal(target_upload(&t, &u), 0);
	if (strcmp(u.table, table) != 0 || !span_is(u.stamp, stamp))
		fail_msg("%s became %s, stamp %.*s", text, u.table, SPAN_ARG(u.stamp));
}

static void names_the_table(void **state)
{
	(void)state;
	check_upload("/cdata?SN=X&TABLE=attlog&STAMP= 12 ", "ATTLOG", "12");
	check_upload("/cdata?SN=X&table=%20OperLog%20&photostamp=3", "OPERLOG", "3");
	check_upload("/cdata?SN=X&Stamp=82983982", "ATTLOG", "82983982");
	check_upload("/cdata?SN=X&OpStamp=9238883", "OPERLOG", "9238883");
	check_upload("/cdata?SN=X&PhotoStamp=1", "ATTPHOTO", "1");
	check_upload(
		"/fdata?SN=X&PIN=20150731103012-123.jpg&PhotoStamp=9238883", "ATTPHOTO", "9238883");
	check_upload("/fdata?SN=X", "ATTPHOTO", "");
	check_upload("/fdata?SN=X&Stamp=1", "ATTPHOTO", "1");
	check_upload("/cdata?SN=X&FPImage=1&PIN=1&FID=0", "FPIMAGE", "");
	check_upload("/event?SN=X", "EVENT", "");
	check_upload("/cdata?SN=X", "", "");
	check_upload("/cdata?SN=X&table=&Stamp=4", "ATTLOG", "4");
	check_upload("/cdata?SN=X&table=A_b-9", "A_B-9", "");
	check_upload("/cdata?table=12345678901234567890123456789012",
		"12345678901234567890123456789012", "");
}

static void refuses_names_that_are_none(void **state)
{
	static const char *const bad[] = {"/cdata?table=123456789012345678901234567890123",
		"/cdata?table=a/b", "/cdata?table=a b", "/cdata?table=%00", "/cdata?table=..",
		"/cdata?table=%c3%a4", "/cdata?table=a%0Ab"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct target_upload u = {.table = "untouched"};

		parse(bad[i]);
		assert_int_equal(target_upload(&t, &u), -EINVAL);
		assert_string_equal(u.table, "untouched");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_was_logged),
		cmocka_unit_test(finds_the_page),
		cmocka_unit_test(decodes_values),
		cmocka_unit_test(keeps_blanks_and_nul),
		cmocka_unit_test(names_params_in_any_case),
		cmocka_unit_test(has_limits),
		cmocka_unit_test(names_the_table),
		cmocka_unit_test(refuses_names_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
