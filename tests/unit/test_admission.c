/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admission: the list's bytes, its mode, and when it is written. */
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

#include "cmdqd/admission.h"
#include "lib/io.h"

static struct room {
	char dir[64];
	struct admission a;
} room;

static int open_room(void **state)
{
	char control[80];

	(void)state;
	room = (struct room){.dir = "/tmp/punchd-admission-XXXXXX"};
	assert_non_null(mkdtemp(room.dir));
	snprintf(control, sizeof(control), "%s/control", room.dir);
	assert_int_equal(devices_open(control, false, &room.a.devices), 0);
	room.a.state_fd = io_open_dir(AT_FDCWD, room.dir);
	return 0;
}

static int close_room(void **state)
{
	char command[128];

	(void)state;
	devices_close(room.a.devices);
	io_close(room.a.state_fd);
	snprintf(command, sizeof(command), "rm -rf %s", room.dir);
	return system(command);
}

static void decide(const char *serial, enum device_state state)
{
	assert_int_equal(devices_decide(room.a.devices, span_str(serial), state), 0);
}

static void assert_list(const char *expected)
{
	struct buf b = buf_with_max(4096);
	int fd = openat(room.a.state_fd, ADMISSION_FILE, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(io_read_all(fd, &b), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	assert_string_equal(b.ptr, expected);
	io_close(fd);
	buf_free(&b);
}

static void test_text(void **state)
{
	(void)state;
	decide("b", DEVICE_APPROVED);
	decide("B", DEVICE_APPROVED);
	decide("A10", DEVICE_APPROVED);
	decide("A1", DEVICE_APPROVED);
	decide("REFUSED", DEVICE_REFUSED);
	decide("PENDING", DEVICE_PENDING);
	assert_int_equal(admission_write(&room.a, 1000), 0);
	assert_list("punchd-admission 1\nA1\nA10\nB\nb\n");
}

static void set_networks(const char *serial, const char *networks)
{
	struct device *d = devices_find(room.a.devices, span_str(serial));

	assert_non_null(d);
	snprintf(d->set.networks, sizeof(d->set.networks), "%s", networks);
}

static void test_networks(void **state)
{
	(void)state;
	decide("A", DEVICE_APPROVED);
	decide("B", DEVICE_APPROVED);
	decide("C", DEVICE_APPROVED);
	decide("SPOILT", DEVICE_APPROVED);
	decide("REFUSED", DEVICE_REFUSED);
	set_networks("A", "192.0.2.0/24");
	set_networks("C", "192.0.2.7 , 2001:db8::/32,198.51.100.0/24");
	set_networks("REFUSED", "192.0.2.0/24");
	/* What is no list of networks lets in nobody, and costs the others nothing. */
	set_networks("SPOILT", "192.0.2.0/24\nX");
	assert_int_equal(admission_write(&room.a, 1000), 0);
	assert_list("punchd-admission 2\nA 192.0.2.0/24\nB\n"
		    "C 192.0.2.7,2001:db8::/32,198.51.100.0/24\n");
}

static void test_nobody_is_a_list_too(void **state)
{
	struct stat st;

	(void)state;
	assert_true(admission_stale(&room.a));
	assert_int_equal(admission_write(&room.a, 1000), 0);
	assert_list("punchd-admission 1\n");
	assert_int_equal(fstatat(room.a.state_fd, ADMISSION_FILE, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void test_written_when_it_changes(void **state)
{
	struct stat before, after;

	(void)state;
	decide("B", DEVICE_APPROVED);
	assert_int_equal(admission_write(&room.a, 1000), 0);
	assert_int_equal(fstatat(room.a.state_fd, ADMISSION_FILE, &before, 0), 0);
	decide("A", DEVICE_REFUSED);
	assert_false(admission_stale(&room.a));
	assert_int_equal(admission_write(&room.a, 9000), 0);
	assert_int_equal(fstatat(room.a.state_fd, ADMISSION_FILE, &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	decide("A", DEVICE_APPROVED);
	assert_true(admission_stale(&room.a));
}

static void test_pace(void **state)
{
	(void)state;
	assert_int_equal(admission_write_paced(&room.a, 1000), 0);
	decide("A", DEVICE_APPROVED);
	assert_int_equal(admission_write_paced(&room.a, 1000 + ADMISSION_PAUSE_MS - 1), 0);
	assert_list("punchd-admission 1\n");
	/* Who waits for it does not wait for the pause. */
	decide("B", DEVICE_APPROVED);
	assert_int_equal(admission_write(&room.a, 1000 + ADMISSION_PAUSE_MS - 1), 0);
	assert_list("punchd-admission 1\nA\nB\n");
	decide("C", DEVICE_APPROVED);
	assert_int_equal(admission_write_paced(&room.a, 1000 + 2 * ADMISSION_PAUSE_MS), 0);
	assert_list("punchd-admission 1\nA\nB\nC\n");
}

static void test_failure_leaves_it_stale(void **state)
{
	int state_fd = room.a.state_fd;

	(void)state;
	room.a.state_fd = -1;
	assert_true(admission_write(&room.a, 1000) < 0);
	assert_true(admission_stale(&room.a));
	room.a.state_fd = state_fd;
	assert_int_equal(admission_write_paced(&room.a, 1001), 0);
	assert_true(admission_stale(&room.a));
	assert_int_equal(admission_write_paced(&room.a, 1000 + ADMISSION_PAUSE_MS), 0);
	assert_list("punchd-admission 1\n");
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(test_text),
		IN_A_ROOM(test_networks),
		IN_A_ROOM(test_nobody_is_a_list_too),
		IN_A_ROOM(test_written_when_it_changes),
		IN_A_ROOM(test_pace),
		IN_A_ROOM(test_failure_leaves_it_stale),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
