/* SPDX-License-Identifier: GPL-2.0-or-later */
/* desk and answer: a question goes in, the right answer comes out, and no client can do harm to the
 * others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmdqd/answer.h"
#include "cmdqd/desk.h"
#include "cmdqd/hello.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "store/env.h"
#include "store/schema.h"

#define NOW_US 1767607200000000 /* 2026-01-05T10:00:00Z */

static struct room {
	char dir[64];
	char records[80];
	int loop_fd;
	struct conf conf;
	struct devices *devices;
	struct answerer answerer;
	struct desk *desk;
	int us; /* a client's end */
	char packet[MSG_MAX];
} room;

static void on_question(void *context, const struct msg_question *q, struct msg_answer *ret)
{
	answer(context, q, NOW_US, ret);
}

/* A client of the desk; gives its own end. */
static int join_in(void)
{
	int ends[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(desk_adopt(room.desk, ends[1]), 0);
	return ends[0];
}

static int open_room(void **state)
{
	static char times[] = "00:00;14:05", flags[] = "AttLog OpLog", zone[] = "Asia/Kolkata";
	char path[96];

	(void)state;
	room = (struct room){.dir = "/tmp/punchd-desk-XXXXXX",
		.conf = {.error_delay_s = 30,
			.delay_s = 10,
			.trans_interval_min = 1,
			.trans_times = times,
			.trans_flags = flags,
			.time_zone = zone,
			.realtime = true}};
	assert_non_null(mkdtemp(room.dir));
	snprintf(room.records, sizeof(room.records), "%s/records", room.dir);
	snprintf(path, sizeof(path), "%s/control", room.dir);
	assert_int_equal(devices_open(path, false, &room.devices), 0);
	room.answerer = (struct answerer){
		.devices = room.devices, .defaults = &room.conf, .records_path = room.records};
	room.loop_fd = loop_open();
	snprintf(path, sizeof(path), "%s/desk.sock", room.dir);
	assert_int_equal(
		desk_serve(room.loop_fd, path, on_question, &room.answerer, &room.desk), 0);
	room.us = join_in();
	return 0;
}

static int close_room(void **state)
{
	char command[128];

	(void)state;
	desk_shut(room.desk);
	answer_close(&room.answerer);
	devices_close(room.devices);
	io_close(room.us);
	io_close(room.loop_fd);
	snprintf(command, sizeof(command), "rm -rf %s", room.dir);
	return system(command);
}

static void turn(void)
{
	assert_int_equal(loop_turn(room.loop_fd, 0), 0);
}

static void send_raw(int fd, const void *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

static void ask(int fd, uint64_t id, enum msg_kind kind, const char *serial, const char *target)
{
	struct buf b = buf_with_max(MSG_MAX);
	const struct msg_question q = {
		id, kind, span_str(serial), span_str("192.0.2.7"), span_str(target)};

	assert_int_equal(msg_put_question(&b, &q), 0);
	send_raw(fd, b.ptr, b.len);
	buf_free(&b);
}

/* The answer that is there, or one of id 0 when there is none. */
static struct msg_answer hear(int fd)
{
	struct msg_answer a = {0};
	ssize_t len = recv(fd, room.packet, sizeof(room.packet), 0);

	if (len > 0)
		assert_int_equal(msg_get_answer(span_of(room.packet, (size_t)len), &a), 0);
	return a;
}

static struct msg_answer asked(enum msg_kind kind, const char *serial, const char *target)
{
	static uint64_t id = 100;

	ask(room.us, ++id, kind, serial, target);
	turn();
	struct msg_answer a = hear(room.us);
	assert_int_equal(a.id, id);
	return a;
}

static void approve(const char *serial)
{
	assert_int_equal(devices_decide(room.devices, span_str(serial), DEVICE_APPROVED), 0);
}

static void assert_body(const struct msg_answer *a, const char *expected)
{
	assert_int_equal(a->body.len, strlen(expected));
	assert_memory_equal(a->body.ptr, expected, a->body.len);
}

#define POLL(serial)  "/iclock/getrequest?SN=" serial
#define HELLO(serial) "/iclock/cdata?SN=" serial "&options=all&pushver=2.4.1&DeviceType=att"

static void test_poll(void **state)
{
	struct msg_answer a = asked(MSG_POLL, "A", POLL("A"));

	(void)state;
	assert_int_equal(a.status, 403);
	assert_body(&a, "");
	approve("A");
	a = asked(MSG_POLL, "A", POLL("A") "&INFO=Ver1,4,0");
	assert_int_equal(a.status, 200);
	assert_body(&a, "OK");
	struct device *d = devices_find(room.devices, span_str("A"));
	assert_int_equal(d->polls, 2);
	assert_int_equal(d->last_seen_us, NOW_US);
	assert_string_equal(d->firmware, "Ver1");
	assert_int_equal(devices_decide(room.devices, span_str("A"), DEVICE_REFUSED), 0);
	assert_int_equal(asked(MSG_POLL, "A", POLL("A")).status, 403);
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
	struct msg_answer a = asked(MSG_HELLO, "A", HELLO("A"));

	(void)state;
	assert_int_equal(a.status, 403);
	assert_body(&a, "");
	approve("A");
	a = asked(MSG_HELLO, "A", HELLO("A"));
	assert_int_equal(a.status, 200);
	assert_body(&a, REPLY("0"));
	struct device *d = devices_find(room.devices, span_str("A"));
	assert_string_equal(d->push_version, "2.4.1");
	assert_int_equal(d->handshakes, 2);
	a = asked(MSG_HELLO, "A", "/iclock/cdata?SN=A&options=all&pushver=3.1.2&DeviceType=acc");
	assert_int_equal(a.status, 200);
	assert_body(&a, "OK");
}

/* What parserd would have written. */
static void store_value(const struct pack *value)
{
	struct pack key = {.len = 0};
	MDB_dbi dbs[RECORDS_DBS];
	MDB_env *env;
	MDB_txn *txn;

	stamp_pack_key(&key, span_str("A"), span_str("ATTLOG"));
	assert_int_equal(env_make(room.records), 0);
	assert_int_equal(env_open_writer(room.records, 1 << 20, RECORDS_DBS, &env), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(records_open_dbs(txn, true, dbs), 0);
	MDB_val k = env_val(pack_span(&key)), v = env_val(pack_span(value));
	assert_int_equal(mdb_put(txn, dbs[RECORDS_STAMP], &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static void store_stamp(const char *stamp)
{
	const struct stamp s = {span_str(stamp), 1, {"0000000000000001-0000000000000001", 1}};
	struct pack value = {.len = 0};

	stamp_pack_value(&value, &s);
	store_value(&value);
}

static void test_the_stamp_comes_back(void **state)
{
	(void)state;
	approve("A");
	struct msg_answer a = asked(MSG_HELLO, "A", HELLO("A"));
	assert_body(&a, REPLY("0"));
	/* parserd has come to be meanwhile. */
	store_stamp("583050990");
	a = asked(MSG_HELLO, "A", HELLO("A"));
	assert_body(&a, REPLY("583050990"));
}

/* 0 would make every terminal send all that it has. */
static void test_records_that_cannot_be_read(void **state)
{
	char path[96];

	(void)state;
	approve("A");
	assert_int_equal(mkdir(room.records, 0755), 0);
	snprintf(path, sizeof(path), "%s/data.mdb", room.records);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(
		io_write_all(fd, span_str("this is not a store, and so it cannot be read as one")),
		0);
	io_close(fd);
	struct msg_answer a = asked(MSG_HELLO, "A", HELLO("A"));
	assert_int_equal(a.status, 503);
	assert_body(&a, "");
	assert_int_equal(asked(MSG_POLL, "A", POLL("A")).status, 200);
	/* Mended, it is used. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(asked(MSG_HELLO, "A", HELLO("A")).status, 200);
}

static void test_records_that_were_replaced(void **state)
{
	const struct pack damaged = {.len = 1};
	char away[96];

	(void)state;
	approve("A");
	store_stamp("1");
	assert_int_equal(asked(MSG_HELLO, "A", HELLO("A")).status, 200);
	store_value(&damaged);
	assert_int_equal(asked(MSG_HELLO, "A", HELLO("A")).status, 503);
	snprintf(away, sizeof(away), "%s.away", room.records);
	assert_int_equal(rename(room.records, away), 0);
	store_stamp("2");
	struct msg_answer a = asked(MSG_HELLO, "A", HELLO("A"));
	assert_body(&a, REPLY("2"));
}

/* Longer than any that is given back: as good as none. */
static void test_a_stamp_that_is_too_long(void **state)
{
	char stamp[HELLO_STAMP_MAX + 2] = {0};

	(void)state;
	memset(stamp, '9', HELLO_STAMP_MAX + 1);
	approve("A");
	store_stamp(stamp);
	struct msg_answer a = asked(MSG_HELLO, "A", HELLO("A"));
	assert_body(&a, REPLY("0"));
}

static void test_a_zone_that_is_gone(void **state)
{
	(void)state;
	approve("A");
	strcpy(devices_find(room.devices, span_str("A"))->set.time_zone, "Asia/Atlantis");
	assert_int_equal(asked(MSG_HELLO, "A", HELLO("A")).status, 503);
}

static void test_malformed_packets_are_passed_over(void **state)
{
	static const char *const bad[] = {"x", "1 poll A 192.0.2.7", "1 dance A 192.0.2.7\n/",
		"poll\n", "1 poll A/B 192.0.2.7\n/", "1 poll  192.0.2.7\n/",
		"-1 poll A 192.0.2.7\n/"};
	static char long_one[MSG_MAX + 1] = "1 poll A 192.0.2.7\n";

	(void)state;
	approve("A");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		send_raw(room.us, bad[i], strlen(bad[i]));
	send_raw(room.us, long_one, sizeof(long_one));
	ask(room.us, 9, MSG_POLL, "A", POLL("A"));
	turn();
	struct msg_answer a = hear(room.us);
	assert_int_equal(a.id, 9);
	assert_int_equal(desk_clients(room.desk), 1);
}

static void test_several_clients(void **state)
{
	int second = join_in();

	(void)state;
	approve("A");
	ask(room.us, 1, MSG_POLL, "A", POLL("A"));
	ask(second, 2, MSG_POLL, "B", POLL("B"));
	ask(room.us, 3, MSG_POLL, "B", POLL("B"));
	turn();
	assert_int_equal(hear(room.us).id, 1);
	assert_int_equal(hear(room.us).id, 3);
	assert_int_equal(hear(second).id, 2);
	io_close(second);
	turn();
	assert_int_equal(desk_clients(room.desk), 1);
	ask(room.us, 4, MSG_POLL, "A", POLL("A"));
	turn();
	assert_int_equal(hear(room.us).id, 4);
}

/* Asks until the desk takes no more from a client that does not read. */
static uint64_t flood(int fd)
{
	char question[] = "1 poll A 192.0.2.7\n/iclock/getrequest?SN=A";
	uint64_t sent = 0;

	for (int idle = 0; idle < 100;) {
		bool went = send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) > 0;
		sent += went;
		idle = went ? 0 : idle + 1;
		turn();
	}
	return sent;
}

static void test_a_slow_reader_loses_nothing(void **state)
{
	(void)state;
	approve("A");
	uint64_t sent = flood(room.us), heard = 0;
	assert_true(sent > 0);
	desk_drop_stalled(room.desk, clock_mono_ms());
	for (int idle = 0; idle < 100; idle++) {
		while (hear(room.us).id == 1) {
			heard++;
			idle = 0;
		}
		turn();
	}
	assert_int_equal(heard, sent);
	desk_drop_stalled(room.desk, clock_mono_ms() + 10 * DESK_STALL_MS);
	assert_int_equal(desk_clients(room.desk), 1);
}

static void test_who_never_reads_is_dropped(void **state)
{
	int second = join_in();

	(void)state;
	approve("A");
	(void)flood(second);
	/* The others are served meanwhile. */
	assert_int_equal(asked(MSG_POLL, "A", POLL("A")).status, 200);
	desk_drop_stalled(room.desk, clock_mono_ms() + DESK_STALL_MS);
	assert_int_equal(desk_clients(room.desk), 1);
	assert_int_equal(asked(MSG_POLL, "A", POLL("A")).status, 200);
	io_close(second);
}

static void test_the_socket_file(void **state)
{
	struct desk *other;
	struct stat st;
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/desk.sock", room.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(
		desk_serve(room.loop_fd, path, on_question, &room.answerer, &other), -EADDRINUSE);
	int fd = msg_connect(path);
	assert_true(fd >= 0);
	/* First comes the one who looked whether somebody listens, and is gone. */
	for (int i = 0; i < 3; i++)
		turn();
	assert_int_equal(desk_clients(room.desk), 2);
	ask(fd, 5, MSG_POLL, "A", POLL("A"));
	turn();
	assert_int_equal(hear(fd).id, 5);
	io_close(fd);
}

static void test_clients_are_bounded(void **state)
{
	int fds[DESK_CLIENTS_MAX + 1];
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/desk.sock", room.dir);
	for (size_t i = 0; i < DESK_CLIENTS_MAX + 1; i++) {
		fds[i] = msg_connect(path);
		turn();
	}
	assert_int_equal(desk_clients(room.desk), DESK_CLIENTS_MAX);
	for (size_t i = 0; i < DESK_CLIENTS_MAX + 1; i++)
		io_close(fds[i]);
	turn();
	turn();
	assert_int_equal(desk_clients(room.desk), 1);
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(test_poll),
		IN_A_ROOM(test_hello),
		IN_A_ROOM(test_the_stamp_comes_back),
		IN_A_ROOM(test_records_that_cannot_be_read),
		IN_A_ROOM(test_records_that_were_replaced),
		IN_A_ROOM(test_a_stamp_that_is_too_long),
		IN_A_ROOM(test_a_zone_that_is_gone),
		IN_A_ROOM(test_malformed_packets_are_passed_over),
		IN_A_ROOM(test_several_clients),
		IN_A_ROOM(test_a_slow_reader_loses_nothing),
		IN_A_ROOM(test_who_never_reads_is_dropped),
		IN_A_ROOM(test_the_socket_file),
		IN_A_ROOM(test_clients_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
