/* SPDX-License-Identifier: GPL-2.0-or-later */
/* obey: what becomes of orders that come through the spool, the devices and the queue behind them,
 * and of the files that they came in. */
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

#include "cmdqd/admission.h"
#include "cmdqd/audit.h"
#include "cmdqd/intake.h"
#include "cmdqd/obey.h"
#include "cmdqd/queue.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "lib/wake.h"
#include "store/setting.h"
#include "tests/unit/caught.h"

static struct room {
	char dir[64];
	struct conf conf;
	struct spool writer;
	struct intake intake;
	struct devices *devices;
	struct obey obey;
	struct later later;
	struct poke poke;
	struct admission admission;
	int state_fd;
	uint64_t now_ms;
	int fail_settling; /* so often */
} room;

static int obey_it(void *context, const struct spool *spool, const char *name, struct span bytes,
	const char **ret_why)
{
	return obey_file(context, spool, name, bytes, ret_why);
}

static int settle_it(void *context, uint64_t now_ms)
{
	if (room.fail_settling > 0) {
		room.fail_settling--;
		return -EAGAIN;
	}
	int rc = devices_save_ordered(room.devices);
	if (rc == 0)
		later_write(&room.later);
	if (rc == 0)
		rc = admission_write(&room.admission, now_ms);
	if (rc == 0)
		obey_wake(context, &room.poke, now_ms);
	return rc;
}

static void abandon_it(void *context)
{
	ledger_abort(room.obey.ledger);
	later_drop(&room.later);
	obey_wake(context, NULL, 0);
}

static char *join(char *path, size_t room_bytes, const char *below)
{
	assert_true(snprintf(path, room_bytes, "%s/%s", room.dir, below) < (int)room_bytes);
	return path;
}

static int open_room(void **state)
{
	static char wake[128];
	char control[128];
	int watch_fd;

	(void)state;
	room = (struct room){.dir = "/tmp/punchd-obey-XXXXXX", .now_ms = clock_mono_ms()};
	assert_non_null(mkdtemp(room.dir));
	room.conf = (struct conf){.spool_dir = room.dir,
		.file_max_bytes = 1 << 20,
		.rescan_ms = 1000,
		.draft_stale_ms = 60000};
	assert_int_equal(intake_open(&room.intake, "order", &room.conf, &watch_fd), 0);
	assert_int_equal(
		devices_open(join(control, sizeof(control), "control"), false, &room.devices), 0);
	room.state_fd = io_open_dir(AT_FDCWD, room.dir);
	room.admission = (struct admission){.state_fd = room.state_fd, .devices = room.devices};
	room.obey = (struct obey){.devices = room.devices,
		.ledger = devices_ledger(room.devices),
		.conf = &room.conf,
		.later = &room.later};
	poke_open(&room.poke, join(wake, sizeof(wake), "wake.sock"));
	room.intake.work =
		(struct intake_work){"order", obey_it, settle_it, abandon_it, &room.obey};
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
	obey_close(&room.obey);
	poke_close(&room.poke);
	devices_close(room.devices);
	io_close(room.state_fd);
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

	assert_int_equal(control_open(join(control, sizeof(control), "control"), &r), 0);
	assert_int_equal(control_device(r, span_str(serial), &d), 0);
	control_close(r);
	return d;
}

