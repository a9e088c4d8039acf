/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daylight: who is told that its offset has changed, with what, and that it is told once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmdqd/daylight.h"
#include "cmdqd/ledger.h"
#include "cmdqd/queue.h"

#define WINTER (UINT64_C(1774745999) * 1000000) /* 2026-03-29T00:59:59Z, Berlin's last second */
#define SUMMER (WINTER + 1000000)
#define AUTUMN (UINT64_C(1792890000) * 1000000) /* 2026-10-25T01:00:00Z */
#define BASE   ZONE_TOLD_BASE

static struct room {
	char dir[64];
	char control[80];
	struct conf conf;
	struct devices *devices;
} room;

static int open_room(void **state)
{
	static char zone[] = "Europe/Berlin";

	(void)state;
	room = (struct room){.dir = "/tmp/punchd-daylight-XXXXXX", .conf = {.time_zone = zone}};
	assert_non_null(mkdtemp(room.dir));
	snprintf(room.control, sizeof(room.control), "%s/control", room.dir);
	assert_int_equal(devices_open(room.control, false, &room.devices), 0);
	return 0;
}

static int close_room(void **state)
{
	char command[128];

	(void)state;
	devices_close(room.devices);
	snprintf(command, sizeof(command), "rm -rf %s", room.dir);
	return system(command);
}

/* An approved device that was told so many minutes at its handshake. */
static struct device *told(const char *serial, uint64_t minutes)
{
	assert_int_equal(devices_decide(room.devices, span_str(serial), DEVICE_APPROVED), 0);
	struct device *d = devices_find(room.devices, span_str(serial));
	d->zone_told = BASE + minutes;
	devices_set_open(d, false);
	return d;
}

static int check(uint64_t now_us)
{
	int rc = daylight_check(room.devices, &room.conf, now_us);

	assert_false(ledger_is_open(devices_ledger(room.devices)));
	return rc;
}

static int note(void *context, const struct command *c)
{
	char *text = context;

	snprintf(text + strlen(text), 256 - strlen(text), "%s %s %.*s", c->serial, c->order,
		SPAN_ARG(c->text));
	return 0;
}

/* What is in the store. */
static void queued(const char *expected)
{
	const struct command_query all = {.limit = 0};
	struct control_reader *r;
	char text[256] = "";

	assert_int_equal(control_open(room.control, &r), 0);
	assert_int_equal(control_commands(r, &all, note, text), 0);
	control_close(r);
	assert_string_equal(text, expected);
}

static void test_summer_time(void **state)
{
	struct device *d = told("A", 60);

	(void)state;
	assert_int_equal(check(WINTER), 0);
	queued("");
	assert_int_equal(check(SUMMER), 1);
	queued("A cmdqd verb: check\n");
	assert_true(devices_has_open(d));
	assert_int_equal(d->zone_queued, BASE + 120);
	assert_int_equal(check(SUMMER + 30), 0);
	assert_int_equal(check(AUTUMN - 1), 0);
	/* It has shaken hands meanwhile. */
	d->zone_told = BASE + 120;
	d->zone_queued = 0;
	assert_int_equal(check(AUTUMN - 1), 0);
	assert_int_equal(check(AUTUMN), 1);
}

/* It is remembered over a restart that it was told. */
static void test_it_is_durable(void **state)
{
	(void)state;
	(void)told("A", 60);
	assert_int_equal(devices_save(room.devices), 0);
	assert_int_equal(check(SUMMER), 1);
	devices_close(room.devices);
	assert_int_equal(devices_open(room.control, false, &room.devices), 0);
	struct device *d = devices_find(room.devices, span_str("A"));
	assert_int_equal(d->zone_queued, BASE + 120);
	assert_true(devices_has_open(d));
	assert_int_equal(check(SUMMER), 0);
	queued("A cmdqd verb: check\n");
}

static void test_another_zone_was_set(void **state)
{
	struct device *d = told("A", 60);

	(void)state;
	strcpy(d->set.time_zone, "Asia/Kolkata");
	strcpy(d->set.zone_change, "reboot");
	assert_int_equal(check(WINTER), 1);
	queued("A cmdqd verb: reboot\n");
	assert_int_equal(check(SUMMER), 0);
	strcpy(d->set.zone_change, "check");
	strcpy(d->set.time_zone, "Asia/Tokyo");
	assert_int_equal(check(WINTER), 1);
	/* And back, before it has shaken hands: what it knows is right. */
	d->set.time_zone[0] = '\0';
	assert_int_equal(check(WINTER), 0);
}

static void test_who_is_left_alone(void **state)
{
	struct device *d = told("A", 60);

	(void)state;
	strcpy(d->set.zone_change, "none");
	assert_int_equal(check(SUMMER), 0);
	d->set.zone_change[0] = '\0';
	d->zone_told = 0; /* never shook hands */
	assert_int_equal(check(SUMMER), 0);
	d->zone_told = BASE + 60;
	strcpy(d->set.time_zone, "Asia/Atlantis");
	assert_int_equal(check(SUMMER), 0);
	d->set.time_zone[0] = '\0';
	assert_int_equal(devices_decide(room.devices, span_str("A"), DEVICE_REFUSED), 0);
	assert_int_equal(check(SUMMER), 0);
	queued("");
	assert_int_equal(devices_decide(room.devices, span_str("A"), DEVICE_APPROVED), 0);
	assert_int_equal(check(SUMMER), 1);
}

/* Offsets west of GMT and at GMT are none the less ones that were told. */
static void test_west(void **state)
{
	struct device *d = told("A", 0);

	(void)state;
	strcpy(d->set.time_zone, "Atlantic/Azores"); /* -60 and 0, changing with Berlin */
	d->zone_told = BASE - 60;
	assert_int_equal(check(WINTER), 0);
	assert_int_equal(check(SUMMER), 1);
	assert_int_equal(d->zone_queued, BASE);
}

static void test_many(void **state)
{
	char serial[SERIAL_MAX + 1];

	(void)state;
	for (int i = 0; i < 2 * DAYLIGHT_MOST + 5; i++) {
		snprintf(serial, sizeof(serial), "N%d", i);
		(void)told(serial, 60);
	}
	assert_int_equal(check(SUMMER), DAYLIGHT_MOST);
	assert_int_equal(check(SUMMER), DAYLIGHT_MOST);
	assert_int_equal(check(SUMMER), 5);
	assert_int_equal(check(SUMMER), 0);
}

/* One whose queue is full is passed over and does not keep the others. */
static void test_a_full_queue(void **state)
{
	struct ledger *l = devices_ledger(room.devices);
	const struct typed t = {.verb = verb_find(span_str("log"))};
	const struct queue_order o = {
		.serial = span_str("FULL"), .entry = QUEUE_OWN_ENTRY, .command = &t};
	struct device *full = told("FULL", 60), *other = told("A", 60);
	uint64_t id;

	(void)state;
	for (int i = 0; i < QUEUE_OPEN_MAX; i++)
		assert_int_equal(queue_add(l, &o, WINTER, &id), 1);
	assert_int_equal(ledger_commit(l), 0);
	assert_int_equal(check(SUMMER), 1);
	assert_int_equal(full->zone_queued, 0);
	assert_int_equal(other->zone_queued, BASE + 120);
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(test_summer_time),
		IN_A_ROOM(test_it_is_durable),
		IN_A_ROOM(test_another_zone_was_set),
		IN_A_ROOM(test_who_is_left_alone),
		IN_A_ROOM(test_west),
		IN_A_ROOM(test_many),
		IN_A_ROOM(test_a_full_queue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
