/* SPDX-License-Identifier: GPL-2.0-or-later */
/* msg: what goes in comes out, what is bent is refused, and the socket on its path. */
#include "lib/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"

static void carries_a_question(void **state)
{
	const struct msg_question asked = {
		.id = UINT64_MAX,
		.kind = MSG_POLL,
		.serial = span_str("ABCD250100001"),
		.peer = span_str("2001:db8::7"),
		.target = span_of("/iclock/getrequest?SN=A B\n\0C", 28),
		.asked_ms = 12345,
	};
	struct buf b = buf_with_max(MSG_MAX);
	struct msg_question got;

	(void)state;
	assert_int_equal(buf_add_str(&b, "left over"), 0);
	assert_int_equal(msg_put_question(&b, &asked), 0);
	assert_true(span_starts(buf_span(&b),
		"18446744073709551615 poll ABCD250100001 2001:db8::7 12345\n/iclock"));
	assert_int_equal(msg_get_question(buf_span(&b), &got), 0);
	assert_true(got.id == asked.id);
	assert_int_equal(got.kind, asked.kind);
	assert_true(span_eq(got.serial, asked.serial));
	assert_true(span_eq(got.peer, asked.peer));
	assert_true(span_eq(got.target, asked.target));
	assert_int_equal(got.asked_ms, 12345);
	buf_free(&b);
}

static void carries_the_body_of_a_verification(void **state)
{
	struct msg_question asked = {.id = 7,
		.kind = MSG_VERIFY,
		.serial = span_str("A"),
		.peer = span_str("192.0.2.7"),
		.target = span_str("/iclock/cdata?SN=A&AuthType=PWD"),
		.body = span_of("PIN=7\tTMP=\n\0x", 14)};
	struct buf b = buf_with_max(MSG_MAX);
	struct msg_question got;

	(void)state;
	assert_int_equal(msg_put_question(&b, &asked), 0);
	assert_int_equal(msg_get_question(buf_span(&b), &got), 0);
	assert_int_equal(got.kind, MSG_VERIFY);
	assert_true(span_eq(got.target, asked.target));
	assert_true(span_eq(got.body, asked.body));
	asked.target = span_str("/x\ny");
	assert_int_equal(msg_put_question(&b, &asked), -EINVAL);
	assert_int_equal(msg_get_question(span_str("7 verify A 192.0.2.7 1\n/x"), &got), -EBADMSG);
	buf_free(&b);
}

static void a_file_may_be_asked_for_by_nobody(void **state)
{
	struct msg_question asked = {.id = 7,
		.kind = MSG_FILE,
		.peer = span_str("192.0.2.7"),
		.target = span_str("/iclock/file/x")};
	struct buf b = buf_with_max(MSG_MAX);
	struct msg_question got = {.serial = span_str("left over")};

	(void)state;
	assert_int_equal(msg_put_question(&b, &asked), 0);
	assert_true(span_is(buf_span(&b), "7 file - 192.0.2.7\n/iclock/file/x"));
	assert_int_equal(msg_get_question(buf_span(&b), &got), 0);
	assert_int_equal(got.kind, MSG_FILE);
	assert_int_equal(got.serial.len, 0);
	assert_true(span_eq(got.target, asked.target));
	asked.serial = span_str("A");
	assert_int_equal(msg_put_question(&b, &asked), 0);
	assert_int_equal(msg_get_question(buf_span(&b), &got), 0);
	assert_true(span_is(got.serial, "A"));
	/* Of every other kind it is a serial like any other, and none is none. */
	assert_int_equal(msg_get_question(span_str("7 time - 192.0.2.7 1\n/x"), &got), 0);
	assert_true(span_is(got.serial, "-"));
	assert_int_equal(msg_get_question(span_str("7 file  192.0.2.7 1\n/x"), &got), -EBADMSG);
	buf_free(&b);
}

static void reads_a_question_without_its_time(void **state)
{
	struct msg_question got = {.asked_ms = 1};

	(void)state;
	assert_int_equal(msg_get_question(span_str("7 poll A 192.0.2.7\n/x y"), &got), 0);
	assert_int_equal(got.asked_ms, 0);
	assert_true(span_is(got.target, "/x y"));
	assert_int_equal(msg_get_question(span_str("7 poll A 192.0.2.7 12x\n/x"), &got), -EBADMSG);
}

static void carries_an_answer(void **state)
{
	const struct msg_answer given = {
		.id = 7, .status = 200, .body = span_of("C:1:INFO\n\0", 10)};
	struct buf b = buf_with_max(MSG_MAX);
	struct msg_answer got;

	(void)state;
	assert_int_equal(msg_put_answer(&b, &given), 0);
	assert_int_equal(msg_get_answer(buf_span(&b), &got), 0);
	assert_int_equal(got.id, 7);
	assert_int_equal(got.status, 200);
	assert_true(span_eq(got.body, given.body));
	assert_int_equal(msg_get_answer(span_str("0 503\n"), &got), 0);
	assert_int_equal(got.body.len, 0);
	buf_free(&b);
}