/* Is the device on the list, and is the list as it should be by now? */
static bool is_listed(const char *serial)
{
	struct buf list = buf_with_max(4096), expected = buf_with_max(4096);
	int fd = openat(room.state_fd, ADMISSION_FILE, O_RDONLY | O_CLOEXEC);
	struct span rest, line;
	bool found = false;

	assert_true(fd >= 0);
	assert_int_equal(io_read_all(fd, &list), 0);
	io_close(fd);
	assert_int_equal(admission_text(room.devices, &expected), 0);
	assert_true(span_eq(buf_span(&list), buf_span(&expected)));
	rest = buf_span(&list);
	while (span_next_line(&rest, &line))
		found |= span_starts(line, serial);
	buf_free(&list);
	buf_free(&expected);
	return found;
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
	assert_true(is_listed("A") && is_listed("B"));
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
	assert_false(is_listed("A"));
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

static void test_replay_changes_nothing(void **state)
{
	static const char *const orders[] = {"order: device.approve\nserial: A\n",
		"order: device.set\nserial: A\ndelay: 20 s\n"};
	char name[SPOOL_NAME_BYTES];

	(void)state;
	post(orders, 2, name);
	turn();
	struct device once = stored("A");
	assert_int_equal(spool_move(&room.intake.spool, name, SPOOL_DONE, SPOOL_NEW), 0);
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
	assert_true(is_listed("A"));
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

/* ---- what is kept of each ---- */

static struct ordered ordered(const char *name, unsigned number)
{
	char control[128], entry[SPOOL_ENTRY_ID_BYTES];
	struct control_reader *r;
	struct ordered o;

	spool_entry_id(name, number, entry);
	assert_int_equal(control_open(join(control, sizeof(control), "control"), &r), 0);
	if (control_ordered(r, entry, &o) != 0)
		fail_msg("nothing is kept of %s", entry);
	control_close(r);
	return o;
}

/* Gives one order and says what became of it. */
static struct ordered give(const char *body)
{
	char name[SPOOL_NAME_BYTES];

	post(&body, 1, name);
	turn();
	struct ordered o = ordered(name, 1);
	assert_true(is_in(o.why[0] ? "bad" : "done", name));
	return o;
}

static void is_refused(const char *body, const char *why)
{
	struct ordered o = give(body);

	if (!strstr(o.why, why))
		fail_msg("%s: \"%s\" and not \"%s\"", body, o.why, why);
	assert_int_equal(o.id, 0);
}

static void is_done(const char *body)
{
	struct ordered o = give(body);

	if (o.why[0])
		fail_msg("%s: \"%s\"", body, o.why);
}

static struct device *known(const char *serial)
{
	char body[128];

	snprintf(body, sizeof(body), "order: device.approve\nserial: %s\n", serial);
	is_done(body);
	return devices_find(room.devices, span_str(serial));
}

static struct command stored_command(uint64_t id)
{
	struct buf text = buf_with_max(TYPED_MAX);
	struct control_reader *r;
	char control[128];
	struct command c;

	assert_int_equal(control_open(join(control, sizeof(control), "control"), &r), 0);
	assert_int_equal(control_command(r, id, &text, &c), 0);
	control_close(r);
	buf_free(&text);
	return c;
}

static void test_every_end_is_kept(void **state)
{
	static const char *const orders[] = {
		"order: device.approve\nserial: A\n",
		"order: device.explode\nserial: A\n",
	};
	char name[SPOOL_NAME_BYTES];

	(void)state;
	post(orders, 2, name);
	turn();
	assert_string_equal(ordered(name, 1).why, "");
	assert_string_equal(ordered(name, 2).why, "no such order");
	assert_int_equal(spool_post(&room.writer, span_str("garbage\n"), name), 0);
	turn();
	assert_true(is_in("bad", name));
	assert_true(strlen(ordered(name, 1).why) > 0);
}

/* What was refused can be done later; what was done is not refused later. */
static void test_what_was_done_stands(void **state)
{
	static const char *const orders[] = {"order: device.set\nserial: A\ndelay: 20 s\n"};
	char name[SPOOL_NAME_BYTES];

	(void)state;
	post(orders, 1, name);
	turn();
	assert_true(is_in("bad", name));
	assert_true(strlen(ordered(name, 1).why) > 0);
	known("A");
	assert_int_equal(spool_move(&room.intake.spool, name, SPOOL_BAD, SPOOL_NEW), 0);
	turn();
	assert_string_equal(ordered(name, 1).why, "");
	is_done("order: device.remove\nserial: A\n");
	assert_int_equal(spool_move(&room.intake.spool, name, SPOOL_DONE, SPOOL_NEW), 0);
	turn();
	assert_true(is_in("bad", name));
	assert_string_equal(ordered(name, 1).why, "");
}

/* ---- settings ---- */

static void test_an_alias_is_one_device(void **state)
{
	(void)state;
	known("A");
	known("B");
	is_done("order: device.set\nserial: A\nalias: Gate\n");
	is_done("order: device.set\nserial: A\nalias: Gate\n");
	is_refused("order: device.set\nserial: B\nalias: Gate\n", "alias");
	is_refused("order: device.set\nserial: B\nalias: A\n", "alias");
	is_done("order: device.set\nserial: B\nalias: B\n");
	is_done("order: device.set\nserial: A\nalias:\n");
	is_done("order: device.set\nserial: B\nalias: Gate\n");
}

#define KEY_123456                          \
	"000102030405060708090a0b0c0d0e0f:" \
	"18be1067b7e2982afad1906d1b42c7eafe05ffce5aa559f6ea2296eaf5058666"

static void test_a_new_key_was_shown_by_nobody(void **state)
{
	struct device *d = known("A");

	(void)state;
	d->key_good_us = 7;
	is_done("order: device.set\nserial: A\ndelay: 20 s\n");
	assert_int_equal(d->key_good_us, 7);
	is_refused("order: device.set\nserial: A\ncomm_key: 123456\n", "punchctl device set");
	is_done("order: device.set\nserial: A\ncomm_key: " KEY_123456 "\n");
	assert_int_equal(stored("A").key_good_us, 0);
	assert_true(comm_key_is(stored("A").set.comm_key, span_str("123456")));
	d->key_good_us = 8;
	is_done("order: device.set\nserial: A\ncomm_key: " KEY_123456 "\n");
	assert_int_equal(d->key_good_us, 8);
	is_done("order: device.set\nserial: A\ncomm_key:\n");
	assert_string_equal(stored("A").set.comm_key, "");
}

/* ---- commands ---- */

static void test_a_command_is_queued(void **state)
{
	struct device *d = known("A");
	uint64_t before = clock_wall_us();

	(void)state;
	devices_set_open(d, false);
	struct ordered o = give("order: command\nserial: A\nexpires: 1 h\nverb: user.rm\npin: 7\n");
	assert_string_equal(o.why, "");
	struct command c = stored_command(o.id);
	assert_string_equal(c.serial, "A");
	assert_int_equal(c.state, COMMAND_QUEUED);
	assert_int_equal(c.owner_uid, geteuid());
	assert_true(c.expires_us >= before + 3600000000 &&
		    c.expires_us <= clock_wall_us() + 3600000000);
	assert_true(devices_has_open(d));
	o = give("order: command\nserial: A\nverb: user.rm\npin: 7\n");
	assert_int_equal(stored_command(o.id).expires_us, 0);
	o = give("order: command\nserial: A\nverb: unlock\n");
	assert_int_not_equal(stored_command(o.id).expires_us, 0);
}

/* One who was lent is given by an operator: he stays. */
static void test_whom_an_order_gives_is_not_lent(void **state)
{
	struct lent lent;

	(void)state;
	(void)known("A");
	assert_int_equal(audit_lend(room.obey.ledger, span_str("A"), span_str("147"), 10), 0);
	assert_int_equal(ledger_commit(room.obey.ledger), 0);
	(void)give("order: command\nserial: A\nverb: finger.rm\npin: 147\n");
	assert_int_equal(audit_next_due(room.obey.ledger, 10, &lent), 1);
	ledger_abort(room.obey.ledger);
	(void)give("order: command\nserial: A\nverb: user.add\npin: 147\nname: Anna\n");
	assert_int_equal(audit_next_due(room.obey.ledger, 10, &lent), 0);
	ledger_abort(room.obey.ledger);
}

/* From when it was given, and never for longer because that clock was ahead. */
static void test_expiry_counts_from_when_it_was_given(void **state)
{
	static const uint64_t hour_us = 3600000000;
	const char *order = "order: command\nserial: A\nexpires: 1 s\nverb: unlock\n";
	char name[SPOOL_NAME_BYTES];

	(void)state;
	known("A");
	for (int ahead = 0; ahead < 2; ahead++) {
		struct buf file = buf_with_max(4096);
		uint64_t now_us = clock_wall_us();
		struct spool_entry e = {.kind = span_str("order"),
			.received_us = ahead ? now_us + hour_us : now_us - hour_us,
			.body = span_str(order)};
		assert_int_equal(spool_entry_put(&file, &e), 0);
		assert_int_equal(spool_post(&room.writer, buf_span(&file), name), 0);
		turn();
		uint64_t expires_us = stored_command(ordered(name, 1).id).expires_us;
		if (ahead)
			assert_true(expires_us < now_us + hour_us);
		else
			assert_int_equal(expires_us, now_us - hour_us + 1000000);
		buf_free(&file);
	}
}

static void test_who_takes_no_command(void **state)
{
	(void)state;
	is_refused("order: command\nserial: A\nverb: unlock\n", "no device has this serial");
	struct device *d = known("A");
	snprintf(d->class, sizeof(d->class), "acc");
	is_refused("order: command\nserial: A\nverb: unlock\n", "access control");
	is_refused("order: device.resend\nserial: A\ntables: ATTLOG\n", "access control");
	is_done("order: device.refuse\nserial: A\n");
	is_refused("order: command\nserial: A\nverb: unlock\n", "the device is refused");
}

static void test_what_needs_an_allowance(void **state)
{
	static const char shell[] = "order: command\nserial: A\nverb: shell\nline: ls\n";
	static const char server[] =
		"order: command\nserial: A\nverb: option.set\noption: WebServerIP=192.0.2.7\n";

	(void)state;
	known("A");
	is_refused(shell, "allow_shell");
	is_refused(server, "allow_server_options");
	is_refused("order: command\nserial: A\nverb: clear.log\n", "allow_clear");
	room.conf.allow_shell = true;
	is_done(shell);
	is_refused(server, "allow_server_options");
	room.conf.allow_server_options = true;
	is_done(server);
}

/* One that was refused for the configuration can be released when that was changed. */
static void test_a_refused_command_can_be_given_again(void **state)
{
	static const char *const orders[] = {"order: command\nserial: A\nverb: shell\nline: ls\n"};
	char name[SPOOL_NAME_BYTES];

	(void)state;
	known("A");
	post(orders, 1, name);
	turn();
	assert_true(is_in("bad", name));
	room.conf.allow_shell = true;
	assert_int_equal(spool_move(&room.intake.spool, name, SPOOL_BAD, SPOOL_NEW), 0);
	turn();
	assert_string_equal(ordered(name, 1).why, "");
	assert_int_not_equal(ordered(name, 1).id, 0);
}

static void test_what_the_device_cannot_take(void **state)
{
	static const char face[] = "order: command\nserial: A\nverb: face.add\npin: 7\nfid: 0\n"
				   "template: QUJD\n";
	struct device *d = known("A");

	(void)state;
	is_done(face);
	snprintf(d->info, sizeof(d->info), "Ver 1,1,1,1,192.0.2.7,10,-1,0,0,100");
	is_refused(face, "face");
}

static void test_a_command_is_queued_once(void **state)
{
	static const char *const orders[] = {"order: command\nserial: A\nverb: user.rm\npin: 7\n"};
	char name[SPOOL_NAME_BYTES];

	(void)state;
	known("A");
	post(orders, 1, name);
	turn();
	struct ordered once = ordered(name, 1);
	is_done("order: device.remove\nserial: A\n");
	/* Even when it could not be given any more. */
	assert_int_equal(spool_move(&room.intake.spool, name, SPOOL_DONE, SPOOL_NEW), 0);
	turn();
	assert_true(is_in("done", name));
	assert_int_equal(ordered(name, 1).id, once.id);
	known("A");
	struct ordered next = give("order: command\nserial: A\nverb: user.rm\npin: 7\n");
	assert_int_equal(next.id, once.id + 1);
}

/* The transaction is given up, and the file is done again. */
static void test_what_was_not_settled_is_done_again(void **state)
{
	static const char *const orders[] = {
		"order: command\nserial: A\nverb: user.rm\npin: 7\n",
		"order: device.resend\nserial: A\ntables: ATTLOG\n",
		"order: device.remove\nserial: B\n",
		"order: device.remove\nserial: C\n",
	};
	char name[SPOOL_NAME_BYTES];

	(void)state;
	known("A");
	known("B");
	uint64_t before = give("order: command\nserial: B\nverb: unlock\n").id;
	post(orders, 4, name);
	room.fail_settling = 2;
	turn();
	assert_true(is_in("new", name));
	assert_true(room.intake.hurry);
	for (int i = 0; i < 2; i++)
		assert_int_equal(intake_turn(&room.intake, room.now_ms), 0);
	assert_true(is_in("done", name));
	assert_int_equal(ordered(name, 1).id, before + 1);
	assert_int_equal(ordered(name, 2).id, before + 2);
	assert_string_equal(ordered(name, 3).why, "");
	assert_string_equal(ordered(name, 4).why, "no device has this serial");
	assert_int_equal(stored_command(before).state, COMMAND_CANCELLED);
	assert_int_equal(stored("A").resend, RESEND_ATTLOG);
}

/* What the log tells of has happened, and it tells of it once. */
static void test_the_log_waits_for_the_commit(void **state)
{
	static const char *const orders[] = {
		"order: command\nserial: A\nverb: shell\nline: cat /etc/passwd\n",
		"order: device.set\nserial: A\ndelay: 20 s\n",
		"order: dance\nserial: A\n",
	};
	char name[SPOOL_NAME_BYTES], expected[1024];

	(void)state;
	known("A");
	room.conf.allow_shell = true;
	post(orders, 3, name);
	room.fail_settling = 1;
	caught_begin();
	turn();
	assert_string_equal(caught_end(), "");
	caught_begin();
	turn();
	snprintf(expected, sizeof(expected),
		"punchd: order taken entry=%s.1 serial=A order=command uid=%d id=%d "
		"command=\"shell line=(15 bytes)\" allowance=allow_shell\n"
		"punchd: order taken entry=%s.2 serial=A order=device.set uid=%d\n"
		"punchd: warning: entry refused entry=%s.3 kind=order reason=\"no such order\"\n",
		name, (int)getuid(), (int)ordered(name, 1).id, name, (int)getuid(), name);
	assert_string_equal(caught_end(), expected);
}

static void test_resend_is_given_once(void **state)
{
	static const char *const orders[] = {
		"order: device.resend\nserial: A\ntables: ATTLOG ATTPHOTO\n"};
	char name[SPOOL_NAME_BYTES];
	struct device *d = known("A");

	(void)state;
	post(orders, 1, name);
	turn();
	assert_int_equal(stored("A").resend, RESEND_ATTLOG | RESEND_ATTPHOTO);
	assert_true(devices_has_open(d));
	d->resend = 0; /* it shook hands */
	assert_int_equal(spool_move(&room.intake.spool, name, SPOOL_DONE, SPOOL_NEW), 0);
	turn();
	assert_true(is_in("done", name));
	assert_int_equal(d->resend, 0);
}

static void test_cancel(void **state)
{
	char cancel[64];

	(void)state;
	known("A");
	uint64_t id = give("order: command\nserial: A\nverb: unlock\n").id;
	snprintf(cancel, sizeof(cancel), "order: command.cancel\nid: %d\n", (int)id);
	is_done(cancel);
	assert_int_equal(stored_command(id).state, COMMAND_CANCELLED);
	is_refused(cancel, "cancelled already");
	is_refused("order: command.cancel\nid: 99999\n", "no command of this id");
}

static void test_remove(void **state)
{
	(void)state;
	known("A");
	uint64_t id = give("order: command\nserial: A\nverb: unlock\n").id;
	is_done("order: device.remove\nserial: A\n");
	assert_null(devices_find(room.devices, span_str("A")));
	assert_int_equal(stored_command(id).state, COMMAND_CANCELLED);
	is_refused("order: device.remove\nserial: A\n", "no device has this serial");
}

static void test_who_is_waiting_for_is_woken(void **state)
{
	char path[128], packet[WAKE_MAX];
	struct device *d = known("A");
	int fd = wake_listen(join(path, sizeof(path), "wake.sock"), 0600);

	(void)state;
	assert_true(fd >= 0);
	snprintf(d->address, sizeof(d->address), "192.0.2.7");
	room.fail_settling = 1;
	const char *order = "order: command\nserial: A\nverb: unlock\n";
	char name[SPOOL_NAME_BYTES];
	post(&order, 1, name);
	turn();
	assert_int_equal(read(fd, packet, sizeof(packet)), -1);
	turn();
	ssize_t len = read(fd, packet, sizeof(packet));
	assert_true(len > 0 && span_is(span_of(packet, (size_t)len), "wake A 192.0.2.7"));
	assert_int_equal(read(fd, packet, sizeof(packet)), -1);
	io_close(fd);
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(test_an_order_is_done),
		IN_A_ROOM(test_refusing_takes_off_the_list),
		IN_A_ROOM(test_a_setting_is_stored),
		IN_A_ROOM(test_head_and_body_name_one_device),
		IN_A_ROOM(test_a_bad_order_is_refused),
		IN_A_ROOM(test_good_and_bad_files_together),
		IN_A_ROOM(test_a_zone_must_exist),
		IN_A_ROOM(test_only_the_bad_part_is_refused),
		IN_A_ROOM(test_replay_changes_nothing),
		IN_A_ROOM(test_the_log_waits_for_the_commit),
		IN_A_ROOM(test_an_order_waits_for_the_list),
		IN_A_ROOM(test_a_file_without_a_good_order_is_refused_whole),
		IN_A_ROOM(test_every_end_is_kept),
		IN_A_ROOM(test_what_was_done_stands),
		IN_A_ROOM(test_an_alias_is_one_device),
		IN_A_ROOM(test_a_new_key_was_shown_by_nobody),
		IN_A_ROOM(test_a_command_is_queued),
		IN_A_ROOM(test_whom_an_order_gives_is_not_lent),
		IN_A_ROOM(test_expiry_counts_from_when_it_was_given),
		IN_A_ROOM(test_who_takes_no_command),
		IN_A_ROOM(test_what_needs_an_allowance),
		IN_A_ROOM(test_a_refused_command_can_be_given_again),
		IN_A_ROOM(test_what_the_device_cannot_take),
		IN_A_ROOM(test_a_command_is_queued_once),
		IN_A_ROOM(test_what_was_not_settled_is_done_again),
		IN_A_ROOM(test_resend_is_given_once),
		IN_A_ROOM(test_cancel),
		IN_A_ROOM(test_remove),
		IN_A_ROOM(test_who_is_waiting_for_is_woken),
	};
	return cmocka_run_group_tests_name("obey", tests, NULL, NULL);
}
