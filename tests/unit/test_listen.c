/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listen: the addresses of the configuration, or the sockets that were handed over instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingestd/listen.h"
#include "lib/daemon.h"
#include "lib/log.h"
#include "scratch.h"

static char nothing[] = "";
static char *loopback[] = {(char[]){"127.0.0.1:0"}, (char[]){"127.0.0.1:0"}};

static struct conf with(const char *address)
{
	static char text[128];
	struct conf c = {.listen_count = 1, .listen_proxy = nothing};

	snprintf(text, sizeof(text), "%s", address);
	c.listen[0] = text;
	return c;
}

/* Can a client come to it? */
static bool takes_clients(int fd)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	int on = 0;
	socklen_t on_len = sizeof(on);

	if (getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &on_len) < 0 || !on)
		return false;
	int client = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool came = connect(client, (struct sockaddr *)&at, len) == 0;
	close(client);
	int server = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	close(server);
	return came && server >= 0;
}

static void assert_held_well(int fd)
{
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(takes_clients(fd));
}

static int lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void makes_what_the_configuration_says(void **state)
{
	struct conf c = {
		.listen = {loopback[0], loopback[1]}, .listen_count = 2, .listen_proxy = nothing};
	struct listeners l;

	(void)state;
	assert_int_equal(listen_all(&c, &l), 0);
	assert_int_equal(l.count, 2);
	assert_int_equal(l.proxy_fd, -1);
	for (int i = 0; i < 2; i++) {
		assert_held_well(l.fds[i]);
		close(l.fds[i]);
	}
}

static void one_socket_for_both_kinds_of_address(void **state)
{
	struct conf c = with("[::]:0");
	struct listeners l;
	struct sockaddr_in6 at;
	socklen_t len = sizeof(at);
	int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	close(probe);
	if (probe < 0)
		return; /* a machine without IPv6 */
	assert_int_equal(listen_all(&c, &l), 0);
	assert_int_equal(l.count, 1);
	assert_int_equal(getsockname(l.fds[0], (struct sockaddr *)&at, &len), 0);
	struct sockaddr_in four = {.sin_family = AF_INET,
		.sin_port = at.sin6_port,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&four, sizeof(four)), 0);
	close(client);
	close(l.fds[0]);
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const bad[] = {
		"", ":", ":8081", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1",
		"127.0.0.1:http", "localhost:0", "256.0.0.1:0", "[]:0", "[::1:0", "[127.0.0.1.5]:0",
		"[xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]:0",
		"203.0.113.77:0", /* not of this machine */
	};
	int free_fd = lowest_free();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct conf c = with(bad[i]);
		struct listeners l;
		int rc = listen_all(&c, &l);
		if (rc >= 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(lowest_free(), free_fd);
	}
}

/* The second one is taken already: the first one is given back. */
static void all_or_nothing(void **state)
{
	struct conf c = with("127.0.0.1:0");
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	struct listeners l, more;
	char taken[32];

	(void)state;
	assert_int_equal(listen_all(&c, &l), 0);
	assert_int_equal(l.count, 1);
	assert_int_equal(getsockname(l.fds[0], (struct sockaddr *)&at, &len), 0);
	snprintf(taken, sizeof(taken), "127.0.0.1:%u", ntohs(at.sin_port));
	int free_fd = lowest_free();
	struct conf two = {
		.listen = {loopback[0], taken}, .listen_count = 2, .listen_proxy = nothing};
	assert_int_equal(listen_all(&two, &more), -EADDRINUSE);
	assert_int_equal(lowest_free(), free_fd);
	close(l.fds[0]);
}

/* ---- handed over; in a child, whose low descriptors nobody needs ---- */

/* Hands over `count` sockets and asks: 0 when all is as it should be. */
static int be_handed(unsigned count)
{
	struct conf c = {.listen = {loopback[0]}, .listen_count = 1, .listen_proxy = nothing};
	struct listeners l;
	char text[16];

	for (unsigned i = 0; i < count; i++) {
		struct sockaddr_in at = {
			.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0)
			return 1;
		if (fd != DAEMON_FIRST_SOCKET + (int)i) {
			if (dup2(fd, DAEMON_FIRST_SOCKET + (int)i) < 0)
				return 2;
			close(fd);
		}
	}
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof(text), "%u", count);
	setenv("LISTEN_FDS", text, 1);
	int rc = listen_all(&c, &l);
	if (count > CONF_LISTEN_MAX)
		return rc == -E2BIG ? 0 : 3;
	if (rc != 0 || l.count != count || l.proxy_fd != -1)
		return 4;
	for (unsigned i = 0; i < count; i++)
		if (l.fds[i] != DAEMON_FIRST_SOCKET + (int)i || !takes_clients(l.fds[i]) ||
			!(fcntl(l.fds[i], F_GETFL) & O_NONBLOCK) ||
			!(fcntl(l.fds[i], F_GETFD) & FD_CLOEXEC))
			return 5;
	return 0;
}

