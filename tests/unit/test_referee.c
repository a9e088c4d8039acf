/* SPDX-License-Identifier: GPL-2.0-or-later */
/* referee: each question is decided once, whatever matchd does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmdqd/referee.h"
#include "lib/io.h"
#include "lib/local.h"
#include "tests/unit/caught.h"
#include "tests/unit/wiped.h"

#define HELLO "hello 1 formats=zkfinger9,zkfinger10 probe_bytes=64 references=3\n"

static struct room {
	char dir[64], path[96];
	int loop_fd, listen_fd;
	int matchd; /* its end */
	struct referee referee;
	uint64_t now_ms;
	char packet[MATCHING_REQUEST_MAX];
} room;

static void turn(void)
{
	assert_int_equal(loop_turn(room.loop_fd, 0), 0);
	referee_turn(&room.referee, room.now_ms);
}

static void says_bytes(const char *bytes, size_t len)
{
	assert_int_equal(send(room.matchd, bytes, len, MSG_NOSIGNAL), len);
	turn();
}

static void says(const char *line)
{
	says_bytes(line, strlen(line));
}

static void start_matchd(void)
{
	room.listen_fd = local_listen(room.path, SOCK_SEQPACKET, 0600);
	assert_true(room.listen_fd >= 0);
}

static void let_in(void)
{
	turn();
	room.matchd = accept4(room.listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(room.matchd >= 0);
}

static void stop_matchd(void)
{
	io_close(room.matchd);
	io_close(room.listen_fd);
	room.matchd = room.listen_fd = -1;
}

static int open_room(void **state)
{
	(void)state;
	room = (struct room){.dir = "/tmp/punchd-referee-XXXXXX", .now_ms = 5000, .matchd = -1};
	assert_non_null(mkdtemp(room.dir));
	snprintf(room.path, sizeof(room.path), "%s/match.sock", room.dir);
	room.loop_fd = loop_open();
	assert_int_equal(referee_open(&room.referee, room.loop_fd, room.path), 0);
	start_matchd();
	let_in();
	says(HELLO);
	return 0;
}

static int close_room(void **state)
{
	char command[128];

	(void)state;
	referee_close(&room.referee);
	if (room.matchd >= 0)
		stop_matchd();
	io_close(room.loop_fd);
	snprintf(command, sizeof(command), "rm -rf %s", room.dir);
	return system(command);
}

static int ask_about(struct span references, uint64_t *ret_id)
{
	struct matching_request q = {.format = MATCHING_ZKFINGER_9,
		.probe = span_str("ocpBQUFB"),
		.references = references};
	int rc = referee_ask(&room.referee, &q, room.now_ms + 800);

	*ret_id = q.id;
	return rc;
}

static uint64_t ask(void)
{
	uint64_t id;

	assert_int_equal(ask_about(span_str("ocpCQkJC ocpDQ0ND"), &id), 0);
	return id;
}

static void answers(const char *verdict, uint64_t id, const char *word)
{
	char line[128];

	snprintf(line, sizeof(line), "%s %llu%s\n", verdict, (unsigned long long)id, word);
	says(line);
}

static void decided(uint64_t id, enum referee_verdict verdict, const char *word)
{
	struct referee_said said;

	assert_true(referee_next(&room.referee, room.now_ms, &said));
	assert_int_equal(said.id, id);
	assert_int_equal(said.verdict, verdict);
	assert_string_equal(said.word, word);
}

static void nothing_decided(void)
{
	struct referee_said said;

	assert_false(referee_next(&room.referee, room.now_ms, &said));
}

static void test_asked_and_answered(void **state)
{
	struct matching_request q;
	uint64_t id = ask();

	(void)state;
	ssize_t len = recv(room.matchd, room.packet, sizeof(room.packet), 0);
	assert_true(len > 0);
	assert_int_equal(matching_get_request(span_of(room.packet, (size_t)len), &q), 0);
	assert_int_equal(q.id, id);
	assert_true(span_is(q.probe, "ocpBQUFB"));
	assert_true(span_is(q.references, "ocpCQkJC ocpDQ0ND"));
	assert_int_equal(referee_deadline_ms(&room.referee), room.now_ms + 800);
	nothing_decided();
	answers("match", id, "");
	decided(id, REFEREE_MATCH, "");
	nothing_decided();
	assert_int_equal(referee_deadline_ms(&room.referee), UINT64_MAX);
	id = ask();
	answers("nomatch", id, "");
	decided(id, REFEREE_NOMATCH, "");
	id = ask();
	answers("error", id, " bad-probe");
	decided(id, REFEREE_ERROR, "bad-probe");
	assert_int_equal(room.referee.lies, 0);
}

static void test_in_any_order(void **state)
{
	uint64_t first = ask(), second = ask(), third = ask();

	(void)state;
	answers("match", second, "");
	decided(second, REFEREE_MATCH, "");
	answers("match", third, "");
	answers("nomatch", first, "");
	decided(first, REFEREE_NOMATCH, "");
	decided(third, REFEREE_MATCH, "");
	nothing_decided();
}

static void test_late(void **state)
{
	uint64_t first = ask(), second;

	(void)state;
	room.now_ms += 799;
	nothing_decided();
	second = ask();
	room.now_ms += 1;
	decided(first, REFEREE_LATE, "");
	nothing_decided();
	/* What is said now is said to nobody. */
	answers("match", first, "");
	nothing_decided();
	assert_int_equal(room.referee.lies, 1);
	answers("match", second, "");
	decided(second, REFEREE_MATCH, "");
}

static void test_answered_twice(void **state)
{
	uint64_t id = ask();

	(void)state;
	answers("nomatch", id, "");
	answers("match", id, "");
	decided(id, REFEREE_NOMATCH, "");
	answers("match", id, "");
	nothing_decided();
	assert_int_equal(room.referee.lies, 2);
}

static void test_lies(void **state)
{
	static const char *const lies[] = {"match 4711\n", "match 0\n", "match\n", "match 1 x\n",
		"match 1", "match 1\nmatch 1\n", "MATCH 1\n", "match 01\n", " match 1\n",
		"error 1\n", "error 1 NO WORD\n",
		"hello 2 formats=zkfinger9 probe_bytes=64 references=3\n",
		"hello 1 formats=other probe_bytes=64 references=3\n",
		"hello 1 formats=zkfinger9 probe_bytes=99999999 references=3\n", "\n", "x\n"};
	uint64_t id = ask();

	(void)state;
	assert_int_equal(id, 1);
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		says(lies[i]);
		nothing_decided();
		assert_int_equal(room.referee.lies, i + 1);
	}
	says_bytes("match 1\0\n", 9);
	memset(room.packet, 'x', 5000);
	says_bytes(room.packet, 5000);
	nothing_decided();
	assert_int_equal(room.referee.lies, sizeof(lies) / sizeof(*lies) + 2);
	answers("match", id, "");
	decided(id, REFEREE_MATCH, "");
}

