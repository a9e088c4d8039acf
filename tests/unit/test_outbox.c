/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outbox: nothing overtakes what waits, and nothing is taken on while something does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmdqd/outbox.h"
#include "lib/io.h"

static struct room {
	int theirs;
	struct outbox box;
	uint64_t sent, heard;
	struct buf packet;
} room;

static int open_room(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	room = (struct room){.theirs = ends[1], .packet = buf_with_max(MSG_MAX)};
	outbox_open(&room.box, ends[0]);
	return 0;
}

static int close_room(void **state)
{
	(void)state;
	outbox_close(&room.box);
	io_close(room.box.fd);
	io_close(room.theirs);
	buf_free(&room.packet);
	return 0;
}

static struct span next_packet(void)
{
	const struct msg_answer a = {++room.sent, 200, span_str("OK")};

	assert_int_equal(msg_put_answer(&room.packet, &a), 0);
	return buf_span(&room.packet);
}

static void send_one(void)
{
	assert_int_equal(outbox_send(&room.box, next_packet()), 0);
}

static void hold_one(enum msg_kind kind)
{
	struct span packet = next_packet();

	assert_int_equal(outbox_hold(&room.box, room.sent, kind, packet), 0);
}

/* The next one in order; false when there is none. */
static bool hear_one(void)
{
	char packet[256];
	struct msg_answer a;
	ssize_t len = read(room.theirs, packet, sizeof(packet));

	if (len <= 0)
		return false;
	assert_int_equal(msg_get_answer(span_of(packet, (size_t)len), &a), 0);
	assert_int_equal(a.id, ++room.heard);
	return true;
}

static void hear_all(void)
{
	while (room.heard < room.sent)
		if (!hear_one())
			assert_int_equal(outbox_flush(&room.box), 0);
	assert_false(outbox_stalled(&room.box));
}

static void test_nothing_overtakes(void **state)
{
	(void)state;
	while (!outbox_stalled(&room.box))
		send_one();
	assert_false(outbox_has_room(&room.box));
	/* There is room again, but not for what comes later. */
	for (int i = 0; i < 20; i++)
		assert_true(hear_one());
	send_one();
	hold_one(MSG_POLL);
	hold_one(MSG_HELLO);
	assert_int_equal(outbox_release(&room.box, true, &room.packet), 0);
	hear_all();
	assert_true(outbox_has_room(&room.box));
}

static void test_closed_with_letters(void **state)
{
	(void)state;
	while (!outbox_stalled(&room.box))
		send_one();
	hold_one(MSG_POLL);
	outbox_close(&room.box); /* the sanitizer sees what is lost */
	assert_int_equal(room.box.held_count, 0);
}

static void test_nobody_listens(void **state)
{
	(void)state;
	hold_one(MSG_POLL);
	hold_one(MSG_POLL);
	assert_int_equal(shutdown(room.theirs, SHUT_RDWR), 0);
	assert_int_equal(outbox_release(&room.box, true, &room.packet), -EPIPE);
	assert_int_equal(outbox_send(&room.box, next_packet()), -EPIPE);
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(test_nothing_overtakes),
		IN_A_ROOM(test_closed_with_letters),
		IN_A_ROOM(test_nobody_listens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
