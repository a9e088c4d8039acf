/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outcome: results reach the commands that they answer and no others, whatever a terminal sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "cmdqd/facts.h"
#include "cmdqd/outcome.h"
#include "cmdqd/queue.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "tests/unit/caught.h"
#include "tests/unit/scratch.h"

static struct room {
	void **state;
	struct spool spool, writer;
	struct ledger *ledger;
	int above;
	struct content content;
	struct outcome outcome;
	struct later later;
	char name[SPOOL_NAME_BYTES]; /* of the last file */
} room;

static int open_room(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	room = (struct room){.state = state};
	assert_int_equal(spool_make(*state, "result"), 0);
	assert_int_equal(spool_open(*state, "result", SPOOL_FOR_CONSUMING, &room.spool), 0);
	assert_int_equal(spool_open(*state, "result", SPOOL_FOR_WRITING, &room.writer), 0);
	assert_int_equal(ledger_open(scratch_path(state, "control"), &room.ledger), 0);
	room.above = io_open_dir(AT_FDCWD, *state);
	assert_int_equal(content_open(room.above, &room.content), 0);
	room.outcome = (struct outcome){
		.ledger = room.ledger, .content = &room.content, .later = &room.later};
	return 0;
}

static int close_room(void **state)
{
	later_drop(&room.later);
	content_close(&room.content);
	io_close(room.above);
	ledger_close(room.ledger);
	spool_close(&room.writer);
	spool_close(&room.spool);
	return scratch_remove(state);
}

/* ---- commands ---- */

static uint64_t queue(const char *serial, const char *text)
{
	char why[VERB_WHY_BYTES] = "";
	struct typed t = {.verb = NULL};
	uint64_t id;

	if (typed_get(span_str(text), &t, why) != 0)
		fail_msg("%s: %s", text, why);
	const struct queue_order o = {.serial = span_str(serial), .entry = "cmdqd", .command = &t};
	assert_int_equal(queue_add(room.ledger, &o, clock_wall_us(), &id), 1);
	return id;
}

static void offer(const char *serial)
{
	const struct dialect dialect = {.old = false};
	const struct progress_rules rules = {.lease_us = 60000000, .offers_max = 3};
	const struct queue_offer o = {.serial = span_str(serial),
		.dialect = &dialect,
		.batch_bytes = 40960,
		.rules = &rules};
	struct buf lines = buf_with_max(40960);
	bool open;

	assert_true(queue_offer(room.ledger, &o, clock_wall_us(), &lines, &open) > 0);
	buf_free(&lines);
	assert_int_equal(ledger_commit(room.ledger), 0);
}

static uint64_t offered(const char *serial, const char *text)
{
	uint64_t id = queue(serial, text);

	offer(serial);
	return id;
}

static struct command stored(uint64_t id)
{
	struct buf text = buf_with_max(2 * TYPED_MAX);
	struct control_reader *r;
	struct command c;

	assert_int_equal(control_open(scratch_path(room.state, "control"), &r), 0);
	assert_int_equal(control_command(r, id, &text, &c), 0);
	control_close(r);
	buf_free(&text);
	return c;
}

/* ---- results ---- */

/* Takes up the file at work again, as after a death or a replay. */
static int work(void)
{
	struct buf file = buf_with_max((size_t)64 << 20);
	const char *why = "";

	assert_int_equal(spool_load(&room.spool, room.name, &file, &why), 0);
	int rc = outcome_file(&room.outcome, &room.spool, room.name, buf_span(&file), &why);
	if (rc == 0)
		assert_int_equal(ledger_commit(room.ledger), 0);
	buf_free(&file);
	return rc;
}

static void add_entry(struct buf *file, const char *serial, struct span body)
{
	const struct spool_entry e = {.kind = span_str("result"),
		.serial = span_str(serial),
		.target = span_str("/iclock/devicecmd"),
		.body = body};

	assert_int_equal(spool_entry_put(file, &e), 0);
}

static int bring_bytes(const char *serial, struct span body)
{
	struct buf file = buf_with_max((size_t)64 << 20);

	add_entry(&file, serial, body);
	assert_int_equal(spool_post(&room.writer, buf_span(&file), room.name), 0);
	buf_free(&file);
	assert_int_equal(spool_claim(&room.spool, room.name), 0);
	return work();
}

static void bring(const char *serial, const char *format, ...)
{
	struct buf body = buf_with_max(4096);
	va_list arguments;
	char text[2048];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	assert_int_equal(buf_add_str(&body, text), 0);
	assert_int_equal(bring_bytes(serial, buf_span(&body)), 0);
	buf_free(&body);
}

struct strays {
	unsigned count;
	struct stray last;
	bool has_why; /* one of them has the reason looked for */
	const char *why;
};

