/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answer: what a terminal hears, from whom it hears nothing, and what is taken back when it could
 * not be made durable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmdqd/answer.h"
#include "cmdqd/hello.h"
#include "cmdqd/ledger.h"
#include "cmdqd/queue.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "lib/wake.h"
#include "store/env.h"
#include "store/schema.h"
#include "store/setting.h"
#include "tests/unit/caught.h"

#define NOW_US   1767607200000000 /* 2026-01-05T10:00:00Z */
#define LEASE_US UINT64_C(60000000)

static struct room {
	char dir[64];
	char control[80], records[80], wake[80];
	struct conf conf;
	uint64_t asked_ms; /* 0: the question does not say */
	struct devices *devices;
	struct poke poke;
	struct library library;
	struct answerer answerer;
	struct msg_answer answer;
	const char *peer;
	uint64_t now_us;
} room;

static void open_devices(void)
{
	assert_int_equal(devices_open(room.control, false, &room.devices), 0);
	room.library = (struct library){.path = room.records};
	room.answerer = (struct answerer){.devices = room.devices,
		.ledger = devices_ledger(room.devices),
		.poke = &room.poke,
		.defaults = &room.conf,
		.library = &room.library};
}

static void close_devices(void)
{
	answer_close(&room.answerer);
	library_close(&room.library);
	devices_close(room.devices);
}

static int open_room(void **state)
{
	static char times[] = "00:00;14:05", flags[] = "AttLog OpLog", zone[] = "Asia/Kolkata";

	(void)state;
	room = (struct room){.dir = "/tmp/punchd-answer-XXXXXX",
		.peer = "192.0.2.7",
		.now_us = NOW_US,
		.conf = {.desk_timeout_ms = 60000,
			.error_delay_s = 30,
			.delay_s = 10,
			.trans_interval_min = 1,
			.trans_times = times,
			.trans_flags = flags,
			.time_zone = zone,
			.realtime = true,
			.batch_bytes = 40 * 1024,
			.command_lease_ms = LEASE_US / 1000,
			.command_offers = 3}};
	assert_non_null(mkdtemp(room.dir));
	snprintf(room.control, sizeof(room.control), "%s/control", room.dir);
	snprintf(room.records, sizeof(room.records), "%s/records", room.dir);
	snprintf(room.wake, sizeof(room.wake), "%s/wake.sock", room.dir);
	poke_open(&room.poke, room.wake);
	open_devices();
	return 0;
}

static int close_room(void **state)
{
	char command[128];

	(void)state;
	close_devices();
	poke_close(&room.poke);
	snprintf(command, sizeof(command), "rm -rf %s", room.dir);
	return system(command);
}

#define POLL(serial)  "/iclock/getrequest?SN=" serial
#define HELLO(serial) "/iclock/cdata?SN=" serial "&options=all&pushver=2.4.1&DeviceType=att"

static enum desk_fate ask(enum msg_kind kind, const char *serial, const char *target)
{
	const struct msg_question q = {7, kind, span_str(serial), span_str(room.peer),
		span_str(target), room.asked_ms, {0}};

	return answer(&room.answerer, &q, room.now_us, &room.answer);
}

static void says(unsigned status, const char *body)
{
	assert_int_equal(room.answer.status, status);
	assert_int_equal(room.answer.body.len, strlen(body));
	assert_memory_equal(room.answer.body.ptr, body, strlen(body));
}

/* A poll, a handshake of A; what it hears at once. */
static void poll_hears(unsigned status, const char *body)
{
	assert_int_equal(ask(MSG_POLL, "A", POLL("A")), DESK_SEND);
	says(status, body);
}

static void hello_hears(unsigned status, const char *body)
{
	assert_int_equal(ask(MSG_HELLO, "A", HELLO("A")), DESK_SEND);
	says(status, body);
}

static unsigned hello_with(const char *rest)
{
	char target[256];

	snprintf(target, sizeof(target), "%s%s", HELLO("A"), rest);
	assert_int_equal(ask(MSG_HELLO, "A", target), DESK_SEND);
	return room.answer.status;
}

