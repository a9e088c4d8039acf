/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices: what is kept over a restart, who is forgotten, and what the set of the approved is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmdqd/devices.h"
#include "cmdqd/ledger.h"
#include "cmdqd/queue.h"
#include "store/env.h"

static struct room {
	char dir[64];
	char control[80];
	struct devices *t;
} room;

static void open_again(bool admit_any)
{
	if (room.t)
		devices_close(room.t);
	assert_int_equal(devices_open(room.control, admit_any, &room.t), 0);
}

static int open_room(void **state)
{
	(void)state;
	room = (struct room){.dir = "/tmp/punchd-devices-XXXXXX"};
	assert_non_null(mkdtemp(room.dir));
	snprintf(room.control, sizeof(room.control), "%s/control", room.dir);
	open_again(false);
	return 0;
}

static int close_room(void **state)
{
	char command[128];

	(void)state;
	devices_close(room.t);
	snprintf(command, sizeof(command), "rm -rf %s", room.dir);
	return system(command);
}

static struct device *see(const char *serial, uint64_t now_us)
{
	struct device *d = NULL;

	assert_true(devices_see(room.t, span_str(serial), span_str("192.0.2.7"), now_us, &d) >= 0);
	return d;
}

static struct device *see_number(unsigned number, uint64_t now_us)
{
	char serial[SERIAL_MAX + 1];

	snprintf(serial, sizeof(serial), "N%06u", number);
	return see(serial, now_us);
}

static bool knows(const char *serial)
{
	return devices_find(room.t, span_str(serial)) != NULL;
}

/* What STATE/cmdqd/control says, and nothing in memory. */
static bool on_disk(const char *serial)
{
	struct control_reader *r;
	struct device d;

	devices_close(room.t);
	room.t = NULL;
	assert_int_equal(control_open(room.control, &r), 0);
	int rc = control_device(r, span_str(serial), &d);
	control_close(r);
	open_again(false);
	return rc == 0;
}

static void test_first_sight_waits(void **state)
{
	struct device *d;

	(void)state;
	assert_int_equal(devices_see(room.t, span_str("A"), span_str("192.0.2.7"), 5, &d), 1);
	assert_int_equal(d->state, DEVICE_PENDING);
	assert_string_equal(d->serial, "A");
	assert_string_equal(d->address, "192.0.2.7");
	assert_int_equal(d->first_seen_us, 5);
	assert_int_equal(devices_see(room.t, span_str("A"), span_str("2001:db8::1"), 9, &d), 0);
	assert_int_equal(d->first_seen_us, 5);
	assert_int_equal(d->last_seen_us, 9);
	assert_string_equal(d->address, "2001:db8::1");
	/* A serial is all of its bytes. */
	assert_false(knows("AA"));
	assert_false(knows("a"));
	assert_false(knows(""));
}

static void test_any_is_approved(void **state)
{
	(void)state;
	see("WAITED", 1);
	assert_int_equal(devices_decide(room.t, span_str("REFUSED"), DEVICE_REFUSED), 0);
	assert_int_equal(devices_save_all(room.t), 0);
	open_again(true);
	assert_int_equal(see("A", 5)->state, DEVICE_APPROVED);
	assert_int_equal(see("WAITED", 5)->state, DEVICE_APPROVED);
	assert_int_equal(see("REFUSED", 5)->state, DEVICE_REFUSED);
	assert_int_equal(devices_count(room.t, DEVICE_APPROVED), 2);
	assert_int_equal(devices_count(room.t, DEVICE_PENDING), 0);
}

static void test_round_trip(void **state)
{
	struct device *d = see("A", 1700000000000000);

	(void)state;
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), 0);
	d->polls = 7;
	d->handshakes = 3;
	strcpy(d->push_version, "2.4.1");
	strcpy(d->class, "att");
	strcpy(d->language, "69");
	strcpy(d->firmware, "Ver 1=2%");
	strcpy(d->info, "Ver 1=2%,1,2");
	d->set = (struct device_settings){.error_delay_s = 60,
		.delay_s = 20,
		.trans_interval_min = 2,
		.trans_times = "08:00",
		.trans_flags = "AttLog OpLog",
		.time_zone = "Asia/Kolkata",
		.realtime = -1};
	const struct device before = *d;
	assert_true(devices_unsaved(room.t));
	assert_int_equal(devices_save(room.t), 0);
	assert_false(devices_unsaved(room.t));

	open_again(false);
	d = devices_find(room.t, span_str("A"));
	assert_non_null(d);
	assert_memory_equal(d, &before, sizeof(before));
	assert_int_equal(devices_count(room.t, DEVICE_APPROVED), 1);
}

