/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify: who is let in, who is not, what is counted and what is written down. The records are a
 * table of this test's; matchd is this test too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmdqd/audit.h"
#include "cmdqd/ledger.h"
#include "cmdqd/verify.h"
#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "lib/local.h"
#include "store/item.h"
#include "tests/unit/caught.h"
#include "tests/unit/wiped.h"

#define NOW_US UINT64_C(1767607200000000)
#define FAILED "AUTH=Failed\n"

/* ---- the records ---- */

static const struct known_person {
	const char *site, *pin, *name, *password;
	uint64_t card;
	const char *start, *end;
} persons[] = {
	{"", "1", "Ann", "1234", 11, "", ""},
	{"", "2", "Bob", "", 12, "", ""},
	{"", "3", "张三", "77", 0, "", ""},
	{"", "4", "Dee", "4", 14, "", ""},
	{"", "5", "Eve", "5", 14, "", ""},
	{"", "6", "Flo", "6", 16, "0", "2026-01-05 15:29:59"},
	{"", "7", "Gus", "7", 17, "2026-01-05 15:30:00", ""},
	{"", "8", "Hal", "8", 18, "", "soon"},
	{"east", "1", "Other", "9999", 11, "", ""},
};

static struct records {
	int rc;                 /* what all questions answer, when it is not 0 */
	const char *picture;    /* of everybody */
	struct span fingers[4]; /* of PIN 1 */
	int valid[4];
	unsigned asked;
} records;

static struct person person_of(const struct known_person *k)
{
	return (struct person){.pin = span_str(k->pin),
		.name = span_str(k->name),
		.password = span_str(k->password),
		.card = k->card,
		.start = span_str(k->start),
		.end = span_str(k->end)};
}

int people_by_pin(struct people *p, struct span site, struct span pin, struct person *ret)
{
	(void)p;
	records.asked++;
	for (size_t i = 0; records.rc == 0 && i < sizeof(persons) / sizeof(*persons); i++) {
		if (!span_is(site, persons[i].site) || !span_is(pin, persons[i].pin))
			continue;
		*ret = person_of(&persons[i]);
		return 0;
	}
	return records.rc < 0 ? records.rc : -ENOENT;
}

int people_by_card(struct people *p, struct span site, uint64_t number, struct person *ret)
{
	unsigned count = 0;

	(void)p;
	records.asked++;
	for (size_t i = 0; i < sizeof(persons) / sizeof(*persons); i++) {
		if (!span_is(site, persons[i].site) || number != persons[i].card)
			continue;
		*ret = person_of(&persons[i]);
		count++;
	}
	if (records.rc < 0)
		return records.rc;
	return count == 0 ? -ENOENT : count > 1 ? -ENOTUNIQ : 0;
}

int people_templates(
	struct people *p, struct span site, struct span pin, item_visit *visit, void *context)
{
	static char text[256];
	struct item i = {.kind = ITEM_PICTURE, .id_count = 2};
	int rc = records.rc;

	(void)p;
	(void)site;
	i.ids[0] = pin;
	i.ids[1] = span_str("user");
	snprintf(text, sizeof(text), "a=b\n\n%s", records.picture ? records.picture : "");
	i.text = span_str(text);
	if (rc == 0 && records.picture)
		rc = visit(context, &i);
	i = (struct item){.kind = ITEM_TEMPLATE, .id_count = 4};
	for (size_t n = 0; rc == 0 && span_is(pin, "1") && n < 4; n++) {
		if (records.fingers[n].len == 0)
			continue;
		int head = snprintf(text, sizeof(text), "valid=%d\n\n", records.valid[n]);
		memcpy(text + head, records.fingers[n].ptr, records.fingers[n].len);
		i.text = span_of(text, (size_t)head + records.fingers[n].len);
		rc = visit(context, &i);
	}
	return rc;
}

int people_has_template(struct people *p, struct span pin, struct span bytes)
{
	(void)p;
	for (size_t n = 0; n < 4; n++)
		if (records.fingers[n].len > 0 && span_eq(records.fingers[n], bytes))
			return span_is(pin, "1") ? PEOPLE_OF_PIN : PEOPLE_OF_ANOTHER;
	return records.rc;
}

void person_free(struct person *p)
{
	(void)p;
}

/* ---- the room ---- */

static struct room {
	char dir[64], control[96], path[96];
	struct conf conf;
	struct devices *devices;
	struct answerer answerer;
	struct people people;
	struct referee referee;
	struct verify verify;
	int loop_fd, us, listen_fd, matchd;
	struct desk *desk;
	uint64_t now_us, asked_ms, id;
	char packet[MSG_MAX];
} room;

