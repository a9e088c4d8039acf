/* SPDX-License-Identifier: GPL-2.0-or-later */
/* waker: a packet to its socket becomes five bytes at a terminal's port, over loopback; what is
 * odd, and what cannot be sent, does no harm. The time is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/daemon.h"
#include "lib/io.h"
#include "lib/wake.h"
#include "notifyd/waker.h"
#include "tests/unit/scratch.h"

static struct {
	struct waker w;
	int cmdqd, terminal4, terminal6; /* terminal6 -1: no IPv6 here */
	int log_fd, stderr_fd;
	uint64_t now_ms;
} room;

/* ---- a terminal's port ---- */

static int bind_to(int family, const void *address, socklen_t bytes)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, address, bytes) == 0)
		return fd;
	io_close(fd);
	return -1;
}

static uint16_t open_terminals(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(in);

	room.terminal4 = bind_to(AF_INET, &in, sizeof(in));
	assert_true(room.terminal4 >= 0);
	assert_int_equal(getsockname(room.terminal4, (struct sockaddr *)&in, &bytes), 0);
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
		.sin6_port = in.sin_port};
	room.terminal6 = bind_to(AF_INET6, &in6, sizeof(in6));
	return ntohs(in.sin_port);
}

/* Loopback delivers before sendto() returns, unless the machine has so much to deliver that a
 * thread of the kernel does. */
static void hears(int terminal)
{
	struct pollfd p = {.fd = terminal, .events = POLLIN};
	char bytes[16];

	assert_int_equal(poll(&p, 1, 60000), 1);
	assert_int_equal(recv(terminal, bytes, sizeof(bytes), 0), 5);
	assert_memory_equal(bytes, "R-CMD", 5);
}

static void hears_nothing(int terminal)
{
	char byte;

	assert_int_equal(recv(terminal, &byte, 1, MSG_PEEK), -1);
	assert_int_equal(errno, EAGAIN);
}

/* ---- the room ---- */