static void test_unsaved_is_lost_and_saved_is_not(void **state)
{
	(void)state;
	see("A", 1);
	assert_int_equal(devices_save(room.t), 0);
	see("B", 1);
	open_again(false);
	assert_true(knows("A"));
	assert_false(knows("B"));
}

/* The one that was silent for longest goes, in memory and on the disk. */
static void test_pending_is_bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DEVICES_PENDING_MAX; i++)
		see_number(i, 1);
	assert_int_equal(devices_decide(room.t, span_str("N000001"), DEVICE_APPROVED), 0);
	assert_int_equal(devices_save_all(room.t), 0);
	see("N000000", 2); /* no longer the one silent for longest */
	see("X1", 3);      /* takes the place of the approved one */
	see("X2", 3);
	see("X3", 3);
	assert_int_equal(devices_count(room.t, DEVICE_PENDING), DEVICES_PENDING_MAX);
	assert_true(knows("N000000"));
	assert_true(knows("N000001"));
	assert_false(knows("N000002"));
	assert_false(knows("N000003"));
	assert_true(knows("N000004"));
	assert_int_equal(devices_save_all(room.t), 0);
	assert_false(on_disk("N000002"));
	assert_true(on_disk("N000000"));
	assert_true(on_disk("X3"));
	assert_int_equal(devices_count(room.t, DEVICE_PENDING), DEVICES_PENDING_MAX);
	/* One that was read from the disk is forgotten there too. */
	see("X4", 4);
	assert_int_equal(devices_save_all(room.t), 0);
	assert_true(on_disk("X4"));
	assert_false(on_disk("N000000"));
}

static void test_forgotten_and_back(void **state)
{
	(void)state;
	see("A", 1);
	assert_int_equal(devices_save(room.t), 0);
	for (unsigned i = 0; i < DEVICES_PENDING_MAX; i++)
		see_number(i, 2);
	assert_false(knows("A"));
	see("A", 3);
	assert_int_equal(devices_save_all(room.t), 0);
	open_again(false);
	assert_true(knows("A"));
}

/* Its old record waits to be deleted, and its new one goes first. */
static void test_forgotten_and_ordered(void **state)
{
	(void)state;
	see("A", 1);
	assert_int_equal(devices_save(room.t), 0);
	for (unsigned i = 0; i < DEVICES_PENDING_MAX; i++)
		see_number(i, 2);
	assert_false(knows("A"));
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), 0);
	assert_int_equal(devices_save_all(room.t), 0);
	open_again(false);
	assert_true(knows("A"));
	assert_int_equal(devices_count(room.t, DEVICE_APPROVED), 1);
}

/* Known again and forgotten again before it was written: the first record goes too. */
static void test_forgotten_twice(void **state)
{
	(void)state;
	see("A", 1);
	assert_int_equal(devices_save(room.t), 0);
	for (unsigned i = 0; i < DEVICES_PENDING_MAX; i++)
		see_number(i, 2);
	/* So many saves and one more come past the old record of A, but not as far as to the new
	 * one. */
	for (unsigned i = 0; i < DEVICES_PENDING_MAX / DEVICES_SAVE_MOST; i++)
		assert_int_equal(devices_save(room.t), 0);
	for (unsigned i = 0; i < DEVICES_SAVE_MOST; i++)
		see_number(i, 3);
	see("A", 3);
	assert_int_equal(devices_save(room.t), 0);
	assert_true(devices_unsaved(room.t));
	for (unsigned i = 0; i < DEVICES_PENDING_MAX; i++)
		see_number(DEVICES_PENDING_MAX + i, 4);
	assert_false(knows("A"));
	assert_int_equal(devices_save_all(room.t), 0);
	assert_false(on_disk("A"));
}

/* A flood of serials that nobody asked for costs no more than its bound. */
static void test_flood(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5 * DEVICES_PENDING_MAX; i++)
		see_number(i, i);
	assert_int_equal(devices_count(room.t, DEVICE_PENDING), DEVICES_PENDING_MAX);
	assert_int_equal(devices_save_all(room.t), 0);
	open_again(false);
	assert_int_equal(devices_count(room.t, DEVICE_PENDING), DEVICES_PENDING_MAX);
}

