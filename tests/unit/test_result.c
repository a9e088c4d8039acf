/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result: what stands where in a body, and how much work any body can make. The forms themselves
 * are in tests/golden/results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "cmdqd/result.h"
#include "lib/buf.h"

#define BODY_BYTES ((size_t)16 << 20)

static void test_spans_point_into_the_body(void **state)
{
	static const char body[] = "\nID=5&Return=-3&CMD=DATA\n\nID=6\nReturn=2\nContent=a\0b\n";
	struct span rest = span_of(body, sizeof(body) - 1);
	const char *why;
	struct result r;

	(void)state;
	assert_int_equal(result_next(&rest, &r, &why), 1);
	assert_ptr_equal(r.text.ptr, body + 1);
	assert_true(span_is(r.text, "ID=5&Return=-3&CMD=DATA"));
	assert_int_equal(r.code, -3);
	assert_false(r.has_content);
	assert_int_equal(result_next(&rest, &r, &why), 1);
	assert_int_equal(r.content.len, 4);
	assert_memory_equal(r.content.ptr, "a\0b\n", 4);
	assert_ptr_equal(r.text.ptr + r.text.len, body + sizeof(body) - 1);
	assert_int_equal(result_next(&rest, &r, &why), 0);
	assert_int_equal(result_next(&rest, &r, &why), 0);
}

static void test_one_result_tells_nothing_of_the_next(void **state)
{
	struct span rest = span_str("ID=5\nSN=A\nReturn=1\nCMD=Shell\nFILENAME=f\nID=6&Return=0\n");
	const char *why;
	struct result r;

	(void)state;
	assert_int_equal(result_next(&rest, &r, &why), 1);
	assert_true(span_is(r.serial, "A"));
	assert_int_equal(result_next(&rest, &r, &why), 1);
	assert_true(span_is(r.id, "6"));
	assert_int_equal(r.serial.len + r.name.len + r.file.len + r.content.len, 0);
}

/* A terminal sends a handful of them; a line of millions must not keep everybody else waiting. */
static void test_what_stands_behind_64_pieces_is_not_read(void **state)
{
	char line[512] = "ID=5";
	const char *why;
	struct result r;

	(void)state;
	for (int i = 0; i < 60; i++)
		strcat(line, "&x=1");
	strcat(line, "&Return=0");
	struct span rest = span_str(line);
	assert_int_equal(result_next(&rest, &r, &why), 1);
	assert_true(r.has_code);
	strcpy(line, "ID=5");
	for (int i = 0; i < 64; i++)
		strcat(line, "&x=1");
	strcat(line, "&Return=0");
	rest = span_str(line);
	assert_int_equal(result_next(&rest, &r, &why), 1);
	assert_false(r.has_code);
}

static void test_what_is_no_result_is_given_with_its_reason(void **state)
{
	struct span rest = span_str("rubbish\nReturn=no\nCMD=Shell\nID=6&Return=0");
	const char *why = NULL;
	struct result r;

	(void)state;
	assert_int_equal(result_next(&rest, &r, &why), -EBADMSG);
	assert_true(span_is(r.text, "rubbish"));
	assert_string_equal(why, "neither ID nor Return");
	assert_int_equal(result_next(&rest, &r, &why), -EBADMSG);
	assert_true(span_is(r.text, "Return=no\nCMD=Shell"));
	assert_string_equal(why, "Return is not a number");
	assert_int_equal(result_next(&rest, &r, &why), 1);
	assert_int_equal(result_next(&rest, &r, &why), 0);
}

/* Filled with `unit` again and again. Every call has to take something off; were any of them to
 * look at all of the rest, this would not end in the life of a test. */
static void read_filled(const char *unit, size_t expected)
{
	size_t len = strlen(unit), count = 0;
	char *body = malloc(BODY_BYTES);
	const char *why;
	struct result r;

	assert_non_null(body);
	for (size_t i = 0; i < BODY_BYTES; i++)
		body[i] = unit[i % len];
	struct span rest = span_of(body, BODY_BYTES);
	while (result_next(&rest, &r, &why) != 0)
		count++;
	free(body);
	if (count != expected)
		fail_msg("\"%s\": %zu, not %zu", unit, count, expected);
}

static void test_bodies_of_one_thing(void **state)
{
	(void)state;
	read_filled("\n", 0);
	read_filled(" \r\n", 0);
	read_filled("x\n", BODY_BYTES / 2);
	read_filled("=", 1);
	read_filled("&", 1);
	read_filled("ID=\n", BODY_BYTES / 4);
	read_filled("ID=", 1);
	read_filled("ID=1&", 1);
	read_filled("Content=", 1);
	read_filled("ID=1\nReturn=0\n\n\n", BODY_BYTES / 16);
	read_filled("ID=1&Return=0\n\n\n", BODY_BYTES / 16);
	read_filled("Return=0&CMD=INFO\n", (BODY_BYTES + 17) / 18);
	read_filled("ID=1\nx=1\nx=2\n\n\n\n", BODY_BYTES / 16);
}

static void test_ids(void **state)
{
	static const struct {
		const char *text;
		uint64_t id; /* 0: none of ours */
	} ids[] = {
		{"1", 1},
		{"191", 191},
		{"9999999999999999", 9999999999999999},
		{"", 0},
		{"0", 0},
		{"01", 0},
		{"10000000000000000", 0},
		{"-1", 0},
		{"+1", 0},
		{" 1", 0},
		{"1a", 0},
		{"info8487", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		uint64_t id = 77;
		if (result_id_number(span_str(ids[i].text), &id) != (ids[i].id != 0))
			fail_msg("\"%s\"", ids[i].text);
		assert_int_equal(id, ids[i].id ? ids[i].id : 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans_point_into_the_body),
		cmocka_unit_test(test_one_result_tells_nothing_of_the_next),
		cmocka_unit_test(test_what_stands_behind_64_pieces_is_not_read),
		cmocka_unit_test(test_what_is_no_result_is_given_with_its_reason),
		cmocka_unit_test(test_bodies_of_one_thing),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
