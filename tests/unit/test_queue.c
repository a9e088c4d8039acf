/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue: what is queued once, handed out in order, and ends; then all of it at random against a
 * small model, with crashes in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmdqd/queue.h"
#include "scratch.h"

#define START 1700000000000000u
#define LEASE 60000000u

static const struct progress_rules rules = {.lease_us = LEASE, .offers_max = 3};

static struct room {
	struct ledger *l;
	struct buf text, lines;
	uint64_t now_us;
	struct dialect dialect;
	uint64_t batch_bytes;
	bool open; /* of the last offer */
	unsigned due;
	char due_serial[SERIAL_MAX + 1];
} room;

static int set_up(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	room = (struct room){.text = buf_with_max(TYPED_MAX),
		.lines = buf_with_max(64 * 1024),
		.now_us = START,
		.batch_bytes = RENDER_MAX};
	return ledger_open(scratch_path(state, "control"), &room.l);
}

static int tear_down(void **state)
{
	ledger_close(room.l);
	buf_free(&room.text);
	buf_free(&room.lines);
	return scratch_remove(state);
}

static void commit(void)
{
	assert_int_equal(ledger_commit(room.l), 0);
}

static void crash(void **state)
{
	ledger_close(room.l);
	room.l = NULL;
	assert_int_equal(ledger_open(scratch_path(state, "control"), &room.l), 0);
}

/* What the order "verb: NAME", … says. 1, 0, or a negative errno. */
static int try_add(const char *serial, const char *entry, const char *text, uint64_t expires_us,
	uint64_t *ret_id)
{
	char why[VERB_WHY_BYTES];
	struct typed t;
	struct queue_order o = {.serial = span_str(serial),
		.entry = entry,
		.owner_uid = 1000,
		.expires_us = expires_us,
		.command = &t};

	assert_int_equal(typed_get(span_str(text), &t, why), 0);
	return queue_add(room.l, &o, room.now_us, ret_id);
}

static uint64_t add_until(const char *serial, const char *text, uint64_t expires_us)
{
	uint64_t id = 0;

	assert_int_equal(try_add(serial, QUEUE_OWN_ENTRY, text, expires_us, &id), 1);
	return id;
}

static uint64_t add(const char *serial, const char *text)
{
	return add_until(serial, text, 0);
}

static int offer(const char *serial)
{
	struct queue_offer o = {.serial = span_str(serial),
		.dialect = &room.dialect,
		.batch_bytes = room.batch_bytes,
		.rules = &rules};

	buf_clear(&room.lines);
	return queue_offer(room.l, &o, room.now_us, &room.lines, &room.open);
}

static void assert_offer(const char *serial, int count, const char *lines)
{
	assert_int_equal(offer(serial), count);
	assert_int_equal(room.lines.len, strlen(lines));
	assert_true(span_is(buf_span(&room.lines), lines));
}

static int result(const char *serial, uint64_t id, int64_t code, struct command *ret)
{
	struct queue_result r = {
		.serial = span_str(serial), .id = id, .code = code, .entry = "R.1"};

	return queue_result(room.l, &r, room.now_us, &room.text, ret);
}

static struct command find(const char *serial, uint64_t id)
{
	struct command c;

	assert_int_equal(queue_find(room.l, span_str(serial), id, &room.text, &c), 0);
	return c;
}

static void assert_state(const char *serial, uint64_t id, enum command_state state)
{
	assert_string_equal(command_state_name(find(serial, id).state), command_state_name(state));
}

static void note_due(void *context, struct span serial)
{
	(void)context;
	room.due++;
	snprintf(room.due_serial, sizeof(room.due_serial), "%.*s", SPAN_ARG(serial));
}

/* ---- orders ---- */

static void test_once(void **state)
{
	uint64_t id = 0, again = 0;

	assert_int_equal(try_add("A", "N.1", "verb: log\n", START + 9, &id), 1);
	struct command c = find("A", id);
	assert_int_equal(c.state, COMMAND_QUEUED);
	assert_string_equal(c.order, "N.1");
	assert_int_equal(c.owner_uid, 1000);
	assert_int_equal(c.queued_us, START);
	assert_int_equal(c.expires_us, START + 9);
	assert_true(span_is(c.text, "verb: log\n"));
	/* Within the same transaction, and after it. */
	assert_int_equal(try_add("A", "N.1", "verb: log\n", 0, &again), 0);
	assert_int_equal(again, id);
	commit();
	crash(state);
	again = 0;
	assert_int_equal(try_add("A", "N.1", "verb: log\n", 0, &again), 0);
	assert_int_equal(again, id);
	assert_int_equal(try_add("A", "N.2", "verb: log\n", 0, &again), 1);
	assert_int_not_equal(again, id);
	/* It is over, and stays so. */
	assert_int_equal(queue_cancel_all(room.l, span_str("A"), START), 2);
	assert_int_equal(try_add("A", "N.1", "verb: log\n", 0, &again), 0);
	assert_state("A", again, COMMAND_CANCELLED);
}