static void test_lies_are_told_of_seldom(void **state)
{
	const char *lines;
	size_t count = 0;

	(void)state;
	caught_begin();
	for (int i = 0; i < 200; i++)
		says("match 4711\n");
	for (lines = caught_end(); (lines = strstr(lines, "was not asked")); lines++)
		count++;
	assert_int_equal(count, 5);
	assert_int_equal(room.referee.lies, 200);
}

static void test_matchd_dies(void **state)
{
	uint64_t first = ask(), second = ask();

	(void)state;
	answers("match", first, "");
	stop_matchd();
	turn();
	decided(first, REFEREE_MATCH, "");
	decided(second, REFEREE_GONE, "");
	nothing_decided();
	assert_int_equal(ask_about(span_str("ocpCQkJC"), &first), -ENOTCONN);
	/* It comes back, and is looked for no oftener than it should be. */
	start_matchd();
	turn();
	assert_int_equal(room.referee.source.fd, -1);
	room.now_ms += REFEREE_RETRY_MS;
	let_in();
	assert_int_equal(ask_about(span_str("ocpCQkJC"), &first), -ENOTCONN);
	says(HELLO);
	first = ask();
	answers("match", first, "");
	decided(first, REFEREE_MATCH, "");
}

/* It has hung up, and the loop has not told. */
static void test_asked_of_one_that_is_gone(void **state)
{
	uint64_t first = ask(), second;

	(void)state;
	stop_matchd();
	assert_int_equal(ask_about(span_str("ocpCQkJC"), &second), -ENOTCONN);
	decided(first, REFEREE_GONE, "");
	turn();
	nothing_decided();
}

static void test_the_matcher_goes(void **state)
{
	uint64_t id = ask();

	(void)state;
	says("hello 1 formats= probe_bytes=0 references=0\n");
	assert_int_equal(ask_about(span_str("ocpCQkJC"), &id), -ENOTCONN);
	answers("error", 1, " gone");
	decided(1, REFEREE_ERROR, "gone");
	says(HELLO);
	(void)ask();
}

static void test_what_hello_does_not_allow(void **state)
{
	static const char long_one[] =
		"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
		"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB";
	uint64_t id;

	(void)state;
	assert_int_equal(ask_about(span_str("QUFB QUFB QUFB QUFB"), &id), -EINVAL);
	assert_int_equal(ask_about(span_str(long_one), &id), -EINVAL);
	assert_int_equal(ask_about(span_str(""), &id), -EINVAL);
	says("hello 1 formats=zkfinger10 probe_bytes=64 references=3\n");
	assert_int_equal(ask_about(span_str("QUFB"), &id), -EINVAL);
	assert_int_equal(referee_deadline_ms(&room.referee), UINT64_MAX);
}

static void test_nothing_is_left_of_it(void **state)
{
	static char long_one[65532];
	const char *at_first = room.referee.packet.ptr;
	uint64_t id;

	(void)state;
	(void)ask();
	assert_wiped(&room.referee.packet, at_first);
	/* Nor of one for which there is no room behind its probe. */
	says("hello 1 formats=zkfinger9 probe_bytes=49152 references=3\n");
	memset(long_one, 'A', sizeof(long_one));
	assert_int_equal(ask_about(span_of(long_one, sizeof(long_one)), &id), -EMSGSIZE);
	assert_wiped(&room.referee.packet, at_first);
}

/* One that reads nothing costs no time, and no more room than there is. */
static void test_hung(void **state)
{
	uint64_t id;

	(void)state;
	for (int i = 0; i < REFEREE_OPEN_MAX; i++)
		(void)ask();
	assert_int_equal(ask_about(span_str("ocpCQkJC"), &id), -EAGAIN);
	room.now_ms += 800;
	for (uint64_t i = 1; i <= REFEREE_OPEN_MAX; i++)
		decided(i, REFEREE_LATE, "");
	nothing_decided();
	(void)ask();
}

#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(test_asked_and_answered),
		IN_A_ROOM(test_in_any_order),
		IN_A_ROOM(test_late),
		IN_A_ROOM(test_answered_twice),
		IN_A_ROOM(test_lies),
		IN_A_ROOM(test_lies_are_told_of_seldom),
		IN_A_ROOM(test_matchd_dies),
		IN_A_ROOM(test_asked_of_one_that_is_gone),
		IN_A_ROOM(test_the_matcher_goes),
		IN_A_ROOM(test_what_hello_does_not_allow),
		IN_A_ROOM(test_nothing_is_left_of_it),
		IN_A_ROOM(test_hung),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
