/* SPDX-License-Identifier: GPL-2.0-or-later */
/* range: which part of a file each spelling of a request gets. */
#include "ingestd/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SIZE 1000
#define ETAG "\"abc\""

static struct range ask(
	const char *range, const char *if_range, const char *if_none_match, uint64_t size)
{
	const struct range_request r = {
		span_str(range), span_str(if_range), span_str(if_none_match)};

	return range_decide(&r, size, ETAG);
}

static void hears(struct range r, unsigned status, uint64_t from, uint64_t length)
{
	assert_int_equal(r.status, status);
	assert_int_equal(r.from, from);
	assert_int_equal(r.length, length);
}

static void parts(void **state)
{
	static const struct {
		const char *range;
		unsigned status;
		uint64_t from, length;
	} cases[] = {
		{NULL, 200, 0, SIZE},
		{"bytes=0-0", 206, 0, 1},
		{"bytes=0-999", 206, 0, SIZE},
		{"bytes=0-1000", 206, 0, SIZE},
		{"bytes=0-18446744073709551615", 206, 0, SIZE},
		{"bytes=500-", 206, 500, 500},
		{"bytes=999-", 206, 999, 1},
		{"bytes=999-999", 206, 999, 1},
		{" bytes= 10-19 ", 206, 10, 10},
		{"bytes=-1", 206, 999, 1},
		{"bytes=-1000", 206, 0, SIZE},
		{"bytes=-5000", 206, 0, SIZE},
		{"bytes=1000-", 416, 0, 0},
		{"bytes=1000-1001", 416, 0, 0},
		{"bytes=18446744073709551615-", 416, 0, 0},
		{"bytes=-0", 416, 0, 0},
		/* Several, and none: the whole. */
		{"bytes=0-1,5-6", 200, 0, SIZE},
		{"bytes=0-,", 200, 0, SIZE},
		{"bytes=5-4", 200, 0, SIZE},
		{"bytes=", 200, 0, SIZE},
		{"bytes=-", 200, 0, SIZE},
		{"bytes=x-", 200, 0, SIZE},
		{"bytes=1-x", 200, 0, SIZE},
		{"bytes=1", 200, 0, SIZE},
		{"bytes=--1", 200, 0, SIZE},
		{"bytes=1-2-3", 200, 0, SIZE},
		{"bytes=18446744073709551616-", 200, 0, SIZE},
		{"bytes:0-1", 200, 0, SIZE},
		{"lines=0-1", 200, 0, SIZE},
		{"", 200, 0, SIZE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		hears(ask(cases[i].range, NULL, NULL, SIZE), cases[i].status, cases[i].from,
			cases[i].length);
}

static void an_empty_file(void **state)
{
	(void)state;
	hears(ask(NULL, NULL, NULL, 0), 200, 0, 0);
	hears(ask("bytes=0-", NULL, NULL, 0), 416, 0, 0);
	hears(ask("bytes=-1", NULL, NULL, 0), 416, 0, 0);
}

static void of_another_file(void **state)
{
	static const char *const others[] = {
		"\"abd\"", "W/\"abc\"", "abc", "*", "", "Mon, 05 Jan 2026 10:00:00 GMT"};

	(void)state;
	hears(ask("bytes=10-", " \"abc\" ", NULL, SIZE), 206, 10, 990);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		hears(ask("bytes=10-", others[i], NULL, SIZE), 200, 0, SIZE);
}

static void what_it_has_already(void **state)
{
	static const char *const same[] = {
		"\"abc\"", "*", "W/\"abc\"", "\"x\", \"abc\"", "\"x\",\"abc\" "};
	static const char *const others[] = {"\"x\"", "abc", "", "\"ABC\""};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		hears(ask("bytes=10-", NULL, same[i], SIZE), 304, 0, 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		hears(ask("bytes=10-", NULL, others[i], SIZE), 206, 10, 990);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),
		cmocka_unit_test(an_empty_file),
		cmocka_unit_test(of_another_file),
		cmocka_unit_test(what_it_has_already),
	};

	return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}