static void test_own_is_no_repetition(void **state)
{
	(void)state;
	assert_int_not_equal(add("A", "verb: check\n"), add("A", "verb: check\n"));
}

/* An entry that was refused made nothing. */
static void test_after_refusal(void **state)
{
	uint64_t id = 0;

	(void)state;
	assert_int_equal(ledger_need(room.l), 0);
	assert_int_equal(ledger_put_ordered(room.l, "N.1", &(struct ordered){.why = "full"}), 0);
	assert_int_equal(try_add("A", "N.1", "verb: log\n", 0, &id), 1);
	assert_int_equal(try_add("A", "N.1", "verb: log\n", 0, &id), 0);
	assert_state("A", id, COMMAND_QUEUED);
}

static void test_full(void **state)
{
	struct command c = {.serial = "A", .order = "cmdqd", .text = span_str("verb: log\n")};
	uint64_t id;

	(void)state;
	assert_int_equal(ledger_need(room.l), 0);
	for (unsigned i = 1; i < QUEUE_OPEN_MAX; i++)
		assert_int_equal(ledger_add_command(room.l, &c, false), 0);
	assert_int_equal(try_add("A", "N.1", "verb: log\n", 0, &id), 1);
	assert_int_equal(try_add("A", "N.2", "verb: log\n", 0, &id), -ENOSPC);
	/* What is there already is no new one. */
	assert_int_equal(try_add("A", "N.1", "verb: log\n", 0, &id), 0);
	assert_int_equal(try_add("B", "N.3", "verb: log\n", 0, &id), 1);
	assert_int_equal(queue_cancel(room.l, 1, START, &c), 0);
	assert_int_equal(try_add("A", "N.2", "verb: log\n", 0, &id), 1);
}

/* What is masked may be longer than what was ordered, and is looked at all the same. */
static void test_longest_texts(void **state)
{
	static char bytes[TYPED_MASKED_MAX];
	struct typed t = {.verb = verb_find(span_str("raw")), .given = {true}};
	struct queue_order o = {.serial = span_str("A"), .entry = "N.1", .command = &t};
	struct command c = {
		.serial = "A", .state = COMMAND_DONE, .text = span_of(bytes, sizeof(bytes))};
	uint64_t id;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	t.values[0] = span_of(bytes, TYPED_MAX);
	assert_int_equal(queue_add(room.l, &o, room.now_us, &id), -EMSGSIZE);
	ledger_abort(room.l);
	assert_int_equal(ledger_need(room.l), 0);
	assert_int_equal(ledger_add_command(room.l, &c, false), 0);
	assert_int_equal(queue_cancel(room.l, c.id, room.now_us, &c), -EALREADY);
}

static void test_bad_order(void **state)
{
	static char entry[COMMAND_ORDER_BYTES + 1];
	uint64_t id;

	(void)state;
	memset(entry, 'N', COMMAND_ORDER_BYTES);
	assert_int_equal(try_add("A", entry, "verb: log\n", 0, &id), -EINVAL);
	assert_int_equal(try_add("A B", "N.1", "verb: log\n", 0, &id), -EINVAL);
}

/* ---- offers ---- */

static void test_nothing_to_offer(void **state)
{
	(void)state;
	assert_offer("A", 0, "");
	assert_false(room.open);
	add("B", "verb: log\n");
	add("AA", "verb: log\n");
	assert_offer("A", 0, "");
	assert_false(room.open);
}

static void test_order(void **state)
{
	struct command c;

	(void)state;
	add("A", "verb: user.rm\npin: 1\n");
	add("B", "verb: log\n");
	add("A", "verb: info\n");
	add("A", "verb: log\n");
	assert_offer("A", 3, "C:1:DATA DELETE USERINFO PIN=1\nC:3:INFO\nC:4:LOG\n");
	assert_true(room.open);
	commit();
	c = find("A", 3);
	assert_int_equal(c.state, COMMAND_OFFERED);
	assert_int_equal(c.offers, 1);
	assert_int_equal(c.offered_us, START);
	/* Later ones wait until all of these have results. */
	add("A", "verb: log\n");
	assert_offer("A", 0, "");
	assert_true(room.open);
	assert_int_equal(result("A", 4, 0, &c), PROGRESS_TAKEN);
	assert_int_equal(result("A", 1, 0, &c), PROGRESS_TAKEN);
	assert_offer("A", 0, "");
	assert_int_equal(result("A", 3, 0, &c), PROGRESS_TAKEN);
	assert_offer("A", 1, "C:5:LOG\n");
	assert_int_equal(result("A", 5, 0, &c), PROGRESS_TAKEN);
	assert_offer("A", 0, "");
	assert_false(room.open);
}