static int see_stray(void *context, const struct stray *s)
{
	struct strays *seen = context;

	seen->count++;
	seen->last = *s;
	seen->has_why |= seen->why && strstr(s->why, seen->why);
	return 0;
}

static struct strays strays(const char *why)
{
	struct strays seen = {.why = why};
	struct control_reader *r;

	assert_int_equal(control_open(scratch_path(room.state, "control"), &r), 0);
	assert_int_equal(control_strays(r, see_stray, &seen), 0);
	control_close(r);
	return seen;
}

static bool content_is(uint64_t id, const char *bytes, size_t len)
{
	struct buf b = buf_with_max(4096);
	char name[24];

	snprintf(name, sizeof(name), "%" PRIu64, id);
	int fd = openat(room.content.dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	assert_int_equal(io_read_all(fd, &b), 0);
	io_close(fd);
	bool is = b.len == len && memcmp(b.ptr, bytes, len) == 0;
	buf_free(&b);
	return is;
}

static bool has_content(uint64_t id)
{
	char name[24];

	snprintf(name, sizeof(name), "%" PRIu64, id);
	return faccessat(room.content.dir, name, F_OK, 0) == 0;
}

#define RM    "verb: user.rm\npin: 7\n"
#define FETCH "verb: get-file\npath: /mnt/options.cfg\n"

/* ---- what was asked for ---- */

/* What the log tells of has happened, and a result that comes again is no news. */
static void test_the_log_waits_for_the_commit(void **state)
{
	uint64_t id = offered("A", RM);
	char expected[512];

	(void)state;
	caught_begin();
	bring("A", "ID=%d&Return=0&CMD=DATA\nID=99999&Return=0\n", (int)id);
	assert_string_equal(caught_end(), "");
	later_drop(&room.later);
	id = offered("A", RM);
	bring("A", "ID=%d&Return=0&CMD=DATA\nID=99999&Return=0\n", (int)id);
	snprintf(expected, sizeof(expected),
		"punchd: result taken entry=%s.1 serial=A id=%d verb=user.rm return=0 "
		"meaning=done\npunchd: warning: result that nobody asked for entry=%s.1 serial=A "
		"id=99999 reason=\"this device has no command of this id\"\n",
		room.name, (int)id, room.name);
	caught_begin();
	later_write(&room.later);
	assert_string_equal(caught_end(), expected);
	assert_int_equal(work(), 0);
	caught_begin();
	later_write(&room.later);
	assert_null(strstr(caught_end(), "taken"));
}

static void test_results_end_their_commands(void **state)
{
	uint64_t a = queue("A", RM), b = queue("A", RM),
		 c = queue("A", "verb: user.query\npin: 7\n");
	char id[SPOOL_ENTRY_ID_BYTES];

	(void)state;
	offer("A");
	bring("A", "ID=%d&Return=-10&CMD=DATA\nID=%d&Return=12&CMD=DATA\nID=%d&Return=0&CMD=DATA",
		(int)b, (int)c, (int)a);
	assert_int_equal(stored(a).state, COMMAND_DONE);
	assert_int_equal(stored(b).state, COMMAND_FAILED);
	assert_int_equal(stored(b).return_code, -10);
	assert_true(strlen(stored(b).why) > 0);
	assert_int_equal(stored(c).state, COMMAND_DONE);
	assert_int_equal(stored(c).return_code, 12);
	spool_entry_id(room.name, 1, id);
	assert_string_equal(stored(a).result, id);
	assert_int_equal(strays(NULL).count, 0);
}

static void test_content_is_a_file_of_ours(void **state)
{
	static const char bytes[] = "a\0b\nID=9&Return=0\n";
	struct buf body = buf_with_max(4096);
	uint64_t id = offered("A", FETCH);

	(void)state;
	assert_int_equal(
		buf_printf(&body,
			"ID=%" PRIu64 "\nReturn=3\nCMD=GetFile\nFILENAME=../../x\nContent=", id),
		0);
	assert_int_equal(buf_add(&body, bytes, sizeof(bytes) - 1), 0);
	assert_int_equal(bring_bytes("A", buf_span(&body)), 0);
	buf_free(&body);
	assert_int_equal(stored(id).state, COMMAND_DONE);
	assert_int_equal(stored(id).content_bytes, sizeof(bytes) - 1);
	assert_true(content_is(id, bytes, sizeof(bytes) - 1));
	assert_int_equal(strays(NULL).count, 0);
}

static void test_only_who_brings_content_has_some(void **state)
{
	uint64_t id = offered("A", RM);

	(void)state;
	bring("A", "ID=%d\nReturn=0\nCMD=DATA\nContent=abc", (int)id);
	assert_int_equal(stored(id).state, COMMAND_DONE);
	assert_int_equal(stored(id).content_bytes, 0);
	assert_false(has_content(id));
}

static void test_info_tells_facts(void **state)
{
	struct buf facts = buf_with_max(4096);
	uint64_t id = offered("A", "verb: info\n");

	(void)state;
	bring("A", "ID=%d&Return=0&CMD=INFO\n~AlgVer=10\r\nno fact\n=x\nb\001d=1\nName=50%%\tx\n",
		(int)id);
	assert_int_equal(ledger_begin(room.ledger), 0);
	assert_int_equal(ledger_get_facts(room.ledger, span_str("A"), &facts), 0);
	ledger_abort(room.ledger);
	assert_true(span_is(buf_span(&facts), "~AlgVer=10\nName=50%25%09x\n"));
	assert_true(has_content(id));
	buf_free(&facts);
}

static void test_facts_are_bounded(void **state)
{
	struct buf lines = buf_with_max(1 << 20), facts = buf_with_max(FACTS_MAX);

	(void)state;
	for (int i = 0; i < 4000; i++)
		assert_int_equal(buf_printf(&lines, "key%d=%d\n", i, i), 0);
	assert_int_equal(facts_put(&facts, buf_span(&lines)), 0);
	assert_true(facts.len <= FACTS_MAX && facts.len > FACTS_MAX - 20);
	assert_int_equal(facts.ptr[facts.len - 1], '\n');
	buf_clear(&facts);
	assert_int_equal(facts_put(&facts, span_of("a=\0\nb=1\n", 8)), 0);
	assert_true(span_is(buf_span(&facts), "b=1\n"));
	buf_free(&lines);
	buf_free(&facts);
}

/* ---- what nobody asked for ---- */

static void test_strays(void **state)
{
	static const struct {
		const char *body, *why;
	} bad[] = {
		{"ID=99999&Return=0\n", "no command of this id"},
		{"ID=info8487&Return=0\n", "none of ours"},
		{"Return=0&CMD=DATA\n", "none of ours"},
		{"ID=1&CMD=DATA\n", "no Return"},
		{"ID=1&Return=0&SN=B\n", "another device"},
		{"ID=1&Return=zero\n", "not a number"},
		{"rubbish\n", "neither ID nor Return"},
		{"", "no result in it"},
	};
	uint64_t id = offered("A", RM);

	(void)state;
	assert_int_equal(id, 1);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		bring("A", "%s", bad[i].body);
		struct strays s = strays(bad[i].why);
		if (s.count != i + 1 || !s.has_why)
			fail_msg("\"%s\": %u, %s", bad[i].body, s.count, s.last.why);
		assert_string_equal(s.last.serial, "A");
	}
	assert_int_equal(stored(id).state, COMMAND_OFFERED);
}