static enum desk_fate on_question(
	void *context, const struct msg_question *q, struct msg_answer *ret)
{
	(void)context;
	return verify_answer(&room.verify, room.desk, q, room.now_us, ret);
}

static struct device *device(const char *serial)
{
	return devices_find(room.devices, span_str(serial));
}

static void add_device(const char *serial)
{
	assert_int_equal(devices_decide(room.devices, span_str(serial), DEVICE_APPROVED), 0);
	device(serial)->set.verify = 1;
	snprintf(device(serial)->push_version, sizeof(device(serial)->push_version), "2.4.1");
}

static void open_verify(void)
{
	assert_int_equal(referee_open(&room.referee, room.loop_fd, room.path), 0);
	room.verify = (struct verify){.answerer = &room.answerer,
		.people = &room.people,
		.referee = &room.referee,
		.conf = &room.conf};
	assert_int_equal(verify_open(&room.verify, room.now_us), 0);
}

static void close_verify(void)
{
	verify_close(&room.verify);
	referee_close(&room.referee);
}

static int open_room(void **state)
{
	int ends[2];

	(void)state;
	records = (struct records){.rc = 0};
	room = (struct room){.dir = "/tmp/punchd-verify-XXXXXX",
		.now_us = NOW_US,
		.listen_fd = -1,
		.matchd = -1,
		.conf = {.allow_verify = true,
			.verify_failures = 3,
			.verify_lockout_ms = 300000,
			.verify_device_failures = 100}};
	assert_non_null(mkdtemp(room.dir));
	snprintf(room.control, sizeof(room.control), "%s/control", room.dir);
	snprintf(room.path, sizeof(room.path), "%s/match.sock", room.dir);
	assert_int_equal(devices_open(room.control, false, &room.devices), 0);
	room.answerer = (struct answerer){.devices = room.devices,
		.ledger = devices_ledger(room.devices),
		.defaults = &room.conf};
	room.loop_fd = loop_open();
	add_device("A");
	add_device("B");
	open_verify();
	snprintf(room.packet, sizeof(room.packet), "%s/desk.sock", room.dir);
	assert_int_equal(desk_serve(room.loop_fd, room.packet, on_question, NULL, &room.desk), 0);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(desk_adopt(room.desk, ends[1]), 0);
	room.us = ends[0];
	return 0;
}

static void stop_matchd(void)
{
	if (room.matchd >= 0)
		io_close(room.matchd);
	if (room.listen_fd >= 0)
		io_close(room.listen_fd);
	room.matchd = room.listen_fd = -1;
}

static int close_room(void **state)
{
	char command[128];

	(void)state;
	close_verify();
	desk_shut(room.desk);
	stop_matchd();
	answer_close(&room.answerer);
	devices_close(room.devices);
	io_close(room.us);
	io_close(room.loop_fd);
	snprintf(command, sizeof(command), "rm -rf %s", room.dir);
	return system(command);
}

/* ---- asking ---- */

/* As cmdqd's chores do it. */
static void turn(void)
{
	assert_int_equal(loop_turn(room.loop_fd, 0), 0);
	referee_turn(&room.referee, clock_mono_ms());
	verify_turn(&room.verify, room.desk, room.now_us);
	desk_release(room.desk, answer_settle(&room.answerer) == 0);
}

static void ask_at(const char *serial, const char *method, const char *body)
{
	struct buf b = buf_with_max(MSG_MAX);
	char target[128];
	struct msg_question q = {.id = ++room.id,
		.kind = MSG_VERIFY,
		.serial = span_str(serial),
		.peer = span_str("192.0.2.7"),
		.asked_ms = room.asked_ms,
		.body = span_str(body)};

	snprintf(target, sizeof(target), "/iclock/cdata?SN=%s&AuthType=%s", serial, method);
	q.target = span_str(target);
	assert_int_equal(msg_put_question(&b, &q), 0);
	assert_int_equal(send(room.us, b.ptr, b.len, MSG_NOSIGNAL), b.len);
	buf_free(&b);
	room.now_us++;
}

/* What is there to hear; NULL when nothing is. */
static const char *hear(unsigned status)
{
	struct msg_answer a;
	ssize_t len = recv(room.us, room.packet, sizeof(room.packet) - 1, 0);

	if (len <= 0)
		return NULL;
	assert_int_equal(msg_get_answer(span_of(room.packet, (size_t)len), &a), 0);
	assert_int_equal(a.status, status);
	room.packet[len] = '\0';
	return a.body.ptr;
}

static void hears_at(const char *serial, const char *method, const char *body, const char *wanted)
{
	ask_at(serial, method, body);
	turn();
	const char *heard = hear(200);
	assert_non_null(heard);
	assert_string_equal(heard, wanted);
}