static struct device *device(void)
{
	struct device *d = devices_find(room.devices, span_str("A"));

	assert_non_null(d);
	return d;
}

static void decide(enum device_state state)
{
	assert_int_equal(devices_decide(room.devices, span_str("A"), state), 0);
}

static void settle(void)
{
	assert_int_equal(answer_settle(&room.answerer), 0);
}

/* ---- polls and handshakes ---- */

static void test_poll(void **state)
{
	(void)state;
	poll_hears(403, "");
	assert_int_equal(device()->last_poll_us, NOW_US);
	decide(DEVICE_APPROVED);
	room.now_us += 5;
	assert_int_equal(ask(MSG_POLL, "A", POLL("A") "&INFO=Ver1,4,0"), DESK_SEND);
	says(200, "OK");
	assert_int_equal(device()->polls, 2);
	assert_int_equal(device()->last_seen_us, NOW_US + 5);
	assert_int_equal(device()->last_poll_us, NOW_US + 5);
	assert_string_equal(device()->firmware, "Ver1");
	decide(DEVICE_REFUSED);
	poll_hears(403, "");
}

static void test_how_to_approve_it(void **state)
{
	(void)state;
	caught_begin();
	poll_hears(403, "");
	assert_non_null(strstr(caught_end(),
		"serial=A peer=192.0.2.7 approve_with=\"punchctl device approve A\""));
}

#define REPLY(stamp)                                                    \
	"GET OPTION FROM: A\nATTLOGStamp=" stamp                        \
	"\nOPERLOGStamp=0\nATTPHOTOStamp=0\nBIODATAStamp=0\n"           \
	"IDCARDStamp=0\nERRORLOGStamp=0\nStamp=" stamp                  \
	"\nOpStamp=0\nPhotoStamp=0\nErrorDelay=30\nDelay=10\n"          \
	"TransTimes=00:00;14:05\nTransInterval=1\nTransFlag=TransData " \
	"AttLog\tOpLog\nTimeZone=330\nRealtime=1\n"                     \
	"Encrypt=0\nServerVer=2.2.14\nPushProtVer=2.2.14\nPushOptionsFlag=1\n"

static void test_hello(void **state)
{
	(void)state;
	hello_hears(403, "");
	assert_int_equal(device()->zone_told, 0);
	decide(DEVICE_APPROVED);
	room.now_us += 5;
	device()->zone_queued = 1;
	hello_hears(200, REPLY("0"));
	assert_string_equal(device()->push_version, "2.4.1");
	assert_int_equal(device()->handshakes, 2);
	assert_int_equal(device()->last_hello_us, NOW_US + 5);
	assert_int_equal(device()->zone_told, ZONE_TOLD_BASE + 330);
	assert_int_equal(device()->zone_queued, 0);
	assert_int_equal(
		ask(MSG_HELLO, "A", "/iclock/cdata?SN=A&options=all&pushver=3.1.2&DeviceType=acc"),
		DESK_SEND);
	says(200, "OK");
}

