/* SPDX-License-Identifier: GPL-2.0-or-later */
/* poke: what notifyd is told and what it is not, and that nobody waits for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmdqd/poke.h"
#include "lib/io.h"
#include "lib/wake.h"

static struct room {
	char dir[64];
	char path[80];
	int notifyd; /* its socket; -1 while it is away */
	struct poke poke;
	struct device device;
} room;

static void start_notifyd(void)
{
	room.notifyd = wake_listen(room.path, 0600);
	assert_true(room.notifyd >= 0);
}

static void stop_notifyd(void)
{
	io_close(room.notifyd);
	room.notifyd = -1;
}

static int open_room(void **state)
{
	(void)state;
	room = (struct room){.dir = "/tmp/punchd-poke-XXXXXX",
		.notifyd = -1,
		.device = {.serial = "A", .state = DEVICE_APPROVED, .address = "192.0.2.7"}};
	assert_non_null(mkdtemp(room.dir));
	snprintf(room.path, sizeof(room.path), "%s/wake.sock", room.dir);
	poke_open(&room.poke, room.path);
	return 0;
}

static int close_room(void **state)
{
	char command[128];

	(void)state;
	poke_close(&room.poke);
	if (room.notifyd >= 0)
		stop_notifyd();
	snprintf(command, sizeof(command), "rm -rf %s", room.dir);
	return system(command);
}

static void hears(const char *expected)
{
	char packet[WAKE_MAX + 1] = {0};
	ssize_t len = read(room.notifyd, packet, WAKE_MAX);

	assert_string_equal(len > 0 ? packet : "", expected);
}

static void test_wake_and_seen(void **state)
{
	(void)state;
	start_notifyd();
	poke_wake(&room.poke, &room.device, 1000);
	poke_seen(&room.poke, &room.device, 1000);
	hears("wake A 192.0.2.7");
	hears("seen A");
	hears("");
}

static void test_where_to(void **state)
{
	(void)state;
	start_notifyd();
	strcpy(room.device.set.wake, "198.51.100.9");
	poke_wake(&room.poke, &room.device, 1000);
	hears("wake A 198.51.100.9");
	strcpy(room.device.set.wake, "off");
	poke_wake(&room.poke, &room.device, 1000);
	hears("");
	room.device.set.wake[0] = '\0';
	room.device.address[0] = '\0';
	poke_wake(&room.poke, &room.device, 1000);
	hears("");
	strcpy(room.device.address, "no address");
	poke_wake(&room.poke, &room.device, 1000);
	hears("");
	strcpy(room.device.address, "2001:db8::7");
	poke_wake(&room.poke, &room.device, 1000);
	hears("wake A 2001:db8::7");
}

static void test_only_the_approved(void **state)
{
	(void)state;
	start_notifyd();
	room.device.state = DEVICE_PENDING;
	poke_wake(&room.poke, &room.device, 1000);
	room.device.state = DEVICE_REFUSED;
	poke_wake(&room.poke, &room.device, 1000);
	hears("");
}

static void test_looked_for_once_a_second(void **state)
{
	(void)state;
	poke_wake(&room.poke, &room.device, 1000);
	start_notifyd();
	poke_wake(&room.poke, &room.device, 1999);
	hears("");
	poke_wake(&room.poke, &room.device, 2000);
	hears("wake A 192.0.2.7");
}

/* The poke that finds out that it was started again is not lost. */
static void test_notifyd_starts_again(void **state)
{
	(void)state;
	start_notifyd();
	poke_wake(&room.poke, &room.device, 1000);
	hears("wake A 192.0.2.7");
	stop_notifyd();
	start_notifyd();
	poke_wake(&room.poke, &room.device, 5000);
	hears("wake A 192.0.2.7");
	stop_notifyd();
	poke_wake(&room.poke, &room.device, 5100);
	assert_int_equal(room.poke.fd, -1);
	poke_wake(&room.poke, &room.device, 6500);
	assert_int_equal(room.poke.fd, -1);
}

/* All that is in the socket now. */
static int hears_all(void)
{
	int heard = 0;

	for (char packet[WAKE_MAX]; read(room.notifyd, packet, sizeof(packet)) > 0;)
		heard++;
	return heard;
}

/* The kernel holds a few datagrams; the rest of a whole site's waits here, in order. */
static void test_many_at_once(void **state)
{
	int heard = 0;

	(void)state;
	start_notifyd();
	for (int i = 0; i < 1000; i++)
		poke_wake(&room.poke, &room.device, 1000);
	assert_false(poke_flush(&room.poke, 1000));
	while (!poke_flush(&room.poke, 1000))
		heard += hears_all();
	assert_int_equal(heard + hears_all(), 1000);
	poke_seen(&room.poke, &room.device, 1000);
	hears("seen A");
}

/* It stands still: its queue fills, what waits is bounded, and cmdqd goes on with the same socket.
 */
static void test_notifyd_that_does_not_read(void **state)
{
	(void)state;
	start_notifyd();
	for (int i = 0; i < 100000; i++)
		poke_wake(&room.poke, &room.device, 1000);
	assert_true(room.poke.fd >= 0);
	assert_in_range(room.poke.unsent.len, 1, POKE_UNSENT_MAX);
	while (!poke_flush(&room.poke, 1000))
		(void)hears_all();
	(void)hears_all();
	poke_seen(&room.poke, &room.device, 1000);
	hears("seen A");
}

static void test_what_waits_for_a_dead_one_is_dropped(void **state)
{
	(void)state;
	start_notifyd();
	for (int i = 0; i < 1000; i++)
		poke_wake(&room.poke, &room.device, 1000);
	stop_notifyd();
	assert_true(poke_flush(&room.poke, 1500));
	assert_int_equal(room.poke.unsent.len, 0);
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(test_wake_and_seen),
		IN_A_ROOM(test_where_to),
		IN_A_ROOM(test_only_the_approved),
		IN_A_ROOM(test_looked_for_once_a_second),
		IN_A_ROOM(test_notifyd_starts_again),
		IN_A_ROOM(test_many_at_once),
		IN_A_ROOM(test_notifyd_that_does_not_read),
		IN_A_ROOM(test_what_waits_for_a_dead_one_is_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