static void hears(const char *method, const char *body, const char *wanted)
{
	hears_at("A", method, body, wanted);
}

#define SUCCESS(pin, name) "AUTH=Success\tPIN=" pin "\tName=" name "\tPri=0\tGrp=1\tTZ=\n"

/* ---- what was written down ---- */

static struct written {
	struct audit all[64];
	size_t count;
} written;

static int note(void *context, const struct audit *a)
{
	(void)context;
	assert_true(written.count < 64);
	written.all[written.count++] = *a;
	return 0;
}

static void read_audit(void)
{
	written.count = 0;
	assert_int_equal(audit_since(room.answerer.ledger, 0, note, NULL), 0);
	ledger_abort(room.answerer.ledger);
}

static void assert_entry(const struct audit *a, enum audit_what what, const char *pin,
	const char *method, bool granted, const char *why)
{
	assert_int_equal(a->what, what);
	assert_string_equal(a->pin, pin);
	assert_string_equal(a->method, method);
	assert_int_equal(a->granted, granted);
	assert_string_equal(a->why, why);
}

/* The last one. */
static void wrote(const char *pin, const char *method, bool granted, const char *why)
{
	read_audit();
	assert_true(written.count > 0);
	assert_entry(&written.all[written.count - 1], AUDIT_VERIFY, pin, method, granted, why);
}

static size_t count_written(enum audit_what what)
{
	size_t count = 0;

	read_audit();
	for (size_t i = 0; i < written.count; i++)
		count += written.all[i].what == what;
	return count;
}

/* ---- off ---- */

static void test_off(void **state)
{
	(void)state;
	device("A")->set.verify = 0;
	hears("CARD", "TMP=11", FAILED);
	device("A")->set.verify = -1;
	hears("CARD", "TMP=11", FAILED);
	device("A")->set.verify = 1;
	room.conf.allow_verify = false;
	hears("CARD", "TMP=11", FAILED);
	assert_int_equal(records.asked, 0);
	assert_int_equal(count_written(AUDIT_VERIFY), 0);
	room.conf.allow_verify = true;
	hears("CARD", "TMP=11", SUCCESS("1", "Ann"));
}

static void test_not_admitted(void **state)
{
	(void)state;
	ask_at("STRANGER", "CARD", "TMP=11");
	turn();
	assert_string_equal(hear(403), "");
	assert_int_equal(devices_decide(room.devices, span_str("A"), DEVICE_REFUSED), 0);
	ask_at("A", "CARD", "TMP=11");
	turn();
	assert_string_equal(hear(403), "");
	assert_int_equal(records.asked, 0);
}

/* ---- cards and passwords ---- */

static void test_card(void **state)
{
	(void)state;
	hears("CARD", "PIN=0\tSize=2\tTMP=11", SUCCESS("1", "Ann"));
	wrote("1", "card", true, "");
	hears("CARD", "PIN=2\tSize=2\tTMP=12", SUCCESS("2", "Bob"));
	hears("CARD", "PIN=1\tSize=2\tTMP=12", FAILED);
	wrote("1", "card", false, "another card");
	hears("CARD", "TMP=13", FAILED);
	wrote("", "card", false, "nobody is known by it");
	hears("CARD", "TMP=11", SUCCESS("1", "Ann"));
	hears("CARD", "TMP=14", FAILED);
	wrote("", "card", false, "several people are known by it");
	/* Who has none is not found by none. */
	hears("CARD", "PIN=3\tTMP=0", FAILED);
	wrote("3", "card", false, "not the number of a card");
	hears("CARD", "TMP=11", SUCCESS("1", "Ann"));
	hears("CARD", "TMP=eleven", FAILED);
	hears("CARD", "", FAILED);
	wrote("", "card", false, "nothing was shown");
	snprintf(device("B")->set.site, sizeof(device("B")->set.site), "east");
	hears_at("B", "CARD", "TMP=11", SUCCESS("1", "Other"));
}

static void test_turned_card(void **state)
{
	(void)state;
	snprintf(device("A")->set.card_order, sizeof(device("A")->set.card_order), "high");
	hears("CARD", "TMP=11", FAILED);
	hears("CARD", "TMP=184549376", SUCCESS("1", "Ann")); /* 0B000000 */
}

