/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper: see the header. */
#include "matchd/keeper.h"

struct keeper keeper_make(uint64_t timeout_ms)
{
	return (struct keeper){.state = KEEPER_DOWN, .timeout_ms = timeout_ms};
}

void keeper_started(struct keeper *k, uint64_t now_ms)
{
	k->state = KEEPER_GREETING;
	k->due_ms = now_ms + KEEPER_HELLO_MS;
	k->asked = 0;
}

/* Once at once, then after a pause that doubles. */
static uint64_t pause_ms(unsigned failures)
{
	uint64_t pause = KEEPER_FIRST_PAUSE_MS;

	for (unsigned i = 2; i < failures && pause < KEEPER_LONGEST_PAUSE_MS; i++)
		pause *= 2;
	if (failures < 2)
		return 0;
	return pause < KEEPER_LONGEST_PAUSE_MS ? pause : KEEPER_LONGEST_PAUSE_MS;
}

void keeper_ended(struct keeper *k, uint64_t now_ms)
{
	k->state = KEEPER_DOWN;
	k->failures++;
	k->due_ms = now_ms + pause_ms(k->failures);
	k->hello = (struct matching_hello){.formats = 0};
}

uint64_t keeper_ask(struct keeper *k, uint64_t now_ms)
{
	k->state = KEEPER_BUSY;
	k->due_ms = now_ms + k->timeout_ms;
	return ++k->asked;
}

static void rest(struct keeper *k)
{
	k->state = KEEPER_READY;
	k->due_ms = UINT64_MAX;
}

static enum keeper_heard take_hello(struct keeper *k, struct span line, const char **ret_why)
{
	struct matching_hello hello;

	*ret_why = "its first line is no hello";
	if (matching_get_hello(line, &hello) < 0 || hello.formats == 0)
		return KEEPER_LIE;
	k->hello = hello;
	rest(k);
	return KEEPER_HELLO;
}

static enum keeper_heard take_answer(struct keeper *k, struct span line,
	struct matching_answer *ret_answer, const char **ret_why)
{
	struct matching_answer answer;

	*ret_why = "what it says is no answer";
	if (matching_get_answer(line, &answer) < 0)
		return KEEPER_LIE;
	*ret_why = "it answers what it was not asked";
	if (answer.id != k->asked)
		return KEEPER_LIE;
	*ret_answer = answer;
	k->failures = 0;
	rest(k);
	return KEEPER_ANSWER;
}

enum keeper_heard keeper_hear(struct keeper *k, struct span said,
	struct matching_answer *ret_answer, const char **ret_why)
{
	const char *end = memchr(said.ptr, '\n', said.len);

	*ret_why = "it speaks unasked";
	if (k->state == KEEPER_READY || k->state == KEEPER_DOWN)
		return KEEPER_LIE;
	*ret_why = "its line is too long";
	if (!end && said.len > MATCHING_ANSWER_MAX)
		return KEEPER_LIE;
	if (!end)
		return KEEPER_NOTHING;
	/* Who says more than was asked is not believed the first part either. */
	*ret_why = "it says more than one line";
	if (end + 1 != said.ptr + said.len)
		return KEEPER_LIE;
	return k->state == KEEPER_GREETING ? take_hello(k, said, ret_why)
					   : take_answer(k, said, ret_answer, ret_why);
}

const char *keeper_late(const struct keeper *k, uint64_t now_ms)
{
	if (now_ms < k->due_ms)
		return NULL;
	if (k->state == KEEPER_GREETING)
		return "it has not said hello";
	return k->state == KEEPER_BUSY ? "it has not answered" : NULL;
}

bool keeper_hopeful(const struct keeper *k)
{
	return k->state == KEEPER_READY || k->state == KEEPER_BUSY || k->failures < 2;
}