static void test_nobody_answers_for_another(void **state)
{
	uint64_t id = offered("A", FETCH);

	(void)state;
	bring("B", "ID=%d\nSN=A\nReturn=3\nCMD=GetFile\nContent=abc", (int)id);
	bring("B", "ID=%d\nReturn=3\nCMD=GetFile\nContent=abc", (int)id);
	assert_int_equal(stored(id).state, COMMAND_OFFERED);
	assert_false(has_content(id));
	assert_int_equal(strays(NULL).count, 2);
}

static void test_what_was_never_handed_out(void **state)
{
	uint64_t id = queue("A", FETCH);

	(void)state;
	assert_int_equal(ledger_commit(room.ledger), 0);
	bring("A", "ID=%d\nReturn=3\nCMD=GetFile\nContent=abc", (int)id);
	assert_int_equal(stored(id).state, COMMAND_QUEUED);
	assert_false(has_content(id));
	assert_true(strays("never handed out").has_why);
}

static void test_control_characters_stay_outside(void **state)
{
	(void)state;
	assert_int_equal(bring_bytes("A", span_of("ID=\001\0x&Return=0&CMD=a\tb\n", 23)), 0);
	assert_string_equal(strays(NULL).last.id, "??x");
	assert_string_equal(strays(NULL).last.name, "a?b");
}

/* A good result behind them still counts. */
static void test_strays_are_bounded(void **state)
{
	struct buf body = buf_with_max(1 << 20);
	uint64_t id = offered("A", RM);

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buf_printf(&body, "ID=%d&Return=0\n", 1000 + i), 0);
	assert_int_equal(buf_printf(&body, "ID=%" PRIu64 "&Return=0\n", id), 0);
	assert_int_equal(bring_bytes("A", buf_span(&body)), 0);
	buf_free(&body);
	struct strays s = strays("there are more");
	assert_int_equal(s.count, OUTCOME_STRAYS_MAX);
	assert_true(s.has_why);
	assert_int_equal(stored(id).state, COMMAND_DONE);
}