static void test_lost_reply(void **state)
{
	(void)state;
	add("A", "verb: log\n");
	add("A", "verb: enroll\npin: 1\nfid: 0\n");
	add("A", "verb: info\n");
	assert_int_equal(offer("A"), 3);
	add("A", "verb: log\n");
	room.now_us += LEASE - 1;
	assert_offer("A", 0, "");
	room.now_us++;
	/* What may have been heard is never given twice; the rest goes before the later one. */
	assert_offer("A", 3, "C:1:LOG\nC:3:INFO\nC:4:LOG\n");
	assert_state("A", 2, COMMAND_FAILED);
	assert_non_null(strstr(find("A", 2).why, "may have been carried out"));
	room.now_us += LEASE;
	assert_offer("A", 3, "C:1:LOG\nC:3:INFO\nC:4:LOG\n");
	room.now_us += LEASE;
	assert_offer("A", 1, "C:4:LOG\n");
	assert_state("A", 1, COMMAND_FAILED);
}

static void test_urgent(void **state)
{
	struct command c;

	(void)state;
	add("A", "verb: log\n");
	add("A", "verb: unlock\n");
	add("A", "verb: info\n");
	assert_offer("A", 3, "C:2:AC_UNLOCK\nC:1:LOG\nC:3:INFO\n");
	add("A", "verb: log\n");
	add("A", "verb: unalarm\n");
	assert_offer("A", 1, "C:5:AC_UNALARM\n");
	assert_int_equal(result("A", 1, 0, &c), PROGRESS_TAKEN);
	assert_int_equal(result("A", 3, 0, &c), PROGRESS_TAKEN);
	assert_offer("A", 0, "");
	assert_int_equal(result("A", 5, 0, &c), PROGRESS_TAKEN);
	assert_offer("A", 0, "");
	assert_int_equal(result("A", 2, 0, &c), PROGRESS_TAKEN);
	assert_offer("A", 1, "C:4:LOG\n");
}

static void test_expired_is_not_offered(void **state)
{
	(void)state;
	add_until("A", "verb: unlock\n", START + 15);
	add("A", "verb: log\n");
	room.now_us += 15;
	assert_offer("A", 1, "C:2:LOG\n");
	assert_state("A", 1, COMMAND_EXPIRED);
}

static void test_batch_ends(void **state)
{
	struct command c;

	(void)state;
	add("A", "verb: log\n");
	add("A", "verb: reboot\n");
	add("A", "verb: log\n");
	assert_offer("A", 2, "C:1:LOG\nC:2:REBOOT\n");
	assert_int_equal(result("A", 1, 0, &c), PROGRESS_TAKEN);
	assert_int_equal(result("A", 2, 0, &c), PROGRESS_TAKEN);
	assert_offer("A", 1, "C:3:LOG\n");
}

static void test_batch_count(void **state)
{
	(void)state;
	for (unsigned i = 0; i < QUEUE_BATCH_MAX + 5; i++)
		add("A", "verb: log\n");
	assert_int_equal(offer("A"), QUEUE_BATCH_MAX);
	assert_state("A", QUEUE_BATCH_MAX, COMMAND_OFFERED);
	assert_state("A", QUEUE_BATCH_MAX + 1, COMMAND_QUEUED);
}

static void test_batch_bytes(void **state)
{
	struct command c;

	(void)state;
	add("A", "verb: log\n");
	add("A", "verb: info\n");
	add("A", "verb: user.rm\npin: 1\n");
	add("A", "verb: log\n");
	/* All that is in the reply counts, and nothing overtakes what does not fit. */
	room.batch_bytes = strlen("C:3:DATA DELETE USERINFO PIN=1\n");
	assert_offer("A", 2, "C:1:LOG\nC:2:INFO\n");
	assert_int_equal(result("A", 1, 0, &c), PROGRESS_TAKEN);
	assert_int_equal(result("A", 2, 0, &c), PROGRESS_TAKEN);
	assert_offer("A", 1, "C:3:DATA DELETE USERINFO PIN=1\n");
	assert_state("A", 4, COMMAND_QUEUED);
}

static void test_appends(void **state)
{
	struct queue_offer o = {.serial = span_str("A"),
		.dialect = &room.dialect,
		.batch_bytes = 12,
		.rules = &rules};

	(void)state;
	add("A", "verb: log\n");
	add("A", "verb: log\n");
	assert_int_equal(buf_add_str(&room.lines, "abc\n"), 0);
	assert_int_equal(queue_offer(room.l, &o, START, &room.lines, &room.open), 1);
	assert_true(span_is(buf_span(&room.lines), "abc\nC:1:LOG\n"));
}