static void test_table_is_bounded(void **state)
{
	struct device *d;

	(void)state;
	open_again(true);
	for (unsigned i = 0; i < DEVICES_MAX; i++)
		see_number(i, 1);
	assert_int_equal(devices_see(room.t, span_str("A"), span_str(""), 1, &d), -ENOSPC);
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), -ENOSPC);
	see_number(0, 1);
}

/* Orders do not wait behind what the terminals say of themselves. */
static void test_orders_go_first(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * DEVICES_SAVE_MOST; i++)
		see_number(i, 1);
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), 0);
	assert_int_equal(devices_decide(room.t, span_str("N001000"), DEVICE_REFUSED), 0);
	assert_int_equal(devices_save(room.t), 0);
	assert_true(devices_unsaved(room.t));
	open_again(false);
	assert_int_equal(devices_count(room.t, DEVICE_APPROVED), 1);
	assert_int_equal(devices_count(room.t, DEVICE_REFUSED), 1);
	assert_int_equal(devices_count(room.t, DEVICE_PENDING), DEVICES_SAVE_MOST);
}

static void test_version_follows_the_approved(void **state)
{
	uint64_t version = devices_approved_version(room.t);

	(void)state;
	see("A", 1);
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_REFUSED), 0);
	assert_int_equal(devices_approved_version(room.t), version);
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), 0);
	assert_int_not_equal(devices_approved_version(room.t), version);
	version = devices_approved_version(room.t);
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), 0);
	assert_int_equal(devices_approved_version(room.t), version);
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_REFUSED), 0);
	assert_int_not_equal(devices_approved_version(room.t), version);
}

/* 100,000 records of a kilobyte do not fit into the first map. */
#define BIG_DEVICES (DEVICES_MAX / 2)

static void make_big_devices(void)
{
	open_again(true);
	for (unsigned i = 0; i < BIG_DEVICES; i++) {
		struct device *d = see_number(i, 1);
		memset(d->info, 'x', sizeof(d->info) - 1);
		memset(d->firmware, 'x', sizeof(d->firmware) - 1);
		memset(d->set.trans_flags, 'y', sizeof(d->set.trans_flags) - 1);
		memset(d->set.networks, 'z', sizeof(d->set.networks) - 1);
		memset(d->set.comm_key, 'k', sizeof(d->set.comm_key) - 1);
		memset(d->set.alias, 'a', sizeof(d->set.alias) - 1);
	}
}

static void test_map_grows(void **state)
{
	(void)state;
	make_big_devices();
	assert_int_equal(devices_save_all(room.t), 0);
	open_again(true);
	assert_int_equal(devices_count(room.t, DEVICE_APPROVED), BIG_DEVICES);
}

/* An approved device must not leave the admission list because its record cannot be read. */
static void test_a_damaged_record_is_fatal(void **state)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_val key = env_val(span_str("B")), value = env_val(span_str("no record"));

	(void)state;
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), 0);
	assert_int_equal(devices_decide(room.t, span_str("B"), DEVICE_APPROVED), 0);
	assert_int_equal(devices_save(room.t), 0);
	devices_close(room.t);
	room.t = NULL;
	assert_int_equal(env_open_writer(room.control, 1 << 20, 4, &env), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "device", 0, &dbi), 0);
	assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	assert_int_equal(devices_open(room.control, false, &room.t), -EUCLEAN);
	assert_null(room.t);
}

/* ---- removed ---- */

static void test_removed(void **state)
{
	uint64_t version = devices_approved_version(room.t);

	(void)state;
	assert_int_equal(devices_remove(room.t, span_str("A")), -ENOENT);
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), 0);
	assert_int_equal(devices_decide(room.t, span_str("R"), DEVICE_REFUSED), 0);
	see("P", 1);
	assert_int_equal(devices_save_all(room.t), 0);
	assert_int_not_equal(devices_approved_version(room.t), version);
	version = devices_approved_version(room.t);
	assert_int_equal(devices_remove(room.t, span_str("R")), 0);
	assert_int_equal(devices_remove(room.t, span_str("P")), 0);
	assert_int_equal(devices_approved_version(room.t), version);
	assert_int_equal(devices_remove(room.t, span_str("A")), 0);
	assert_int_not_equal(devices_approved_version(room.t), version);
	assert_false(knows("A"));
	for (enum device_state s = DEVICE_PENDING; s <= DEVICE_REFUSED; s++)
		assert_int_equal(devices_count(room.t, s), 0);
	assert_int_equal(devices_save_ordered(room.t), 0);
	assert_false(on_disk("A"));
	assert_false(on_disk("R"));
	assert_false(on_disk("P"));
}

