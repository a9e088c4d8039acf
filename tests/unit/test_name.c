/* SPDX-License-Identifier: GPL-2.0-or-later */
/* name: names sort by arrival, are never made twice, and nothing else passes for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "spool/spool.h"

#define NOW_US  1767607200000000 /* 2026-01-05T10:00:00Z */
#define THREADS 8
#define EACH    20000

static uint64_t time_of(const char *name)
{
	uint64_t wall_us = 0;

	assert_true(spool_name_valid(span_str(name), &wall_us));
	return wall_us;
}

static void has_the_form_and_the_time(void **state)
{
	char name[SPOOL_NAME_BYTES];

	(void)state;
	spool_name_make(NOW_US, name);
	assert_int_equal(strlen(name), 33);
	assert_int_equal(time_of(name), NOW_US);
	assert_true(spool_name_valid(span_str(name), NULL));
}

static void sorts_when_the_clock_steps_back(void **state)
{
	static const int64_t steps[] = {5, 0, -1000000, 0, -3600000000, 1, 2, -1, 7200000000, -5};
	char last[SPOOL_NAME_BYTES], name[SPOOL_NAME_BYTES];
	uint64_t wall_us = NOW_US + 1000;

	(void)state;
	spool_name_make(wall_us, last);
	for (size_t i = 0; i < 1000; i++) {
		wall_us += (uint64_t)steps[i % (sizeof(steps) / sizeof(*steps))];
		spool_name_make(wall_us, name);
		assert_true(strcmp(last, name) < 0);
		assert_true(time_of(last) < time_of(name));
		memcpy(last, name, sizeof(last));
	}
}

struct maker {
	pthread_t thread;
	char (*names)[SPOOL_NAME_BYTES];
};

static void *make_many(void *arg)
{
	struct maker *m = arg;

	for (size_t i = 0; i < EACH; i++)
		spool_name_make(NOW_US + i / 100, m->names[i]);
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void eight_threads_make_no_name_twice(void **state)
{
	struct maker makers[THREADS];
	char(*all)[SPOOL_NAME_BYTES] = calloc((size_t)THREADS * EACH, sizeof(*all));

	(void)state;
	assert_non_null(all);
	for (size_t t = 0; t < THREADS; t++) {
		makers[t].names = all + t * EACH;
		assert_int_equal(pthread_create(&makers[t].thread, NULL, make_many, &makers[t]), 0);
	}
	for (size_t t = 0; t < THREADS; t++)
		pthread_join(makers[t].thread, NULL);
	for (size_t t = 0; t < THREADS; t++)
		for (size_t i = 1; i < EACH; i++)
			assert_true(strcmp(makers[t].names[i - 1], makers[t].names[i]) < 0);
	/* Even the times are all different: the random half is not what tells them apart. */
	qsort(all, (size_t)THREADS * EACH, sizeof(*all), by_name);
	for (size_t i = 1; i < (size_t)THREADS * EACH; i++)
		assert_true(time_of(all[i - 1]) < time_of(all[i]));
	free(all);
}

static void takes_a_part(void **state)
{
	uint64_t wall_us = 0;

	(void)state;
	assert_true(spool_name_valid(
		span_str("0000000000000001-00000000000000ff.4294967295"), &wall_us));
	assert_int_equal(wall_us, 1);
	assert_true(spool_name_valid(span_str("ffffffffffffffff-ffffffffffffffff.1"), NULL));
}

static void refuses_all_else(void **state)
{
	static const char *const bad[] = {
		"",
		".",
		"..",
		"a",
		"0000000000000001",
		"0000000000000001-",
		"0000000000000001-00000000000000f",
		"0000000000000001-00000000000000ff0",
		"0000000000000001-00000000000000fg",
		"0000000000000001-00000000000000FF",
		"000000000000000A-00000000000000ff",
		"0000000000000001_00000000000000ff",
		"0000000000000001-00000000000000ff.",
		"0000000000000001-00000000000000ff.0",
		"0000000000000001-00000000000000ff.01",
		"0000000000000001-00000000000000ff.-1",
		"0000000000000001-00000000000000ff.1x",
		"0000000000000001-00000000000000ff.4294967296",
		"0000000000000001-00000000000000ff.1.1",
		"0000000000000001-00000000000000ff.why",
		"0000000000000001-00000000000000ff\n",
		"0000000000000001-00000000000000ff/",
		" 0000000000000001-00000000000000ff",
		"0x00000000000001-00000000000000ff",
		"+000000000000001-00000000000000ff",
		"0000000000000001-00000000000000ff.11111111111111111111111111111111111111",
	};
	char with_nul[] = "0000000000000001-00000000000000ff";
	uint64_t wall_us = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(spool_name_valid(span_str(bad[i]), &wall_us));
	with_nul[3] = '\0';
	assert_false(spool_name_valid(span_of(with_nul, 33), &wall_us));
	assert_false(spool_name_valid(span_of(NULL, 0), &wall_us));
	assert_int_equal(wall_us, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_form_and_the_time),
		cmocka_unit_test(sorts_when_the_clock_steps_back),
		cmocka_unit_test(eight_threads_make_no_name_twice),
		cmocka_unit_test(takes_a_part),
		cmocka_unit_test(refuses_all_else),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