/* One that can never go must not stop those behind it. */
static void test_too_long(void **state)
{
	(void)state;
	add("A", "verb: user.rm\npin: 1001\n");
	add("A", "verb: log\n");
	room.batch_bytes = 20;
	assert_offer("A", 1, "C:2:LOG\n");
	assert_state("A", 1, COMMAND_FAILED);
	assert_non_null(strstr(find("A", 1).why, "do not fit"));
	assert_non_null(strstr(find("A", 1).why, "20"));
}

static void test_refused_by_the_device(void **state)
{
	struct command c;

	(void)state;
	add("A", "verb: face.add\npin: 1001\nfid: 0\ntemplate: AAAABBBB\n");
	add("A", "verb: log\n");
	room.dialect.face = ABLE_NO;
	assert_offer("A", 1, "C:2:LOG\n");
	c = find("A", 1);
	assert_int_equal(c.state, COMMAND_FAILED);
	assert_true(c.why[0] != '\0');
	assert_int_equal(c.offers, 0);
	assert_null(memmem(c.text.ptr, c.text.len, "AAAABBBB", 8));
}

static uint64_t put_text(const char *text)
{
	struct command c = {.serial = "A", .order = "cmdqd", .text = span_str(text)};

	assert_int_equal(ledger_need(room.l), 0);
	assert_int_equal(ledger_add_command(room.l, &c, false), 0);
	return c.id;
}

/* As another version of ours wrote it. */
static void test_not_understood(void **state)
{
	static const char *const texts[] = {
		"verb: door.paint\ncolour: s3cret\n", "s3cret\n", "", "verb: user.rm\nx: s3cret\n"};
	uint64_t ids[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		ids[i] = put_text(texts[i]);
	add("A", "verb: log\n");
	assert_offer("A", 1, "C:5:LOG\n");
	for (unsigned i = 0; i < 4; i++) {
		struct command c = find("A", ids[i]);
		assert_int_equal(c.state, COMMAND_FAILED);
		assert_true(c.why[0] != '\0');
		assert_null(memmem(c.text.ptr, c.text.len, "s3cret", 6));
	}
	assert_true(span_starts(find("A", ids[0]).text, "verb: door.paint"));
}

/* ---- results ---- */

static void test_results(void **state)
{
	struct command c = {.id = 99};

	assert_int_equal(
		try_add("A", "N.1", "verb: user.add\npin: 1001\nname: Anna\npassword: 4711\n", 0,
			&c.id),
		1);
	uint64_t id = c.id;
	c.id = 99;
	/* Not offered yet; another device's; nobody's. */
	assert_int_equal(result("A", id, 0, &c), PROGRESS_STRAY);
	assert_int_equal(offer("A"), 1);
	commit();
	crash(state);
	assert_int_equal(result("B", id, 0, &c), PROGRESS_STRAY);
	assert_int_equal(result("A", id + 1, 0, &c), PROGRESS_STRAY);
	assert_int_equal(c.id, 99);
	assert_int_equal(result("A", id, -10, &c), PROGRESS_TAKEN);
	assert_int_equal(c.state, COMMAND_FAILED);
	assert_int_equal(c.return_code, -10);
	assert_string_equal(c.why, "no such PIN");
	assert_string_equal(c.result, "R.1");
	assert_null(memmem(c.text.ptr, c.text.len, "4711", 4));
	assert_non_null(memmem(c.text.ptr, c.text.len, "name: Anna", 10));
	assert_ptr_equal(c.text.ptr, room.text.ptr);
	commit();
	crash(state);
	assert_int_equal(result("A", id, 0, &c), PROGRESS_KNOWN);
	assert_int_equal(c.return_code, -10);
	c = find("A", id);
	assert_int_equal(c.state, COMMAND_FAILED);
	assert_null(memmem(c.text.ptr, c.text.len, "4711", 4));
}

static void test_content(void **state)
{
	struct queue_result r = {
		.serial = span_str("A"), .code = 5, .entry = "R.1", .content_bytes = 5};
	struct command c;

	(void)state;
	r.id = add("A", "verb: get-file\npath: a.txt\n");
	assert_int_equal(offer("A"), 1);
	assert_int_equal(queue_result(room.l, &r, START, &room.text, &c), PROGRESS_TAKEN);
	assert_int_equal(c.state, COMMAND_DONE);
	assert_int_equal(c.content_bytes, 5);
	r.content_bytes = 7;
	assert_int_equal(queue_result(room.l, &r, START, &room.text, &c), PROGRESS_KNOWN);
	assert_int_equal(c.content_bytes, 5);
}

/* A number from 0 up is a count where the verb counts, in a raw line too. */
static void test_counts(void **state)
{
	static const struct {
		const char *text;
		enum command_state state;
	} cases[] = {
		{"verb: user.query\n", COMMAND_DONE},
		{"verb: log\n", COMMAND_FAILED},
		{"verb: raw\nline: DATA QUERY USERINFO\n", COMMAND_DONE},
		{"verb: raw\nline: LOG\n", COMMAND_FAILED},
		{"verb: raw\nline: SING aloud\n", COMMAND_DONE},
	};
	struct command c;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t id = add("A", cases[i].text);
		assert_int_equal(offer("A"), 1);
		assert_int_equal(result("A", id, 3, &c), PROGRESS_TAKEN);
		assert_int_equal(c.state, cases[i].state);
	}
}

