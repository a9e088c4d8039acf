/* SPDX-License-Identifier: GPL-2.0-or-later */
/* order: what an order may say, everything that it may not, and what becomes of the file that it
 * came in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmdqd/intake.h"
#include "cmdqd/order.h"
#include "lib/clock.h"
#include "lib/io.h"

static struct order parse(const char *body)
{
	const char *why = "";
	struct order o;

	if (order_parse(span_str(body), &o, &why) != 0)
		fail_msg("refused: %s", why);
	return o;
}

static void test_approve_and_refuse(void **state)
{
	struct order o = parse("order: device.approve\nserial: ABCD250100001\n");

	(void)state;
	assert_int_equal(o.kind, ORDER_DEVICE_APPROVE);
	assert_true(span_is(o.serial, "ABCD250100001"));
	assert_int_equal(o.setting_count, 0);
	o = parse("order:device.refuse\nserial:\tA_-9 \n");
	assert_int_equal(o.kind, ORDER_DEVICE_REFUSE);
	assert_true(span_is(o.serial, "A_-9"));
	/* The last LF may be missing. */
	o = parse("order: device.approve\nserial: A");
	assert_true(span_is(o.serial, "A"));
}

static void test_set_everything(void **state)
{
	struct order o = parse("order: device.set\nserial: A\nerror_delay: 45 s\ndelay: 1 "
			       "min\ntrans_interval: 1 h\n"
			       "trans_times: 08:00;23:59\ntrans_flags: AttLog BioPhoto\n"
			       "time_zone: Asia/Kolkata\nrealtime: no\n");
	struct device_settings own = {0};

	(void)state;
	/* Twice is as good as once. */
	for (int i = 0; i < 2; i++) {
		order_apply(&o, &own);
		assert_int_equal(own.error_delay_s, 45);
		assert_int_equal(own.delay_s, 60);
		assert_int_equal(own.trans_interval_min, 60);
		assert_string_equal(own.trans_times, "08:00;23:59");
		assert_string_equal(own.trans_flags, "AttLog BioPhoto");
		assert_string_equal(own.time_zone, "Asia/Kolkata");
		assert_int_equal(own.realtime, -1);
	}
}

static void test_empty_goes_back_to_the_default(void **state)
{
	struct device_settings own = {.error_delay_s = 45,
		.delay_s = 5,
		.trans_interval_min = 7,
		.trans_times = "1",
		.trans_flags = "2",
		.time_zone = "3",
		.realtime = 1};
	struct order o =
		parse("order: device.set\nserial: A\nerror_delay:\ntrans_interval: \ntrans_times:\n"
		      "trans_flags:\ntime_zone:\nrealtime:\n");
	const struct device_settings expected = {.delay_s = 5};

	(void)state;
	order_apply(&o, &own);
	assert_memory_equal(&own, &expected, sizeof(own));
}

#define SET "order: device.set\nserial: A\n"

