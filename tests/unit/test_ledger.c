/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger: ids that are never given twice, what a transaction keeps and loses, the open commands,
 * and the rest of what stands beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmdqd/ledger_command.h"
#include "cmdqd/ledger_private.h"
#include "command/typed.h"
#include "scratch.h"

static struct ledger *l;
static struct buf text;

static void open_again(void **state)
{
	ledger_close(l);
	l = NULL;
	assert_int_equal(ledger_open(scratch_path(state, "control"), &l), 0);
}

static int set_up(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	text = buf_with_max(4 * TYPED_MAX);
	return ledger_open(scratch_path(state, "control"), &l);
}

static int tear_down(void **state)
{
	ledger_close(l);
	l = NULL;
	buf_free(&text);
	return scratch_remove(state);
}

static void commit(void)
{
	assert_true(ledger_is_open(l));
	assert_int_equal(ledger_commit(l), 0);
	assert_false(ledger_is_open(l));
}

static struct command command_of(const char *serial)
{
	struct command c = {.order = "N.1", .queued_us = 5, .text = span_str("verb: log\n")};

	snprintf(c.serial, sizeof(c.serial), "%s", serial);
	return c;
}

static uint64_t add(const char *serial, bool urgent)
{
	struct command c = command_of(serial);

	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_add_command(l, &c, urgent), 0);
	return c.id;
}

static void end(uint64_t id)
{
	struct command c;

	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_get_command(l, id, &text, &c), 0);
	c.state = COMMAND_DONE;
	assert_int_equal(ledger_put_command(l, &c, false), 0);
}

static void test_transaction(void **state)
{
	(void)state;
	assert_false(ledger_is_open(l));
	assert_int_equal(ledger_need(l), 0);
	assert_true(ledger_is_open(l));
	assert_int_equal(ledger_need(l), 0);
	ledger_abort(l);
	assert_false(ledger_is_open(l));
	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_give_up(l, -EIO), -EIO);
	assert_false(ledger_is_open(l));
}

static void test_ids(void **state)
{
	assert_int_equal(add("A", false), 1);
	assert_int_equal(add("B", false), 2);
	commit();
	/* What nobody heard of may be given again; what is durable never. */
	assert_int_equal(add("A", false), 3);
	ledger_abort(l);
	assert_int_equal(add("C", false), 3);
	end(3);
	commit();
	open_again(state);
	assert_int_equal(add("A", false), 4);
}

static void set_last_id(uint64_t id)
{
	struct pack number = {.len = 0};

	command_pack_id(&number, id);
	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(
		ledger_store(l, CONTROL_META, span_str(COMMAND_LAST_ID), pack_span(&number), 0), 0);
}

static void test_last_id(void **state)
{
	struct command c = command_of("A");

	(void)state;
	set_last_id(COMMAND_ID_MAX - 1);
	assert_int_equal(add("A", false), 9999999999999999u);
	assert_int_equal(ledger_add_command(l, &c, false), -EOVERFLOW);
}

static void test_command(void **state)
{
	struct command c = command_of("A"), got;
	char bytes[200];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i + 1);
	c.text = span_of(bytes, sizeof(bytes));
	c.expires_us = 9;
	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_add_command(l, &c, false), 0);
	commit();
	open_again(state);
	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_get_command(l, c.id, &text, &got), 0);
	assert_int_equal(got.id, c.id);
	assert_string_equal(got.serial, "A");
	assert_string_equal(got.order, "N.1");
	assert_int_equal(got.queued_us, 5);
	assert_int_equal(got.expires_us, 9);
	assert_true(span_eq(got.text, c.text));
	assert_int_equal(ledger_get_command(l, c.id + 1, &text, &got), -ENOENT);
}

/* Each byte of the longest text is escaped. */
static void test_longest_text(void **state)
{
	static char bytes[TYPED_MAX];
	struct command c = command_of("A"), got;

	(void)state;
	memset(bytes, '\n', sizeof(bytes));
	c.text = span_of(bytes, sizeof(bytes));
	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_add_command(l, &c, false), 0);
	assert_int_equal(ledger_get_command(l, c.id, &text, &got), 0);
	assert_true(span_eq(got.text, c.text));
}

static void assert_next(struct open_place *at, const char *serial, uint64_t id)
{
	assert_int_equal(ledger_next_open(l, at), 0);
	assert_string_equal(at->serial, serial);
	assert_int_equal(at->id, id);
}

