/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body_attlog: every shape of line that terminals have sent, and those that none should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "parserd/body_attlog.h"

/* 2026-01-05 08:00:00 UTC */
#define RECEIVED_US ((uint64_t)1767600000 * 1000000)
#define T           "2026-01-05 08:00:00"

static int write_punch(void *context, struct span line, struct punch *p)
{
	(void)line;
	return buf_printf(context, "%.*s|%u-%u-%u %u:%u:%u|%.*s|%.*s|%.*s|%.*s|%s\n",
		SPAN_ARG(p->pin), p->time.year, p->time.month, p->time.day, p->time.hour,
		p->time.minute, p->time.second, SPAN_ARG(p->status), SPAN_ARG(p->verify),
		SPAN_ARG(p->workcode), SPAN_ARG(p->extra),
		p->flags & PUNCH_TIME_ABSURD ? "absurd" : "");
}

static int write_refused(void *context, struct span line, const char *why)
{
	return buf_printf(context, "! %s (%zu)\n", why, line.len);
}

/* In memory of exactly its size, so that the sanitizer sees a byte too far. */
static void assert_parsed(struct span body, const char *wanted)
{
	struct buf out = buf_with_max(1 << 20);
	struct attlog_visitor v = {&out, write_punch, write_refused};
	char *exact = malloc(body.len ? body.len : 1);

	if (body.len > 0)
		memcpy(exact, body.ptr, body.len);
	assert_int_equal(body_attlog_parse(span_of(exact, body.len), RECEIVED_US, &v), 0);
	assert_int_equal(buf_add(&out, "", 1), 0);
	assert_string_equal(out.ptr, wanted);
	buf_free(&out);
	free(exact);
}

static void parsed(const char *body, const char *wanted)
{
	assert_parsed(span_str(body), wanted);
}

static void test_every_count_of_fields(void **state)
{
	(void)state;
	parsed("7\n", "! only one field (1)\n");
	parsed("7\t" T "\n", "7|2026-1-5 8:0:0|||||\n");
	parsed("7\t" T "\t0\n", "7|2026-1-5 8:0:0|0||||\n");
	parsed("7\t" T "\t0\t1\n", "7|2026-1-5 8:0:0|0|1|||\n");
	parsed("7\t" T "\t0\t1\tw\n", "7|2026-1-5 8:0:0|0|1|w||\n");
	parsed("7\t" T "\t0\t1\tw\ta\n", "7|2026-1-5 8:0:0|0|1|w|a|\n");
	parsed("7\t" T "\t0\t1\tw\ta\tb\n", "7|2026-1-5 8:0:0|0|1|w|a\tb|\n");
	parsed("7\t" T "\t0\t1\t\ta\tb\tc\n", "7|2026-1-5 8:0:0|0|1||a\tb\tc|\n");
	parsed("7\t" T "\t255\t1\tw\t\t\t0\t36.5\t\t1\n",
		"7|2026-1-5 8:0:0|255|1|w|\t\t0\t36.5\t\t1|\n");
}

static void test_tabs_at_the_end_say_nothing(void **state)
{
	(void)state;
	parsed("7\t" T "\t\n", "7|2026-1-5 8:0:0|||||\n");
	parsed("7\t" T "\t0\t1\t\n", "7|2026-1-5 8:0:0|0|1|||\n");
	parsed("7\t" T "\t0\t1\t\t\t\t\t\t\t\n", "7|2026-1-5 8:0:0|0|1|||\n");
	parsed("7\t" T "\t0\t1\tw\t0\t0\t\t\t\n", "7|2026-1-5 8:0:0|0|1|w|0\t0|\n");
}

static void test_ends_of_lines(void **state)
{
	(void)state;
	parsed("", "");
	parsed("\n\r\n\n", "");
	parsed("7\t" T "\r\n8\t" T "\r\n", "7|2026-1-5 8:0:0|||||\n8|2026-1-5 8:0:0|||||\n");
	parsed("7\t" T, "7|2026-1-5 8:0:0|||||\n");
	parsed("7\t" T "\t0\t1\tw\ta\t\r\n\r\n8\t" T "\t0\n",
		"7|2026-1-5 8:0:0|0|1|w|a|\n8|2026-1-5 8:0:0|0||||\n");
}

static void test_a_pin_is_text(void **state)
{
	(void)state;
	parsed("001\t" T "\n", "001|2026-1-5 8:0:0|||||\n");
	parsed("R 1\t" T "\n", "R 1|2026-1-5 8:0:0|||||\n");
	parsed("L1005M\t" T "\n", "L1005M|2026-1-5 8:0:0|||||\n");
	parsed("\xc3\xa9\t" T "\n", "\xc3\xa9|2026-1-5 8:0:0|||||\n");
	parsed("\t" T "\n", "! PIN is empty (20)\n");
	parsed("\t\t\n", "! PIN is empty (2)\n");
}

static void test_a_nul_spoils_its_line_alone(void **state)
{
	(void)state;
	assert_parsed(span_of("7\t" T "\0\n8\t" T "\n", 2 + 19 + 2 + 2 + 19 + 1),
		"! NUL in the line (22)\n8|2026-1-5 8:0:0|||||\n");
	assert_parsed(span_of("\0", 1), "! NUL in the line (1)\n");
}