/* What parserd would have written. */
static void store_value(const char *table, const struct pack *value)
{
	struct pack key = {.len = 0};
	MDB_dbi dbs[RECORDS_DBS];
	MDB_env *env;
	MDB_txn *txn;

	stamp_pack_key(&key, span_str("A"), span_str(table));
	assert_int_equal(env_make(room.records), 0);
	assert_int_equal(env_open_writer(room.records, 1 << 20, RECORDS_DBS, &env), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(records_open_dbs(txn, true, dbs), 0);
	MDB_val k = env_val(pack_span(&key)), v = env_val(pack_span(value));
	assert_int_equal(mdb_put(txn, dbs[RECORDS_STAMP], &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static void store_stamp_of(const char *table, const char *stamp)
{
	const struct stamp s = {span_str(stamp), 1, {"0000000000000001-0000000000000001", 1}};
	struct pack value = {.len = 0};

	stamp_pack_value(&value, &s);
	store_value(table, &value);
}

static void store_stamp(const char *stamp)
{
	store_stamp_of("ATTLOG", stamp);
}

static void test_the_stamp_comes_back(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	hello_hears(200, REPLY("0"));
	/* parserd has come to be meanwhile. */
	store_stamp("583050990");
	hello_hears(200, REPLY("583050990"));
}

/* 0 would make every terminal send all that it has. */
static void test_records_that_cannot_be_read(void **state)
{
	char path[96];

	(void)state;
	decide(DEVICE_APPROVED);
	assert_int_equal(mkdir(room.records, 0755), 0);
	snprintf(path, sizeof(path), "%s/data.mdb", room.records);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(
		io_write_all(fd, span_str("this is not a store, and so it cannot be read as one")),
		0);
	io_close(fd);
	hello_hears(503, "");
	assert_int_equal(device()->zone_told, 0);
	poll_hears(200, "OK");
	/* Mended, it is used. */
	assert_int_equal(unlink(path), 0);
	hello_hears(200, REPLY("0"));
}

static void test_records_that_were_replaced(void **state)
{
	const struct pack damaged = {.len = 1};
	char away[96];

	(void)state;
	decide(DEVICE_APPROVED);
	store_stamp("1");
	hello_hears(200, REPLY("1"));
	store_value("ATTLOG", &damaged);
	hello_hears(503, "");
	snprintf(away, sizeof(away), "%s.away", room.records);
	assert_int_equal(rename(room.records, away), 0);
	store_stamp("2");
	hello_hears(200, REPLY("2"));
}

/* Longer than any that is given back: as good as none. */
static void test_a_stamp_that_is_too_long(void **state)
{
	char stamp[HELLO_STAMP_MAX + 2] = {0};

	(void)state;
	memset(stamp, '9', HELLO_STAMP_MAX + 1);
	decide(DEVICE_APPROVED);
	store_stamp(stamp);
	hello_hears(200, REPLY("0"));
}

static void test_a_zone_that_is_gone(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	strcpy(device()->set.time_zone, "Asia/Atlantis");
	hello_hears(503, "");
	assert_int_equal(device()->zone_told, 0);
}

/* ---- the comm key ---- */

static void set_key(const char *key)
{
	decide(DEVICE_APPROVED);
	assert_int_equal(comm_key_hash(span_str(key), device()->set.comm_key), 0);
	device()->key_good_us = 0;
}

static void time_hears(const char *body)
{
	const struct msg_question q = {7, MSG_TIME, span_str("A"), span_str(room.peer),
		span_str("/iclock/rtdata?SN=A&type=time"), 0, {0}};

	assert_int_equal(answer_time(&room.answerer, &q, room.now_us, &room.answer), DESK_SEND);
	says(body ? 200 : room.answer.status, body ? body : "");
}

/* 10:00 in GMT on the 5th of January 2026, whatever the device's zone. */
static void test_time(void **state)
{
	static char gone[] = "Nowhere/Atall";

	(void)state;
	time_hears(NULL); /* not approved */
	assert_int_equal(room.answer.status, 403);
	assert_int_equal(devices_decide(room.devices, span_str("A"), DEVICE_APPROVED), 0);
	time_hears("DateTime=836042400,ServerTZ=+0530\n");
	strcpy(device()->set.time_zone, "America/St_Johns");
	time_hears("DateTime=836042400,ServerTZ=-0330\n");
	strcpy(device()->set.time_zone, "America/New_York");
	room.now_us += UINT64_C(180) * 86400 * 1000000; /* the 4th of July */
	time_hears("DateTime=852026400,ServerTZ=-0400\n");
	device()->set.time_zone[0] = '\0';
	room.conf.time_zone = gone;
	time_hears(NULL);
	assert_int_equal(room.answer.status, 503);
}

static void test_comm_key(void **state)
{
	(void)state;
	set_key("swordfish");
	poll_hears(403, "");
	room.now_us = NOW_US + 1;
	assert_int_equal(hello_with(""), 403);
	assert_int_equal(device()->key_refused_us, NOW_US + 1);
	assert_string_equal(device()->key_refused_address, "192.0.2.7");
	room.now_us = NOW_US + 2;
	room.peer = "192.0.2.8";
	assert_int_equal(hello_with("&pushcommkey=Swordfish"), 403);
	assert_int_equal(device()->key_refused_us, NOW_US + 2);
	assert_string_equal(device()->key_refused_address, "192.0.2.8");
	assert_int_equal(device()->key_good_us, 0);
	poll_hears(403, "");
	room.now_us = NOW_US + 3;
	assert_int_equal(hello_with("&pushcommkey=swordfish"), 200);
	assert_int_equal(device()->key_good_us, NOW_US + 3);
	assert_int_equal(device()->key_refused_us, NOW_US + 2);
	poll_hears(200, "OK");
	/* One that does not know the key does not shut the right one out. */
	assert_int_equal(hello_with("&pushcommkey=x"), 403);
	poll_hears(200, "OK");
	set_key("another");
	poll_hears(403, "");
}

/* The key of the handshake before must not count for one that cannot be taken apart. */
static void test_a_target_too_long_has_no_key(void **state)
{
	static char target[TARGET_MAX + 64];

	(void)state;
	set_key("swordfish");
	assert_int_equal(hello_with("&pushcommkey=swordfish"), 200);
	memset(target, 'x', sizeof(target) - 1);
	memcpy(target, HELLO("A"), strlen(HELLO("A")));
	assert_int_equal(ask(MSG_HELLO, "A", target), DESK_SEND);
	says(403, "");
}

/* Who has not the key teaches nothing: a class "acc" would end all commands. */
static void test_nothing_is_learnt_without_the_key(void **state)
{
	(void)state;
	set_key("swordfish");
	assert_int_equal(
		ask(MSG_HELLO, "A", "/iclock/cdata?SN=A&pushver=1&DeviceType=acc"), DESK_SEND);
	says(403, "");
	assert_string_equal(device()->class, "");
	assert_string_equal(device()->push_version, "");
	assert_int_equal(ask(MSG_POLL, "A", POLL("A") "&INFO=Evil,1"), DESK_SEND);
	assert_string_equal(device()->firmware, "");
}

/* ---- networks ---- */

static void test_networks(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	poll_hears(200, "OK");
	strcpy(device()->set.networks, "192.0.2.0/24,2001:db8::/32");
	poll_hears(200, "OK");
	hello_hears(200, REPLY("0"));
	const struct device before = *device();
	room.peer = "198.51.100.9";
	room.now_us = NOW_US + 9;
	poll_hears(403, "");
	hello_hears(403, "");
	assert_int_equal(device()->network_refused_us, NOW_US + 9);
	assert_string_equal(device()->network_refused_address, "198.51.100.9");
	/* It was somebody else: the device was not seen. */
	assert_string_equal(device()->address, "192.0.2.7");
	assert_int_equal(device()->last_seen_us, before.last_seen_us);
	assert_int_equal(device()->last_poll_us, before.last_poll_us);
	assert_int_equal(device()->polls, before.polls);
	assert_int_equal(device()->handshakes, before.handshakes);
	room.peer = "2001:db8::5";
	poll_hears(200, "OK");
}

/* ---- stamps that are given as 0 once ---- */

static void test_resend_once(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	store_stamp("5830");
	device()->resend = RESEND_ATTLOG;
	settle();
	assert_int_equal(ask(MSG_HELLO, "A", HELLO("A")), DESK_HOLD);
	says(200, REPLY("0"));
	settle();
	hello_hears(200, REPLY("5830"));
	/* Neither does a crash give it again. */
	close_devices();
	open_devices();
	assert_int_equal(device()->resend, 0);
	hello_hears(200, REPLY("5830"));
	/* One table is not another. */
	store_stamp_of("OPERLOG", "77");
	store_stamp_of("ATTPHOTO", "88");
	assert_int_equal(ask(MSG_HELLO, "A", HELLO("A")), DESK_SEND);
	assert_non_null(strstr(room.answerer.body.ptr, "Stamp=5830\nOpStamp=77\nPhotoStamp=88\n"));
	device()->resend = RESEND_OPERLOG;
	assert_int_equal(ask(MSG_HELLO, "A", HELLO("A")), DESK_HOLD);
	assert_non_null(strstr(room.answerer.body.ptr, "Stamp=5830\nOpStamp=0\nPhotoStamp=88\n"));
	device()->resend = RESEND_ATTPHOTO;
	assert_int_equal(ask(MSG_HELLO, "A", HELLO("A")), DESK_HOLD);
	assert_non_null(strstr(room.answerer.body.ptr, "Stamp=5830\nOpStamp=77\nPhotoStamp=0\n"));
	assert_int_equal(device()->resend, 0);
}

static void test_resend_is_not_lost(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	store_stamp("5830");
	device()->resend = RESEND_ATTLOG;
	assert_int_equal(ask(MSG_HELLO, "A", HELLO("A")), DESK_HOLD);
	/* What else was in the transaction met its end. */
	room.answerer.failed = -EIO;
	assert_int_equal(answer_settle(&room.answerer), -EIO);
	assert_int_equal(device()->resend, RESEND_ATTLOG);
	assert_int_equal(ask(MSG_HELLO, "A", HELLO("A")), DESK_HOLD);
	says(200, REPLY("0"));
	settle();
	hello_hears(200, REPLY("5830"));
}

/* It hears a plain OK, no stamps: what was ordered is not done by that. */
static void test_resend_to_access_control(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	strcpy(device()->class, "acc");
	device()->resend = RESEND_ATTLOG;
	assert_int_equal(ask(MSG_HELLO, "A", "/iclock/cdata?SN=A&pushver=3.1.2"), DESK_SEND);
	says(200, "OK");
	assert_int_equal(device()->resend, RESEND_ATTLOG);
	assert_int_equal(device()->zone_told, 0);
}

static void test_claims_are_bounded(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	for (int i = 0; i < ANSWER_CLAIMS_MAX; i++) {
		device()->resend = RESEND_ATTLOG;
		assert_int_equal(ask(MSG_HELLO, "A", HELLO("A")), DESK_HOLD);
	}
	device()->resend = RESEND_ATTLOG;
	hello_hears(503, "");
	assert_int_equal(device()->resend, RESEND_ATTLOG);
	settle();
	assert_int_equal(ask(MSG_HELLO, "A", HELLO("A")), DESK_HOLD);
}

/* ---- commands ---- */

static uint64_t order(const char *verb)
{
	const struct typed t = {.verb = verb_find(span_str(verb))};
	const struct queue_order o = {
		.serial = span_str("A"), .entry = QUEUE_OWN_ENTRY, .command = &t};
	uint64_t id = 0;

	assert_non_null(t.verb);
	assert_int_equal(queue_add(room.answerer.ledger, &o, room.now_us, &id), 1);
	assert_int_equal(ledger_commit(room.answerer.ledger), 0);
	devices_set_open(device(), true);
	return id;
}

static void is_offered(uint64_t id, const char *command)
{
	char line[64];

	snprintf(line, sizeof(line), "C:%llu:%s\n", (unsigned long long)id, command);
	assert_int_equal(ask(MSG_POLL, "A", POLL("A")), DESK_HOLD);
	says(200, line);
}

static enum command_state state_of(uint64_t id)
{
	struct control_reader *r;
	struct buf into = buf_with_max(4096);
	struct command c = {0};

	assert_int_equal(control_open(room.control, &r), 0);
	assert_int_equal(control_command(r, id, &into, &c), 0);
	buf_free(&into);
	control_close(r);
	return c.state;
}

static void report(uint64_t id, int64_t code)
{
	const struct queue_result r = {
		.serial = span_str("A"), .id = id, .code = code, .entry = "x.1"};
	struct buf into = buf_with_max(4096);
	struct command c;

	assert_int_equal(
		queue_result(room.answerer.ledger, &r, room.now_us, &into, &c), PROGRESS_TAKEN);
	assert_int_equal(ledger_commit(room.answerer.ledger), 0);
	buf_free(&into);
}

static void test_a_poll_brings_the_command(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	uint64_t id = order("log");
	is_offered(id, "LOG");
	/* Not before the word is given is it so for anybody else. */
	assert_int_equal(state_of(id), COMMAND_QUEUED);
	settle();
	assert_int_equal(state_of(id), COMMAND_OFFERED);
	poll_hears(200, "OK");
	settle();
	assert_true(devices_has_open(device()));
	report(id, 0);
	poll_hears(200, "OK");
	settle();
	assert_false(devices_has_open(device()));
	poll_hears(200, "OK");
	assert_false(ledger_is_open(room.answerer.ledger));
}

static void test_after_the_lease_it_comes_again(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	uint64_t id = order("log");
	is_offered(id, "LOG");
	settle();
	room.now_us += LEASE_US + 1;
	is_offered(id, "LOG");
	settle();
	room.now_us += LEASE_US + 1;
	is_offered(id, "LOG");
	settle();
	/* Three times are enough. */
	room.now_us += LEASE_US + 1;
	poll_hears(200, "OK");
	settle();
	assert_int_equal(state_of(id), COMMAND_FAILED);
	assert_false(devices_has_open(device()));
}

static void test_batch_bytes(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	uint64_t first = order("log"), second = order("info");
	device()->set.batch_bytes = strlen("C:1:LOG\n") + 4;
	is_offered(first, "LOG");
	settle();
	report(first, 0);
	device()->set.batch_bytes = UINT64_C(1) << 40;
	is_offered(second, "INFO");
	settle();
}

/* Whatever is set: the answer has to fit into a packet, or the client would be dropped for it. */
static void test_a_batch_fits_into_a_packet(void **state)
{
	char line[1000];
	struct typed t = {.verb = verb_find(span_str("raw"))};
	const struct queue_order o = {
		.serial = span_str("A"), .entry = QUEUE_OWN_ENTRY, .command = &t};
	struct buf packet = buf_with_max(MSG_MAX);
	uint64_t id;

	(void)state;
	decide(DEVICE_APPROVED);
	memset(line, 'x', sizeof(line));
	t.values[0] = span_of(line, sizeof(line));
	t.given[0] = true;
	for (int i = 0; i < 100; i++)
		assert_int_equal(queue_add(room.answerer.ledger, &o, room.now_us, &id), 1);
	assert_int_equal(ledger_commit(room.answerer.ledger), 0);
	devices_set_open(device(), true);
	device()->set.batch_bytes = UINT64_C(1) << 40;
	assert_int_equal(ask(MSG_POLL, "A", POLL("A")), DESK_HOLD);
	assert_in_range(room.answer.body.len, 60000, MSG_MAX);
	room.answer.id = UINT64_MAX;
	assert_int_equal(msg_put_answer(&packet, &room.answer), 0);
	buf_free(&packet);
	settle();
}

static void test_no_commands_for_whom(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	uint64_t id = order("log");
	strcpy(device()->class, "acc");
	poll_hears(200, "OK");
	strcpy(device()->class, "att");
	decide(DEVICE_REFUSED);
	poll_hears(403, "");
	set_key("swordfish");
	poll_hears(403, "");
	memset(device()->set.comm_key, 0, sizeof(device()->set.comm_key));
	strcpy(device()->set.networks, "198.51.100.0/24");
	poll_hears(403, "");
	device()->set.networks[0] = '\0';
	settle();
	assert_int_equal(state_of(id), COMMAND_QUEUED);
	is_offered(id, "LOG");
}

/* One that failed takes all offers of the turn with it: nothing of them was said. */
/* ingestd has given up on it: what it were told now, nobody would hear. */
static void test_too_late(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	uint64_t id = order("reboot");
	device()->resend = RESEND_ATTLOG;
	room.asked_ms = clock_mono_ms() - 31000;
	poll_hears(200, "OK");
	assert_int_equal(state_of(id), COMMAND_QUEUED);
	hello_hears(503, "");
	assert_int_equal(device()->resend, RESEND_ATTLOG);
	/* Without one that is given once, a handshake is answered as ever. */
	device()->resend = 0;
	hello_hears(200, REPLY("0"));
	room.asked_ms = clock_mono_ms();
	is_offered(id, "REBOOT");
}

static void test_offers_that_are_taken_back(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	uint64_t id = order("reboot");
	is_offered(id, "REBOOT");
	ledger_abort(room.answerer.ledger);
	room.answerer.failed = -ENOSPC;
	/* None more before the turn is over: it would be committed, and the first one not. */
	poll_hears(200, "OK");
	assert_false(ledger_is_open(room.answerer.ledger));
	assert_int_equal(answer_settle(&room.answerer), -ENOSPC);
	assert_int_equal(state_of(id), COMMAND_QUEUED);
	is_offered(id, "REBOOT");
	settle();
	assert_int_equal(state_of(id), COMMAND_OFFERED);
}

/* "None is open" was the work of a transaction that was given up. */
static void test_the_hint_is_taken_back(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	uint64_t id = order("reboot");
	is_offered(id, "REBOOT");
	settle();
	room.now_us += LEASE_US + 1; /* never twice: it fails now */
	poll_hears(200, "OK");
	assert_false(devices_has_open(device()));
	ledger_abort(room.answerer.ledger);
	room.answerer.failed = -EIO;
	assert_int_equal(answer_settle(&room.answerer), -EIO);
	assert_true(devices_has_open(device()));
	poll_hears(200, "OK");
	settle();
	assert_int_equal(state_of(id), COMMAND_FAILED);
	assert_false(devices_has_open(device()));
}

static void test_the_hint_after_a_restart(void **state)
{
	(void)state;
	decide(DEVICE_APPROVED);
	assert_int_equal(devices_decide(room.devices, span_str("B"), DEVICE_APPROVED), 0);
	assert_int_equal(devices_save(room.devices), 0);
	uint64_t id = order("log");
	close_devices();
	open_devices();
	assert_true(devices_has_open(device()));
	assert_false(devices_has_open(devices_find(room.devices, span_str("B"))));
	is_offered(id, "LOG");
}

/* ---- notifyd hears that it has asked ---- */

static void test_seen(void **state)
{
	int fd = wake_listen(room.wake, 0600);
	char packet[WAKE_MAX];

	(void)state;
	assert_true(fd >= 0);
	decide(DEVICE_APPROVED);
	devices_set_open(device(), false);
	poll_hears(200, "OK");
	assert_int_equal(read(fd, packet, sizeof(packet)), -1);
	uint64_t id = order("log");
	is_offered(id, "LOG");
	ssize_t len = read(fd, packet, sizeof(packet));
	assert_true(len > 0);
	assert_true(span_is(span_of(packet, (size_t)len), "seen A"));
	io_close(fd);
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(test_poll),
		IN_A_ROOM(test_how_to_approve_it),
		IN_A_ROOM(test_hello),
		IN_A_ROOM(test_the_stamp_comes_back),
		IN_A_ROOM(test_records_that_cannot_be_read),
		IN_A_ROOM(test_records_that_were_replaced),
		IN_A_ROOM(test_a_stamp_that_is_too_long),
		IN_A_ROOM(test_a_zone_that_is_gone),
		IN_A_ROOM(test_time),
		IN_A_ROOM(test_comm_key),
		IN_A_ROOM(test_a_target_too_long_has_no_key),
		IN_A_ROOM(test_nothing_is_learnt_without_the_key),
		IN_A_ROOM(test_networks),
		IN_A_ROOM(test_resend_once),
		IN_A_ROOM(test_resend_is_not_lost),
		IN_A_ROOM(test_resend_to_access_control),
		IN_A_ROOM(test_claims_are_bounded),
		IN_A_ROOM(test_a_poll_brings_the_command),
		IN_A_ROOM(test_after_the_lease_it_comes_again),
		IN_A_ROOM(test_batch_bytes),
		IN_A_ROOM(test_a_batch_fits_into_a_packet),
		IN_A_ROOM(test_no_commands_for_whom),
		IN_A_ROOM(test_too_late),
		IN_A_ROOM(test_offers_that_are_taken_back),
		IN_A_ROOM(test_the_hint_is_taken_back),
		IN_A_ROOM(test_the_hint_after_a_restart),
		IN_A_ROOM(test_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