/* The text is masked by then, and is left alone. */
static void test_late_result(void **state)
{
	static const char *const texts[] = {
		"verb: finger.add\npin: 1001\nfid: 0\ntemplate: TUFERVVQMTIz\n",
		"verb: raw\nline: DATA QUERY USERINFO\n", "verb: raw\nline: SING aloud\n"};
	struct command c;
	char text[200];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t id = add("A", texts[i]);
		assert_int_equal(offer("A"), 1);
		assert_int_equal(queue_cancel(room.l, id, START, &c), 0);
		c = find("A", id);
		assert_int_equal(c.state, COMMAND_CANCELLED);
		assert_null(memmem(c.text.ptr, c.text.len, "TUFER", 5));
		assert_null(memmem(c.text.ptr, c.text.len, "SING", 4));
		snprintf(text, sizeof(text), "%.*s", SPAN_ARG(c.text));
		assert_int_equal(result("A", id, i == 0 ? 0 : 3, &c), PROGRESS_TAKEN);
		assert_int_equal(c.state, COMMAND_DONE);
		assert_string_equal(c.why, "");
		assert_true(span_is(find("A", id).text, text));
		assert_int_equal(ledger_count_open(room.l, span_str("A")), 0);
	}
}

/* Its verb is known still, and so what the number means. */
static void test_late_result_in_words(void **state)
{
	uint64_t id = add("A", "verb: photo.add\npin: 1001\ncontent: TUFERVVQMTIz\n");
	struct command c;

	(void)state;
	assert_int_equal(offer("A"), 1);
	assert_int_equal(queue_cancel(room.l, id, START, &c), 0);
	assert_int_equal(result("A", id, -2, &c), PROGRESS_TAKEN);
	assert_string_equal(c.why, "the photo's size is wrong");
}

static void test_find(void **state)
{
	struct command c;
	uint64_t id = add("A", "verb: log\n");

	(void)state;
	assert_int_equal(queue_find(room.l, span_str("A"), id, &room.text, &c), 0);
	assert_int_equal(queue_find(room.l, span_str("B"), id, &room.text, &c), -ENOENT);
	assert_int_equal(queue_find(room.l, span_str("A"), 0, &room.text, &c), -ENOENT);
}

/* ---- cancelled ---- */

static void test_cancel(void **state)
{
	struct command c;

	(void)state;
	add("A", "verb: log\n");
	add("B", "verb: log\n");
	add("A", "verb: log\n");
	assert_int_equal(queue_cancel(room.l, 1, START + 1, &c), 0);
	assert_int_equal(c.state, COMMAND_CANCELLED);
	assert_string_equal(c.serial, "A");
	assert_int_equal(c.text.len, 0);
	assert_int_equal(queue_cancel(room.l, 1, START + 1, &c), -EALREADY);
	assert_int_equal(queue_cancel(room.l, 4, START + 1, &c), -ENOENT);
	assert_offer("A", 1, "C:3:LOG\n");
	add("A", "verb: log\n");
	assert_int_equal(queue_cancel_all(room.l, span_str("A"), START), 2);
	assert_int_equal(queue_cancel_all(room.l, span_str("A"), START), 0);
	assert_offer("A", 0, "");
	assert_false(room.open);
	assert_non_null(strstr(find("A", 3).why, "may have been carried out"));
	assert_state("B", 2, COMMAND_QUEUED);
}

/* ---- time ---- */

static int sweep(struct queue_cursor *cursor)
{
	room.due = 0;
	return queue_sweep(room.l, cursor, &rules, room.now_us, note_due, NULL);
}

static void test_sweep(void **state)
{
	struct queue_cursor cursor = {.at = {.id = 0}};

	(void)state;
	add("A", "verb: log\n");
	add("A", "verb: shell\nline: s3cret\n");
	add_until("B", "verb: log\n", START + 5);
	add("C", "verb: log\n");
	assert_int_equal(offer("A"), 2);
	assert_int_equal(sweep(&cursor), 0);
	room.now_us += LEASE;
	assert_int_equal(sweep(&cursor), 3);
	assert_int_equal(room.due, 1);
	assert_string_equal(room.due_serial, "A");
	assert_state("A", 1, COMMAND_QUEUED);
	assert_state("A", 2, COMMAND_FAILED);
	assert_null(memmem(find("A", 2).text.ptr, find("A", 2).text.len, "s3cret", 6));
	assert_state("B", 3, COMMAND_EXPIRED);
	assert_state("C", 4, COMMAND_QUEUED);
	assert_int_equal(sweep(&cursor), 0);
	assert_offer("A", 1, "C:1:LOG\n");
}