static void test_password(void **state)
{
	(void)state;
	hears("PWD", "PIN=1\tSize=4\tTMP=1234", SUCCESS("1", "Ann"));
	wrote("1", "pwd", true, "");
	hears("PWD", "PIN=1\tSize=4\tTMP=1235", FAILED);
	wrote("1", "pwd", false, "another password");
	hears("PWD", "PIN=1\tSize=3\tTMP=123", FAILED);
	hears("PWD", "PIN=1\tSize=4\tTMP=1234", SUCCESS("1", "Ann"));
	/* Bob has none, and none is not his. */
	hears("PWD", "PIN=2\tSize=0\tTMP=", FAILED);
	hears("PWD", "PIN=2\tSize=1\tTMP=0", FAILED);
	wrote("2", "pwd", false, "another password");
	hears_at("B", "PWD", "PIN=9\tTMP=1234", FAILED);
	wrote("9", "pwd", false, "nobody is known by it");
	hears_at("B", "PWD", "TMP=1234", FAILED);
}

/* By the clock on the device's wall, whatever was shown. */
static void test_validity(void **state)
{
	(void)state;
	room.conf.time_zone = (char[]){"UTC"};
	snprintf(device("B")->set.time_zone, sizeof(device("B")->set.time_zone), "Asia/Kolkata");
	hears("PWD", "PIN=6\tTMP=6", SUCCESS("6", "Flo"));
	hears_at("B", "PWD", "PIN=6\tTMP=6", FAILED);
	wrote("6", "pwd", false, "no longer valid");
	hears_at("B", "CARD", "TMP=17", SUCCESS("7", "Gus"));
	hears("CARD", "TMP=17", FAILED);
	wrote("7", "card", false, "not valid yet");
	hears_at("B", "PWD", "PIN=8\tTMP=8", FAILED);
	wrote("8", "pwd", false, "from when until when he is valid cannot be read");
	room.conf.time_zone = (char[]){"Nowhere/Here"};
	hears("CARD", "TMP=16", FAILED);
}

static void test_charsets(void **state)
{
	(void)state;
	hears("PWD", "PIN=3\tTMP=77", SUCCESS("3", "张三"));
	snprintf(device("A")->language, sizeof(device("A")->language), "83");
	hears("PWD", "PIN=3\tTMP=77", SUCCESS("3", "\xd5\xc5\xc8\xfd"));
}

static void test_photo(void **state)
{
	(void)state;
	records.picture = "ABCA";
	hears("CARD", "TMP=11",
		"AUTH=Success\tPIN=1\tName=Ann\tPri=0\tGrp=1\tTZ=\tPhotoSize=8\tPhoto=QUJDQQ==\n");
}

/* What nobody can decide is nobody's failure. */
static void test_undecided(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		hears("FACE", "PIN=1\tTMP=AAAA", FAILED);
	/* The first ones are written down, and the others as one. */
	assert_int_equal(count_written(AUDIT_VERIFY), 3);
	wrote("1", "face", false, "not decided: no way to verify that is known");
	hears("CARD", "TMP=11", SUCCESS("1", "Ann"));
	records.rc = -EAGAIN;
	for (int i = 0; i < 10; i++)
		hears_at("B", "CARD", "TMP=11", FAILED);
	wrote("", "card", false, "not decided: the records cannot be read now");
	records.rc = 0;
	hears_at("B", "CARD", "TMP=11", SUCCESS("1", "Ann"));
	assert_int_equal(count_written(AUDIT_ALARM), 0);
}

static void test_too_late(void **state)
{
	(void)state;
	room.asked_ms = clock_mono_ms() - VERIFY_MS;
	hears("CARD", "TMP=11", FAILED);
	wrote("", "card", false, "not decided: it came too late");
	assert_int_equal(records.asked, 0);
}

/* ---- lock-outs ---- */

static void test_pin_locked_out(void **state)
{
	size_t before;

	(void)state;
	for (int i = 0; i < 3; i++) {
		hears(i % 2 ? "CARD" : "PWD", "PIN=1\tTMP=9", FAILED);
		hears("CARD", "TMP=12", SUCCESS("2", "Bob")); /* the device itself is in order */
	}
	read_audit();
	before = written.count;
	assert_int_equal(before, 7);
	assert_entry(&written.all[4], AUDIT_ALARM, "1", "pwd", false,
		"a PIN is locked out: too many failures in a row");
	/* Nothing is right now, from anywhere in the site, and nothing is written. */
	hears("PWD", "PIN=1\tTMP=1234", FAILED);
	hears_at("B", "PWD", "PIN=1\tTMP=1234", FAILED);
	hears_at("B", "CARD", "TMP=11", FAILED);
	for (int i = 0; i < 100; i++)
		hears_at("B", "PWD", "PIN=1\tTMP=9", FAILED);
	read_audit();
	assert_int_equal(written.count, before);
	hears_at("B", "CARD", "TMP=12", SUCCESS("2", "Bob"));
	snprintf(device("B")->set.site, sizeof(device("B")->set.site), "east");
	hears_at("B", "CARD", "TMP=11", SUCCESS("1", "Other"));
}

