/* SPDX-License-Identifier: GPL-2.0-or-later */
/* route: what every request that terminals were seen to make is taken for, what others are refused
 * with, and the bytes of the replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "ingestd/route.h"

static struct target target;

static unsigned decide(const char *method, struct span text, struct route *ret)
{
	assert_int_equal(target_parse(text, &target), 0);
	return route_decide(method, &target, ret);
}

/* ---- requests of real terminals ---- */

#define SN "ABCD250100001"

static const struct {
	const char *method, *target;
	unsigned status;
	enum route_kind kind;
	const char *table;
	const char *reply; /* after three lines, for what is said */
} seen[] = {
	{"GET",
		"/iclock/cdata?SN=" SN "&options=all&language=69&pushver=2.4.1&DeviceType=att"
		"&PushOptionsFlag=1",
		0, ROUTE_HELLO, "", NULL},
	{"GET",
		"/iclock/cdata?SN=" SN "&options=all&pushver=3.1.2&DeviceType=acc"
		"&PushOptionsFlag=1",
		0, ROUTE_HELLO, "", NULL},
	{"GET",
		"/iclock/cdata.aspx?SN=" SN "&options=all&language=69&pushver=2.4.1"
		"&DeviceType=att",
		0, ROUTE_HELLO, "", NULL},
	{"GET",
		"/iclock/getrequest?SN=" SN "&INFO=ZMM510-NF24VB-Ver1.3.13,4,0,113,"
		"192.168.192.186,10,35,12,4,11110,2,0,0",
		0, ROUTE_POLL, "", NULL},
	{"GET",
		"/iclock/getrequest?SN=" SN "&INFO=ZAM70-NF24HA-Ver3.3.12,27,73,283,192.168.1.201,"
		"13,40,12,3,11110,0,25,0",
		0, ROUTE_POLL, "", NULL},
	{"GET", "/iclock/getrequest?SN=" SN, 0, ROUTE_POLL, "", NULL},
	{"GET", "/iclock/getrequest.aspx?SN=" SN, 0, ROUTE_POLL, "", NULL},
	{"POST", "/iclock/cdata?SN=" SN "&table=options", 0, ROUTE_UPLOAD, "OPTIONS", "OK\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table=OPERLOG&Stamp=9999", 0, ROUTE_UPLOAD, "OPERLOG",
		"OK: 3\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table=OPERLOG&OpStamp=9999", 0, ROUTE_UPLOAD, "OPERLOG",
		"OK: 3\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table=ATTLOG&Stamp=9999", 0, ROUTE_UPLOAD, "ATTLOG",
		"OK: 3\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table=BIODATA&Stamp=9999", 0, ROUTE_UPLOAD, "BIODATA",
		"OK: 3\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table=ATTPHOTO&Stamp=9999", 0, ROUTE_UPLOAD, "ATTPHOTO",
		"OK\n"},
	{"POST", "/iclock/fdata?SN=" SN "&table=ATTPHOTO&PhotoStamp=583050990", 0, ROUTE_UPLOAD,
		"ATTPHOTO", "OK\n"},
	{"POST", "/iclock/devicecmd?SN=" SN, 0, ROUTE_RESULT, "", "OK\n"},
	{"POST", "/iclock/devicecmd.aspx?SN=" SN, 0, ROUTE_RESULT, "", "OK\n"},
	{"GET", "/iclock/cdata?SN=" SN "&PIN=123", 0, ROUTE_LOOKUP, "", NULL},
	{"GET", "/iclock/cdata?SN=" SN "&table=RemoteAtt&PIN=123", 0, ROUTE_LOOKUP, "", NULL},
	{"GET", "/iclock/cdata?SN=" SN "&table=remoteatt&PIN=R001", 0, ROUTE_LOOKUP, "", NULL},
	{"GET", "/iclock/cdata.aspx?SN=" SN "&PIN=123", 0, ROUTE_LOOKUP, "", NULL},
	{"POST", "/iclock/cdata?SN=" SN "&AuthType=FP", 0, ROUTE_VERIFY, "", NULL},
	{"POST", "/iclock/cdata?SN=" SN "&AuthType=CARD", 0, ROUTE_VERIFY, "", NULL},
	{"POST", "/iclock/cdata.aspx?SN=" SN "&authtype=PWD", 0, ROUTE_VERIFY, "", NULL},
	{"GET", "/iclock/ping?SN=" SN, 0, ROUTE_PING, "", NULL},
	{"GET", "/iclock/rtdata?SN=" SN "&type=time", 0, ROUTE_TIME, "", NULL},
	{"POST", "/iclock/registry?SN=" SN, 404, ROUTE_PING, "", NULL},
	{"POST", "/iclock/push?SN=" SN, 404, ROUTE_PING, "", NULL},
	{"POST", "/iclock/cdata?SN=" SN "&table=rtlog", 0, ROUTE_UPLOAD, "RTLOG", "OK\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table=rtstate", 0, ROUTE_UPLOAD, "RTSTATE", "OK\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table=tabledata&tablename=user&count=1", 0, ROUTE_UPLOAD,
		"TABLEDATA", "user=1\n"},
	{"POST",
		"/iclock/querydata?SN=" SN "&type=tabledata&cmdid=415&tablename=user&count=1"
		"&packcnt=1&packidx=1",
		0, ROUTE_UPLOAD, "QUERYDATA", "user=1\n"},
	/* Older and odder firmware: docs/PROTOCOL.md 0, 1.4, 3. */
	{"GET", "/iclock/cdata?SN=" SN "&options=all", 0, ROUTE_HELLO, "", NULL},
	{"GET", "/iclock/cdata?SN=" SN, 0, ROUTE_HELLO, "", NULL},
	{"GET", "/iclock/cdata?SN=" SN "&options=all&PIN=123", 0, ROUTE_HELLO, "", NULL},
	{"POST", "/iclock/cdata?SN=" SN "&Stamp=583050990", 0, ROUTE_UPLOAD, "ATTLOG", "OK: 3\n"},
	{"POST", "/iclock/cdata?SN=" SN "&OpStamp=583050990", 0, ROUTE_UPLOAD, "OPERLOG",
		"OK: 3\n"},
	{"POST", "/iclock/fdata?SN=" SN "&PIN=20150731-1&PhotoStamp=5", 0, ROUTE_UPLOAD, "ATTPHOTO",
		"OK\n"},
	{"POST", "/iclock/cdata?SN=" SN "&FPImage=1&PIN=1&FID=0", 0, ROUTE_UPLOAD, "FPIMAGE",
		"OK\n"},
	{"POST", "/iclock/event?SN=" SN, 0, ROUTE_UPLOAD, "EVENT", "OK\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table= ATTLOG&Stamp=9999", 0, ROUTE_UPLOAD, "ATTLOG",
		"OK: 3\n"},
	{"POST", "/iclock/cdata?sn=" SN "&TABLE=attlog", 0, ROUTE_UPLOAD, "ATTLOG", "OK: 3\n"},
	{"POST", "//iclock//cdata?SN=" SN "&table=USERINFO", 0, ROUTE_UPLOAD, "USERINFO",
		"OK: 3\n"},
	{"POST", "/iclock/iclock/cdata?SN=" SN "&table=FINGERTMP", 0, ROUTE_UPLOAD, "FINGERTMP",
		"OK: 3\n"},
	{"POST", "/cdata?SN=" SN "&table=FACE", 0, ROUTE_UPLOAD, "FACE", "OK: 3\n"},
	{"POST", "/ICLOCK/CDATA.ASPX?SN=" SN "&table=IDCARD", 0, ROUTE_UPLOAD, "IDCARD", "OK: 3\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table=USERPIC", 0, ROUTE_UPLOAD, "USERPIC", "OK: 3\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table=WORKCODE", 0, ROUTE_UPLOAD, "WORKCODE", "OK: 3\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table=BIOPHOTO", 0, ROUTE_UPLOAD, "BIOPHOTO", "OK\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table=ERRORLOG", 0, ROUTE_UPLOAD, "ERRORLOG", "OK\n"},
	{"POST", "/iclock/cdata?SN=" SN "&table=NEVERSEEN", 0, ROUTE_UPLOAD, "NEVERSEEN", "OK\n"},
	{"POST", "/iclock/cdata?SN=" SN, 0, ROUTE_UPLOAD, "", "OK\n"},
};