static int setup(void **state)
{
	char path[SCRATCH_BYTES + 16];

	assert_int_equal(scratch_make(state), 0);
	snprintf(path, sizeof(path), "%s/wake.sock", (const char *)*state);
	room.now_ms = 1000000;
	assert_int_equal(waker_open(path, open_terminals(), 5, 100, &room.w), 0);
	room.cmdqd = wake_connect(path);
	assert_true(room.cmdqd >= 0);
	/* Its log goes to a file. */
	room.stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	room.log_fd = open(scratch_path(state, "log"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(dup2(room.log_fd, STDERR_FILENO) >= 0);
	return 0;
}

static int teardown(void **state)
{
	assert_true(dup2(room.stderr_fd, STDERR_FILENO) >= 0);
	io_close(room.stderr_fd);
	io_close(room.log_fd);
	waker_close(&room.w);
	io_close(room.cmdqd);
	io_close(room.terminal4);
	io_close(room.terminal6);
	return scratch_remove(state);
}

static void say_bytes(const void *bytes, size_t len)
{
	assert_int_equal(send(room.cmdqd, bytes, len, 0), len);
	waker_hear(&room.w, room.now_ms);
	waker_poke(&room.w, room.now_ms);
}

static void say(const char *packet)
{
	say_bytes(packet, strlen(packet));
}

static void later(uint64_t ms)
{
	room.now_ms += ms;
	waker_poke(&room.w, room.now_ms);
}

static unsigned log_lines(const char *with)
{
	struct buf text = buf_with_max(1 << 20);
	struct span rest, line;
	unsigned count = 0;

	assert_int_equal(lseek(room.log_fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_all(room.log_fd, &text), 0);
	rest = buf_span(&text);
	while (rest.len > 0 && span_next_line(&rest, &line))
		count += memmem(line.ptr, line.len, with, strlen(with)) != NULL;
	buf_free(&text);
	return count;
}

/* ---- tests ---- */

static void pokes_until_seen(void **state)
{
	(void)state;
	say("wake A 127.0.0.1");
	hears(room.terminal4);
	later(1999);
	hears_nothing(room.terminal4);
	later(1);
	hears(room.terminal4);
	say("seen A");
	later(1000000);
	hears_nothing(room.terminal4);
	assert_int_equal(room.w.sent, 2);
	assert_int_equal(room.w.failed, 0);
}

static void mapped_address_is_ipv4(void **state)
{
	(void)state;
	say("wake A ::ffff:127.0.0.1");
	hears(room.terminal4);
}

static void pokes_over_ipv6(void **state)
{
	(void)state;
	if (room.terminal6 < 0)
		skip();
	say("wake A ::1");
	hears(room.terminal6);
	hears_nothing(room.terminal4);
}

static void odd_packets_are_dropped(void **state)
{
	static const char *const odd[] = {"", "wake", "wake A", "wake A nowhere",
		"wake A/ 127.0.0.1", "wake A 127.0.0.1 ", "seen", "reboot A", "wake A 0.0.0.0",
		"wake A 224.0.0.1", "wake A 239.1.2.3", "wake A 255.255.255.255",
		"wake A ::", "wake A ff02::1", "wake A ::ffff:224.0.0.1", "wake A ::ffff:0.0.0.0"};
	char longer[4 * WAKE_MAX];
	unsigned count = sizeof(odd) / sizeof(*odd);

	(void)state;
	for (unsigned i = 0; i < count; i++)
		say(odd[i]);
	memset(longer, 'A', sizeof(longer));
	say_bytes(longer, sizeof(longer));
	memcpy(longer, "seen ", 5);
	say_bytes(longer, sizeof(longer));
	assert_int_equal(room.w.odd, count + 2);
	assert_int_equal(room.w.sent + room.w.failed, 0);
	assert_int_equal(pace_count(room.w.pace), 0);
	/* Told of, with a limit, and without what was in them. */
	assert_in_range(log_lines("dropped"), 1, 5);
	assert_int_equal(log_lines("reboot"), 0);
	say("wake A 127.0.0.1");
	hears(room.terminal4);
}

/* Nobody listens at that address, and the kernel hears so by ICMP: the next address must not be
 * blamed for it. */
static void a_closed_port_is_nobodys_error(void **state)
{
	(void)state;
	say("wake A 127.0.0.2");
	say("wake B 127.0.0.1");
	hears(room.terminal4);
	say("wake C 127.0.0.2");
	later(2000);
	hears(room.terminal4);
	assert_int_equal(room.w.failed, 0);
	assert_int_equal(log_lines("not woken"), 0);
}

/* The kernel itself refuses to send to a subnet's broadcast address. */
static void a_failure_is_counted_and_told(void **state)
{
	char packet[64];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(packet, sizeof(packet), "wake S%d 127.255.255.255", i);
		say(packet);
		later(1000);
	}
	assert_true(room.w.failed >= 20);
	assert_int_equal(room.w.sent, 0);
	assert_in_range(log_lines("not woken peer=127.255.255.255"), 1, 5);
	say("wake A 127.0.0.1");
	hears(room.terminal4);
}

static void nothing_comes_in_from_the_network(void **state)
{
	struct sockaddr_in own;
	socklen_t bytes = sizeof(own);

	(void)state;
	say("wake A 127.0.0.1"); /* now it has a port */
	assert_int_equal(getsockname(room.w.udp4_fd, (struct sockaddr *)&own, &bytes), 0);
	own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(
		sendto(room.terminal4, "hello", 5, 0, (const struct sockaddr *)&own, bytes), 5);
	struct pollfd ready = {.fd = room.w.udp4_fd, .events = POLLIN};
	assert_int_equal(poll(&ready, 1, 0), 0);
}

static void a_crowd_is_told_of(void **state)
{
	char packet[64];

	(void)state;
	for (unsigned i = 0; i < WAKER_SERIALS + 50; i++) {
		snprintf(packet, sizeof(packet), "wake S%u 127.1.%u.%u", i, i >> 8 & 255, i & 255);
		assert_int_equal(send(room.cmdqd, packet, strlen(packet), 0), strlen(packet));
		waker_hear(&room.w, room.now_ms);
	}
	assert_int_equal(pace_count(room.w.pace), WAKER_SERIALS);
	assert_in_range(log_lines("too many"), 1, 5);
}

static void one_at_a_time(void **state)
{
	struct waker second;

	assert_int_equal(
		waker_open(scratch_path(state, "wake.sock"), 4374, 5, 100, &second), -EADDRINUSE);
}

/* ---- sockets that the service manager made; in a child, whose low descriptors nobody needs ----
 */

struct hand {
	int families[2], type, expected; /* what waker_open() says */
};

/* 0 when all is as it should be. */
static int be_handed(const struct hand *h, const char *path)
{
	struct waker w;
	char text[16];
	int count = 0;

	close_range(DAEMON_FIRST_SOCKET, ~0u, 0);
	for (; count < 2 && h->families[count] != 0; count++)
		if (socket(h->families[count], h->type, 0) != DAEMON_FIRST_SOCKET + count)
			return 1;
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof(text), "%d", count);
	setenv("LISTEN_FDS", text, 1);
	if (waker_open(path, 4374, 5, 100, &w) != h->expected)
		return 2;
	for (int i = 0; i < count && h->expected == 0; i++)
		if ((h->families[i] == AF_INET ? w.udp4_fd : w.udp6_fd) != DAEMON_FIRST_SOCKET + i)
			return 3;
	if (h->expected == 0 && count == 1 && w.udp6_fd >= 0)
		return 4; /* nothing is opened besides */
	return 0;
}

static void takes_what_was_handed_over(void **state)
{
	static const struct hand hands[] = {
		{{AF_INET, AF_INET6}, SOCK_DGRAM, 0},
		{{AF_INET6, AF_INET}, SOCK_DGRAM, 0},
		{{AF_INET}, SOCK_DGRAM, 0},
		{{AF_INET, AF_INET}, SOCK_DGRAM, -EEXIST},
		{{AF_INET}, SOCK_STREAM, -EPROTOTYPE},
		{{AF_UNIX}, SOCK_DGRAM, -EPROTOTYPE},
	};

	for (size_t i = 0; i < sizeof(hands) / sizeof(*hands); i++) {
		int status = -1;
		pid_t pid = fork();
		if (pid == 0)
			_exit(be_handed(&hands[i], scratch_path(state, "handed.sock")));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		each(pokes_until_seen),
		each(mapped_address_is_ipv4),
		each(pokes_over_ipv6),
		each(odd_packets_are_dropped),
		each(a_closed_port_is_nobodys_error),
		each(a_failure_is_counted_and_told),
		each(takes_what_was_handed_over),
		each(nothing_comes_in_from_the_network),
		each(a_crowd_is_told_of),
		each(one_at_a_time),
	};

	return cmocka_run_group_tests_name("waker", tests, NULL, NULL);
}