/* One that was never written leaves nothing behind. */
static void test_removed_before_it_was_saved(void **state)
{
	(void)state;
	see("A", 1);
	assert_int_equal(devices_remove(room.t, span_str("A")), 0);
	assert_false(devices_unsaved(room.t));
	assert_false(on_disk("A"));
}

/* It speaks before its removal is written, and its new record has to wait: the approval that was
 * taken away does not come back. */
static void test_removed_and_seen_at_once(void **state)
{
	(void)state;
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), 0);
	assert_int_equal(devices_save(room.t), 0);
	assert_int_equal(devices_remove(room.t, span_str("A")), 0);
	assert_int_equal(see("A", 5)->state, DEVICE_PENDING);
	assert_int_equal(devices_save_ordered(room.t), 0);
	open_again(false);
	assert_int_equal(devices_count(room.t, DEVICE_APPROVED), 0);
	/* And that one can be removed too. */
	see("A", 6);
	assert_int_equal(devices_remove(room.t, span_str("A")), 0);
	assert_int_equal(devices_save_ordered(room.t), 0);
	assert_false(on_disk("A"));
}

static void test_removed_and_approved_at_once(void **state)
{
	(void)state;
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_REFUSED), 0);
	assert_int_equal(devices_save(room.t), 0);
	assert_int_equal(devices_remove(room.t, span_str("A")), 0);
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), 0);
	assert_int_equal(devices_save(room.t), 0);
	open_again(false);
	assert_int_equal(devices_count(room.t, DEVICE_APPROVED), 1);
	assert_int_equal(devices_count(room.t, DEVICE_REFUSED), 0);
}

/* ---- with the transaction of others ---- */

static int put_ordered(const char *entry)
{
	const struct ordered o = {.id = 7};
	struct ledger *l = devices_ledger(room.t);
	int rc = ledger_need(l);

	return rc < 0 ? rc : ledger_put_ordered(l, entry, &o);
}

static bool was_ordered(const char *entry)
{
	struct ledger *l = devices_ledger(room.t);
	struct ordered o;

	assert_int_equal(ledger_need(l), 0);
	int rc = ledger_get_ordered(l, entry, &o);
	ledger_abort(l);
	return rc == 0;
}

static void test_save_commits_what_is_there(void **state)
{
	int (*const saves[])(struct devices *) = {
		devices_save, devices_save_all, devices_save_ordered};
	char entry[8];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(entry, sizeof(entry), "%zu.1", i);
		/* With no device that waits. */
		assert_false(devices_unsaved(room.t));
		assert_int_equal(put_ordered(entry), 0);
		assert_int_equal(saves[i](room.t), 0);
		assert_false(ledger_is_open(devices_ledger(room.t)));
		assert_true(was_ordered(entry));
	}
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), 0);
	assert_int_equal(put_ordered("with.1"), 0);
	assert_int_equal(devices_save_ordered(room.t), 0);
	assert_true(was_ordered("with.1"));
	open_again(false);
	assert_true(knows("A"));
}

static void test_save_ordered_writes_those_alone(void **state)
{
	(void)state;
	see("SEEN", 1);
	assert_int_equal(devices_save_ordered(room.t), 0);
	assert_true(devices_unsaved(room.t));
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), 0);
	assert_int_equal(devices_save_ordered(room.t), 0);
	assert_true(devices_unsaved(room.t));
	open_again(false);
	assert_true(knows("A"));
	assert_false(knows("SEEN"));
}

/* The map is full: what others had put in is theirs to do again, and then there is room. */
static void test_map_grows_under_others(void **state)
{
	int rc;

	(void)state;
	make_big_devices();
	assert_int_equal(put_ordered("a.1"), 0);
	assert_int_equal(devices_save_all(room.t), -EAGAIN);
	assert_false(ledger_is_open(devices_ledger(room.t)));
	assert_true(devices_unsaved(room.t));
	assert_false(was_ordered("a.1"));
	do {
		assert_int_equal(put_ordered("a.1"), 0);
		rc = devices_save_all(room.t);
	} while (rc == -EAGAIN);
	assert_int_equal(rc, 0);
	assert_true(was_ordered("a.1"));
	open_again(true);
	assert_int_equal(devices_count(room.t, DEVICE_APPROVED), BIG_DEVICES);
}

/* ---- open commands ---- */

