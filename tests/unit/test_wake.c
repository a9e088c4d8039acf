/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wake: what goes in comes out, what is bent is refused, and the socket on its path. */
#include "lib/wake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib/io.h"
#include "tests/unit/scratch.h"

static void assert_put(const struct wake *w, const char *expected)
{
	struct buf b = buf_with_max(WAKE_MAX);
	struct wake back;

	assert_int_equal(buf_add_str(&b, "left over"), 0);
	assert_int_equal(wake_put(&b, w), 0);
	assert_true(span_is(buf_span(&b), expected));
	assert_int_equal(wake_get(buf_span(&b), &back), 0);
	assert_int_equal(back.kind, w->kind);
	assert_true(span_eq(back.serial, w->serial));
	assert_true(span_eq(back.address, w->address));
	buf_free(&b);
}

static void carries_both(void **state)
{
	const struct span longest = span_str("12345678901234567890123456789_-Z");

	(void)state;
	assert_put(&(struct wake){WAKE_POKE, span_str("A1"), span_str("192.0.2.7")},
		"wake A1 192.0.2.7");
	assert_put(&(struct wake){WAKE_POKE, span_str("A1"), span_str("2001:db8::7")},
		"wake A1 2001:db8::7");
	assert_put(&(struct wake){.kind = WAKE_SEEN, .serial = longest},
		"seen 12345678901234567890123456789_-Z");
	assert_put(&(struct wake){WAKE_POKE, longest,
			   span_str("2001:db8:ffff:ffff:ffff:ffff:255.255.255.255")},
		"wake 12345678901234567890123456789_-Z "
		"2001:db8:ffff:ffff:ffff:ffff:255.255.255.255");
}

static void puts_only_what_can_be_got(void **state)
{
	const struct wake wrong[] = {
		{WAKE_POKE, span_str("A B"), span_str("192.0.2.7")},
		{WAKE_POKE, span_str(""), span_str("192.0.2.7")},
		{WAKE_POKE, span_str("A"), span_str("")},
		{WAKE_POKE, span_str("A"), span_str("192.0.2.7:80")},
		{WAKE_POKE, span_str("A"), span_str("192.0.2.0/24")},
		{.kind = WAKE_SEEN, .serial = span_str("A\n")},
	};
	const struct wake right = {WAKE_POKE, span_str("A"), span_str("192.0.2.7")};
	struct buf b = buf_with_max(WAKE_MAX), small = buf_with_max(10);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(wake_put(&b, &wrong[i]), -EINVAL);
	assert_int_equal(wake_put(&small, &right), -EMSGSIZE);
	buf_free(&b);
	buf_free(&small);
}

static void bent_ones_are_refused(void **state)
{
	static const struct span bent[] = {
		{"", 0},
		{"wake", 4},
		{"wake A", 6},
		{"wake A ", 7},
		{"wake  192.0.2.7", 15},
		{"wake A 192.0.2.7 ", 17},
		{"wake A 192.0.2.7 B", 18},
		{"wake A 192.0.2.7\n", 17},
		{"wake A 192.0.2.7\0", 17},
		{"wake A 192.0.2", 14},
		{"wake A terminal.example", 23},
		{"wake A [2001:db8::7]", 20},
		{"Wake A 192.0.2.7", 16},
		{"wake A/B 192.0.2.7", 18},
		{"seen", 4},
		{"seen ", 5},
		{"seen A ", 7},
		{"seen A 192.0.2.7", 16},
		{"seen A\n", 7},
		{" seen A", 7},
		{"gone A", 6},
	};
	struct wake got = {.serial = span_str("before")};
	char longer[WAKE_MAX + 1] = "seen A";

	(void)state;
	for (size_t i = 0; i < sizeof(bent) / sizeof(*bent); i++)
		assert_int_equal(wake_get(bent[i], &got), -EBADMSG);
	memset(longer + 6, 'A', sizeof(longer) - 6);
	assert_int_equal(wake_get(span_of(longer, sizeof(longer)), &got), -EBADMSG);
	assert_true(span_is(got.serial, "before"));
}

/* ---- sockets ---- */

static void from_end_to_end(void **state)
{
	const char *path = scratch_path(state, "wake.sock");
	char packet[WAKE_MAX];
	int listening = wake_listen(path, 0660), sending = wake_connect(path);

	assert_true(listening >= 0 && sending >= 0);
	assert_int_equal(fcntl(sending, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(listening, F_GETFD), FD_CLOEXEC);
	/* Neither waits for the other. */
	assert_int_equal(recv(listening, packet, sizeof(packet), 0), -1);
	assert_int_equal(errno, EAGAIN);
	while (send(sending, "seen A", 6, 0) == 6)
		;
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(recv(listening, packet, sizeof(packet), 0), 6);
	io_close(listening);
	assert_int_equal(send(sending, "seen A", 6, MSG_NOSIGNAL), -1);
	io_close(sending);
}

static void its_mode_is_as_told(void **state)
{
	static const mode_t masks[] = {0, 022, 077, 0777};
	const char *path = scratch_path(state, "wake.sock");
	struct stat st;

	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		mode_t before = umask(masks[i]);
		int fd = wake_listen(path, 0660);
		umask(before);
		assert_true(fd >= 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0660);
		io_close(fd);
	}
}

static void one_at_a_time(void **state)
{
	const char *path = scratch_path(state, "wake.sock");
	int first = wake_listen(path, 0660);

	assert_true(first >= 0);
	assert_int_equal(wake_listen(path, 0660), -EADDRINUSE);
	io_close(first);
	assert_int_equal(wake_connect(path), -ECONNREFUSED);
	first = wake_listen(path, 0660);
	assert_true(first >= 0);
	io_close(first);
}

static void what_is_no_socket_stays(void **state)
{
	const char *path = scratch_path(state, "wake.sock");
	char too_long[200];
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	io_close(fd);
	assert_int_equal(wake_listen(path, 0660), -EEXIST);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(wake_connect(path), -ENOENT);
	memset(too_long, 'a', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(wake_listen(too_long, 0660), -ENAMETOOLONG);
	assert_int_equal(wake_connect(too_long), -ENAMETOOLONG);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_both),
		cmocka_unit_test(puts_only_what_can_be_got),
		cmocka_unit_test(bent_ones_are_refused),
		each(from_end_to_end),
		each(its_mode_is_as_told),
		each(one_at_a_time),
		each(what_is_no_socket_stays),
	};

	return cmocka_run_group_tests_name("wake", tests, NULL, NULL);
}
