/* SPDX-License-Identifier: GPL-2.0-or-later */
/* desk: questions and answers find each other, what is held waits for its word, and no client can
 * do harm to the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmdqd/desk.h"
#include "cmdqd/outbox.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "tests/unit/no_accept.h"

static struct room {
	char dir[64];
	int loop_fd;
	struct desk *desk;
	int us; /* a client's end */
	uint64_t answered;
	struct desk_ticket ticket; /* of what is answered later */
	char big[40 * 1024];
	char packet[MSG_MAX];
} room;

/* Says the target back; holds what begins with "/hold", and makes it long for "/hold-big". What
 * begins with "/later" it leaves to the test. */
static enum desk_fate on_question(
	void *context, const struct msg_question *q, struct msg_answer *ret)
{
	bool big = span_starts(q->target, "/hold-big");

	assert_ptr_equal(context, &room);
	room.answered++;
	*ret = (struct msg_answer){.status = span_is(q->serial, "REFUSED") ? 403 : 200,
		.body = big ? span_of(room.big, sizeof(room.big)) : q->target};
	if (span_starts(q->target, "/later")) {
		room.ticket = desk_ticket(room.desk, q);
		return DESK_LATER;
	}
	return span_starts(q->target, "/hold") ? DESK_HOLD : DESK_SEND;
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
	char path[96];

	(void)state;
	room = (struct room){.dir = "/tmp/punchd-desk-XXXXXX"};
	memset(room.big, 'x', sizeof(room.big));
	assert_non_null(mkdtemp(room.dir));
	room.loop_fd = loop_open();
	snprintf(path, sizeof(path), "%s/desk.sock", room.dir);
	assert_int_equal(desk_serve(room.loop_fd, path, on_question, &room, &room.desk), 0);
	room.us = join_in();
	return 0;
}

static int close_room(void **state)
{
	char command[128];

	(void)state;
	desk_shut(room.desk);
	io_close(room.us);
	io_close(room.loop_fd);
	snprintf(command, sizeof(command), "rm -rf %s", room.dir);
	return system(command);
}

static void turn(void)
{
	assert_int_equal(loop_turn(room.loop_fd, 0), 0);
}

/* How many the desk has: what its loop waits for, without the listener. */
static unsigned clients(void)
{
	char path[64], line[128];
	unsigned count = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", room.loop_fd);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		count += span_starts(span_str(line), "tfd:");
	fclose(file);
	assert_true(count > 0);
	return count - 1;
}

