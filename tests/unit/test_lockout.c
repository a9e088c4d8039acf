/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lockout: so many failures and no more, whatever else is asked meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "cmdqd/lockout.h"

#define LOCKOUT_MS 1000
#define ROWS_MAX   64

static struct lockout *l;
static uint64_t now;

static int open_room(void **state)
{
	const struct lockout_rules rules = {3, LOCKOUT_MS, ROWS_MAX};

	(void)state;
	now = 50000;
	return lockout_open(&rules, 4711, &l);
}

static int close_room(void **state)
{
	(void)state;
	lockout_close(l);
	return 0;
}

static int begin(const char *who)
{
	return lockout_begin(l, span_str(who), span_str("GATE"), now);
}

static bool fails(const char *who)
{
	assert_int_equal(begin(who), 0);
	return lockout_failed(l, span_str(who), now);
}

static void succeed(const char *who)
{
	assert_int_equal(begin(who), 0);
	lockout_succeeded(l, span_str(who));
}

static void lock(const char *who)
{
	assert_false(fails(who));
	assert_false(fails(who));
	assert_true(fails(who));
}

static void is_over(const char *who, uint64_t turned_away)
{
	struct lockout_over over;

	assert_true(lockout_next_over(l, now, &over));
	assert_true(span_is(over.who, who) && span_is(over.where, "GATE"));
	assert_int_equal(over.turned_away, turned_away);
}

static void nothing_is_over(void)
{
	struct lockout_over over;

	assert_false(lockout_next_over(l, now, &over));
}

static void test_locked_and_free_again(void **state)
{
	(void)state;
	lock("A");
	assert_int_equal(begin("A"), -EPERM);
	assert_int_equal(begin("B"), 0);
	lockout_undecided(l, span_str("B"));
	now += LOCKOUT_MS - 1;
	assert_int_equal(begin("A"), -EPERM);
	nothing_is_over();
	/* What is turned away does not make it longer. */
	now += 1;
	lock("A");
}

static void test_in_a_row(void **state)
{
	(void)state;
	assert_false(fails("A"));
	assert_false(fails("A"));
	succeed("A");
	assert_int_equal(lockout_rows(l), 0);
	lock("A");
	assert_int_equal(lockout_rows(l), 1);
}

static void test_a_row_ends_by_itself(void **state)
{
	(void)state;
	assert_false(fails("A"));
	now += LOCKOUT_MS - 1;
	assert_false(fails("A"));
	now += LOCKOUT_MS;
	lock("A");
}

/* Many at a time are no more guesses than one after the other. */
static void test_at_a_time(void **state)
{
	(void)state;
	assert_false(fails("A"));
	assert_int_equal(begin("A"), 0);
	assert_int_equal(begin("A"), 0);
	assert_int_equal(begin("A"), -EPERM);
	lockout_undecided(l, span_str("A"));
	assert_int_equal(begin("A"), 0);
	assert_false(lockout_failed(l, span_str("A"), now));
	assert_int_equal(begin("A"), -EPERM);
	lockout_succeeded(l, span_str("A"));
	lock("A");
}

/* One that is being looked at for long is still known when it is decided. */
static void test_looked_at_for_long(void **state)
{
	(void)state;
	assert_false(fails("A"));
	assert_int_equal(begin("A"), 0);
	now += 2 * LOCKOUT_MS;
	nothing_is_over();
	assert_false(lockout_failed(l, span_str("A"), now));
	assert_true(fails("A"));
}

static void test_turned_away_is_told_once(void **state)
{
	(void)state;
	lock("A");
	lock("B");
	lock("C");
	for (int i = 0; i < 7; i++)
		assert_int_equal(begin("A"), -EPERM);
	assert_int_equal(begin("C"), -EPERM);
	nothing_is_over();
	now += LOCKOUT_MS;
	is_over("A", 7);
	is_over("C", 1);
	nothing_is_over();
	assert_int_equal(lockout_rows(l), 0);
}

/* A lock is not forgotten for others, and who finds no room is not looked at. */
static void test_spraying_evicts_nothing(void **state)
{
	char who[24];

	(void)state;
	lock("A");
	assert_false(fails("B"));
	assert_false(fails("B"));
	for (int i = 0; i < ROWS_MAX - 2; i++) {
		now += 1;
		snprintf(who, sizeof(who), "spray-%d", i);
		assert_false(fails(who));
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(who, sizeof(who), "more-%d", i);
		assert_int_equal(begin(who), -ENOSPC);
	}
	assert_int_equal(begin("A"), -EPERM);
	assert_true(fails("B"));
	assert_int_equal(lockout_rows(l), ROWS_MAX);
	/* A and the first of the others have ended: there is room for so many. */
	now = 50000 + LOCKOUT_MS + 1;
	assert_false(fails("more-0"));
	assert_int_equal(begin("more-1"), -ENOSPC);
	assert_int_equal(begin("B"), -EPERM);
}

static void test_recalled(void **state)
{
	(void)state;
	lockout_recall(l, span_str("A"), true, now - 2 * LOCKOUT_MS);
	lockout_recall(l, span_str("A"), true, now - 20);
	lockout_recall(l, span_str("B"), true, now - 20);
	lockout_recall(l, span_str("B"), true, now - 19);
	lockout_recall(l, span_str("A"), true, now - 10);
	lockout_recall(l, span_str("B"), false, now - 5);
	lockout_recall(l, span_str("C"), false, now - 5);
	assert_true(fails("A"));
	lock("B");
	assert_int_equal(lockout_rows(l), 2);
}

static void test_long_names(void **state)
{
	char who[LOCKOUT_WHO_MAX + 2];

	(void)state;
	memset(who, 'x', sizeof(who));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(lockout_begin(l, span_of(who, sizeof(who)), span_str(""), now), 0);
		(void)lockout_failed(l, span_of(who, sizeof(who)), now);
	}
	assert_int_equal(
		lockout_begin(l, span_of(who, sizeof(who) - 1), span_str(""), now), -EPERM);
	assert_int_equal(lockout_begin(l, (struct span){NULL, 0}, span_str(""), now), 0);
	/* NUL is a byte like any other. */
	assert_int_equal(lockout_begin(l, span_of("A\0B", 3), span_str(""), now), 0);
	assert_int_equal(lockout_rows(l), 3);
	lockout_undecided(l, span_of("A\0B", 3));
	assert_int_equal(lockout_rows(l), 2);
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(test_locked_and_free_again),
		IN_A_ROOM(test_in_a_row),
		IN_A_ROOM(test_a_row_ends_by_itself),
		IN_A_ROOM(test_at_a_time),
		IN_A_ROOM(test_looked_at_for_long),
		IN_A_ROOM(test_turned_away_is_told_once),
		IN_A_ROOM(test_spraying_evicts_nothing),
		IN_A_ROOM(test_recalled),
		IN_A_ROOM(test_long_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
