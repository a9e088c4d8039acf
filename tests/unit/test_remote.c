/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remote: who is told of whom, what is audited of it, how much a device may ask, and that a user
 * who was lent is taken back unless the device is one that he comes from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "cmdqd/audit.h"
#include "cmdqd/ledger.h"
#include "cmdqd/origin.h"
#include "cmdqd/queue.h"
#include "cmdqd/ration.h"
#include "cmdqd/remote.h"
#include "cmdqd/withdraw.h"
#include "parserd/records.h"
#include "tests/unit/caught.h"
#include "tests/unit/scratch.h"

#define ENTRY  "0006478f9d5e0040-0123456789abcdef"
#define NOW_US UINT64_C(1767607200000000) /* 2026-01-05T10:00:00Z */
#define DAY_US UINT64_C(86400000000)

#define ANNA   "DATA UPDATE USERINFO PIN=147\tName=Anna\tPri=0\tPasswd=\tCard=77\n"
#define FINGER "DATA UPDATE FINGERTMP PIN=147\tFID=6\tSize=4\tValid=1\tTMP=YWJj\n"

static struct room {
	char records[SCRATCH_BYTES + 128], private[SCRATCH_BYTES + 128];
	char control[SCRATCH_BYTES + 128];
	struct conf conf;
	struct devices *devices;
	struct library library;
	struct people people;
	struct answerer answerer;
	struct remote remote;
	struct records_writer *writer;
	uint64_t now_us;
	char seen[512];
} room;

/* ---- a site: A and B are of "", C of "c", D waits for approval ---- */

static struct device *device(const char *serial)
{
	return devices_find(room.devices, span_str(serial));
}

static void add_device(const char *serial, const char *site, enum device_state state)
{
	assert_int_equal(devices_decide(room.devices, span_str(serial), state), 0);
	snprintf(device(serial)->set.site, sizeof(device(serial)->set.site), "%s", site);
	snprintf(device(serial)->push_version, sizeof(device(serial)->push_version), "2.4.1");
}

static void open_cmdqd(void)
{
	assert_int_equal(devices_open(room.control, false, &room.devices), 0);
	room.people = (struct people){.devices = room.devices, .library = &room.library};
	room.answerer = (struct answerer){.devices = room.devices,
		.ledger = devices_ledger(room.devices),
		.defaults = &room.conf,
		.library = &room.library};
	room.remote = (struct remote){.answerer = &room.answerer, .people = &room.people};
}

static void close_cmdqd(void)
{
	answer_close(&room.answerer);
	devices_close(room.devices);
}

static int open_room(void **state)
{
	static char all[] = "*";

	if (scratch_make(state) != 0)
		return -1;
	room = (struct room){.now_us = NOW_US,
		.conf = {.allow_remote = true, .remote_sites = all, .desk_timeout_ms = 10000}};
	snprintf(room.records, sizeof(room.records), "%s", scratch_path(state, "records"));
	snprintf(room.private, sizeof(room.private), "%s", scratch_path(state, "private"));
	snprintf(room.control, sizeof(room.control), "%s", scratch_path(state, "control"));
	room.library = (struct library){.path = room.records, .private_path = room.private};
	open_cmdqd();
	assert_int_equal(records_writer_open(room.records, room.private, 1 << 20, &room.writer), 0);
	assert_int_equal(records_know_old(room.writer, 9), 0);
	add_device("A", "", DEVICE_APPROVED);
	add_device("B", "", DEVICE_APPROVED);
	add_device("C", "c", DEVICE_APPROVED);
	add_device("D", "", DEVICE_PENDING);
	return 0;
}

static int close_room(void **state)
{
	close_cmdqd();
	library_close(&room.library);
	records_writer_close(room.writer);
	return scratch_remove(state);
}

/* ---- uploads ---- */