static void requests_of_terminals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(seen) / sizeof(*seen); i++) {
		struct route r;
		struct buf b = buf_with_max(256);
		memset(&r, 0x55, sizeof(r));
		unsigned status = decide(seen[i].method, span_str(seen[i].target), &r);
		if (status != seen[i].status)
			fail_msg("%s: status %u", seen[i].target, status);
		if (status)
			continue;
		if (r.kind != seen[i].kind)
			fail_msg("%s: kind %u", seen[i].target, r.kind);
		assert_string_equal(r.serial, SN);
		assert_string_equal(r.table, seen[i].table);
		if (seen[i].reply) {
			assert_int_equal(route_put_reply(&b, &r, 3), 0);
			assert_int_equal(buf_add(&b, "", 1), 0);
			assert_string_equal(b.ptr, seen[i].reply);
		}
		buf_free(&b);
	}
}

/* ---- others ---- */

static void others_are_refused(void **state)
{
	static const struct {
		const char *method, *target;
		unsigned status;
	} cases[] = {
		{"GET", "/", 404},
		{"GET", "/?SN=" SN, 404},
		{"GET", "/iclock?SN=" SN, 404},
		{"GET", "/iclock/?SN=" SN, 404},
		{"GET", "/favicon.ico", 404},
		{"GET", "/admin/cdata?SN=" SN, 404},
		{"GET", "/iclock/../cdata?SN=" SN, 404},
		{"GET", "/iclock/cdata/etc/passwd?SN=" SN, 404},
		{"GET", "/iclock/%63data?SN=" SN, 404},
		{"GET", "/iclock/cdata%00?SN=" SN, 404},
		{"GET", "/iclock/cdata;x?SN=" SN, 404},
		{"GET", "/iclock/cdat?SN=" SN, 404},
		{"GET", "/iclock/cdataa?SN=" SN, 404},
		{"GET", "/iclock/exchange?SN=" SN, 404},
		{"POST", "/iclock/exchange?SN=" SN "&type=publickey", 404},
		{"GET", "/iclock/rtdata?SN=" SN, 404},
		{"GET", "/iclock/rtdata?SN=" SN "&type=TIME2", 404},
		{"POST", "/iclock/rtdata?SN=" SN "&type=time", 405},
		{"GET", "/iclock/cdata?SN=" SN "&table=RemoteAtt", 400},
		{"GET", "/iclock/cdata?SN=" SN "&PIN=", 400},
		{"PUT", "/iclock/cdata?SN=" SN, 405},
		{"get", "/iclock/cdata?SN=" SN, 405},
		{"", "/iclock/cdata?SN=" SN, 405},
		{"HEAD", "/iclock/ping?SN=" SN, 405},
		{"HEAD", "/iclock/getrequest?SN=" SN, 405},
		{"HEAD", "/iclock/cdata?SN=" SN "&options=all", 405},
		{"POST", "/iclock/getrequest?SN=" SN, 405},
		{"GET", "/iclock/devicecmd?SN=" SN, 405},
		{"GET", "/iclock/fdata?SN=" SN, 405},
		{"POST", "/iclock/ping?SN=" SN, 405},
		{"GET", "/iclock/cdata", 400},
		{"GET", "/iclock/cdata?", 400},
		{"GET", "/iclock/cdata?SN", 400},
		{"GET", "/iclock/cdata?SN=", 400},
		{"GET", "/iclock/cdata?SN=&SN=" SN, 400}, /* the first one counts */
		{"GET", "/iclock/cdata?XSN=" SN, 400},
		{"GET", "/iclock/cdata?SN=A B", 400},
		{"GET", "/iclock/cdata?SN=A%00B", 400},
		{"GET", "/iclock/cdata?SN=A%0AB", 400},
		{"GET", "/iclock/cdata?SN=..%2F..%2Fetc", 400},
		{"GET", "/iclock/cdata?SN=A.B", 400},
		{"GET", "/iclock/cdata?SN='OR'1", 400},
		{"GET", "/iclock/cdata?SN=123456789012345678901234567890123", 400},
		{"GET", "/iclock/ping", 400},
		{"POST", "/iclock/cdata?SN=" SN "&table=A/B", 400},
		{"POST", "/iclock/cdata?SN=" SN "&table=A%00", 400},
		{"POST", "/iclock/cdata?SN=" SN "&table=A B", 400},
		{"POST", "/iclock/cdata?SN=" SN "&table=A%0AB", 400},
		{"POST", "/iclock/cdata?SN=" SN "&table=123456789012345678901234567890123", 400},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct route r, before;
		memset(&r, 0x55, sizeof(r));
		before = r;
		unsigned status = decide(cases[i].method, span_str(cases[i].target), &r);
		if (status != cases[i].status)
			fail_msg("%s %s: %u", cases[i].method, cases[i].target, status);
		assert_memory_equal(&r, &before, sizeof(r)); /* untouched */
	}
}

