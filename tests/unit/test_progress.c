/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress: every transition of a command, and those that must not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "cmdqd/progress.h"

#define NOW   1700000000000000u
#define LEASE 60000000u

static const struct progress_rules rules = {.lease_us = LEASE, .offers_max = 3};

static struct command queued(uint64_t expires_us)
{
	return (struct command){.id = 7, .serial = "A", .queued_us = NOW, .expires_us = expires_us};
}

static struct command offered(uint64_t expires_us)
{
	struct command c = queued(expires_us);

	progress_offer(&c, NOW);
	return c;
}

static void assert_is(const struct command *c, enum command_state state, const char *in_why)
{
	assert_string_equal(command_state_name(c->state), command_state_name(state));
	assert_non_null(strstr(c->why, in_why));
	assert_int_equal(c->why[0] == '\0', in_why[0] == '\0');
}

static enum progress_verdict result(struct command *c, unsigned traits, int64_t code)
{
	return progress_result(c, verb_find(span_str("user.query")), traits, code, "R.1", NOW + 5);
}

/* ---- time ---- */

static void test_queued_expires(void **state)
{
	struct command c = queued(NOW + 10);

	(void)state;
	assert_false(progress_time(&c, 0, NOW + 9, &rules));
	assert_is(&c, COMMAND_QUEUED, "");
	assert_true(progress_time(&c, 0, NOW + 10, &rules));
	assert_is(&c, COMMAND_EXPIRED, "before it was handed out");
	assert_int_equal(c.ended_us, NOW + 10);
	assert_false(progress_may_offer(&c));
	c = queued(0);
	assert_false(progress_time(&c, 0, UINT64_MAX, &rules));
	assert_true(progress_may_offer(&c));
}

static void test_lease_ends(void **state)
{
	struct command c = offered(0);

	(void)state;
	assert_false(progress_may_offer(&c));
	assert_false(progress_time(&c, 0, NOW + LEASE - 1, &rules));
	assert_is(&c, COMMAND_OFFERED, "");
	assert_true(progress_time(&c, 0, NOW + LEASE, &rules));
	assert_is(&c, COMMAND_QUEUED, "");
	assert_int_equal(c.offers, 1);
	assert_int_equal(c.ended_us, 0);
	assert_true(progress_may_offer(&c));
}

static void test_never_twice(void **state)
{
	struct command c = offered(NOW + 10);

	(void)state;
	/* Its lease, not its expiry: the result may be on its way. */
	assert_false(progress_time(&c, VERB_NEVER_TWICE, NOW + 20, &rules));
	assert_true(progress_time(&c, VERB_NEVER_TWICE, NOW + LEASE, &rules));
	assert_is(&c, COMMAND_FAILED, "may have been carried out");
	assert_int_equal(c.ended_us, NOW + LEASE);
}

static void test_expires_with_its_lease(void **state)
{
	struct command c = offered(NOW + 10);

	(void)state;
	assert_false(progress_time(&c, 0, NOW + LEASE - 1, &rules));
	assert_true(progress_time(&c, 0, NOW + LEASE, &rules));
	assert_is(&c, COMMAND_EXPIRED, "may have been carried out");
	/* Back in the queue, and then past its expiry. */
	c = offered(NOW + 2 * LEASE);
	assert_true(progress_time(&c, 0, NOW + LEASE, &rules));
	assert_is(&c, COMMAND_QUEUED, "");
	assert_true(progress_time(&c, 0, NOW + 2 * LEASE, &rules));
	assert_is(&c, COMMAND_EXPIRED, "may have been carried out");
}

static void test_offered_often_enough(void **state)
{
	struct command c = offered(0);

	(void)state;
	for (unsigned i = 1; i < rules.offers_max; i++) {
		assert_true(progress_time(&c, 0, NOW + i * LEASE, &rules));
		assert_is(&c, COMMAND_QUEUED, "");
		progress_offer(&c, NOW + i * LEASE);
	}
	assert_int_equal(c.offers, rules.offers_max);
	assert_true(progress_time(&c, 0, NOW + rules.offers_max * LEASE, &rules));
	assert_is(&c, COMMAND_FAILED, "3 times");
}