/* Serials of which one begins like another. */
static void test_open(void **state)
{
	struct open_place at = {.id = 0};

	(void)state;
	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_next_open(l, &at), -ENOENT);
	add("B", false), add("AA", false), add("A", false), add("B", false), add("A-", false);
	assert_next(&at, "A", 3);
	assert_next(&at, "A-", 5);
	/* The place itself may be gone meanwhile. */
	end(5);
	end(2);
	assert_next(&at, "B", 1);
	assert_next(&at, "B", 4);
	assert_int_equal(ledger_next_open(l, &at), -ENOENT);
	assert_int_equal(at.id, 4);
	at = (struct open_place){.id = 0};
	assert_int_equal(ledger_next_open_device(l, &at), 0);
	assert_string_equal(at.serial, "A");
	assert_int_equal(ledger_next_open_device(l, &at), 0);
	assert_string_equal(at.serial, "B");
	assert_int_equal(ledger_next_open_device(l, &at), -ENOENT);
	assert_int_equal(ledger_count_open(l, span_str("B")), 2);
	assert_int_equal(ledger_count_open(l, span_str("A")), 1);
	assert_int_equal(ledger_count_open(l, span_str("C")), 0);
	assert_int_equal(ledger_count_open(l, span_str("")), -EINVAL);
}

static void assert_open(const char *serial, int count)
{
	/* Twice: what is known by then is the same. */
	assert_int_equal(ledger_count_open(l, span_str(serial)), count);
	assert_int_equal(ledger_count_open(l, span_str(serial)), count);
}

static void test_count_keeps_up(void **state)
{
	struct command c;

	(void)state;
	assert_int_equal(ledger_need(l), 0);
	assert_open("A", 0);
	add("A", false);
	add("B", false);
	assert_open("A", 1);
	assert_open("B", 1);
	add("A", true);
	assert_open("A", 2);
	commit();
	assert_int_equal(ledger_need(l), 0);
	assert_open("A", 2);
	assert_int_equal(ledger_get_command(l, 1, &text, &c), 0);
	c.state = COMMAND_OFFERED;
	assert_int_equal(ledger_put_command(l, &c, false), 0);
	assert_open("A", 2);
	end(1);
	assert_open("A", 1);
	end(1);
	assert_open("A", 1);
	add("A", false);
	add("A", false);
	assert_open("A", 3);
	ledger_abort(l);
	assert_int_equal(ledger_need(l), 0);
	assert_open("A", 2);
	end(1);
	commit();
	assert_int_equal(ledger_need(l), 0);
	assert_open("A", 1);
}

/* No device has no name. */
static void test_count_of_nobody(void **state)
{
	(void)state;
	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_count_open(l, span_str("")), -EINVAL);
	add("A", false);
	assert_int_equal(ledger_count_open(l, span_str("")), -EINVAL);
	assert_open("A", 1);
}

static void test_marks(void **state)
{
	struct open_place at = {.serial = "A"};
	struct command c = command_of("A");

	(void)state;
	add("A", false);
	add("A", true);
	add("AA", true);
	c.expires_us = 7;
	assert_int_equal(ledger_add_command(l, &c, false), 0);
	assert_int_equal(ledger_next_open_of(l, &at, OPEN_URGENT, OPEN_URGENT), 0);
	assert_int_equal(at.id, 2);
	assert_int_equal(at.marks, OPEN_URGENT);
	/* Not the next device's. */
	assert_int_equal(ledger_next_open_of(l, &at, OPEN_URGENT, OPEN_URGENT), -ENOENT);
	assert_int_equal(at.id, 2);
	at.id = 0;
	assert_int_equal(ledger_next_open_of(l, &at, OPEN_EXPIRES, OPEN_EXPIRES), 0);
	assert_int_equal(at.id, c.id);
	c.state = COMMAND_OFFERED;
	assert_int_equal(ledger_put_command(l, &c, true), 0);
	at.id = 0;
	assert_int_equal(ledger_next_open_of(l, &at, OPEN_OFFERED, OPEN_OFFERED), 0);
	assert_int_equal(at.id, c.id);
	assert_int_equal(at.marks, OPEN_OFFERED | OPEN_URGENT | OPEN_EXPIRES);
	c.state = COMMAND_QUEUED;
	assert_int_equal(ledger_put_command(l, &c, false), 0);
	at.id = 0;
	assert_int_equal(ledger_next_open_of(l, &at, OPEN_OFFERED, OPEN_OFFERED), -ENOENT);
	assert_int_equal(ledger_next_open_of(l, &at, OPEN_OFFERED | OPEN_URGENT, 0), 0);
	assert_int_equal(at.id, 1);
}

static void test_bad_serial(void **state)
{
	struct command c = command_of("A B");

	(void)state;
	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_add_command(l, &c, false), -EINVAL);
}