/* test_file_target has every bent spelling. */
static void files(void **state)
{
	static const char at[] = "/iclock/file/0123456789abcdef0123456789abcdef/main.tgz";
	static const char of[] = "/iclock/file/0123456789abcdef0123456789abcdef/main.tgz?SN=" SN;
	struct route r = {.kind = ROUTE_PING};

	(void)state;
	assert_int_equal(route_decide_file("POST", span_str(at), &r), 405);
	assert_int_equal(route_decide_file("GET", span_str("/iclock/file?url=../x"), &r), 404);
	assert_int_equal(r.kind, ROUTE_PING);
	assert_int_equal(route_decide_file("GET", span_str(at), &r), 0);
	assert_int_equal(r.kind, ROUTE_FILE);
	assert_string_equal(r.serial, "");
	assert_int_equal(route_decide_file("HEAD", span_str(of), &r), 0);
	assert_string_equal(r.serial, SN);
}

static void a_serial_of_the_most_bytes(void **state)
{
	struct route r;

	(void)state;
	assert_int_equal(
		decide("GET", span_str("/iclock/ping?SN=12345678901234567890123456789_-Z"), &r), 0);
	assert_string_equal(r.serial, "12345678901234567890123456789_-Z");
	assert_int_equal(decide("GET", span_str("/iclock/ping?SN=" SN "&SN=other"), &r), 0);
	assert_string_equal(r.serial, SN);
}