static int hand_over(int fd, unsigned place)
{
	int at = DAEMON_FIRST_SOCKET + (int)place;

	return fd == at || (dup2(fd, at) == at && close(fd) == 0) ? 0 : -1;
}

/* A TCP socket and, by the names that the service manager gives, two that may be the proxy's. */
static int be_handed_with_names(const char *names, int second_family, int third_family)
{
	struct conf c = {.listen = {loopback[0]}, .listen_count = 1, .listen_proxy = nothing};
	struct listeners l = {.count = 77};
	int families[] = {AF_INET, second_family, third_family};
	char text[16];
	unsigned count = 0;

	for (; count < 3 && families[count] != AF_UNSPEC; count++) {
		int fd = socket(families[count], SOCK_STREAM, 0);
		struct sockaddr any = {.sa_family = (sa_family_t)families[count]};
		socklen_t len =
			any.sa_family == AF_UNIX ? sizeof(sa_family_t) : sizeof(struct sockaddr_in);
		if (bind(fd, &any, len) < 0 || listen(fd, 8) < 0 || hand_over(fd, count) < 0)
			return 1;
	}
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof(text), "%u", count);
	setenv("LISTEN_FDS", text, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	if (listen_all(&c, &l) < 0)
		return l.count == 77 && lowest_free() == DAEMON_FIRST_SOCKET ? 2 : 3;
	return l.count == 1 && l.fds[0] == DAEMON_FIRST_SOCKET &&
			       l.proxy_fd == DAEMON_FIRST_SOCKET + 1 && takes_clients(l.fds[0]) &&
			       (fcntl(l.proxy_fd, F_GETFL) & O_NONBLOCK) &&
			       (fcntl(l.proxy_fd, F_GETFD) & FD_CLOEXEC)
		       ? 0
		       : 4;
}

static void the_proxy_is_told_by_its_name(void **state)
{
	static const struct {
		const char *names;
		int second, third, want;
	} cases[] = {
		{"plain:proxy", AF_UNIX, AF_UNSPEC, 0},
		{"plain:other", AF_UNIX, AF_UNSPEC, 4}, /* one like the others */
		{"plain:proxy", AF_INET, AF_UNSPEC, 2}, /* anybody could say who he is */
		{"plain:proxy:proxy", AF_UNIX, AF_UNIX, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int status = -1;
		pid_t pid = fork();
		if (pid == 0) {
			close_range(DAEMON_FIRST_SOCKET, ~0u, 0);
			_exit(be_handed_with_names(
				cases[i].names, cases[i].second, cases[i].third));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != cases[i].want)
			fail_msg("\"%s\", case %zu: status %x", cases[i].names, i, status);
	}
}

static void makes_the_proxy_socket(void **state)
{
	char *path = strdup(scratch_path(state, "proxy.sock"));
	struct conf c = {.listen = {loopback[0]}, .listen_count = 1, .listen_proxy = path};
	struct listeners l, more;
	struct stat st;

	assert_non_null(path);
	assert_int_equal(listen_all(&c, &l), 0);
	assert_held_well(l.proxy_fd);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	int free_fd = lowest_free();
	assert_int_equal(listen_all(&c, &more), -EADDRINUSE); /* somebody listens there */
	assert_int_equal(lowest_free(), free_fd);
	close(l.fds[0]);
	close(l.proxy_fd);
	free(path);
}

static void takes_what_was_handed_over(void **state)
{
	static const unsigned counts[] = {1, 3, CONF_LISTEN_MAX, CONF_LISTEN_MAX + 1};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		int status = -1;
		pid_t pid = fork();
		if (pid == 0) {
			close_range(DAEMON_FIRST_SOCKET, ~0u, 0);
			_exit(be_handed(counts[i]));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_what_the_configuration_says),
		cmocka_unit_test(one_socket_for_both_kinds_of_address),
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(takes_what_was_handed_over),
		cmocka_unit_test(the_proxy_is_told_by_its_name),
		cmocka_unit_test_setup_teardown(
			makes_the_proxy_socket, scratch_make, scratch_remove),
	};

	log_open("test", (enum log_level)0); /* each refusal writes a line */
	return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