static void test_device_locked_out(void **state)
{
	(void)state;
	hears("PWD", "PIN=1\tTMP=9", FAILED);
	hears("CARD", "TMP=13", FAILED);
	hears("CARD", "TMP=", FAILED);
	hears("CARD", "TMP=11", FAILED);
	hears("FP", "PIN=1\tTMP=AAAA", FAILED);
	read_audit();
	assert_int_equal(written.count, 4);
	assert_entry(&written.all[3], AUDIT_VERIFY, "", "card", false, "nothing was shown");
	assert_entry(&written.all[2], AUDIT_ALARM, "", "card", false,
		"a device is locked out: too many failures in a row");
	assert_string_equal(written.all[2].serial, "A");
	hears_at("B", "CARD", "TMP=11", SUCCESS("1", "Ann"));
}

static int count_one(void *context, const struct audit *a)
{
	unsigned *counts = context;

	counts[a->what]++;
	return 0;
}

/* Who has one card that is right cannot fill the disk with it. */
static void test_one_that_asks_for_ever(void **state)
{
	unsigned counts[AUDIT_KINDS] = {0}, let_in = 0;

	(void)state;
	caught_begin();
	for (int i = 0; i < 1500; i++) {
		ask_at("A", "CARD", "TMP=11");
		turn();
		let_in += strcmp(hear(200), SUCCESS("1", "Ann")) == 0;
	}
	assert_non_null(strstr(caught_end(), "asks more often than one may serial=A"));
	assert_in_range(let_in, 1000, 1400);
	assert_int_equal(audit_since(room.answerer.ledger, 0, count_one, counts), 0);
	ledger_abort(room.answerer.ledger);
	assert_int_equal(counts[AUDIT_VERIFY], let_in);
	assert_int_equal(counts[AUDIT_ALARM], 1);
	hears_at("B", "CARD", "TMP=11", SUCCESS("1", "Ann"));
}

/* As one does who has a card that is right: it gives no guess back. */
static unsigned guesses_between_successes(const char *serial, unsigned times)
{
	unsigned looked_at = 0;

	for (unsigned i = 0; i < times; i++) {
		unsigned before = records.asked;
		hears_at(serial, "CARD", "TMP=13", FAILED);
		looked_at += records.asked > before;
		ask_at(serial, "CARD", "TMP=11");
		turn();
		(void)hear(200);
	}
	return looked_at;
}

static void test_one_that_guesses_between_successes(void **state)
{
	const char *said;

	(void)state;
	close_verify();
	room.conf.verify_device_failures = 7;
	open_verify();
	caught_begin();
	assert_int_equal(guesses_between_successes("A", 20), 7);
	said = caught_end();
	assert_non_null(strstr(said, "a device fails more often than one may serial=A"));
	assert_int_equal(count_written(AUDIT_ALARM), 1);
	hears("CARD", "TMP=11", FAILED);
	/* Nobody else has to suffer for it, and no PIN is locked out. */
	hears_at("B", "CARD", "TMP=11", SUCCESS("1", "Ann"));
	/* One comes back, not all of them. */
	devices_rations(device("A"))->failed_ms -= 3600 * 1000 / 7;
	assert_int_equal(guesses_between_successes("A", 5), 1);
}

/* It is known after a restart, for as long as it counts. */
static void test_guesses_are_recalled(void **state)
{
	(void)state;
	close_verify();
	room.conf.verify_device_failures = 7;
	open_verify();
	assert_int_equal(guesses_between_successes("A", 7), 7);
	close_verify();
	*devices_rations(device("A")) = (struct device_rations){.failed_ms = 0};
	open_verify();
	hears("CARD", "TMP=11", FAILED);
	close_verify();
	*devices_rations(device("A")) = (struct device_rations){.failed_ms = 0};
	room.now_us += 30 * UINT64_C(60) * 1000 * 1000;
	open_verify();
	assert_in_range(guesses_between_successes("A", 7), 3, 4);
}

/* They count until they are older than now: no more of them than count at all. */
static void test_guesses_of_a_clock_that_was_ahead(void **state)
{
	(void)state;
	room.conf.verify_device_failures = 7;
	for (int i = 0; i < 3; i++) {
		close_verify();
		room.now_us += 7200 * UINT64_C(1000000);
		open_verify();
		*devices_rations(device("A")) = (struct device_rations){.failed_ms = 0};
		assert_int_equal(guesses_between_successes("A", 7), 7);
	}
	close_verify();
	*devices_rations(device("A")) = (struct device_rations){.failed_ms = 0};
	room.now_us -= 8 * 3600 * UINT64_C(1000000);
	open_verify();
	assert_int_equal(guesses_between_successes("A", 7), 0);
	devices_rations(device("A"))->failed_ms -= 3600 * 1000 / 7;
	assert_int_equal(guesses_between_successes("A", 5), 1);
}