/* A clock that was set back gives a command no second chance to be swept as due. */
static void test_sweep_after_the_clock(void **state)
{
	struct queue_cursor cursor = {.at = {.id = 0}};

	(void)state;
	add("A", "verb: log\n");
	assert_int_equal(offer("A"), 1);
	room.now_us -= 1000 * LEASE;
	assert_int_equal(sweep(&cursor), 1);
	assert_int_equal(room.due, 0);
	room.now_us += LEASE;
	assert_int_equal(sweep(&cursor), 1);
	assert_int_equal(room.due, 1);
}

static void test_sweep_is_bounded(void **state)
{
	struct queue_cursor cursor = {.at = {.id = 0}};
	struct command c = {.order = "cmdqd", .expires_us = 1, .text = span_str("verb: log\n")};

	(void)state;
	assert_int_equal(ledger_need(room.l), 0);
	for (unsigned i = 0; i < 2 * QUEUE_SWEEP_MOST + 3; i++) {
		snprintf(c.serial, sizeof(c.serial), "N%u", i % 5);
		assert_int_equal(ledger_add_command(room.l, &c, false), 0);
	}
	assert_int_equal(sweep(&cursor), QUEUE_SWEEP_MOST);
	assert_int_equal(sweep(&cursor), QUEUE_SWEEP_MOST);
	assert_int_equal(sweep(&cursor), 3);
	assert_int_equal(cursor.at.id, 0);
	assert_int_equal(sweep(&cursor), 0);
}

/* It goes on where it stopped, though nothing changed before that. */
static void test_sweep_goes_on(void **state)
{
	struct queue_cursor cursor = {.at = {.id = 0}};
	struct command c = {.serial = "A", .order = "cmdqd", .text = span_str("verb: log\n")};

	(void)state;
	assert_int_equal(ledger_need(room.l), 0);
	for (unsigned i = 0; i < QUEUE_SWEEP_MOST; i++)
		assert_int_equal(ledger_add_command(room.l, &c, false), 0);
	add_until("B", "verb: log\n", START);
	assert_int_equal(sweep(&cursor), 0);
	assert_int_equal(sweep(&cursor), 1);
}

static void test_open_serials(void **state)
{
	struct command c;

	(void)state;
	add("B", "verb: log\n");
	add("A", "verb: log\n");
	add("A", "verb: log\n");
	assert_int_equal(offer("B"), 1);
	room.due = 0;
	assert_int_equal(queue_open_serials(room.l, note_due, NULL), 0);
	assert_int_equal(room.due, 2);
	assert_string_equal(room.due_serial, "B");
	assert_int_equal(result("B", 1, 0, &c), PROGRESS_TAKEN);
	room.due = 0;
	assert_int_equal(queue_open_serials(room.l, note_due, NULL), 0);
	assert_int_equal(room.due, 1);
	assert_string_equal(room.due_serial, "A");
}

/* ---- the model ---- */

enum { DEVICES = 3, MOST = 2000, STEPS = 500, SEEDS = 6 };