static void test_clock_set_back(void **state)
{
	struct command c = offered(0);

	(void)state;
	assert_true(progress_time(&c, 0, NOW - 1000000, &rules));
	assert_is(&c, COMMAND_OFFERED, "");
	assert_int_equal(c.offered_us, NOW - 1000000);
	assert_false(progress_time(&c, 0, NOW - 1000000 + LEASE - 1, &rules));
	assert_true(progress_time(&c, 0, NOW - 1000000 + LEASE, &rules));
	assert_is(&c, COMMAND_QUEUED, "");

	/* An unlock of ten seconds does not wait for an hour. */
	c = queued(NOW + 10);
	assert_true(progress_time(&c, 0, NOW - 3600, &rules));
	assert_is(&c, COMMAND_QUEUED, "");
	assert_false(progress_time(&c, 0, NOW - 3600 + 9, &rules));
	assert_true(progress_time(&c, 0, NOW - 3600 + 10, &rules));
	assert_is(&c, COMMAND_EXPIRED, "before it was handed out");
}

static void test_time_leaves_what_is_over(void **state)
{
	(void)state;
	for (enum command_state s = COMMAND_DONE; s < COMMAND_STATES; s++) {
		struct command c = offered(NOW + 1);
		c.state = s;
		assert_false(progress_time(&c, VERB_NEVER_TWICE, NOW + 10 * LEASE, &rules));
		assert_int_equal(c.state, s);
		assert_false(progress_may_offer(&c));
	}
}

/* ---- offers and results ---- */

static void test_offer(void **state)
{
	struct command c = queued(0);

	(void)state;
	progress_offer(&c, NOW + 3);
	assert_is(&c, COMMAND_OFFERED, "");
	assert_int_equal(c.offered_us, NOW + 3);
	assert_int_equal(c.offers, 1);
	assert_int_equal(c.queued_us, NOW);
}

static void test_refuse(void **state)
{
	struct command c = queued(0);

	(void)state;
	progress_refuse(&c, "it has no face", NOW + 3);
	assert_is(&c, COMMAND_FAILED, "it has no face");
	assert_int_equal(c.ended_us, NOW + 3);
	assert_int_equal(result(&c, 0, 0), PROGRESS_STRAY);
}

static void test_result(void **state)
{
	struct command c = offered(0);

	(void)state;
	assert_int_equal(result(&c, 0, 0), PROGRESS_TAKEN);
	assert_is(&c, COMMAND_DONE, "");
	assert_true(c.has_return);
	assert_int_equal(c.return_code, 0);
	assert_string_equal(c.result, "R.1");
	assert_int_equal(c.ended_us, NOW + 5);

	c = offered(0);
	assert_int_equal(result(&c, 0, -1001), PROGRESS_TAKEN);
	assert_int_equal(c.state, COMMAND_FAILED);
	assert_int_equal(c.return_code, -1001);
	assert_true(c.why[0] != '\0');

	c = offered(0);
	assert_int_equal(result(&c, 0, 12), PROGRESS_TAKEN);
	assert_int_equal(c.state, COMMAND_FAILED);
	c = offered(0);
	assert_int_equal(result(&c, VERB_COUNTS, 12), PROGRESS_TAKEN);
	assert_is(&c, COMMAND_DONE, "");
}

/* Of a file that we gave it; of one from elsewhere nobody knows the size. */
static void test_result_of_a_file(void **state)
{
	static const int64_t wrong[] = {0, 1, 299999, 300001, INT64_MAX};
	const struct verb *verb = verb_find(span_str("put-file"));
	struct command c;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		c = offered(0);
		c.file.bytes = 300000;
		(void)progress_result(&c, verb, VERB_COUNTS, wrong[i], "R.1", NOW);
		assert_is(&c, COMMAND_FAILED, "bytes of a file of 300000");
		assert_int_equal(c.return_code, wrong[i]);
	}
	c = offered(0);
	c.file.bytes = 300000;
	(void)progress_result(&c, verb, VERB_COUNTS, -3, "R.1", NOW);
	assert_is(&c, COMMAND_FAILED, "could not store");
	c = offered(0);
	c.file.bytes = 300000;
	(void)progress_result(&c, verb, VERB_COUNTS, 300000, "R.1", NOW);
	assert_is(&c, COMMAND_DONE, "");
	c = offered(0);
	(void)progress_result(&c, verb, VERB_COUNTS, 7, "R.1", NOW);
	assert_is(&c, COMMAND_DONE, "");
}