static void test_bad_orders(void **state)
{
	static const struct {
		const char *body, *why;
	} bad[] = {
		{"", "empty"},
		{"\n", "the first line"},
		{"serial: A\norder: device.approve\n", "the first line"},
		{"Order: device.approve\nserial: A\n", "the first line"},
		{"order device.approve\nserial: A\n", "the first line"},
		{"order: device.delete\nserial: A\n", "no such order"},
		{"order: \nserial: A\n", "no such order"},
		{"order: device.approve\n", "no serial"},
		{"order: device.approve\nserial:\n", "the serial is not one"},
		{"order: device.approve\nserial: A B\n", "the serial is not one"},
		{"order: device.approve\nserial: ../A\n", "the serial is not one"},
		{"order: device.approve\nserial: 123456789012345678901234567890123\n",
			"the serial is not one"},
		{"order: device.approve\nserial: A\nserial: A\n", "two serials"},
		{"order: device.approve\nserial: A\ndelay: 10 s\n", "this order does not have"},
		{"order: device.approve\nserial: A\n\n", "not \"key: value\""},
		{"order: device.approve\nserial: A\nx\n", "not \"key: value\""},
		{"order: device.approve\nserial: A\n: x\n", "not \"key: value\""},
		{SET, "nothing to set"},
		{SET "colour: red\n", "a key is not known"},
		{SET "order: device.approve\n", "a key is not known"},
		{SET "Delay: 10 s\n", "a key is not known"},
		{SET "delay: 10 s\ndelay: 10 s\n", "given twice"},
		{SET "delay: 10\n", "delay is not"},
		{SET "delay: 1 s\n", "delay is not"},
		{SET "delay: 61 s\n", "delay is not"},
		{SET "delay: 2500 ms\n", "delay is not"},
		{SET "delay: -3 s\n", "delay is not"},
		{SET "error_delay: 29 s\n", "error_delay is not"},
		{SET "error_delay: 301 s\n", "error_delay is not"},
		{SET "trans_interval: 0 min\n", "trans_interval is not"},
		{SET "trans_interval: 90 s\n", "trans_interval is not"},
		{SET "trans_interval: 1441 min\n", "trans_interval is not"},
		{SET "trans_times: 24:00\n", "trans_times is not"},
		{SET "trans_times: 12:60\n", "trans_times is not"},
		{SET "trans_times: 8:00\n", "trans_times is not"},
		{SET "trans_times: 08:00;\n", "trans_times is not"},
		{SET "trans_times: 08:00 09:00\n", "trans_times is not"},
		{SET "trans_times: 08:00\rX=1\n", "trans_times is not"},
		{SET "trans_times: "
		     "00:00;01:00;02:00;03:00;04:00;05:00;06:00;07:00;08:00;09:00;10:00\n",
			"trans_times is not"},
		{SET "trans_flags: AttLog,OpLog\n", "trans_flags has"},
		{SET "trans_flags: AttLog\tOpLog\n", "trans_flags has"},
		{SET "trans_flags: all\n", "trans_flags has"},
		{SET "time_zone: Asia/Kol kata\n", "time_zone is not"},
		{SET "time_zone: "
		     "1234567890123456789012345678901234567890123456789012345678901234\n",
			"time_zone is not"},
		{SET "realtime: maybe\n", "realtime is neither"},
		{SET "realtime: true\n", "realtime is neither"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct order o = {.setting_count = 99};
		const char *why = NULL;
		if (order_parse(span_str(bad[i].body), &o, &why) != -EBADMSG)
			fail_msg("taken: %s", bad[i].body);
		if (!strstr(why, bad[i].why))
			fail_msg("%s refused for \"%s\"", bad[i].body, why);
		assert_int_equal(o.setting_count, 99);
	}
}

static void test_nul_is_refused(void **state)
{
	static const char body[] = "order: device.set\nserial: A\ntime_zone: A\0B\n";
	const char *why;
	struct order o;

	(void)state;
	assert_int_equal(order_parse(span_of(body, sizeof(body) - 1), &o, &why), -EBADMSG);
}

/* ---- through the spool ---- */

static struct room {
	char dir[64];
	struct spool writer;
	struct intake intake;
	struct devices *devices;
	struct admission admission;
	int loop_fd, state_fd;
	uint64_t now_ms;
} room;

static void join(char *path, size_t room_bytes, const char *below)
{
	assert_true(snprintf(path, room_bytes, "%s/%s", room.dir, below) < (int)room_bytes);
}

static int open_room(void **state)
{
	const struct conf conf = {.spool_dir = room.dir,
		.file_max_bytes = 1 << 20,
		.rescan_ms = 1000,
		.draft_stale_ms = 60000};
	char control[128];

	(void)state;
	room = (struct room){.dir = "/tmp/punchd-order-XXXXXX", .now_ms = clock_mono_ms()};
	assert_non_null(mkdtemp(room.dir));
	join(control, sizeof(control), "control");
	room.loop_fd = loop_open();
	assert_int_equal(intake_open(&room.intake, room.loop_fd, &conf), 0);
	assert_int_equal(devices_open(control, false, &room.devices), 0);
	room.state_fd = io_open_dir(AT_FDCWD, room.dir);
	room.admission = (struct admission){.state_fd = room.state_fd, .devices = room.devices};
	room.intake.devices = room.devices;
	room.intake.admission = &room.admission;
	assert_int_equal(spool_open(room.dir, "order", SPOOL_FOR_WRITING, &room.writer), 0);
	/* The first turn finds that no order was in work. */
	assert_int_equal(intake_turn(&room.intake, room.now_ms), 0);
	return 0;
}

static int close_room(void **state)
{
	char command[128];

	(void)state;
	spool_close(&room.writer);
	intake_close(&room.intake);
	devices_close(room.devices);
	io_close(room.state_fd);
	io_close(room.loop_fd);
	snprintf(command, sizeof(command), "rm -rf %s", room.dir);
	return system(command);
}

/* Posts a file of these orders, all with this serial in the head, and gives its name. */
static void post_for(const char *serial, const char *const *bodies, size_t count,
	char ret_name[static SPOOL_NAME_BYTES])
{
	struct buf file = buf_with_max(1 << 20);

	for (size_t i = 0; i < count; i++) {
		struct spool_entry e = {.kind = span_str("order"),
			.serial = span_str(serial),
			.body = span_str(bodies[i])};
		assert_int_equal(spool_entry_put(&file, &e), 0);
	}
	assert_int_equal(spool_post(&room.writer, buf_span(&file), ret_name), 0);
	buf_free(&file);
}

static void post(const char *const *bodies, size_t count, char ret_name[static SPOOL_NAME_BYTES])
{
	post_for("", bodies, count, ret_name);
}

static void turn(void)
{
	room.now_ms += 1000;
	assert_int_equal(intake_turn(&room.intake, room.now_ms), 0);
}

static bool is_in(const char *where, const char *name)
{
	char below[128], path[256];

	snprintf(below, sizeof(below), "order/%s/%s", where, name);
	join(path, sizeof(path), below);
	return access(path, F_OK) == 0;
}

static struct device stored(const char *serial)
{
	struct control_reader *r;
	struct device d;
	char control[128];

	join(control, sizeof(control), "control");
	assert_int_equal(control_open(control, &r), 0);
	assert_int_equal(control_device(r, span_str(serial), &d), 0);
	control_close(r);
	return d;
}

static char *admission_list(void)
{
	struct buf b = buf_with_max(4096);
	int fd = openat(room.state_fd, "admission", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(io_read_all(fd, &b), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	io_close(fd);
	return b.ptr;
}

static void test_an_order_is_done(void **state)
{
	static const char *const orders[] = {
		"order: device.approve\nserial: B\n",
		"order: device.approve\nserial: A\n",
		"order: device.set\nserial: A\ndelay: 20 s\n",
	};
	char name[SPOOL_NAME_BYTES];

	(void)state;
	post(orders, 3, name);
	turn();
	assert_true(is_in("done", name));
	struct device d = stored("A");
	assert_int_equal(d.state, DEVICE_APPROVED);
	assert_int_equal(d.set.delay_s, 20);
	char *list = admission_list();
	assert_string_equal(list, "punchd-admission 1\nA\nB\n");
	free(list);
}

static void test_refusing_takes_off_the_list(void **state)
{
	static const char *const approve[] = {"order: device.approve\nserial: A\n"};
	static const char *const refuse[] = {"order: device.refuse\nserial: A\n"};
	char name[SPOOL_NAME_BYTES];

	(void)state;
	post(approve, 1, name);
	turn();
	post(refuse, 1, name);
	turn();
	assert_true(is_in("done", name));
	assert_int_equal(stored("A").state, DEVICE_REFUSED);
	char *list = admission_list();
	assert_string_equal(list, "punchd-admission 1\n");
	free(list);
}

static void test_a_setting_is_stored(void **state)
{
	static const char *const approve[] = {"order: device.approve\nserial: A\n"};
	static const char *const set[] = {"order: device.set\nserial: A\ndelay: 20 s\n"};
	char name[SPOOL_NAME_BYTES];

	(void)state;
	post(approve, 1, name);
	turn();
	post(set, 1, name);
	turn();
	assert_true(is_in("done", name));
	assert_int_equal(stored("A").set.delay_s, 20);
}

static void test_head_and_body_name_one_device(void **state)
{
	static const char *const orders[] = {"order: device.approve\nserial: A\n"};
	char name[SPOOL_NAME_BYTES];

	(void)state;
	post_for("B", orders, 1, name);
	turn();
	assert_true(is_in("bad", name));
	post_for("A", orders, 1, name);
	turn();
	assert_true(is_in("done", name));
}

static void test_a_bad_order_is_refused(void **state)
{
	static const char *const orders[][1] = {
		{"order: device.approve\nserial: /\n"},
		{"order: device.set\nserial: A\ndelay: 20 s\n"}, /* nobody knows A */
	};
	char name[SPOOL_NAME_BYTES], why[SPOOL_NAME_BYTES + 4];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		post(orders[i], 1, name);
		turn();
		assert_true(is_in("bad", name));
		assert_false(is_in("done", name));
		snprintf(why, sizeof(why), "%s.why", name);
		assert_true(is_in("bad", why));
	}
}

/* One file's fault is not another's, though they are settled together. */
static void test_good_and_bad_files_together(void **state)
{
	static const char *const good[] = {"order: device.approve\nserial: A\n"};
	static const char *const bad[] = {"order: device.approve\nserial: /\n"};
	char first[SPOOL_NAME_BYTES], second[SPOOL_NAME_BYTES], third[SPOOL_NAME_BYTES];

	(void)state;
	post(bad, 1, first);
	post(good, 1, second);
	post(bad, 1, third);
	turn();
	assert_true(is_in("bad", first));
	assert_true(is_in("done", second));
	assert_true(is_in("bad", third));
	assert_false(room.intake.failed);
}

static void test_a_zone_must_exist(void **state)
{
	static const char *const orders[] = {
		"order: device.approve\nserial: A\n",
		"order: device.set\nserial: A\ntime_zone: Asia/Atlantis\ndelay: 20 s\n",
	};
	char name[SPOOL_NAME_BYTES], part[SPOOL_ENTRY_ID_BYTES];

	(void)state;
	post(orders, 2, name);
	turn();
	snprintf(part, sizeof(part), "%s.2", name);
	assert_true(is_in("done", name));
	assert_true(is_in("bad", part));
	assert_int_equal(stored("A").set.delay_s, 0);
}

static void test_only_the_bad_part_is_refused(void **state)
{
	static const char *const orders[] = {
		"order: device.approve\nserial: A\n",
		"order: device.explode\nserial: A\n",
		"order: device.approve\nserial: C\n",
	};
	char name[SPOOL_NAME_BYTES], part[SPOOL_ENTRY_ID_BYTES];

	(void)state;
	post(orders, 3, name);
	turn();
	snprintf(part, sizeof(part), "%s.2", name);
	assert_true(is_in("done", name));
	assert_true(is_in("bad", part));
	assert_int_equal(stored("C").state, DEVICE_APPROVED);
}

static void test_garbage_is_refused(void **state)
{
	char name[SPOOL_NAME_BYTES];

	(void)state;
	assert_int_equal(spool_post(&room.writer, span_str("garbage\n"), name), 0);
	turn();
	assert_true(is_in("bad", name));
}

static void test_replay_changes_nothing(void **state)
{
	static const char *const orders[] = {"order: device.approve\nserial: A\n",
		"order: device.set\nserial: A\ndelay: 20 s\n"};
	char name[SPOOL_NAME_BYTES];

	(void)state;
	post(orders, 2, name);
	turn();
	struct device once = stored("A");
	assert_int_equal(spool_move(&room.intake.orders, name, SPOOL_DONE, SPOOL_NEW), 0);
	turn();
	assert_true(is_in("done", name));
	struct device twice = stored("A");
	assert_memory_equal(&once, &twice, sizeof(once));
}

/* Nothing is done that is not on the disk: here the list cannot be written. */
static void test_an_order_waits_for_the_list(void **state)
{
	static const char *const orders[] = {"order: device.approve\nserial: A\n"};
	char name[SPOOL_NAME_BYTES];
	int state_fd = room.state_fd;

	(void)state;
	room.admission.state_fd = -1;
	post(orders, 1, name);
	turn();
	assert_true(is_in("new", name));
	/* What is given back raises the watch; only time starts the next pass. */
	room.intake.hurry = true;
	room.admission.state_fd = state_fd;
	assert_int_equal(intake_turn(&room.intake, room.now_ms + 1), 0);
	assert_true(is_in("new", name));
	turn();
	assert_true(is_in("done", name));
	char *list = admission_list();
	assert_string_equal(list, "punchd-admission 1\nA\n");
	free(list);
}

/* Here it cannot be refused, for its reason finds a directory in the way. */
static void test_what_is_left_keeps_nobody_waiting(void **state)
{
	static const char stuck[] = "0000000000000001-0000000000000001";
	static const char *const orders[] = {"order: device.approve\nserial: A\n"};
	char name[SPOOL_NAME_BYTES], why[SPOOL_NAME_BYTES + 4];

	(void)state;
	snprintf(why, sizeof(why), "%s.why", stuck);
	io_close(openat(room.writer.dirs[SPOOL_NEW], stuck, O_CREAT | O_WRONLY, 0640));
	assert_int_equal(mkdirat(room.intake.orders.dirs[SPOOL_BAD], why, 0700), 0);
	post(orders, 1, name);
	turn();
	assert_true(is_in("new", stuck));
	assert_true(is_in("done", name));
	assert_false(room.intake.failed);
	assert_int_equal(unlinkat(room.intake.orders.dirs[SPOOL_BAD], why, AT_REMOVEDIR), 0);
	turn();
	assert_true(is_in("new", stuck));
	assert_false(room.intake.hurry);
	room.now_ms += SPOOL_LEFT_US / 1000;
	turn();
	assert_true(is_in("bad", stuck));
}

static void test_a_file_without_a_good_order_is_refused_whole(void **state)
{
	static const char *const orders[] = {
		"order: device.explode\nserial: A\n",
		"order: device.set\nserial: A\ndelay: 20 s\n",
	};
	char name[SPOOL_NAME_BYTES], part[SPOOL_ENTRY_ID_BYTES];

	(void)state;
	post(orders, 2, name);
	turn();
	assert_true(is_in("bad", name));
	for (unsigned i = 1; i <= 2; i++) {
		spool_entry_id(name, i, part);
		assert_false(is_in("bad", part));
	}
}

static void test_a_name_that_was_done_before(void **state)
{
	static const char *const orders[] = {"order: device.approve\nserial: A\n"};
	char name[SPOOL_NAME_BYTES];

	(void)state;
	post(orders, 1, name);
	turn();
	int fd = openat(room.writer.dirs[SPOOL_NEW], name, O_CREAT | O_WRONLY, 0640);
	assert_true(fd >= 0);
	io_close(fd);
	turn();
	assert_true(is_in("done", name));
	assert_false(is_in("new", name));
	assert_false(is_in("cur", name));
}

/* A watch that fails must not wake the loop for ever; orders are found all the same. */
static void test_a_lost_watch(void **state)
{
	static const char *const orders[] = {"order: device.approve\nserial: A\n"};
	int broken_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	char name[SPOOL_NAME_BYTES];

	(void)state;
	assert_int_equal(dup2(broken_fd, room.intake.watch.fd), room.intake.watch.fd);
	assert_int_equal(loop_add(room.loop_fd, &room.intake.watch, EPOLLIN), 0);
	room.intake.hurry = false;
	assert_int_equal(loop_turn(room.loop_fd, 0), 0);
	assert_true(room.intake.hurry);
	room.intake.hurry = false;
	assert_int_equal(loop_turn(room.loop_fd, 0), 0);
	assert_false(room.intake.hurry);
	post(orders, 1, name);
	turn();
	assert_true(is_in("done", name));
	io_close(broken_fd);
}

/* ---- death ---- */

/* As after a death: `tries` of them were counted. */
static void die_with(const char *name, int tries)
{
	const struct spool *s = &room.intake.orders;

	assert_int_equal(spool_claim(s, name), 0);
	for (int i = 0; i < tries; i++)
		assert_int_equal(spool_tries_count(s, name), i);
	room.intake.recovered = false;
	room.intake.next_in_work = 0;
	room.intake.hurry = true;
}

static void test_what_was_in_work_is_done(void **state)
{
	static const char *const orders[] = {"order: device.approve\nserial: A\n"};
	char first[SPOOL_NAME_BYTES], second[SPOOL_NAME_BYTES];

	(void)state;
	post(orders, 1, first);
	post(orders, 1, second);
	die_with(first, SPOOL_TRIES_MAX - 2);
	turn();
	assert_true(is_in("done", first));
	assert_true(is_in("new", second));
	for (int i = 0; i < 2; i++) /* nothing else was in work; and then the rest */
		assert_int_equal(intake_turn(&room.intake, room.now_ms), 0);
	assert_true(is_in("done", second));
	assert_int_equal(stored("A").state, DEVICE_APPROVED);
}

static void test_the_tenth_death_is_the_last(void **state)
{
	static const char *const orders[] = {"order: device.approve\nserial: A\n"};
	char name[SPOOL_NAME_BYTES], tries[SPOOL_NAME_BYTES + 4];

	(void)state;
	post(orders, 1, name);
	die_with(name, SPOOL_TRIES_MAX - 1);
	turn();
	assert_true(is_in("bad", name));
	snprintf(tries, sizeof(tries), "%s.try", name);
	assert_false(is_in("cur", tries));
	assert_null(devices_find(room.devices, span_str("A")));
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_approve_and_refuse),
		cmocka_unit_test(test_set_everything),
		cmocka_unit_test(test_empty_goes_back_to_the_default),
		cmocka_unit_test(test_bad_orders),
		cmocka_unit_test(test_nul_is_refused),
		IN_A_ROOM(test_an_order_is_done),
		IN_A_ROOM(test_refusing_takes_off_the_list),
		IN_A_ROOM(test_a_setting_is_stored),
		IN_A_ROOM(test_head_and_body_name_one_device),
		IN_A_ROOM(test_a_bad_order_is_refused),
		IN_A_ROOM(test_good_and_bad_files_together),
		IN_A_ROOM(test_a_zone_must_exist),
		IN_A_ROOM(test_only_the_bad_part_is_refused),
		IN_A_ROOM(test_garbage_is_refused),
		IN_A_ROOM(test_replay_changes_nothing),
		IN_A_ROOM(test_an_order_waits_for_the_list),
		IN_A_ROOM(test_what_is_left_keeps_nobody_waiting),
		IN_A_ROOM(test_a_file_without_a_good_order_is_refused_whole),
		IN_A_ROOM(test_a_name_that_was_done_before),
		IN_A_ROOM(test_a_lost_watch),
		IN_A_ROOM(test_what_was_in_work_is_done),
		IN_A_ROOM(test_the_tenth_death_is_the_last),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