static const struct kind {
	const char *text, *line;
	bool never_twice, urgent, ends;
} kinds[] = {
	{"verb: log\n", "LOG", false, false, false},
	{"verb: user.rm\npin: 1001\n", "DATA DELETE USERINFO PIN=1001", false, false, false},
	{"verb: enroll\npin: 1\nfid: 2\n", "ENROLL_FP PIN=1\tFID=2\tRETRY=3\tOVERWRITE=1", true,
		false, false},
	{"verb: unlock\n", "AC_UNLOCK", true, true, false},
	{"verb: unalarm\n", "AC_UNALARM", false, true, false},
	{"verb: reboot\n", "REBOOT", true, false, true},
	{"verb: check\n", "CHECK", false, false, true},
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

static const char *const serials[DEVICES] = {"A", "AB", "B"};

struct item {
	unsigned device, kind;
	enum command_state state;
	uint64_t queued_us, offered_us, expires_us, offers;
	bool has_return;
};

/* items[id - 1], and the entry of each order is "N.<its place among all tries>". */
struct model {
	unsigned count;
	struct item items[MOST];
	unsigned entries;
	uint64_t entry_ids[MOST]; /* 0: not ordered */
};

static struct model now_is, durable;
static unsigned sent[MOST]; /* how often each reached its terminal, by id - 1 */
static unsigned sent_now[MOST], sent_now_count;

/* xorshift: the same every time. */
static uint32_t seed;
static unsigned pick(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}

static bool is_open(const struct item *i)
{
	return i->state == COMMAND_QUEUED || i->state == COMMAND_OFFERED;
}

static bool model_time(struct item *i)
{
	bool moved = false;

	if (!is_open(i))
		return false;
	if (i->expires_us && i->queued_us > room.now_us) {
		i->expires_us -= i->queued_us - room.now_us;
		i->queued_us = room.now_us;
		moved = true;
	}
	if (i->state == COMMAND_OFFERED && i->offered_us > room.now_us) {
		i->offered_us = room.now_us;
		moved = true;
	}
	bool expired = i->expires_us && i->expires_us <= room.now_us;
	bool lease_over = i->state == COMMAND_OFFERED && i->offered_us + LEASE <= room.now_us;
	if (lease_over && kinds[i->kind].never_twice)
		i->state = COMMAND_FAILED;
	else if (expired && (lease_over || i->state == COMMAND_QUEUED))
		i->state = COMMAND_EXPIRED;
	else if (lease_over)
		i->state = i->offers >= rules.offers_max ? COMMAND_FAILED : COMMAND_QUEUED;
	else
		return moved;
	return true;
}

static void model_add(void)
{
	char name[COMMAND_ORDER_BYTES];
	bool again = now_is.entries > 0 && pick(4) == 0;
	unsigned entry = again ? pick(now_is.entries) : now_is.entries++;
	unsigned device = pick(DEVICES), kind = pick(KINDS);
	uint64_t expires_us = pick(3) == 0 ? room.now_us + pick(2 * LEASE) + 1 : 0, id = 0;

	snprintf(name, sizeof(name), "N.%u", entry);
	int rc = try_add(serials[device], name, kinds[kind].text, expires_us, &id);
	if (now_is.entry_ids[entry] != 0) {
		assert_int_equal(rc, 0);
		assert_int_equal(id, now_is.entry_ids[entry]);
		return;
	}
	assert_int_equal(rc, 1);
	assert_int_equal(id, now_is.count + 1);
	now_is.entry_ids[entry] = id;
	now_is.items[now_is.count++] = (struct item){
		.device = device, .kind = kind, .queued_us = room.now_us, .expires_us = expires_us};
}

static bool model_offer_one(unsigned at, char *lines, size_t room_bytes)
{
	struct item *i = &now_is.items[at];
	char line[128];

	snprintf(line, sizeof(line), "C:%u:%s\n", at + 1, kinds[i->kind].line);
	if (strlen(line) > room_bytes) {
		i->state = COMMAND_FAILED;
		return true;
	}
	if (strlen(lines) + strlen(line) > room_bytes)
		return false;
	strcat(lines, line);
	i->state = COMMAND_OFFERED;
	i->offered_us = room.now_us;
	i->offers++;
	sent_now[sent_now_count++] = at;
	return !kinds[i->kind].ends;
}

/* May more go behind it? */
static bool model_look(unsigned device, bool urgent, unsigned at, char *lines)
{
	struct item *i = &now_is.items[at];

	if (i->device != device || i->state != COMMAND_QUEUED || kinds[i->kind].urgent != urgent)
		return true;
	model_time(i);
	return i->state != COMMAND_QUEUED || model_offer_one(at, lines, room.batch_bytes);
}

static void model_offer(void)
{
	static char lines[64 * 1024];
	unsigned device = pick(DEVICES), before = sent_now_count;
	bool waiting = false, go_on = true;

	lines[0] = '\0';
	room.batch_bytes = 30 + pick(200);
	for (unsigned i = 0; i < now_is.count; i++)
		if (now_is.items[i].device == device && now_is.items[i].state == COMMAND_OFFERED) {
			model_time(&now_is.items[i]);
			waiting |= now_is.items[i].state == COMMAND_OFFERED;
		}
	for (unsigned i = 0; go_on && i < now_is.count; i++)
		go_on = model_look(device, true, i, lines);
	for (unsigned i = 0; go_on && !waiting && i < now_is.count; i++)
		go_on = model_look(device, false, i, lines);
	assert_offer(serials[device], (int)(sent_now_count - before), lines);
}

static void model_result(void)
{
	unsigned device = pick(DEVICES), at = pick(now_is.count + 2);
	struct item *i = at < now_is.count ? &now_is.items[at] : NULL;
	int64_t code = pick(4) == 0 ? -1 : 0;
	enum progress_verdict expected = PROGRESS_TAKEN;
	struct command c;

	if (i && pick(8) != 0)
		device = i->device;
	if (!i || i->device != device || i->offers == 0)
		expected = PROGRESS_STRAY;
	else if (i->has_return)
		expected = PROGRESS_KNOWN;
	assert_int_equal(result(serials[device], at + 1, code, &c), expected);
	if (expected == PROGRESS_TAKEN) {
		i->state = code == 0 ? COMMAND_DONE : COMMAND_FAILED;
		i->has_return = true;
	}
}

static void model_cancel(void)
{
	unsigned at = pick(now_is.count + 2);
	struct item *i = at < now_is.count ? &now_is.items[at] : NULL;
	struct command c;
	int expected = i == NULL ? -ENOENT : is_open(i) ? 0 : -EALREADY;

	assert_int_equal(queue_cancel(room.l, at + 1, room.now_us, &c), expected);
	if (expected == 0)
		i->state = COMMAND_CANCELLED;
}

static void model_sweep(void)
{
	struct queue_cursor cursor = {.at = {.id = 0}};
	unsigned changed = 0, due = 0;

	for (unsigned i = 0; i < now_is.count; i++) {
		bool was_offered = now_is.items[i].state == COMMAND_OFFERED;
		changed += model_time(&now_is.items[i]);
		due += was_offered && now_is.items[i].state == COMMAND_QUEUED;
	}
	assert_int_equal(sweep(&cursor), changed);
	assert_int_equal(room.due, due);
}

/* Nothing is lost, nothing has come to be, all is as it should be. */
static void model_compare(void)
{
	struct command c;

	for (unsigned at = 0; at < now_is.count; at++) {
		const struct item *i = &now_is.items[at];
		assert_int_equal(
			queue_find(room.l, span_str(serials[i->device]), at + 1, &room.text, &c),
			0);
		assert_string_equal(command_state_name(c.state), command_state_name(i->state));
		assert_int_equal(c.offers, i->offers);
		assert_int_equal(c.has_return, i->has_return);
	}
	assert_int_equal(ledger_get_command(room.l, now_is.count + 1, &room.text, &c), -ENOENT);
	for (unsigned d = 0; d < DEVICES; d++) {
		int open = 0;
		for (unsigned at = 0; at < now_is.count; at++)
			open += now_is.items[at].device == d && is_open(&now_is.items[at]);
		assert_int_equal(ledger_count_open(room.l, span_str(serials[d])), open);
	}
}

/* Only now do replies leave. */
static void model_commit(void)
{
	if (!ledger_is_open(room.l))
		return;
	commit();
	durable = now_is;
	for (; sent_now_count > 0; sent_now_count--) {
		unsigned at = sent_now[sent_now_count - 1];
		sent[at]++;
		assert_true(sent[at] <=
			    (kinds[now_is.items[at].kind].never_twice ? 1 : rules.offers_max));
	}
}

static void model_crash(void **state)
{
	crash(state);
	now_is = durable;
	sent_now_count = 0;
}

static void model_step(void **state)
{
	switch (pick(12)) {
	case 0:
	case 1:
	case 2:
		model_add();
		break;
	case 3:
	case 4:
		model_offer();
		break;
	case 5:
	case 6:
		model_result();
		break;
	case 7:
		if (pick(3) == 0)
			model_cancel();
		break;
	case 8:
		model_sweep();
		break;
	case 9:
		room.now_us += pick(LEASE);
		if (pick(10) == 0)
			room.now_us -= 5 * LEASE;
		break;
	case 10:
		model_commit();
		break;
	default:
		if (pick(4) == 0)
			model_crash(state);
	}
}

static void model_run(void **state, uint32_t from)
{
	seed = from;
	now_is = durable = (struct model){.count = 0};
	memset(sent, 0, sizeof(sent));
	sent_now_count = 0;
	for (unsigned step = 0; step < STEPS; step++) {
		model_step(state);
		if (step % 20 == 0) {
			assert_int_equal(ledger_need(room.l), 0);
			model_compare();
		}
	}
	model_commit();
	crash(state);
	assert_int_equal(ledger_need(room.l), 0);
	model_compare();
}

static void test_model(void **state)
{
	for (uint32_t from = 1; from <= SEEDS; from++) {
		model_run(state, from * 2654435761u);
		tear_down(state);
		assert_int_equal(set_up(state), 0);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_once),
		TEST(test_own_is_no_repetition),
		TEST(test_after_refusal),
		TEST(test_full),
		TEST(test_longest_texts),
		TEST(test_bad_order),
		TEST(test_nothing_to_offer),
		TEST(test_order),
		TEST(test_lost_reply),
		TEST(test_urgent),
		TEST(test_expired_is_not_offered),
		TEST(test_batch_ends),
		TEST(test_batch_count),
		TEST(test_batch_bytes),
		TEST(test_appends),
		TEST(test_too_long),
		TEST(test_refused_by_the_device),
		TEST(test_not_understood),
		TEST(test_results),
		TEST(test_content),
		TEST(test_counts),
		TEST(test_late_result),
		TEST(test_late_result_in_words),
		TEST(test_find),
		TEST(test_cancel),
		TEST(test_sweep),
		TEST(test_sweep_after_the_clock),
		TEST(test_sweep_is_bounded),
		TEST(test_sweep_goes_on),
		TEST(test_open_serials),
		TEST(test_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