static void put(enum item_kind kind, const char *serial, const char *pin, const char *number,
	uint64_t at_us, const char *text)
{
	struct item i = {.kind = kind,
		.serial = span_str(serial),
		.ids = {span_str(pin), span_str("finger"), span_str(number), span_str("0")},
		.id_count = item_id_count(kind),
		.received_us = at_us,
		.entry = {ENTRY, 1},
		.text = span_str(text)};

	if (kind == ITEM_CLEARED)
		i.ids[0] = span_str("users"), i.ids[1] = span_str(pin), i.ids[2] = span_str("why");
	assert_int_equal(records_begin(room.writer), 0);
	assert_int_equal(records_put_item(room.writer, &i), 1);
	assert_int_equal(records_commit(room.writer), 0);
}

static void enroll_anna(const char *serial, uint64_t at_us)
{
	put(ITEM_USER, serial, "147", "", at_us, "name=Anna\nprivilege=14\n");
	put(ITEM_CREDENTIAL, serial, "147", "", at_us, "card=77\ncard.sent=77\n");
	put(ITEM_TEMPLATE, serial, "147", "6", at_us, "valid=1\n\nabc");
}

/* ---- questions ---- */

static struct msg_answer ask_target(const char *serial, const char *target, enum desk_fate *fate)
{
	const struct msg_question q = {.kind = MSG_LOOKUP,
		.serial = span_str(serial),
		.peer = span_str("192.0.2.7"),
		.target = span_str(target)};
	struct msg_answer a = {.status = 0};

	*fate = remote_answer(&room.remote, &q, room.now_us++, &a);
	return a;
}

static void assert_answer(const char *serial, const char *target, unsigned status, const char *body)
{
	enum desk_fate fate;
	struct msg_answer a = ask_target(serial, target, &fate);
	char text[1024];

	snprintf(text, sizeof(text), "%.*s", SPAN_ARG(a.body));
	assert_string_equal(text, body);
	assert_int_equal(a.status, status);
	/* What is said is audited first. */
	assert_int_equal(fate, status == 200 ? DESK_HOLD : DESK_SEND);
	assert_int_equal(answer_settle(&room.answerer), 0);
}

static void assert_told(const char *serial, const char *body)
{
	assert_answer(serial, "/iclock/cdata?SN=X&PIN=147", 200, body);
}

static int note(void *context, const struct audit *a)
{
	size_t len = strlen(room.seen);
	(void)context;

	snprintf(room.seen + len, sizeof(room.seen) - len, "%s %s %s %d %llu %s\n",
		audit_what_name(a->what), a->serial, a->pin, a->granted,
		(unsigned long long)a->count, a->why);
	return 0;
}

/* What was audited since the last call. */
static void assert_audited(const char *wanted)
{
	struct ledger *l = devices_ledger(room.devices);

	room.seen[0] = '\0';
	assert_int_equal(audit_since(l, 0, note, NULL), 0);
	assert_true(audit_purge(l, UINT64_MAX, 10000) >= 0);
	assert_int_equal(ledger_commit(l), 0);
	assert_string_equal(room.seen, wanted);
}

#define NONE    "NONE\n"
#define KNOWN   "lookup B 147 1 2 \n"
#define UNKNOWN "0 0 no device of the site knows this PIN\n"

static void test_both_spellings(void **state)
{
	(void)state;
	enroll_anna("A", 10);
	assert_told("B", ANNA FINGER);
	assert_answer("B", "/iclock/cdata?SN=B&table=RemoteAtt&PIN=147", 200, ANNA FINGER);
	assert_answer("B", "/iclock/cdata?table=RemoteAtt&pin=%20147", 200, ANNA FINGER);
	assert_audited(KNOWN KNOWN KNOWN);
	assert_answer("B", "/iclock/cdata?SN=B&table=RemoteAtt", 404, "");
	assert_audited("");
}

static void test_nobody(void **state)
{
	(void)state;
	assert_told("B", NONE);
	enroll_anna("A", 10);
	assert_told("C", NONE);
	assert_answer("B", "/iclock/cdata?PIN=14", 200, NONE);
	assert_answer("B", "/iclock/cdata?PIN=", 200, NONE);
	put(ITEM_CLEARED, "A", "147", "", 20, "");
	assert_told("B", NONE);
	assert_audited("lookup B 147 " UNKNOWN "lookup C 147 " UNKNOWN "lookup B 14 " UNKNOWN
		       "lookup B  " UNKNOWN "lookup B 147 " UNKNOWN);
}

