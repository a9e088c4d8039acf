/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backlog: first in, first out, and full when it is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "matchd/backlog.h"

static struct backlog backlog;

static int empty(void **state)
{
	(void)state;
	backlog_clear(&backlog);
	return 0;
}

static int add(uint64_t id)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "line %d", (int)id);
	int rc = backlog_add(&backlog, id, id * 10, span_of(line, (size_t)len));

	memset(line, 'x', sizeof(line)); /* it has a copy */
	return rc;
}

static void assert_first(uint64_t id)
{
	const struct waiting *first = backlog_first(&backlog);
	char line[32];

	snprintf(line, sizeof(line), "line %d", (int)id);
	assert_non_null(first);
	assert_int_equal(first->id, id);
	assert_int_equal(first->deadline_ms, id * 10);
	assert_true(span_is(buf_span(&first->line), line));
}

static void first_in_first_out(void **state)
{
	(void)state;
	assert_null(backlog_first(&backlog));
	/* Many times around the ring. */
	for (uint64_t id = 1; id < 5 * BACKLOG_MAX; id++) {
		assert_int_equal(add(id), 0);
		if (id % 3 == 0)
			continue;
		assert_first(id - backlog.count + 1);
		backlog_drop(&backlog);
		if (backlog.count > BACKLOG_MAX / 2)
			backlog_clear(&backlog);
	}
}

static void is_full(void **state)
{
	(void)state;
	for (uint64_t id = 1; id <= BACKLOG_MAX; id++)
		assert_int_equal(add(id), 0);
	assert_int_equal(add(99), -ENOBUFS);
	assert_int_equal(backlog.count, BACKLOG_MAX);
	backlog_drop(&backlog);
	assert_int_equal(add(100), 0);
	for (uint64_t id = 2; id <= BACKLOG_MAX; id++) {
		assert_first(id);
		backlog_drop(&backlog);
	}
	assert_first(100);
	backlog_drop(&backlog);
	assert_null(backlog_first(&backlog));
}

static void clears(void **state)
{
	(void)state;
	assert_int_equal(add(1), 0);
	assert_int_equal(add(2), 0);
	backlog_clear(&backlog);
	assert_null(backlog_first(&backlog));
	assert_int_equal(add(3), 0);
	assert_first(3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_in_first_out, empty, empty),
		cmocka_unit_test_setup_teardown(is_full, empty, empty),
		cmocka_unit_test_setup_teardown(clears, empty, empty),
	};

	return cmocka_run_group_tests_name("backlog", tests, NULL, NULL);
}