/* What was turned away is written down as one, when it is over. */
static void test_over(void **state)
{
	(void)state;
	close_verify();
	room.conf.verify_lockout_ms = 1000;
	open_verify();
	for (int i = 0; i < 5; i++)
		hears("CARD", "TMP=13", FAILED);
	clock_sleep_ms(1100);
	turn();
	turn();
	read_audit();
	assert_int_equal(written.count, 5);
	assert_entry(&written.all[4], AUDIT_VERIFY, "", "", false,
		"not looked at: the device was locked out");
	assert_int_equal(written.all[4].count, 2);
	assert_string_equal(written.all[4].serial, "A");
	hears("CARD", "TMP=11", SUCCESS("1", "Ann"));
}

static void test_locked_after_a_restart(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		hears("PWD", "PIN=1\tTMP=9", FAILED);
		hears("CARD", "TMP=12", SUCCESS("2", "Bob"));
	}
	hears_at("B", "PWD", "PIN=4\tTMP=9", FAILED);
	hears_at("B", "FACE", "PIN=4\tTMP=9", FAILED);
	hears_at("B", "PWD", "PIN=4\tTMP=9", FAILED);
	close_verify();
	open_verify();
	hears("PWD", "PIN=1\tTMP=1234", FAILED);
	hears_at("B", "PWD", "PIN=4\tTMP=4", SUCCESS("4", "Dee"));
	/* Long ago is over. */
	close_verify();
	room.now_us += room.conf.verify_lockout_ms * 1000;
	open_verify();
	hears("PWD", "PIN=1\tTMP=1234", SUCCESS("1", "Ann"));
}

/* ---- fingers ---- */

#define HELLO       "hello 1 formats=zkfinger9 probe_bytes=64 references=2\n"
#define FINGER(end) "\xA1\xCA" end
#define PROBE       "PIN=1\tTMP=ocpQ" /* A1 CA 50 */