/* The terminal is not told of bounds, so it would let him in. */
static void test_not_valid_now(void **state)
{
	static char utc[] = "UTC";

	(void)state;
	room.conf.time_zone = utc;
	enroll_anna("A", 10);
	put(ITEM_USER, "A", "147", "", 20, "end=2026-01-05 09:59:59\nname=Anna\nstart=0\n");
	assert_told("B", NONE);
	put(ITEM_USER, "A", "147", "", 30, "end=2026-01-05 10:30:00\nname=Anna\nstart=0\n");
	assert_told("B", ANNA FINGER);
	assert_audited("lookup B 147 0 0 he is not valid now\n" KNOWN);
}

static void test_who_may_ask(void **state)
{
	static char none[] = "", site[] = "c -", other[] = "c";
	static const char off[] = "lookup B 147 0 0 not switched on for this device\n";

	(void)state;
	enroll_anna("A", 10);
	assert_answer("D", "/iclock/cdata?PIN=147", 403, "");
	assert_answer("E", "/iclock/cdata?PIN=147", 403, "");
	assert_audited("");
	room.conf.remote_sites = none;
	assert_told("B", NONE);
	room.conf.remote_sites = other;
	assert_told("B", NONE);
	room.conf.remote_sites = site;
	assert_told("B", ANNA FINGER);
	device("B")->set.remote = -1;
	assert_told("B", NONE);
	room.conf.remote_sites = none;
	device("B")->set.remote = 1;
	assert_told("B", ANNA FINGER);
	room.conf.allow_remote = false;
	assert_told("B", NONE);
	char wanted[512];
	snprintf(wanted, sizeof(wanted), "%s%s%s%s%s%s", off, off, KNOWN, off, KNOWN, off);
	assert_audited(wanted);
}

/* NONE would be a lie. */
static void test_records_that_cannot_be_read(void **state)
{
	(void)state;
	enroll_anna("A", 10);
	room.library.private_path = "/nowhere/at/all";
	caught_begin();
	assert_answer("B", "/iclock/cdata?PIN=147", 503, "");
	assert_non_null(strstr(caught_end(), "remote attendance cannot be answered"));
	assert_audited("");
}

/* ---- how much ---- */

static void test_ration(void **state)
{
	const struct ration_rule rule = {.at_once = 2, .every_ms = 10};
	uint64_t ration = 0;

	(void)state;
	assert_true(ration_take(&ration, &rule, 100));
	assert_true(ration_left(ration, &rule, 100));
	assert_true(ration_take(&ration, &rule, 100));
	assert_false(ration_take(&ration, &rule, 100));
	assert_false(ration_left(ration, &rule, 109));
	assert_true(ration_take(&ration, &rule, 110));
	assert_false(ration_take(&ration, &rule, 110));
	/* No more than at once, however long it was silent. */
	assert_true(ration_take(&ration, &rule, 9000) && ration_take(&ration, &rule, 9000));
	assert_false(ration_take(&ration, &rule, 9000));
}

static unsigned count_answers(const char *target, unsigned status)
{
	enum desk_fate fate;
	unsigned count = 0;

	while (count < 5000 && ask_target("B", target, &fate).status == status)
		count++;
	assert_int_equal(answer_settle(&room.answerer), 0);
	return count;
}

static int count_one(void *context, const struct audit *a)
{
	unsigned *counts = context;

	counts[a->what]++;
	return 0;
}

static void assert_counts(unsigned lookups, unsigned alarms)
{
	unsigned counts[AUDIT_KINDS] = {0};

	assert_int_equal(audit_since(devices_ledger(room.devices), 0, count_one, counts), 0);
	ledger_abort(devices_ledger(room.devices));
	assert_int_equal(counts[AUDIT_LOOKUP], lookups);
	assert_int_equal(counts[AUDIT_ALARM], alarms);
}

/* It gets a hundred of them, and is told of once. */
static void test_one_that_tries_all_pins(void **state)
{
	(void)state;
	enroll_anna("A", 10);
	caught_begin();
	assert_int_equal(count_answers("/iclock/cdata?PIN=1", 200), 100);
	assert_int_equal(count_answers("/iclock/cdata?PIN=147", 200), 0);
	assert_int_equal(count_answers("/iclock/cdata?PIN=1", 503), 5000);
	const char *log = caught_end();
	assert_non_null(strstr(log, "more people than it may"));
	assert_counts(100, 1);
	/* Another one is answered. */
	assert_answer("A", "/iclock/cdata?PIN=147", 200, ANNA FINGER);
}