static void test_result_without_a_verb(void **state)
{
	struct command c = offered(0);

	(void)state;
	assert_int_equal(progress_result(&c, NULL, VERB_COUNTS, 3, "R.1", NOW), PROGRESS_TAKEN);
	assert_is(&c, COMMAND_DONE, "");
	c = offered(0);
	assert_int_equal(progress_result(&c, NULL, VERB_COUNTS, -22, "R.1", NOW), PROGRESS_TAKEN);
	assert_int_equal(c.state, COMMAND_FAILED);
}

/* The first one counts, whatever comes later. */
static void test_result_again(void **state)
{
	struct command c = offered(0);

	(void)state;
	assert_int_equal(result(&c, 0, 0), PROGRESS_TAKEN);
	const struct command before = c;
	assert_int_equal(result(&c, 0, -1), PROGRESS_KNOWN);
	assert_memory_equal(&c, &before, sizeof(c));
}

static void test_result_of_what_was_never_offered(void **state)
{
	(void)state;
	for (enum command_state s = 0; s < COMMAND_STATES; s++) {
		struct command c = queued(0);
		c.state = s;
		const struct command before = c;
		assert_int_equal(result(&c, 0, 0), PROGRESS_STRAY);
		assert_memory_equal(&c, &before, sizeof(c));
	}
}

static void test_late_result(void **state)
{
	static const enum command_state late[] = {
		COMMAND_QUEUED, COMMAND_EXPIRED, COMMAND_CANCELLED, COMMAND_FAILED};

	(void)state;
	for (unsigned i = 0; i < sizeof(late) / sizeof(*late); i++) {
		struct command c = offered(0);
		c.state = late[i];
		snprintf(c.why, sizeof(c.why), "no result came");
		assert_int_equal(result(&c, 0, 0), PROGRESS_TAKEN);
		assert_is(&c, COMMAND_DONE, "");
		assert_int_equal(c.ended_us, NOW + 5);
	}
}

static void test_cancel(void **state)
{
	struct command c = queued(0);

	(void)state;
	assert_true(progress_cancel(&c, NOW + 5));
	assert_is(&c, COMMAND_CANCELLED, "was not handed out");
	assert_int_equal(c.ended_us, NOW + 5);
	c = offered(0);
	assert_true(progress_cancel(&c, NOW + 5));
	assert_is(&c, COMMAND_CANCELLED, "may have been carried out");
	/* It waits again, but it was out. */
	c = offered(0);
	assert_true(progress_time(&c, 0, NOW + LEASE, &rules));
	assert_true(progress_cancel(&c, NOW + LEASE));
	assert_is(&c, COMMAND_CANCELLED, "may have been carried out");
	for (enum command_state s = COMMAND_DONE; s < COMMAND_STATES; s++) {
		c = offered(0);
		c.state = s;
		assert_false(progress_cancel(&c, NOW + 5));
		assert_int_equal(c.state, s);
		assert_int_equal(c.ended_us, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queued_expires),
		cmocka_unit_test(test_lease_ends),
		cmocka_unit_test(test_never_twice),
		cmocka_unit_test(test_expires_with_its_lease),
		cmocka_unit_test(test_offered_often_enough),
		cmocka_unit_test(test_clock_set_back),
		cmocka_unit_test(test_time_leaves_what_is_over),
		cmocka_unit_test(test_offer),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_result_of_a_file),
		cmocka_unit_test(test_result_without_a_verb),
		cmocka_unit_test(test_result_again),
		cmocka_unit_test(test_result_of_what_was_never_offered),
		cmocka_unit_test(test_late_result),
		cmocka_unit_test(test_cancel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
