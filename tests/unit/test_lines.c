/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The count of a body's lines is the same however the network cuts it. docs/PROTOCOL.md 3 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingestd/route.h"

static uint64_t count(struct span body)
{
	struct route_lines l = {0};

	route_count(&l, body);
	return l.count;
}

static const struct {
	struct span body;
	uint64_t lines;
} cases[] = {
	{{"", 0}, 0},
	{{"\n", 1}, 0},
	{{"a", 1}, 1},
	{{"a\n", 2}, 1},
	{{"a\nb", 3}, 2},
	{{"a\nb\n", 4}, 2},
	{{"a\r\nb\r\n", 6}, 2},
	{{"a\n\n\nb\n", 6}, 2},
	{{"\r\n\r\n", 4}, 0},
	{{" \n\t\n \t\r\n", 8}, 0},
	{{" a \n\tb\t\n", 8}, 2},
	{{"a\rb\n", 4}, 1}, /* a CR alone ends nothing */
	{{"\0\n\0", 3}, 2}, /* a NUL is not blank */
	{{"\xff\xfe\n", 3}, 1},
	{{"1\t2026-01-05 08:00:00\t0\t1\n2\t2026-01-05 08:00:01\t0\t1\n", 52}, 2},
};

static void counts_what_is_not_blank(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(count(cases[i].body), cases[i].lines);
}

static void a_cut_anywhere_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t a = 0; a <= cases[i].body.len; a++)
			for (size_t b = a; b <= cases[i].body.len; b++) {
				struct route_lines l = {0};
				const char *ptr = cases[i].body.ptr;
				route_count(&l, span_of(ptr, a));
				route_count(&l, span_of(ptr + a, b - a));
				route_count(&l, span_of(ptr + b, cases[i].body.len - b));
				assert_int_equal(l.count, cases[i].lines);
			}
}

static void byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct route_lines l = {0};
		for (size_t at = 0; at < cases[i].body.len; at++)
			route_count(&l, span_of(cases[i].body.ptr + at, 1));
		route_count(&l, span_of(NULL, 0));
		assert_int_equal(l.count, cases[i].lines);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_what_is_not_blank),
		cmocka_unit_test(a_cut_anywhere_changes_nothing),
		cmocka_unit_test(byte_by_byte),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