/* docs/PROTOCOL.md 3: told anything else, such a terminal starts over without end. */
static void the_count_of_a_table(void **state)
{
	static const struct {
		const char *query, *reply;
	} cases[] = {
		{"&tablename=user&count=7", "user=7\n"},
		{"&tablename=user&count=0", "user=0\n"},
		{"&tablename=user", "user=3\n"},
		{"&tablename=user&count=", "user=3\n"},
		{"&tablename=user&count=-1", "user=3\n"},
		{"&tablename=user&count=9223372036854775807", "user=9223372036854775807\n"},
		{"&tablename=user&count=9223372036854775808", "user=3\n"},
		{"&tablename=user&count=1%0A", "user=3\n"},
		{"&tablename=biophoto_2&count=2", "biophoto_2=2\n"},
		/* A name from outside is not sent back unless it is one. */
		{"", "OK\n"},
		{"&tablename=&count=1", "OK\n"},
		{"&tablename=a%0Ab&count=1", "OK\n"},
		{"&tablename=a=b&count=1", "OK\n"},
		{"&tablename=a-b&count=1", "OK\n"},
		{"&tablename=123456789012345678901234567890123&count=1", "OK\n"},
		{"&tablename=12345678901234567890123456789012&count=1",
			"12345678901234567890123456789012=1\n"},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct route r;
		struct buf b = buf_with_max(256);
		snprintf(text, sizeof(text), "/iclock/cdata?SN=" SN "&table=tabledata%s",
			cases[i].query);
		assert_int_equal(decide("POST", span_str(text), &r), 0);
		assert_int_equal(route_put_reply(&b, &r, 3), 0);
		assert_int_equal(buf_add(&b, "", 1), 0);
		assert_string_equal(b.ptr, cases[i].reply);
		buf_free(&b);
	}
}

static void reply_counts_up_to_the_most(void **state)
{
	struct route r;
	struct buf b = buf_with_max(256), tiny = buf_with_max(3);

	(void)state;
	assert_int_equal(decide("POST", span_str("/cdata?SN=A&table=ATTLOG"), &r), 0);
	assert_int_equal(route_put_reply(&b, &r, 0), 0);
	assert_int_equal(route_put_reply(&b, &r, UINT64_MAX), 0);
	assert_true(span_is(buf_span(&b), "OK: 0\nOK: 18446744073709551615\n"));
	assert_true(route_put_reply(&tiny, &r, 1) < 0);
	assert_int_equal(tiny.len, 0);
	buf_free(&b);
	buf_free(&tiny);
}

/* Anything at all gets a status or a route whose texts end. */
static void noise_does_no_harm(void **state)
{
	uint64_t seed = 88172645463325252u;
	char text[300];

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		const char *base = seen[round % (sizeof(seen) / sizeof(*seen))].target;
		size_t len = strlen(base);
		struct route r;
		memcpy(text, base, len);
		for (unsigned i = 0; i < 1 + round % 5; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			text[1 + seed % (len - 1)] = (char)(seed >> 56);
		}
		unsigned status = decide(round % 2 ? "GET" : "POST", span_of(text, len), &r);
		assert_true(status == 0 || status == 400 || status == 404 || status == 405);
		if (status == 0) {
			assert_true(serial_valid(span_str(r.serial)));
			assert_true(strlen(r.table) <= TARGET_TABLE_MAX);
			assert_true(strlen(r.tablename) <= TARGET_TABLE_MAX);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_of_terminals),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(files),
		cmocka_unit_test(a_serial_of_the_most_bytes),
		cmocka_unit_test(the_count_of_a_table),
		cmocka_unit_test(reply_counts_up_to_the_most),
		cmocka_unit_test(noise_does_no_harm),
	};

	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
