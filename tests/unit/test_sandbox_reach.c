/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox_reach: in a child, which files it can still reach; and what is asked of each kernel. The
 * kernel's answer to "which ABI" can be made up: __wrap_syscall. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/daemon.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "notifyd/confine.h"
#include "tests/unit/caught.h"
#include "tests/unit/scratch.h"

#define CREATE_RULESET 444
#define VERSION        1U

/* ---- a kernel of any age ---- */

static int pretended_abi = -1; /* the true one */
static uint64_t asked[3];      /* the rights that were handled: files, network, scopes */

long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (number == CREATE_RULESET && c == VERSION && pretended_abi >= 0) {
		errno = EOPNOTSUPP;
		return pretended_abi > 0 ? pretended_abi : -1;
	}
	if (number == CREATE_RULESET && c == 0)
		memcpy(asked, (const void *)a, sizeof(asked));
	return __real_syscall(number, a, b, c, d, e, f);
}

static long true_abi(void)
{
	return __real_syscall(CREATE_RULESET, 0, 0, VERSION, 0, 0, 0);
}

static void needs_abi(long least)
{
	if (true_abi() >= least)
		return;
	print_message("the kernel has no Landlock of ABI %ld\n", least);
	skip();
}

/* ---- a house with two rooms, and a child that may reach some of it ---- */

struct house {
	char *path;
	int tmp, new, other; /* held directories */
};

static int open_room(struct house *h, const char *name)
{
	char path[SCRATCH_BYTES + 16], file[SCRATCH_BYTES + 32];

	snprintf(path, sizeof(path), "%s/%s", h->path, name);
	snprintf(file, sizeof(file), "%s/there", path);
	assert_int_equal(mkdir(path, 0700), 0);
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void open_house(void **state, struct house *h)
{
	h->path = *state;
	h->tmp = open_room(h, "tmp");
	h->new = open_room(h, "new");
	h->other = open_room(h, "other");
}

/* What a child that may reach the places has to say: 0, or the line of what went wrong. */
static void in_child(const struct house *h, const struct sandbox_place *places, size_t count,
	int (*what)(const struct house *h))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || sandbox_reach(places, count) != 1)
			_exit(255);
		_exit(what(h));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) != 0)
		fail_msg("see the check numbered %d", WEXITSTATUS(status));
}

/* 0 or an errno. */
static int tried(long rc)
{
	return rc < 0 ? errno : 0;
}

