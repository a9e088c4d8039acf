/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper: what a matcher may say when, and how long the pauses are, by a clock that the test turns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "matchd/keeper.h"

#define HELLO   "hello 1 formats=zkfinger10 probe_bytes=2048 references=10\n"
#define TIMEOUT 800

static struct keeper k;
static struct matching_answer answer;
static const char *why;

static enum keeper_heard hear(const char *said)
{
	answer = (struct matching_answer){.id = 0};
	why = NULL;
	return keeper_hear(&k, span_str(said), &answer, &why);
}

static int down(void **state)
{
	(void)state;
	k = keeper_make(TIMEOUT);
	return 0;
}

static int greeting(void **state)
{
	down(state);
	keeper_started(&k, 1000);
	return 0;
}

static int ready(void **state)
{
	greeting(state);
	return hear(HELLO) != KEEPER_HELLO;
}

static int busy(void **state)
{
	return ready(state) != 0 || keeper_ask(&k, 2000) != 1;
}

static void begins_at_once(void **state)
{
	(void)state;
	assert_int_equal(k.state, KEEPER_DOWN);
	assert_int_equal(k.due_ms, 0);
	assert_true(keeper_hopeful(&k));
	assert_null(keeper_late(&k, UINT64_MAX - 1));
}

static void greets(void **state)
{
	(void)state;
	assert_int_equal(k.state, KEEPER_GREETING);
	assert_int_equal(k.due_ms, 1000 + KEEPER_HELLO_MS);
	assert_int_equal(hear("hello 1 form"), KEEPER_NOTHING);
	assert_int_equal(k.hello.formats, 0);
	assert_int_equal(hear(HELLO), KEEPER_HELLO);
	assert_int_equal(k.state, KEEPER_READY);
	assert_int_equal(k.hello.formats, 1u << MATCHING_ZKFINGER_10);
	assert_int_equal(k.due_ms, UINT64_MAX);
	assert_null(keeper_late(&k, UINT64_MAX - 1));
}

static void a_hello_that_is_late(void **state)
{
	(void)state;
	assert_null(keeper_late(&k, 1000 + KEEPER_HELLO_MS - 1));
	assert_string_equal(keeper_late(&k, 1000 + KEEPER_HELLO_MS), "it has not said hello");
}

static void lies_instead_of_hello(void **state)
{
	static const char *const lies[] = {"hello\n", "match 1\n", "\n", HELLO HELLO, HELLO "m",
		"hello 1 formats= probe_bytes=0 references=0\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		assert_int_equal(hear(lies[i]), KEEPER_LIE);
		assert_non_null(why);
		assert_int_equal(k.state, KEEPER_GREETING);
		assert_int_equal(k.hello.formats, 0);
	}
}

static void nothing_is_said_unasked(void **state)
{
	(void)state;
	assert_int_equal(hear("match 1\n"), KEEPER_LIE);
	assert_string_equal(why, "it speaks unasked");
	assert_int_equal(hear("m"), KEEPER_LIE);
	assert_int_equal(hear(HELLO), KEEPER_LIE);
}

static void answers(void **state)
{
	(void)state;
	assert_int_equal(k.due_ms, 2000 + TIMEOUT);
	assert_int_equal(hear("nomat"), KEEPER_NOTHING);
	assert_int_equal(hear("nomatch 1\n"), KEEPER_ANSWER);
	assert_int_equal(answer.verdict, MATCHING_NOMATCH);
	assert_int_equal(k.state, KEEPER_READY);
	assert_int_equal(hear("nomatch 1\n"), KEEPER_LIE); /* again */
	assert_int_equal(keeper_ask(&k, 3000), 2);
	assert_int_equal(hear("match 1\n"), KEEPER_LIE);
	assert_string_equal(why, "it answers what it was not asked");
	assert_int_equal(hear("error 2 bad-probe\n"), KEEPER_ANSWER);
	assert_true(span_is(answer.word, "bad-probe"));
}

static void lies_instead_of_an_answer(void **state)
{
	static const char *const lies[] = {"match 2\n", "match 0\n", "match\n", "yes\n", "\n",
		"match 1\nmatch 1\n", "match 1\nm", "match 1\n\n", HELLO};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		assert_int_equal(hear(lies[i]), KEEPER_LIE);
		assert_non_null(why);
		assert_int_equal(answer.id, 0);
		assert_int_equal(k.state, KEEPER_BUSY);
	}
}

static void a_line_that_does_not_end(void **state)
{
	char line[MATCHING_ANSWER_MAX + 2] = "";

	(void)state;
	memset(line, 'm', MATCHING_ANSWER_MAX);
	assert_int_equal(hear(line), KEEPER_NOTHING);
	line[MATCHING_ANSWER_MAX] = 'm';
	assert_int_equal(hear(line), KEEPER_LIE);
	assert_string_equal(why, "its line is too long");
}

static void an_answer_that_is_late(void **state)
{
	(void)state;
	assert_null(keeper_late(&k, 2000 + TIMEOUT - 1));
	assert_string_equal(keeper_late(&k, 2000 + TIMEOUT), "it has not answered");
}

static void ends(void **state)
{
	(void)state;
	keeper_ended(&k, 5000);
	assert_int_equal(k.state, KEEPER_DOWN);
	assert_int_equal(k.hello.formats, 0);
	assert_int_equal(k.due_ms, 5000); /* at once */
	assert_true(keeper_hopeful(&k));
	keeper_started(&k, 5000);
	assert_int_equal(hear(HELLO), KEEPER_HELLO);
	assert_int_equal(keeper_ask(&k, 5000), 1); /* IDs begin anew */
}

static void pauses_grow(void **state)
{
	static const uint64_t pauses_ms[] = {0, 250, 500, 1000, 2000, 4000, 5000, 5000, 5000};

	(void)state;
	for (size_t i = 0; i < sizeof(pauses_ms) / sizeof(*pauses_ms); i++) {
		keeper_started(&k, 7000);
		/* Saying hello is not doing one's work. */
		assert_int_equal(hear(HELLO), KEEPER_HELLO);
		assert_true(keeper_hopeful(&k));
		keeper_ended(&k, 7000);
		assert_int_equal(k.due_ms, 7000 + pauses_ms[i]);
		assert_int_equal(keeper_hopeful(&k), i == 0);
	}
	k.failures = 1000000;
	keeper_ended(&k, 7000);
	assert_int_equal(k.due_ms, 7000 + KEEPER_LONGEST_PAUSE_MS);
}

static void a_good_answer_is_a_new_beginning(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		keeper_ended(&k, 7000);
	keeper_started(&k, 8000);
	assert_false(keeper_hopeful(&k)); /* it has not said anything yet */
	assert_int_equal(hear(HELLO), KEEPER_HELLO);
	(void)keeper_ask(&k, 8000);
	assert_int_equal(hear("match 1\n"), KEEPER_ANSWER);
	keeper_ended(&k, 9000);
	assert_int_equal(k.due_ms, 9000);
	assert_true(keeper_hopeful(&k));
}

int main(void)
{
#define after(setup, f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		after(down, begins_at_once),
		after(greeting, greets),
		after(greeting, a_hello_that_is_late),
		after(greeting, lies_instead_of_hello),
		after(ready, nothing_is_said_unasked),
		after(busy, answers),
		after(busy, lies_instead_of_an_answer),
		after(busy, a_line_that_does_not_end),
		after(busy, an_answer_that_is_late),
		after(busy, ends),
		after(down, pauses_grow),
		after(down, a_good_answer_is_a_new_beginning),
	};

	return cmocka_run_group_tests_name("keeper", tests, NULL, NULL);
}