static void start_matchd(const char *hello)
{
	room.listen_fd = local_listen(room.path, SOCK_SEQPACKET, 0600);
	assert_true(room.listen_fd >= 0);
	room.referee.retry_ms = 0;
	turn();
	room.matchd = accept4(room.listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(room.matchd >= 0);
	assert_int_equal(send(room.matchd, hello, strlen(hello), MSG_NOSIGNAL), strlen(hello));
	turn();
}

static void know_fingers(void)
{
	records.fingers[0] = span_str(FINGER("a"));
	records.fingers[1] = span_str("....SS21");
	records.fingers[2] = span_str(FINGER("bb"));
	records.fingers[3] = span_str(FINGER("ccc"));
	for (int i = 0; i < 4; i++)
		records.valid[i] = 1;
}

static void says(const char *line)
{
	assert_int_equal(send(room.matchd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
	turn();
}

/* What matchd was asked; NULL for nothing. */
static const char *asked(void)
{
	ssize_t len = recv(room.matchd, room.packet, sizeof(room.packet) - 1, 0);

	room.packet[len > 0 ? len : 0] = '\0';
	return len > 0 ? room.packet : NULL;
}

static void test_finger(void **state)
{
	(void)state;
	know_fingers();
	start_matchd(HELLO);
	ask_at("A", "FP", PROBE);
	turn();
	assert_null(hear(200));
	/* Of its format, and no more than the matcher takes. */
	assert_string_equal(asked(), "verify 1 zkfinger9 ocpQ ocph ocpiYg==\n");
	says("match 1\n");
	assert_string_equal(hear(200), SUCCESS("1", "Ann"));
	wrote("1", "fp", true, "");
	assert_string_equal(written.all[written.count - 1].format, "zkfinger9");
	ask_at("A", "FP", PROBE);
	turn();
	says("nomatch 2\n");
	assert_string_equal(hear(200), FAILED);
	wrote("1", "fp", false, "another finger");
	ask_at("A", "FP", PROBE);
	turn();
	says("error 3 bad-probe\n");
	assert_string_equal(hear(200), FAILED);
	wrote("1", "fp", false, "not decided: the matcher says bad-probe");
	/* What it says unasked, or again, is said to nobody. */
	says("match 3\n");
	says("match 4\n");
	assert_null(hear(200));
}

static void test_finger_of_no_use(void **state)
{
	(void)state;
	know_fingers();
	records.valid[0] = 0;
	start_matchd(HELLO);
	ask_at("A", "FP", PROBE);
	turn();
	assert_string_equal(asked(), "verify 1 zkfinger9 ocpQ ocpiYg== ocpjY2M=\n");
	records.valid[2] = records.valid[3] = 0;
	hears("FP", PROBE, FAILED);
	wrote("1", "fp", false, "not decided: no finger of this format is known");
	/* It is a replay nevertheless. */
	hears("FP", "PIN=1\tTMP=ocph", FAILED);
	assert_int_equal(count_written(AUDIT_ALARM), 1);
}

static void test_held_until_audited(void **state)
{
	(void)state;
	know_fingers();
	start_matchd(HELLO);
	ask_at("A", "FP", PROBE);
	turn();
	assert_int_equal(send(room.matchd, "match 1\n", 8, 0), 8);
	assert_int_equal(loop_turn(room.loop_fd, 0), 0);
	verify_turn(&room.verify, room.desk, room.now_us);
	assert_null(hear(200));
	desk_release(room.desk, false);
	assert_string_equal(hear(200), FAILED);
	ledger_abort(room.answerer.ledger);
	/* And so for one that was decided at once. */
	ask_at("A", "CARD", "TMP=11");
	assert_int_equal(loop_turn(room.loop_fd, 0), 0);
	assert_null(hear(200));
	desk_release(room.desk, true);
	assert_string_equal(hear(200), SUCCESS("1", "Ann"));
}

static void test_nothing_is_left_of_it(void **state)
{
	const struct verify *v = &room.verify;
	const char *line = v->line.ptr, *sample = v->sample.ptr, *references = v->references.ptr;

	(void)state;
	know_fingers();
	records.picture = "ABCA";
	start_matchd(HELLO);
	ask_at("A", "FP", PROBE);
	turn();
	assert_non_null(asked());
	assert_wiped(&v->sample, sample);
	assert_wiped(&v->references, references);
	says("match 1\n");
	assert_non_null(strstr(hear(200), "Photo=QUJDQQ=="));
	assert_wiped(&v->line, line);
	assert_wiped(&v->sample, sample);
	hears("PWD", "PIN=3\tTMP=77",
		"AUTH=Success\tPIN=3\tName=张三\tPri=0\tGrp=1\tTZ=\tPhotoSize=8\tPhoto=QUJDQQ==\n");
	assert_wiped(&v->line, line);
	assert_wiped(&v->sample, sample);
}

/* No bytes are a finger, those of the stored one least of all. */
static void test_replay(void **state)
{
	const char *said;

	(void)state;
	know_fingers();
	start_matchd(HELLO);
	caught_begin();
	hears("FP", "PIN=1\tTMP=ocph", FAILED);
	said = caught_end();
	assert_non_null(strstr(said, "a stored template was shown as a finger serial=A pin=1"));
	assert_null(strstr(said, "ocph"));
	assert_null(asked());
	read_audit();
	assert_int_equal(written.count, 2);
	assert_entry(&written.all[0], AUDIT_VERIFY, "1", "fp", false,
		"the very bytes of a stored template");
	assert_entry(&written.all[1], AUDIT_ALARM, "1", "fp", false,
		"a stored template was shown as a finger");
	/* Of a format that no matcher takes too. */
	hears("FP", "PIN=1\tTMP=Li4uLlNTMjE=", FAILED);
	assert_int_equal(count_written(AUDIT_ALARM), 2);
	/* What is shown as somebody else's is stolen as well; whose it is is not told. */
	hears_at("B", "FP", "PIN=2\tTMP=ocph", FAILED);
	read_audit();
	assert_entry(&written.all[4], AUDIT_VERIFY, "2", "fp", false,
		"the very bytes of a template of another PIN");
	assert_entry(&written.all[5], AUDIT_ALARM, "2", "fp", false,
		"a stored template was shown as a finger");
}

static void test_no_matcher(void **state)
{
	(void)state;
	know_fingers();
	hears("FP", PROBE, FAILED);
	wrote("1", "fp", false, "not decided: no matcher for this format");
	start_matchd("hello 1 formats=zkfinger10 probe_bytes=64 references=2\n");
	hears("FP", PROBE, FAILED);
	wrote("1", "fp", false, "not decided: no matcher for this format");
	says(HELLO);
	hears("FP", "PIN=1\tTMP=QUJD", FAILED);
	wrote("1", "fp", false, "not decided: a template of no format that is known");
	hears_at("B", "FP", "PIN=2\tTMP=ocpQ", FAILED);
	wrote("2", "fp", false, "not decided: no finger of this format is known");
	hears_at("B", "FP", "TMP=ocpQ", FAILED);
	wrote("", "fp", false, "nobody is known by it");
	hears_at("B", "FP", "PIN=1\tTMP=ocp", FAILED);
	wrote("1", "fp", false, "a template that is no base64");
	assert_null(asked());
}

static void test_matcher_dies(void **state)
{
	(void)state;
	know_fingers();
	start_matchd(HELLO);
	ask_at("A", "FP", PROBE);
	turn();
	stop_matchd();
	turn();
	assert_string_equal(hear(200), FAILED);
	wrote("1", "fp", false, "not decided: the matcher is gone");
	hears("CARD", "TMP=11", SUCCESS("1", "Ann"));
}

static void test_matcher_hangs(void **state)
{
	(void)state;
	know_fingers();
	start_matchd(HELLO);
	room.asked_ms = clock_mono_ms();
	ask_at("A", "FP", PROBE);
	turn();
	room.asked_ms = 0;
	assert_null(hear(200));
	hears("CARD", "TMP=12", SUCCESS("2", "Bob"));
	clock_sleep_ms(VERIFY_MS + 20);
	turn();
	assert_string_equal(hear(200), FAILED);
	wrote("1", "fp", false, "not decided: the matcher was late");
	says("match 1\n");
	assert_null(hear(200));
}

/* Many at a time are no more guesses than as many in a row. */
static void test_at_a_time(void **state)
{
	unsigned asked_of_matchd = 0, answered = 0;

	(void)state;
	know_fingers();
	start_matchd(HELLO);
	for (int i = 0; i < 20; i++)
		ask_at("A", "FP", PROBE);
	turn();
	while (asked())
		asked_of_matchd++;
	assert_int_equal(asked_of_matchd, 3);
	while (hear(200))
		answered++;
	assert_int_equal(answered, 17);
	says("nomatch 1\n");
	says("nomatch 2\n");
	says("nomatch 3\n");
	hears_at("B", "PWD", "PIN=1\tTMP=1234", FAILED);
}

/* An operator is quicker than the matcher. */
static void test_switched_off_meanwhile(void **state)
{
	(void)state;
	know_fingers();
	start_matchd(HELLO);
	ask_at("A", "FP", PROBE);
	turn();
	device("A")->set.verify = 0;
	says("match 1\n");
	assert_string_equal(hear(200), FAILED);
	wrote("1", "fp", false, "not decided: the device may not ask any more");
	device("A")->set.verify = 1;
	ask_at("A", "FP", PROBE);
	turn();
	snprintf(device("A")->set.site, sizeof(device("A")->set.site), "east");
	says("match 2\n");
	assert_string_equal(hear(200), FAILED);
	ask_at("B", "FP", PROBE);
	turn();
	assert_int_equal(devices_remove(room.devices, span_str("B")), 0);
	says("match 3\n");
	assert_string_equal(hear(200), FAILED);
	add_device("B");
	ask_at("B", "FP", PROBE);
	turn();
	assert_int_equal(devices_decide(room.devices, span_str("B"), DEVICE_REFUSED), 0);
	says("match 4\n");
	assert_string_equal(hear(200), FAILED);
	assert_int_equal(count_written(AUDIT_VERIFY), 4);
}

static void test_asker_is_gone(void **state)
{
	(void)state;
	know_fingers();
	start_matchd(HELLO);
	ask_at("A", "FP", PROBE);
	turn();
	io_close(room.us);
	turn();
	says("match 1\n");
	wrote("1", "fp", true, "");
	room.us = dup(room.loop_fd);
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(test_off),
		IN_A_ROOM(test_not_admitted),
		IN_A_ROOM(test_card),
		IN_A_ROOM(test_turned_card),
		IN_A_ROOM(test_password),
		IN_A_ROOM(test_validity),
		IN_A_ROOM(test_charsets),
		IN_A_ROOM(test_photo),
		IN_A_ROOM(test_undecided),
		IN_A_ROOM(test_too_late),
		IN_A_ROOM(test_pin_locked_out),
		IN_A_ROOM(test_device_locked_out),
		IN_A_ROOM(test_one_that_asks_for_ever),
		IN_A_ROOM(test_one_that_guesses_between_successes),
		IN_A_ROOM(test_guesses_are_recalled),
		IN_A_ROOM(test_guesses_of_a_clock_that_was_ahead),
		IN_A_ROOM(test_over),
		IN_A_ROOM(test_locked_after_a_restart),
		IN_A_ROOM(test_finger),
		IN_A_ROOM(test_finger_of_no_use),
		IN_A_ROOM(test_held_until_audited),
		IN_A_ROOM(test_nothing_is_left_of_it),
		IN_A_ROOM(test_replay),
		IN_A_ROOM(test_no_matcher),
		IN_A_ROOM(test_matcher_dies),
		IN_A_ROOM(test_matcher_hangs),
		IN_A_ROOM(test_at_a_time),
		IN_A_ROOM(test_switched_off_meanwhile),
		IN_A_ROOM(test_asker_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