static int opened(int at, const char *name, int flags)
{
	int fd = openat(at, name, flags | O_CLOEXEC, 0600);
	int rc = tried(fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

static int moved(int from, const char *name, int to, const char *to_name)
{
	return tried(renameat2(from, name, to, to_name, RENAME_NOREPLACE));
}

/* ---- a writer: docs/SPOOL.md ---- */

static int as_writer(const struct house *h)
{
	if (opened(h->tmp, "draft", O_WRONLY | O_CREAT | O_EXCL) != 0)
		return 1;
	if (opened(h->tmp, "draft", O_RDONLY) != EACCES)
		return 2;
	if (moved(h->tmp, "draft", h->new, "entry") != 0)
		return 3;
	/* Now it is out of reach, though its directory is held. */
	if (opened(h->new, "entry", O_RDONLY) != EACCES)
		return 4;
	if (opened(h->new, "entry", O_WRONLY) != EACCES)
		return 5;
	if (tried(unlinkat(h->new, "entry", 0)) != EACCES)
		return 6;
	if (moved(h->new, "entry", h->tmp, "back") != EACCES)
		return 7;
	if (moved(h->new, "entry", h->new, "renamed") != EACCES)
		return 8;
	if (opened(h->new, ".", O_RDONLY | O_DIRECTORY) != 0)
		return 9;
	if (opened(h->tmp, ".", O_RDONLY | O_DIRECTORY) != EACCES)
		return 10;
	if (tried(mkdirat(h->tmp, "dir", 0700)) != EACCES)
		return 11;
	if (tried(symlinkat("/etc/passwd", h->tmp, "link")) != EACCES)
		return 12;
	return tried(unlinkat(h->tmp, "there", 0)) == 0 ? 0 : 13;
}

static void a_writer_posts_and_takes_nothing_back(void **state)
{
	struct house h;

	needs_abi(2);
	open_house(state, &h);
	const struct sandbox_place places[] = {
		{.fd = h.tmp, .may = SANDBOX_WRITE | SANDBOX_MAKE | SANDBOX_REMOVE | SANDBOX_MOVE},
		{.fd = h.new, .may = SANDBOX_LIST | SANDBOX_MAKE | SANDBOX_MOVE},
	};
	in_child(&h, places, 2, as_writer);
}

/* ---- a consumer ---- */

static int as_consumer(const struct house *h)
{
	if (opened(h->tmp, "there", O_RDWR | O_TRUNC) != 0)
		return 1;
	if (moved(h->tmp, "there", h->new, "moved") != 0)
		return 2;
	if (tried(mkdirat(h->tmp, "dir", 0700)) != 0)
		return 3;
	if (moved(h->tmp, "dir", h->new, "dir") != 0)
		return 4;
	if (tried(symlinkat("x", h->tmp, "link")) != 0)
		return 5;
	if (moved(h->tmp, "link", h->new, "link") != 0)
		return 6;
	if (opened(h->tmp, ".", O_RDONLY | O_DIRECTORY) != 0)
		return 7;
	/* And of all others nothing. */
	if (opened(h->other, "there", O_RDONLY) != EACCES)
		return 8;
	if (opened(h->other, ".", O_RDONLY | O_DIRECTORY) != EACCES)
		return 9;
	if (moved(h->new, "moved", h->other, "moved") != EACCES &&
		moved(h->new, "moved", h->other, "moved") != EXDEV)
		return 10;
	if (tried(unlinkat(h->other, "there", 0)) != EACCES)
		return 11;
	if (opened(h->other, "draft", O_WRONLY | O_CREAT) != EACCES)
		return 12;
	return opened(AT_FDCWD, "/etc/passwd", O_RDONLY) == EACCES ? 0 : 13;
}

static void a_consumer_moves_what_lies_there(void **state)
{
	struct house h;

	needs_abi(2);
	open_house(state, &h);
	const struct sandbox_place places[] = {
		{.fd = h.tmp, .may = SANDBOX_CONSUME},
		{.fd = h.new, .may = SANDBOX_CONSUME},
	};
	in_child(&h, places, 2, as_consumer);
}

static int move_to_more_rights(const struct house *h)
{
	return moved(h->tmp, "there", h->new, "moved") == EXDEV ? 0 : 1;
}

static void nothing_is_gained_by_moving(void **state)
{
	struct house h;

	needs_abi(2);
	open_house(state, &h);
	const struct sandbox_place places[] = {
		{.fd = h.tmp, .may = SANDBOX_MAKE | SANDBOX_REMOVE | SANDBOX_MOVE},
		{.fd = h.new, .may = SANDBOX_READ | SANDBOX_MAKE | SANDBOX_MOVE},
	};
	in_child(&h, places, 2, move_to_more_rights);
}

/* ---- places ---- */

static int read_one_file(const struct house *h)
{
	if (opened(h->tmp, "there", O_RDONLY) != 0)
		return 1;
	if (opened(h->tmp, "there", O_WRONLY) != EACCES)
		return 2;
	if (opened(h->other, "there", O_RDONLY) != EACCES)
		return 3;
	return tried(execl("/bin/true", "true", NULL)) == EACCES ? 0 : 4;
}

static void a_place_may_be_a_file_by_its_path(void **state)
{
	struct house h;

	needs_abi(2);
	open_house(state, &h);
	const struct sandbox_place places[] = {
		{.path = scratch_path(state, "tmp/there"), .may = SANDBOX_READ | SANDBOX_LIST},
		{.path = NULL, .fd = -1, .may = SANDBOX_CONSUME},
	};
	in_child(&h, places, 2, read_one_file);
}

static void a_path_that_is_not_there_is_an_error(void **state)
{
	const struct sandbox_place place = {
		.path = scratch_path(state, "nowhere"), .may = SANDBOX_READ};

	needs_abi(2);
	assert_int_equal(sandbox_reach(&place, 1), -ENOENT);
}

static int read_old_descriptor(const struct house *h)
{
	char byte;

	return pread(h->other, &byte, 1, 0) < 0 && errno == EISDIR &&
			       opened(h->other, "there", O_RDONLY) == EACCES
		       ? 0
		       : 1;
}

static void no_place_is_no_file(void **state)
{
	struct house h;

	needs_abi(2);
	open_house(state, &h);
	in_child(&h, NULL, 0, read_old_descriptor);
}

/* ---- the network, sockets, signals ---- */

static int use_tcp(const struct house *h)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)h;
	if (tried(bind(fd, (const struct sockaddr *)&at, sizeof(at))) != EACCES)
		return 1;
	at.sin_port = htons(9);
	return tried(connect(fd, (const struct sockaddr *)&at, sizeof(at))) == EACCES ? 0 : 2;
}

static void no_tcp(void **state)
{
	struct house h = {.path = *state};

	needs_abi(4);
	in_child(&h, NULL, 0, use_tcp);
}

static struct sockaddr_un abstract_name;
#define ABSTRACT_BYTES (sizeof(sa_family_t) + 1 + 24)

static int reach_others(const struct house *h)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)h;
	if (tried(connect(fd, (const struct sockaddr *)&abstract_name, ABSTRACT_BYTES)) != EPERM)
		return 1;
	if (tried(kill(getppid(), 0)) != EPERM)
		return 2;
	return tried(kill(getpid(), 0)) == 0 ? 0 : 3;
}