static void send_raw(int fd, const void *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

static void ask(int fd, uint64_t id, enum msg_kind kind, const char *target)
{
	struct buf b = buf_with_max(MSG_MAX);
	const struct msg_question q = {
		id, kind, span_str("A"), span_str("192.0.2.7"), span_str(target), 0, {0}};

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

static void hears(int fd, uint64_t id, unsigned status, const char *body)
{
	struct msg_answer a = hear(fd);

	assert_int_equal(a.id, id);
	assert_int_equal(a.status, status);
	assert_true(span_is(a.body, body));
}

static void hears_nothing(int fd)
{
	assert_int_equal(hear(fd).id, 0);
}

static void is_served(int fd)
{
	ask(fd, 77, MSG_POLL, "/x");
	turn();
	hears(fd, 77, 200, "/x");
}

static void test_answers_find_their_questions(void **state)
{
	char question[] = "3 poll REFUSED 192.0.2.7\n/c";

	(void)state;
	ask(room.us, 1, MSG_POLL, "/a");
	ask(room.us, 18446744073709551615u, MSG_HELLO, "/b");
	send_raw(room.us, question, sizeof(question) - 1);
	turn();
	hears(room.us, 1, 200, "/a");
	hears(room.us, 18446744073709551615u, 200, "/b");
	hears(room.us, 3, 403, "/c");
}

/* ---- what is held ---- */

static void test_held_until_it_is_durable(void **state)
{
	(void)state;
	ask(room.us, 1, MSG_POLL, "/hold/1");
	ask(room.us, 2, MSG_POLL, "/free");
	ask(room.us, 3, MSG_HELLO, "/hold/3");
	ask(room.us, 4, MSG_POLL, "/hold/4");
	turn();
	hears(room.us, 2, 200, "/free");
	hears_nothing(room.us);
	desk_release(room.desk, true);
	hears(room.us, 1, 200, "/hold/1");
	hears(room.us, 3, 200, "/hold/3");
	hears(room.us, 4, 200, "/hold/4");
	desk_release(room.desk, true);
	hears_nothing(room.us);
}

/* The terminal hears nothing that a crash could take back. */
static void test_what_did_not_become_durable(void **state)
{
	(void)state;
	ask(room.us, 1, MSG_POLL, "/hold/1");
	ask(room.us, 2, MSG_HELLO, "/hold/2");
	ask(room.us, 3, MSG_VERIFY, "/hold/3");
	ask(room.us, 4, MSG_LOOKUP, "/hold/4");
	ask(room.us, 5, MSG_FILE, "/hold/5");
	ask(room.us, 6, MSG_TIME, "/hold/6");
	turn();
	desk_release(room.desk, false);
	hears(room.us, 1, 200, "OK");
	hears(room.us, 2, 503, "");
	hears(room.us, 3, 200, "AUTH=Failed\n");
	hears(room.us, 4, 503, "");
	hears(room.us, 5, 503, "");
	hears(room.us, 6, 503, "");
	hears_nothing(room.us);
}

/* ---- what is answered later ---- */

static void answer_later(const struct desk_ticket *to, enum desk_fate fate)
{
	const struct msg_answer a = {.id = 4711, .status = 200, .body = span_str("at last")};

	desk_answer_later(room.desk, to, &a, fate);
}

static void test_answered_later(void **state)
{
	int second = join_in();

	(void)state;
	ask(second, 1, MSG_VERIFY, "/later");
	turn();
	ask(room.us, 1, MSG_POLL, "/x");
	turn();
	desk_release(room.desk, true);
	hears(room.us, 1, 200, "/x");
	hears_nothing(second);
	answer_later(&room.ticket, DESK_SEND);
	hears(second, 1, 200, "at last");
	hears_nothing(room.us);
	io_close(second);
}

static void test_later_and_then_held(void **state)
{
	(void)state;
	ask(room.us, 1, MSG_VERIFY, "/later");
	turn();
	answer_later(&room.ticket, DESK_HOLD);
	hears_nothing(room.us);
	desk_release(room.desk, true);
	hears(room.us, 1, 200, "at last");
	ask(room.us, 2, MSG_VERIFY, "/later");
	turn();
	answer_later(&room.ticket, DESK_HOLD);
	desk_release(room.desk, false);
	hears(room.us, 2, 200, "AUTH=Failed\n");
}

/* Whoever has come in its place did not ask. */
static void test_later_to_one_that_is_gone(void **state)
{
	int second = join_in(), third;

	(void)state;
	ask(second, 1, MSG_VERIFY, "/later");
	turn();
	io_close(second);
	turn();
	third = join_in();
	answer_later(&room.ticket, DESK_SEND);
	answer_later(&room.ticket, DESK_HOLD);
	desk_release(room.desk, true);
	hears_nothing(third);
	hears_nothing(room.us);
	/* It has hung up, and the desk has not yet been told. */
	ask(third, 2, MSG_VERIFY, "/later");
	turn();
	io_close(third);
	answer_later(&room.ticket, DESK_SEND);
	assert_int_equal(clients(), 1);
}

static void test_a_client_goes_while_its_answer_is_held(void **state)
{
	int second = join_in();

	(void)state;
	ask(second, 1, MSG_POLL, "/hold/1");
	ask(room.us, 2, MSG_POLL, "/hold/2");
	turn();
	io_close(second);
	turn();
	assert_int_equal(clients(), 1);
	desk_release(room.desk, true);
	hears(room.us, 2, 200, "/hold/2");
	/* The last one that held is gone: nobody hears of it. */
	second = join_in();
	ask(second, 3, MSG_POLL, "/hold/3");
	turn();
	io_close(second);
	turn();
	desk_release(room.desk, true);
	assert_int_equal(clients(), 1);
	hears_nothing(room.us);
}

/* It has hung up, and the desk has not yet been told when it releases. */
static void test_release_to_one_that_is_gone(void **state)
{
	int second = join_in();

	(void)state;
	ask(second, 1, MSG_POLL, "/hold/1");
	ask(room.us, 2, MSG_POLL, "/hold/2");
	turn();
	io_close(second);
	desk_release(room.desk, true);
	assert_int_equal(clients(), 1);
	hears(room.us, 2, 200, "/hold/2");
}

/* Big answers: the client is asked for no more than the bound, and loses none. */
static void test_held_bytes_are_bounded(void **state)
{
	const uint64_t most = OUTBOX_HELD_MAX / sizeof(room.big) + 1;
	uint64_t heard = 0;

	(void)state;
	for (uint64_t i = 1; i <= 2 * most; i++)
		ask(room.us, i, MSG_POLL, "/hold-big");
	turn();
	turn();
	assert_int_equal(room.answered, most);
	/* More than its socket takes at once: the rest waits, in order. */
	while (heard < 2 * most) {
		desk_release(room.desk, true);
		for (struct msg_answer a = hear(room.us); a.id != 0; a = hear(room.us)) {
			assert_int_equal(a.id, ++heard);
			assert_int_equal(a.body.len, sizeof(room.big));
		}
		turn();
	}
	hears_nothing(room.us);
	assert_int_equal(clients(), 1);
}

static void test_released_to_a_full_socket(void **state)
{
	uint64_t answered;

	(void)state;
	for (uint64_t i = 1; i <= 20; i++)
		ask(room.us, i, MSG_POLL, "/hold-big");
	turn();
	assert_int_equal(room.answered, 20);
	desk_release(room.desk, true); /* 800 KB, and the socket takes a part of it */
	/* No more questions are taken while something is unsent. */
	ask(room.us, 21, MSG_POLL, "/free");
	answered = room.answered;
	turn();
	assert_int_equal(room.answered, answered);
	for (uint64_t i = 1; i <= 20;) {
		struct msg_answer a = hear(room.us);
		if (a.id == 0)
			turn();
		else
			assert_int_equal(a.id, i++);
	}
	turn();
	turn();
	hears(room.us, 21, 200, "/free");
}

/* ---- bad packets and many clients ---- */

static void test_malformed_packets_are_passed_over(void **state)
{
	static const char *const bad[] = {"x", "1 poll A 192.0.2.7", "1 dance A 192.0.2.7\n/",
		"poll\n", "1 poll A/B 192.0.2.7\n/", "1 poll  192.0.2.7\n/",
		"-1 poll A 192.0.2.7\n/"};
	static char long_one[MSG_MAX + 1] = "1 poll A 192.0.2.7\n";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		send_raw(room.us, bad[i], strlen(bad[i]));
	send_raw(room.us, long_one, sizeof(long_one));
	ask(room.us, 9, MSG_POLL, "/x");
	turn();
	hears(room.us, 9, 200, "/x");
	assert_int_equal(clients(), 1);
}

static void test_several_clients(void **state)
{
	int second = join_in();

	(void)state;
	ask(room.us, 1, MSG_POLL, "/x");
	ask(second, 2, MSG_POLL, "/x");
	ask(room.us, 3, MSG_POLL, "/x");
	turn();
	assert_int_equal(hear(room.us).id, 1);
	assert_int_equal(hear(room.us).id, 3);
	assert_int_equal(hear(second).id, 2);
	io_close(second);
	turn();
	assert_int_equal(clients(), 1);
	ask(room.us, 4, MSG_POLL, "/x");
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
	uint64_t sent = flood(room.us), heard = 0;
	assert_true(sent > 0);
	desk_look(room.desk, clock_mono_ms());
	for (int idle = 0; idle < 100; idle++) {
		while (hear(room.us).id == 1) {
			heard++;
			idle = 0;
		}
		turn();
	}
	assert_int_equal(heard, sent);
	desk_look(room.desk, clock_mono_ms() + 10 * DESK_STALL_MS);
	assert_int_equal(clients(), 1);
}

static void test_who_never_reads_is_dropped(void **state)
{
	int second = join_in();

	(void)state;
	(void)flood(second);
	/* The others are served meanwhile. */
	is_served(room.us);
	desk_look(room.desk, clock_mono_ms() + DESK_STALL_MS);
	assert_int_equal(clients(), 1);
	is_served(room.us);
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
	assert_int_equal(desk_serve(room.loop_fd, path, on_question, &room, &other), -EADDRINUSE);
	int fd = msg_connect(path);
	assert_true(fd >= 0);
	/* First comes the one who looked whether somebody listens, and is gone. */
	for (int i = 0; i < 3; i++)
		turn();
	assert_int_equal(clients(), 2);
	is_served(fd);
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
	assert_int_equal(clients(), DESK_CLIENTS_MAX);
	for (size_t i = 0; i < DESK_CLIENTS_MAX + 1; i++)
		io_close(fds[i]);
	turn();
	turn();
	assert_int_equal(clients(), 1);
}

/* How many descriptors the loop has news of. */
static int news(void)
{
	struct epoll_event events[4];

	return epoll_wait(room.loop_fd, events, 4, 0);
}

static void test_without_descriptors_it_is_deaf_for_a_while(void **state)
{
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/desk.sock", room.dir);
	int fd = msg_connect(path);
	assert_true(fd >= 0);
	accept_error = EMFILE;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(news(), 1);
		turn();
		assert_int_equal(news(), 0);
		is_served(room.us); /* who is in */
		desk_look(room.desk, clock_mono_ms());
	}
	/* That is none: who has gone meanwhile. */
	accept_error = ECONNABORTED;
	turn();
	assert_int_equal(news(), 1);
	accept_error = 0;
	turn();
	assert_int_equal(clients(), 2);
	is_served(fd);
	io_close(fd);
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(test_answers_find_their_questions),
		IN_A_ROOM(test_held_until_it_is_durable),
		IN_A_ROOM(test_what_did_not_become_durable),
		IN_A_ROOM(test_answered_later),
		IN_A_ROOM(test_later_and_then_held),
		IN_A_ROOM(test_later_to_one_that_is_gone),
		IN_A_ROOM(test_a_client_goes_while_its_answer_is_held),
		IN_A_ROOM(test_release_to_one_that_is_gone),
		IN_A_ROOM(test_held_bytes_are_bounded),
		IN_A_ROOM(test_released_to_a_full_socket),
		IN_A_ROOM(test_malformed_packets_are_passed_over),
		IN_A_ROOM(test_several_clients),
		IN_A_ROOM(test_a_slow_reader_loses_nothing),
		IN_A_ROOM(test_who_never_reads_is_dropped),
		IN_A_ROOM(test_the_socket_file),
		IN_A_ROOM(test_clients_are_bounded),
		IN_A_ROOM(test_without_descriptors_it_is_deaf_for_a_while),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