static void test_open_hint(void **state)
{
	const struct typed t = {.verb = verb_find(span_str("log"))};
	const struct queue_order o = {
		.serial = span_str("A"), .entry = QUEUE_OWN_ENTRY, .command = &t};
	uint64_t id;

	(void)state;
	assert_true(devices_has_open(see("A", 1))); /* nobody has looked */
	see("B", 1);
	devices_set_open(devices_find(room.t, span_str("B")), false);
	assert_true(devices_has_open(see("A", 2)));
	assert_false(devices_has_open(see("B", 2)));
	assert_int_equal(queue_add(devices_ledger(room.t), &o, 1, &id), 1);
	assert_int_equal(devices_save_all(room.t), 0);
	open_again(false);
	assert_false(ledger_is_open(devices_ledger(room.t)));
	assert_true(devices_has_open(devices_find(room.t, span_str("A"))));
	assert_false(devices_has_open(devices_find(room.t, span_str("B"))));
}

static void test_networks_make_the_list_stale(void **state)
{
	struct device *d = see("A", 1);
	uint64_t version = devices_approved_version(room.t);

	(void)state;
	strcpy(d->set.networks, "192.0.2.0/24");
	devices_ordered(room.t, d);
	assert_int_equal(devices_approved_version(room.t), version);
	assert_int_equal(devices_decide(room.t, span_str("A"), DEVICE_APPROVED), 0);
	version = devices_approved_version(room.t);
	devices_ordered(room.t, d);
	assert_int_equal(devices_approved_version(room.t), version);
	strcpy(d->set.networks, "192.0.2.0/25");
	devices_ordered(room.t, d);
	assert_int_not_equal(devices_approved_version(room.t), version);
	assert_int_equal(devices_save(room.t), 0);
	open_again(false);
	version = devices_approved_version(room.t);
	devices_ordered(room.t, devices_find(room.t, span_str("A")));
	assert_int_equal(devices_approved_version(room.t), version);
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

static struct device *call(const char *serial, const char *alias)
{
	struct device *d = devices_find(room.t, span_str(serial));

	assert_non_null(d);
	snprintf(d->set.alias, sizeof(d->set.alias), "%s", alias);
	devices_ordered(room.t, d);
	return d;
}

static void test_found_by_its_alias(void **state)
{
	(void)state;
	see("A", 1);
	see("B", 1);
	assert_null(devices_find_alias(room.t, ""));
	assert_ptr_equal(devices_find_alias(room.t, "gate"), NULL);
	struct device *a = call("A", "gate");
	assert_ptr_equal(devices_find_alias(room.t, "gate"), a);
	assert_ptr_equal(call("A", "door"), a);
	assert_null(devices_find_alias(room.t, "gate"));
	struct device *b = call("B", "gate");
	assert_ptr_equal(devices_find_alias(room.t, "gate"), b);
	assert_int_equal(devices_save_all(room.t), 0);
	open_again(false);
	assert_string_equal(devices_find_alias(room.t, "door")->serial, "A");
	assert_int_equal(devices_remove(room.t, span_str("A")), 0);
	assert_null(devices_find_alias(room.t, "door"));
	assert_int_equal(devices_save_all(room.t), 0);
	(void)call("B", "");
	assert_null(devices_find_alias(room.t, "gate"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(test_first_sight_waits),
		IN_A_ROOM(test_any_is_approved),
		IN_A_ROOM(test_round_trip),
		IN_A_ROOM(test_unsaved_is_lost_and_saved_is_not),
		IN_A_ROOM(test_pending_is_bounded),
		IN_A_ROOM(test_forgotten_and_back),
		IN_A_ROOM(test_forgotten_and_ordered),
		IN_A_ROOM(test_forgotten_twice),
		IN_A_ROOM(test_flood),
		IN_A_ROOM(test_table_is_bounded),
		IN_A_ROOM(test_orders_go_first),
		IN_A_ROOM(test_version_follows_the_approved),
		IN_A_ROOM(test_map_grows),
		IN_A_ROOM(test_a_damaged_record_is_fatal),
		IN_A_ROOM(test_found_by_its_alias),
		IN_A_ROOM(test_removed),
		IN_A_ROOM(test_removed_before_it_was_saved),
		IN_A_ROOM(test_removed_and_seen_at_once),
		IN_A_ROOM(test_removed_and_approved_at_once),
		IN_A_ROOM(test_save_commits_what_is_there),
		IN_A_ROOM(test_save_ordered_writes_those_alone),
		IN_A_ROOM(test_map_grows_under_others),
		IN_A_ROOM(test_open_hint),
		IN_A_ROOM(test_networks_make_the_list_stale),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