static void test_one_that_asks_for_ever(void **state)
{
	(void)state;
	enroll_anna("A", 10);
	caught_begin();
	assert_int_equal(count_answers("/iclock/cdata?PIN=147", 200), 1000);
	(void)caught_end();
	assert_counts(1000, 1);
}

/* Nothing of a turn whose transaction is given up is said, and the next one is as before. */
static void test_a_turn_that_is_given_up(void **state)
{
	enum desk_fate fate;

	(void)state;
	enroll_anna("A", 10);
	assert_int_equal(ask_target("B", "/iclock/cdata?PIN=147", &fate).status, 200);
	ledger_abort(devices_ledger(room.devices));
	room.answerer.failed = -EIO;
	assert_int_equal(ask_target("B", "/iclock/cdata?PIN=147", &fate).status, 503);
	assert_int_equal(answer_settle(&room.answerer), -EIO);
	assert_audited("");
	assert_told("B", ANNA FINGER);
}

/* ---- taken back ---- */

static int note_command(void *context, const struct command *c)
{
	size_t len = strlen(room.seen);
	(void)context;

	snprintf(room.seen + len, sizeof(room.seen) - len, "%s %s %.*s;", c->serial, c->order,
		SPAN_ARG(c->text));
	return 0;
}

static void assert_queued(const char *wanted)
{
	struct control_reader *r;

	room.seen[0] = '\0';
	close_cmdqd();
	assert_int_equal(control_open(room.control, &r), 0);
	assert_int_equal(
		control_commands(r, &(struct command_query){.limit = 0}, note_command, NULL), 0);
	control_close(r);
	open_cmdqd();
	assert_string_equal(room.seen, wanted);
}

static int withdraw_at(uint64_t now_us)
{
	return withdraw_due(&room.people, &room.conf, now_us);
}

static void lend_anna(void)
{
	room.conf.remote_withdraw_ms = 5 * DAY_US / 1000;
	enroll_anna("A", 10);
	assert_told("B", ANNA FINGER);
	assert_audited(KNOWN);
}

static void test_taken_back(void **state)
{
	(void)state;
	lend_anna();
	assert_int_equal(withdraw_at(NOW_US + 5 * DAY_US - 1), 0);
	room.now_us = NOW_US + DAY_US;
	assert_told("B", ANNA FINGER); /* told again: later */
	assert_int_equal(withdraw_at(NOW_US + 6 * DAY_US - 1), 0);
	assert_int_equal(withdraw_at(NOW_US + 6 * DAY_US), 1);
	assert_int_equal(withdraw_at(NOW_US + 60 * DAY_US), 0);
	assert_audited(KNOWN "withdraw B 147 1 0 \n");
	assert_queued("B cmdqd verb: user.rm\npin: 147\n;");
}

/* All that it may have been given. */
static void test_faces_are_taken_back(void **state)
{
	(void)state;
	lend_anna();
	snprintf(device("B")->info, sizeof(device("B")->info), "1,0,0,0,192.0.2.1,10,7,12,0,11101");
	assert_int_equal(withdraw_at(NOW_US + 6 * DAY_US), 1);
	assert_queued("B cmdqd verb: user.rm\npin: 147\n;B cmdqd verb: photo.rm\npin: 147\n;"
		      "B cmdqd verb: face.rm\npin: 147\n;B cmdqd verb: bio.rm\npin: 147\n;");
}

/* A terminal uploads whom it was told of; another day he is lent to it again. */
static void test_an_echo_is_taken_back(void **state)
{
	(void)state;
	lend_anna();
	put(ITEM_USER, "B", "147", "", NOW_US, "name=Anna\nprivilege=0\n");
	put(ITEM_TEMPLATE, "B", "147", "6", NOW_US, "duress=0\nvalid=1\n\nabc");
	assert_int_equal(withdraw_at(NOW_US + 6 * DAY_US), 1);
	assert_audited("withdraw B 147 1 0 \n");
	room.now_us = NOW_US + 7 * DAY_US;
	assert_told("B", ANNA FINGER);
	assert_int_equal(withdraw_at(NOW_US + 13 * DAY_US), 1);
	assert_audited(KNOWN "withdraw B 147 1 0 \n");
}