static void test_a_body_of_rubbish(void **state)
{
	size_t len = (size_t)16 << 20;
	char *body = malloc(len);

	(void)state;
	assert_non_null(body);
	for (size_t i = 0; i < len; i++)
		body[i] = "ID=\n"[i % 4];
	assert_int_equal(bring_bytes("A", span_of(body, len)), 0);
	free(body);
	struct strays s = strays("too many results");
	assert_int_equal(s.count, OUTCOME_STRAYS_MAX + 1);
	assert_true(s.has_why);
}

/* ---- again ---- */

static void test_again_changes_nothing(void **state)
{
	uint64_t id = offered("A", FETCH);

	(void)state;
	bring("A", "ID=99&Return=0\nID=%d\nReturn=3\nCMD=GetFile\nContent=abc", (int)id);
	struct command once = stored(id);
	struct stray stray = strays(NULL).last;
	assert_int_equal(work(), 0);
	struct command twice = stored(id);
	once.text = twice.text = (struct span){0};
	assert_memory_equal(&once, &twice, sizeof(once));
	assert_int_equal(strays(NULL).count, 1);
	assert_int_equal(strays(NULL).last.received_us, stray.received_us);
	/* Nor does another result, with another content. */
	bring("A", "ID=%d\nReturn=-1\nCMD=GetFile\nContent=zzz", (int)id);
	twice = stored(id);
	twice.text = (struct span){0};
	assert_memory_equal(&once, &twice, sizeof(once));
	assert_true(content_is(id, "abc", 3));
	assert_int_equal(strays(NULL).count, 1);
}

/* Content is there before what names it, and nothing is committed that names none. */
static void test_content_that_cannot_be_kept(void **state)
{
	uint64_t id = offered("A", FETCH);
	struct buf body = buf_with_max(4096);
	struct content closed = {.dir = -1};

	(void)state;
	room.outcome.content = &closed;
	assert_int_equal(
		buf_printf(&body, "ID=%" PRIu64 "\nReturn=3\nCMD=GetFile\nContent=abc", id), 0);
	assert_int_equal(bring_bytes("A", buf_span(&body)), -EBADF);
	buf_free(&body);
	assert_false(ledger_is_open(room.ledger));
	assert_int_equal(stored(id).state, COMMAND_OFFERED);
	room.outcome.content = &room.content;
	assert_int_equal(work(), 0);
	assert_int_equal(stored(id).state, COMMAND_DONE);
}

static void test_a_bad_entry_harms_no_other(void **state)
{
	struct buf file = buf_with_max(1 << 16);
	char body[64], part[SPOOL_ENTRY_ID_BYTES];
	uint64_t id = offered("A", RM);

	(void)state;
	snprintf(body, sizeof(body), "ID=%d&Return=0\n", (int)id);
	assert_int_equal(
		buf_add_str(&file, "punchd-spool 1\nkind: order\nlength: 1\n\nx\nend\n"), 0);
	add_entry(&file, "A", span_str(body));
	assert_int_equal(buf_add_str(&file, "garbage"), 0);
	assert_int_equal(spool_post(&room.writer, buf_span(&file), room.name), 0);
	buf_free(&file);
	assert_int_equal(spool_claim(&room.spool, room.name), 0);
	assert_int_equal(work(), 0);
	assert_int_equal(stored(id).state, COMMAND_DONE);
	for (unsigned number = 1; number <= 3; number += 2) {
		spool_entry_id(room.name, number, part);
		assert_int_equal(faccessat(room.spool.dirs[SPOOL_BAD], part, F_OK, 0), 0);
	}
}

static void test_a_file_without_an_entry(void **state)
{
	(void)state;
	assert_int_equal(spool_post(&room.writer, span_str("garbage"), room.name), 0);
	assert_int_equal(spool_claim(&room.spool, room.name), 0);
	assert_int_equal(work(), -EBADMSG);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_room, close_room)
	const struct CMUnitTest tests[] = {
		each(test_the_log_waits_for_the_commit),
		each(test_results_end_their_commands),
		each(test_content_is_a_file_of_ours),
		each(test_only_who_brings_content_has_some),
		each(test_info_tells_facts),
		each(test_facts_are_bounded),
		each(test_strays),
		each(test_nobody_answers_for_another),
		each(test_what_was_never_handed_out),
		each(test_control_characters_stay_outside),
		each(test_strays_are_bounded),
		each(test_a_body_of_rubbish),
		each(test_again_changes_nothing),
		each(test_content_that_cannot_be_kept),
		each(test_a_bad_entry_harms_no_other),
		each(test_a_file_without_an_entry),
	};

	return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