static void refuses_bent_questions(void **state)
{
	static const char *const bad[] = {"", "\n", "1 poll A 192.0.2.7", "1 poll A\n/",
		"1 poll A 192.0.2.7 x\n/", "1 poll A 192.0.2.7 \n/", "1  poll A 192.0.2.7\n/",
		" 1 poll A 192.0.2.7\n/", "-1 poll A 192.0.2.7\n/",
		"18446744073709551616 poll A 192.0.2.7\n/", "1 POLL A 192.0.2.7\n/",
		"1 push A 192.0.2.7\n/", "1 poll ../A 192.0.2.7\n/", "1 poll  192.0.2.7\n/",
		"1 poll A \n/", "1 poll A a\tb\n/",
		"1 poll A 12345678901234567890123456789012345678901234567890123456789012345\n/"};
	struct msg_question q = {.id = 99};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (msg_get_question(span_str(bad[i]), &q) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(msg_get_question(span_of(NULL, 0), &q), -EBADMSG);
	assert_int_equal(q.id, 99);
}

static void refuses_bent_answers(void **state)
{
	static const char *const bad[] = {"", "1 200", "1\n", "1 200 \nOK", "1 20\nOK", "1 302\nOK",
		"x 200\nOK", "1 4294967496\nOK", " 1 200\nOK"};
	struct msg_answer a = {.id = 99};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (msg_get_answer(span_str(bad[i]), &a) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(a.id, 99);
}

static void fits_into_a_packet(void **state)
{
	static char body[MSG_MAX];
	struct buf b = buf_with_max(2 * (size_t)MSG_MAX);
	struct msg_answer a = {
		.id = 1, .status = 200, .body = span_of(body, MSG_MAX - strlen("1 200\n"))};
	struct msg_question q = {.serial = span_of(body, 33), .peer = span_str("local")};

	(void)state;
	assert_int_equal(msg_put_answer(&b, &a), 0);
	assert_int_equal(b.len, MSG_MAX);
	a.body.len++;
	assert_int_equal(msg_put_answer(&b, &a), -EMSGSIZE);
	assert_int_equal(msg_put_question(&b, &q), -EMSGSIZE);
	buf_free(&b);
}

/* ---- sockets ---- */

static char dir_path[] = "/tmp/test_msg.XXXXXX";
static char path[64];

static void sends_over_the_socket(void **state)
{
	static char body[MSG_MAX], got[MSG_MAX + 1];
	struct stat st;
	int listening = msg_listen(path, 0660), asking, serving;

	(void)state;
	assert_true(listening >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_true(fcntl(listening, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(accept(listening, NULL, NULL), -1); /* and does not wait */
	assert_int_equal(errno, EAGAIN);
	asking = msg_connect(path);
	assert_true(asking >= 0);
	assert_true(fcntl(asking, F_GETFL) & O_NONBLOCK);
	serving = accept(listening, NULL, NULL);
	assert_true(serving >= 0);
	memset(body, 'x', sizeof(body));
	assert_int_equal(send(asking, body, MSG_MAX, 0), MSG_MAX);
	assert_int_equal(send(asking, "ab", 2, 0), 2);
	assert_int_equal(recv(serving, got, sizeof(got), 0), MSG_MAX);
	assert_int_equal(recv(serving, got, sizeof(got), 0), 2);
	io_close(asking);
	io_close(serving);
	io_close(listening);
}

static void replaces_only_a_dead_socket(void **state)
{
	int first = msg_listen(path, 0600), second;

	(void)state;
	assert_true(first >= 0); /* in place of the one of the test before */
	assert_int_equal(msg_listen(path, 0600), -EADDRINUSE);
	second = msg_connect(path);
	assert_true(second >= 0);
	io_close(second);
	io_close(first);
	assert_int_equal(msg_connect(path), -ECONNREFUSED);
	second = msg_listen(path, 0600);
	assert_true(second >= 0);
	io_close(second);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(msg_connect(path), -ENOENT);
}

static void leaves_other_files_alone(void **state)
{
	char long_path[200];
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	io_close(fd);
	assert_int_equal(msg_listen(path, 0600), -EEXIST);
	assert_int_equal(unlink(path), 0);
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(msg_listen(long_path, 0600), -ENAMETOOLONG);
	assert_int_equal(msg_connect(long_path), -ENAMETOOLONG);
	assert_int_equal(msg_listen("/nonexistent/desk.sock", 0600), -ENOENT);
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir_path))
		return -1;
	snprintf(path, sizeof(path), "%s/desk.sock", dir_path);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_a_question),
		cmocka_unit_test(carries_the_body_of_a_verification),
		cmocka_unit_test(a_file_may_be_asked_for_by_nobody),
		cmocka_unit_test(reads_a_question_without_its_time),
		cmocka_unit_test(carries_an_answer),
		cmocka_unit_test(refuses_bent_questions),
		cmocka_unit_test(refuses_bent_answers),
		cmocka_unit_test(fits_into_a_packet),
		cmocka_unit_test(sends_over_the_socket),
		cmocka_unit_test(replaces_only_a_dead_socket),
		cmocka_unit_test(leaves_other_files_alone),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