static void no_abstract_sockets_and_no_signals(void **state)
{
	struct house h = {.path = *state};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	needs_abi(6);
	abstract_name.sun_family = AF_UNIX;
	snprintf(abstract_name.sun_path + 1, 25, "punchd-test-%012d", (int)getpid());
	assert_int_equal(bind(fd, (const struct sockaddr *)&abstract_name, ABSTRACT_BYTES), 0);
	in_child(&h, NULL, 0, reach_others);
	close(fd);
}

/* ---- kernels ---- */

#define TRUNCATE  (UINT64_C(1) << 14)
#define IOCTL_DEV (UINT64_C(1) << 15)

static void ask_as(int abi)
{
	/* Not in a child: the rights that were asked for are looked at here, and a path that is not
	 * there ends it before anything is given up. */
	const struct sandbox_place nowhere = {.path = "/nonexistent/place", .may = SANDBOX_READ};

	memset(asked, 0xff, sizeof(asked));
	pretended_abi = abi;
	assert_int_equal(sandbox_reach(&nowhere, 1), abi < 2 ? 0 : -ENOENT);
	pretended_abi = -1;
}

static void each_kernel_is_asked_for_what_it_has(void **state)
{
	(void)state;
	needs_abi(6);
	for (int abi = 0; abi <= 8; abi++) {
		ask_as(abi);
		if (abi < 2) {
			assert_true(asked[0] == UINT64_MAX); /* nothing was asked */
			continue;
		}
		assert_true((asked[0] & 0x3fff) == 0x3fff);
		assert_int_equal(!!(asked[0] & TRUNCATE), abi >= 3);
		assert_int_equal(!!(asked[0] & IOCTL_DEV), abi >= 5);
		assert_int_equal(asked[1], abi >= 4 ? 3 : 0);
		assert_int_equal(asked[2], abi >= 6 ? 3 : 0);
	}
}

static void an_older_kernel_does_it_too(void **state)
{
	struct house h;

	needs_abi(2);
	open_house(state, &h);
	const struct sandbox_place places[] = {
		{.fd = h.tmp, .may = SANDBOX_WRITE | SANDBOX_MAKE | SANDBOX_REMOVE | SANDBOX_MOVE},
		{.fd = h.new, .may = SANDBOX_LIST | SANDBOX_MAKE | SANDBOX_MOVE},
	};
	pretended_abi = 2;
	in_child(&h, places, 2, as_writer);
	pretended_abi = -1;
}

/* ---- without Landlock a daemon goes on and says so ---- */

static int hear(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void confine_and_say(const char *manager)
{
	setenv("NOTIFY_SOCKET", manager, 1);
	log_open("test", LOG_LEVEL_INFO);
	if (daemon_confine(NULL, 0, confine_notifyd_calls) < 0)
		_exit(1);
	daemon_ready("at work");
	daemon_status("still");
	_exit(0);
}

static void told(int abi, const char *manager, const char *ready, const char *status)
{
	char text[256] = "";
	int child_status, fd = hear(manager);

	pretended_abi = abi;
	pid_t child = fork();
	if (child == 0)
		confine_and_say(manager);
	pretended_abi = -1;
	assert_int_equal(waitpid(child, &child_status, 0), child);
	assert_int_equal(child_status, 0);
	assert_true(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
	assert_string_equal(text, ready);
	memset(text, 0, sizeof(text));
	assert_true(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
	assert_string_equal(text, status);
	close(fd);
}

static void a_missing_landlock_is_told_of(void **state)
{
	char manager[SCRATCH_BYTES + 128];

	snprintf(manager, sizeof(manager), "%s", scratch_path(state, "a"));
	caught_begin();
	told(0, manager, "READY=1\nSTATUS=at work; without Landlock",
		"STATUS=still; without Landlock");
	assert_non_null(strstr(caught_end(), "test: warning: the kernel has no Landlock"));
	needs_abi(2);
	snprintf(manager, sizeof(manager), "%s", scratch_path(state, "b"));
	caught_begin();
	told(-1, manager, "READY=1\nSTATUS=at work", "STATUS=still");
	assert_string_equal(caught_end(), "");
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(a_writer_posts_and_takes_nothing_back),
		IN_SCRATCH(a_consumer_moves_what_lies_there),
		IN_SCRATCH(nothing_is_gained_by_moving),
		IN_SCRATCH(a_place_may_be_a_file_by_its_path),
		IN_SCRATCH(a_path_that_is_not_there_is_an_error),
		IN_SCRATCH(no_place_is_no_file),
		IN_SCRATCH(no_tcp),
		IN_SCRATCH(no_abstract_sockets_and_no_signals),
		IN_SCRATCH(an_older_kernel_does_it_too),
		cmocka_unit_test(each_kernel_is_asked_for_what_it_has),
		IN_SCRATCH(a_missing_landlock_is_told_of),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