static void test_ordered(void **state)
{
	struct ordered o = {.id = 12}, got;

	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_get_ordered(l, "N.1", &got), -ENOENT);
	assert_int_equal(ledger_put_ordered(l, "N.1", &o), 0);
	o = (struct ordered){.why = "no such\nverb"};
	assert_int_equal(ledger_put_ordered(l, "N.2", &o), 0);
	assert_int_equal(ledger_put_ordered(l, "N.3", &(struct ordered){.id = 0}), 0);
	commit();
	open_again(state);
	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_get_ordered(l, "N.1", &got), 0);
	assert_int_equal(got.id, 12);
	assert_string_equal(got.why, "");
	assert_int_equal(ledger_get_ordered(l, "N.2", &got), 0);
	assert_int_equal(got.id, 0);
	assert_string_equal(got.why, "no such\nverb");
	assert_int_equal(ledger_get_ordered(l, "N.3", &got), 0);
	assert_int_equal(got.id, 0);
}

static int count_stray(void *context, const struct stray *s)
{
	assert_string_equal(s->id, "77");
	++*(unsigned *)context;
	return 0;
}

static void test_stray(void **state)
{
	struct stray s = {.serial = "A", .id = "77", .has_return = true, .return_code = -1};
	struct control_reader *r;
	unsigned count = 0;

	snprintf(s.entry, sizeof(s.entry), "%s", "0000000000000001-00000000000000ff.2");
	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_put_stray(l, &s, 1), 0);
	assert_int_equal(ledger_put_stray(l, &s, 2), 0);
	commit();
	assert_int_equal(ledger_need(l), 0);
	/* A replay. */
	snprintf(s.id, sizeof(s.id), "78");
	assert_int_equal(ledger_put_stray(l, &s, 1), 0);
	commit();
	snprintf(s.entry, sizeof(s.entry), "none");
	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_put_stray(l, &s, 1), -EINVAL);
	ledger_close(l);
	l = NULL;
	assert_int_equal(control_open(scratch_path(state, "control"), &r), 0);
	assert_int_equal(control_strays(r, count_stray, &count), 0);
	assert_int_equal(count, 2);
	control_close(r);
}

static void test_facts(void **state)
{
	struct device d = {.serial = "A", .state = DEVICE_APPROVED};

	(void)state;
	assert_int_equal(ledger_need(l), 0);
	assert_int_equal(ledger_get_facts(l, span_str("A"), &text), -ENOENT);
	assert_int_equal(ledger_put(l, &d), 0);
	assert_int_equal(ledger_put_facts(l, span_str("A"), span_str("a=1\nb=2\n")), 0);
	assert_int_equal(ledger_put_facts(l, span_str("B"), span_str("a=3\n")), 0);
	assert_int_equal(ledger_get_facts(l, span_str("A"), &text), 0);
	assert_true(span_is(buf_span(&text), "a=1\nb=2\n"));
	assert_int_equal(ledger_put_facts(l, span_str("A"), span_str("a=2\n")), 0);
	assert_int_equal(ledger_get_facts(l, span_str("A"), &text), 0);
	assert_true(span_is(buf_span(&text), "a=2\n"));
	/* One that is forgotten takes them along. */
	assert_int_equal(ledger_delete(l, span_str("A")), 0);
	assert_int_equal(ledger_get_facts(l, span_str("A"), &text), -ENOENT);
	assert_int_equal(ledger_get_facts(l, span_str("B"), &text), 0);
	assert_int_equal(ledger_delete(l, span_str("A")), 0);
}

static int fill(unsigned count)
{
	static char bytes[40000];
	struct command c = command_of("A");
	int rc = ledger_need(l);

	memset(bytes, 'x', sizeof(bytes));
	c.text = span_of(bytes, sizeof(bytes));
	for (unsigned i = 0; rc == 0 && i < count; i++)
		rc = ledger_add_command(l, &c, false);
	return rc;
}

static void test_grows(void **state)
{
	(void)state;
	add("A", false);
	commit();
	assert_int_equal(fill(3000), -EXFULL);
	assert_int_equal(ledger_give_up(l, -EXFULL), -EAGAIN);
	assert_false(ledger_is_open(l));
	assert_int_equal(fill(2000), 0);
	/* All of the first try is gone. */
	assert_int_equal(ledger_count_open(l, span_str("A")), 2001);
	assert_int_equal(add("A", false), 2002);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_transaction),
		TEST(test_ids),
		TEST(test_last_id),
		TEST(test_command),
		TEST(test_longest_text),
		TEST(test_open),
		TEST(test_count_keeps_up),
		TEST(test_count_of_nobody),
		TEST(test_marks),
		TEST(test_bad_serial),
		TEST(test_ordered),
		TEST(test_stray),
		TEST(test_facts),
		TEST(test_grows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