static void test_times_of_another_shape(void **state)
{
	static const char *const shapes[] = {
		"",
		"2026-01-05",
		"2026-01-05T08:00:00",
		"2026/01/05 08:00:00",
		"2026-01-05 08:00",
		"2026-01-05 08:00:00.5",
		"2026-01-05 08:00:00 ",
		" 2026-01-05 08:00:00",
		"26-01-05 08:00:00",
		"2026-01-05  08:00:00",
		"2026-001-05 08:00:00",
		"-026-01-05 08:00:00",
		"1767600000",
	};
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct buf wanted = buf_with_max(256);
		int len = snprintf(line, sizeof(line), "7\t%s\t0\n", shapes[i]);
		assert_int_equal(
			buf_printf(&wanted, "! time is not YYYY-MM-DD HH:MM:SS (%d)\n", len - 1),
			0);
		assert_int_equal(buf_add(&wanted, "", 1), 0);
		parsed(line, wanted.ptr);
		buf_free(&wanted);
	}
}

static void test_absurd_times_are_kept(void **state)
{
	(void)state;
	parsed("7\t2026-02-29 08:00:00\n", "7|2026-2-29 8:0:0|||||absurd\n");
	parsed("7\t2024-02-29 08:00:00\n", "7|2024-2-29 8:0:0|||||\n");
	parsed("7\t0000-00-00 00:00:00\n", "7|0-0-0 0:0:0|||||absurd\n");
	parsed("7\t2026-13-01 00:00:00\n", "7|2026-13-1 0:0:0|||||absurd\n");
	parsed("7\t2026-01-01 24:00:00\n", "7|2026-1-1 24:0:0|||||absurd\n");
	parsed("7\t2026-01-01 23:59:60\n", "7|2026-1-1 23:59:60|||||absurd\n");
	parsed("7\t1999-12-31 23:59:59\n", "7|1999-12-31 23:59:59|||||absurd\n");
	parsed("7\t2000-01-01 00:00:00\n", "7|2000-1-1 0:0:0|||||\n");
	parsed("7\t2026-01-06 10:00:00\n", "7|2026-1-6 10:0:0|||||\n"); /* 26 hours ahead */
	parsed("7\t2026-01-06 10:00:01\n", "7|2026-1-6 10:0:1|||||absurd\n");
	parsed("7\t2026-1-5 8:0:0\n", "7|2026-1-5 8:0:0|||||\n");
}

/* Field number `at` has `len` bytes. */
static void long_field(int at, size_t len, bool fits, const char *why)
{
	struct buf line = buf_with_max(4096);
	struct buf out = buf_with_max(4096);
	struct attlog_visitor v = {&out, write_punch, write_refused};

	for (int i = 0; i < 6; i++) {
		for (size_t n = 0; i == at && n < len; n++)
			assert_int_equal(buf_add_str(&line, "x"), 0);
		if (i != at)
			assert_int_equal(buf_add_str(&line, i == 1 ? T : "y"), 0);
		assert_int_equal(buf_add_str(&line, i < 5 ? "\t" : "\n"), 0);
	}
	assert_int_equal(body_attlog_parse(buf_span(&line), RECEIVED_US, &v), 0);
	assert_int_equal(span_starts(buf_span(&out), "! "), !fits);
	if (!fits)
		assert_memory_equal(out.ptr + 2, why, strlen(why));
	buf_free(&line);
	buf_free(&out);
}

static void test_the_longest_fields_and_one_byte_more(void **state)
{
	static const struct {
		int at;
		size_t max;
		const char *why;
	} cases[] = {
		{0, PUNCH_PIN_MAX, "PIN is too long"},
		{2, PUNCH_CODE_MAX, "status is too long"},
		{3, PUNCH_CODE_MAX, "verify is too long"},
		{4, PUNCH_WORKCODE_MAX, "workcode is too long"},
		{5, PUNCH_EXTRA_MAX, "fields behind workcode are too long"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		long_field(cases[i].at, cases[i].max, true, cases[i].why);
		long_field(cases[i].at, cases[i].max + 1, false, cases[i].why);
	}
}

static int stop_punch(void *context, struct span line, struct punch *p)
{
	(void)line;
	(void)p;
	return ++*(int *)context == 2 ? -EXFULL : 0;
}

static void test_a_visitor_ends_it(void **state)
{
	int seen = 0;
	struct attlog_visitor v = {&seen, stop_punch, NULL};

	(void)state;
	assert_int_equal(
		body_attlog_parse(span_str("1\t" T "\n2\t" T "\n3\t" T "\n"), RECEIVED_US, &v),
		-EXFULL);
	assert_int_equal(seen, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_count_of_fields),
		cmocka_unit_test(test_tabs_at_the_end_say_nothing),
		cmocka_unit_test(test_ends_of_lines),
		cmocka_unit_test(test_a_pin_is_text),
		cmocka_unit_test(test_a_nul_spoils_its_line_alone),
		cmocka_unit_test(test_times_of_another_shape),
		cmocka_unit_test(test_absurd_times_are_kept),
		cmocka_unit_test(test_the_longest_fields_and_one_byte_more),
		cmocka_unit_test(test_a_visitor_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