static void test_enrolled_there_meanwhile(void **state)
{
	(void)state;
	lend_anna();
	put(ITEM_USER, "B", "147", "", NOW_US, "name=Anna\nprivilege=0\n");
	put(ITEM_TEMPLATE, "B", "147", "7", NOW_US, "valid=1\n\nanother finger");
	assert_int_equal(withdraw_at(NOW_US + 6 * DAY_US), 1);
	assert_audited("withdraw B 147 0 0 enrolled on the device itself meanwhile\n");
	assert_queued("");
}

static void test_where_he_comes_from(void **state)
{
	(void)state;
	room.conf.remote_withdraw_ms = 5 * DAY_US / 1000;
	enroll_anna("A", 10);
	enroll_anna("B", 20);
	assert_told("A", ANNA FINGER);
	assert_int_equal(withdraw_at(UINT64_MAX), 0);
	assert_int_equal(origin_is(&room.people, span_str("A"), span_str("147")), 1);
	assert_int_equal(origin_is(&room.people, span_str("B"), span_str("147")), 0);
	assert_int_equal(origin_is(&room.people, span_str("A"), span_str("14")), 0);
	/* Deleted there, he is as anybody else. */
	put(ITEM_CLEARED, "A", "147", "", 30, "");
	assert_int_equal(origin_is(&room.people, span_str("A"), span_str("147")), 0);
}

static void test_a_device_that_is_gone(void **state)
{
	(void)state;
	lend_anna();
	assert_int_equal(devices_remove(room.devices, span_str("B")), 0);
	assert_int_equal(devices_save_all(room.devices), 0);
	assert_int_equal(withdraw_at(NOW_US + 6 * DAY_US), 1);
	assert_audited("withdraw B 147 0 0 the device is no longer known\n");
}

/* Whether he is its own cannot be told now; where nobody may look any more, he goes. */
static void test_records_away_when_due(void **state)
{
	(void)state;
	lend_anna();
	library_close(&room.library);
	room.library.private_path = "/nowhere/at/all";
	caught_begin();
	assert_int_equal(withdraw_at(NOW_US + 6 * DAY_US), 1);
	(void)caught_end();
	assert_audited("");
	assert_int_equal(withdraw_at(NOW_US + 6 * DAY_US + WITHDRAW_LATER_US - 1), 0);
	room.conf.allow_remote = false;
	assert_int_equal(withdraw_at(NOW_US + 6 * DAY_US + WITHDRAW_LATER_US), 1);
	assert_audited("withdraw B 147 1 0 \n");
}

static void test_never_taken_back(void **state)
{
	(void)state;
	enroll_anna("A", 10);
	assert_told("B", ANNA FINGER);
	assert_int_equal(withdraw_at(UINT64_MAX), 0);
}

int main(void)
{
#define IN_ROOM(f) cmocka_unit_test_setup_teardown(f, open_room, close_room)
	const struct CMUnitTest tests[] = {
		IN_ROOM(test_both_spellings),
		IN_ROOM(test_nobody),
		IN_ROOM(test_not_valid_now),
		IN_ROOM(test_who_may_ask),
		IN_ROOM(test_records_that_cannot_be_read),
		cmocka_unit_test(test_ration),
		IN_ROOM(test_one_that_tries_all_pins),
		IN_ROOM(test_one_that_asks_for_ever),
		IN_ROOM(test_a_turn_that_is_given_up),
		IN_ROOM(test_taken_back),
		IN_ROOM(test_faces_are_taken_back),
		IN_ROOM(test_an_echo_is_taken_back),
		IN_ROOM(test_enrolled_there_meanwhile),
		IN_ROOM(test_where_he_comes_from),
		IN_ROOM(test_a_device_that_is_gone),
		IN_ROOM(test_records_away_when_due),
		IN_ROOM(test_never_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
