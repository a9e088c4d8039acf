/* SPDX-License-Identifier: GPL-2.0-or-later */
/* later: lines come once, after the commit or never, and none is lost for want of room. */
#include "cmdqd/later.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/unit/caught.h"

static void test_they_wait_for_the_commit(void **state)
{
	struct later l = {.count = 0};
	char serial[] = "A";

	(void)state;
	caught_begin();
	later_log(&l, NULL, LOG_LEVEL_NOTICE, "one", LOG_TEXT("serial", serial), LOG_NUM("id", 7));
	later_log(&l, NULL, LOG_LEVEL_WARNING, "two", LOG_TEXT(NULL, "none"),
		LOG_TEXT("reason", ""), LOG_ERR(-5));
	assert_string_equal(caught_end(), "");
	serial[0] = 'B';
	caught_begin();
	later_write(&l);
	later_write(&l);
	assert_string_equal(caught_end(), "cmdqd: one serial=A id=7\n"
					  "cmdqd: warning: two reason=\"\" "
					  "error=\"Input/output error\"\n");
}

static void test_what_is_dropped_never_comes(void **state)
{
	struct later l = {.count = 0};

	(void)state;
	caught_begin();
	later_log(&l, NULL, LOG_LEVEL_NOTICE, "one", LOG_NUM("id", 1));
	later_drop(&l);
	later_log(&l, NULL, LOG_LEVEL_NOTICE, "two", LOG_NUM("id", 2));
	later_write(&l);
	assert_string_equal(caught_end(), "cmdqd: two id=2\n");
}

/* A long text is cut as if it were written at once. */
static void test_long_texts(void **state)
{
	char text[LOG_VALUE_MAX + 9], at_once[sizeof(caught_text)];
	struct later l = {.count = 0};

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t len = LOG_VALUE_MAX - 1; len <= sizeof(text); len++) {
		caught_begin();
		log_notice("e", LOG_SPAN("v", span_of(text, len)), LOG_TEXT("w", "y"));
		snprintf(at_once, sizeof(at_once), "%s", caught_end());
		caught_begin();
		later_log(&l, NULL, LOG_LEVEL_NOTICE, "e", LOG_SPAN("v", span_of(text, len)),
			LOG_TEXT("w", "y"));
		later_write(&l);
		assert_string_equal(caught_end(), at_once);
	}
}

/* What is dropped does not count against the limit, nor does it count as kept back. */
static void test_limit(void **state)
{
	struct log_limit limit = {.burst = 2, .window_ms = UINT64_C(3600000)};
	struct later l = {.count = 0};

	(void)state;
	for (int i = 0; i < 5; i++)
		later_log(&l, &limit, LOG_LEVEL_NOTICE, "e", LOG_NUM("id", i));
	later_drop(&l);
	for (int i = 0; i < 5; i++)
		later_log(&l, &limit, LOG_LEVEL_NOTICE, "e", LOG_NUM("id", i));
	caught_begin();
	later_write(&l);
	assert_string_equal(caught_end(), "cmdqd: e id=0\ncmdqd: e id=1\n");
	limit.window_began_ms = limit.window_ms = 0;
	later_log(&l, &limit, LOG_LEVEL_NOTICE, "e", LOG_NUM("id", 5));
	caught_begin();
	later_write(&l);
	assert_string_equal(caught_end(), "cmdqd: e id=5 dropped=3\n");
}

static void test_no_room(void **state)
{
	struct later l = {.count = 0};

	(void)state;
	caught_begin();
	for (int i = 0; i <= LATER_MOST; i++)
		later_log(&l, NULL, LOG_LEVEL_NOTICE, "e", LOG_NUM("id", i));
	assert_string_equal(caught_end(), "cmdqd: e id=10000\n");
	assert_int_equal(l.count, LATER_MOST);
	later_drop(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_they_wait_for_the_commit),
		cmocka_unit_test(test_what_is_dropped_never_comes),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_no_room),
	};

	log_open("cmdqd", LOG_LEVEL_INFO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
