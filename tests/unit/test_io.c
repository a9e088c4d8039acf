/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io: whole writes and reads, and the order of steps in replacing a file. fsync() and renameat() of
 * this file stand in for the system's, so that the order is seen and a sync can fail. */
#include "lib/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/somebody.h"

static char dir_path[] = "/tmp/test_io.XXXXXX";
static int dir_fd = -1;
static char steps[64];
static char failing; /* which kind of step fails */

static int step(char kind)
{
	size_t len = strlen(steps);

	if (len + 1 < sizeof(steps))
		steps[len] = kind;
	if (kind != failing)
		return 0;
	errno = EIO;
	return -1;
}

/* 'f': a file's bytes, 'd': the directory of all tests, 'n': another one. */
int fsync(int fd)
{
	struct stat st, all;

	if (fstat(fd, &st) < 0 || fstat(dir_fd, &all) < 0)
		return -1;
	return step(!S_ISDIR(st.st_mode) ? 'f' : st.st_ino == all.st_ino ? 'd' : 'n');
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return step('r') < 0 ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

static void read_back(const char *name, struct buf *into)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	buf_clear(into);
	assert_int_equal(io_read_all(fd, into), 0);
	io_close(fd);
}

static void assert_file(const char *name, const char *text)
{
	struct buf b = buf_with_max(1000);

	read_back(name, &b);
	assert_true(span_is(buf_span(&b), text));
	buf_free(&b);
}

static int create(const char *name)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

/* More parts than one writev() takes, and empty ones at the start, between and at the end. */
static void writes_all_parts(void **state)
{
	enum { PARTS = 2 * IOV_MAX + 7 };
	struct iovec *parts = calloc(PARTS, sizeof(*parts));
	struct buf b = buf_with_max(PARTS);
	int fd = create("parts");

	(void)state;
	assert_non_null(parts);
	for (size_t i = 1; i + 1 < PARTS; i++)
		parts[i] =
			(struct iovec){.iov_base = (char *)"abcde" + i % 5, .iov_len = i % 5 > 0};
	assert_int_equal(io_writev_all(fd, parts, PARTS), 0);
	io_close(fd);
	read_back("parts", &b);
	for (size_t i = 1, at = 0; i + 1 < PARTS; i++)
		if (i % 5 > 0)
			assert_int_equal(b.ptr[at++], 'a' + i % 5);
	buf_free(&b);
	free(parts);
}

/* The limit makes the first write a short one; the rest is tried, and its fault is told. */
static void goes_on_after_a_short_write(void **state)
{
	struct rlimit old, small;
	struct iovec parts[] = {{.iov_base = (char *)"abc", .iov_len = 3},
		{.iov_base = (char *)"defgh", .iov_len = 5}};
	int fd = create("short");

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 5, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(io_writev_all(fd, parts, 2), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(parts[1].iov_len, 3);
	assert_int_equal(io_write_all(fd, span_str("fgh")), 0);
	io_close(fd);
	assert_file("short", "abcdefgh");
}

static void tells_a_write_that_fails(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(io_write_all(-1, span_str("x")), -EBADF);
	assert_int_equal(io_write_all(-1, span_of(NULL, 0)), 0); /* nothing was to be done */
	assert_int_equal(io_write_all(fd, span_str("x")), -ENOSPC);
	io_close(fd);
}

static void reads_up_to_the_limit(void **state)
{
	struct buf b = buf_with_max(200000);
	int fd = create("long");

	(void)state;
	for (int i = 0; i < 200000; i += 8)
		assert_int_equal(io_write_all(fd, span_str("12345678")), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_all(fd, &b), 0);
	assert_int_equal(b.len, 200000);
	assert_int_equal(io_read_all(fd, &b), 0); /* full, and the file is at its end */
	buf_clear(&b);
	assert_int_equal(io_write_all(fd, span_str("9")), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_all(fd, &b), -EMSGSIZE);
	assert_int_equal(io_read_all(dir_fd, &b), -EISDIR);
	io_close(fd);
	buf_free(&b);
}

static int replace(const char *name, const char *text)
{
	memset(steps, 0, sizeof(steps));
	return io_replace_file(dir_fd, name, span_str(text), 0640);
}

static bool exists(const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void replaces_in_the_order_of_durability(void **state)
{
	mode_t old = umask(077);
	struct stat st;

	(void)state;
	assert_int_equal(replace("list", "one"), 0);
	assert_string_equal(steps, "frd");
	assert_int_equal(replace("list", "two"), 0);
	umask(old);
	assert_file("list", "two");
	assert_int_equal(fstatat(dir_fd, "list", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_false(exists(".list.new"));
}

static void gives_up_after_a_failed_sync(void **state)
{
	(void)state;
	assert_int_equal(replace("kept", "old"), 0);
	failing = 'f';
	assert_int_equal(replace("kept", "new"), -EIO);
	assert_string_equal(steps, "f"); /* not tried again, and nothing was renamed */
	assert_false(exists(".kept.new"));
	failing = 'r';
	assert_int_equal(replace("kept", "new"), -EIO);
	assert_string_equal(steps, "fr");
	assert_file("kept", "old");
	failing = 'd';
	assert_int_equal(replace("kept", "new"), -EIO);
	assert_string_equal(steps, "frd");
	failing = '\0';
	assert_false(exists(".kept.new"));
}

static void steps_over_a_stale_draft(void **state)
{
	int fd = create(".stale.new");

	(void)state;
	assert_int_equal(io_write_all(fd, span_str("half of something longer")), 0);
	io_close(fd);
	assert_int_equal(replace("stale", "whole"), 0);
	assert_file("stale", "whole");
}

static void refuses_names_that_lead_elsewhere(void **state)
{
	char name[NAME_MAX + 1];

	(void)state;
	memset(name, 'x', NAME_MAX);
	name[NAME_MAX] = '\0';
	assert_int_equal(replace(name, ""), -ENAMETOOLONG);
	assert_int_equal(replace("", ""), -EINVAL);
	assert_int_equal(replace("a/b", ""), -EINVAL);
}

static void opens_directories_only(void **state)
{
	int fd = io_open_dir(AT_FDCWD, dir_path);

	(void)state;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	io_close(fd);
	io_close(create("file"));
	assert_int_equal(io_open_dir(dir_fd, "file"), -ENOTDIR);
	assert_int_equal(io_open_dir(dir_fd, "missing"), -ENOENT);
}

static int make(const char *name, mode_t mode)
{
	memset(steps, 0, sizeof(steps));
	return io_make_dir_at(dir_fd, name, mode);
}

/* Its mode is synced and then its name; that of one that is there too, for the try that made it may
 * have ended before that. */
static void makes_directories_that_stay(void **state)
{
	mode_t old = umask(077);
	struct stat st;

	(void)state;
	assert_int_equal(make("made", 02750), 0);
	assert_string_equal(steps, "nd");
	assert_int_equal(make("made", 0700), 0);
	assert_string_equal(steps, "d");
	failing = 'd';
	assert_int_equal(make("made", 0700), -EIO);
	failing = '\0';
	umask(old);
	assert_int_equal(fstatat(dir_fd, "made", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 02750);
	assert_int_equal(unlinkat(dir_fd, "made", AT_REMOVEDIR), 0);
}

static void leaves_no_directory_that_may_go(void **state)
{
	(void)state;
	for (const char *how = "nd"; *how; how++) {
		failing = *how;
		assert_int_equal(make("unmade", 0700), -EIO);
		assert_false(exists("unmade"));
	}
	failing = '\0';
}

/* Another's directory is used though nothing can be synced above it; none is made there. */
static void needs_to_see_above_what_it_makes(void **state)
{
	(void)state;
	assert_int_equal(make("theirs", 0700), 0);
	assert_int_equal(fchmod(dir_fd, 0300), 0);
	assert_int_equal(make("theirs", 0700), 0);
	assert_int_equal(make("ours", 0700), -EACCES);
	assert_int_equal(fchmod(dir_fd, 0700), 0);
	assert_false(exists("ours"));
	assert_int_equal(unlinkat(dir_fd, "theirs", AT_REMOVEDIR), 0);
}

static void closing_keeps_errno(void **state)
{
	(void)state;
	errno = ENOSPC;
	io_close(-1);
	io_close(9999);
	assert_int_equal(errno, ENOSPC);
}

static int make_dir(void **state)
{
	if (become_somebody(state) != 0 || !mkdtemp(dir_path))
		return -1;
	dir_fd = io_open_dir(AT_FDCWD, dir_path);
	return dir_fd < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {
		"parts", "short", "long", "list", "kept", "stale", "file"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlinkat(dir_fd, names[i], 0);
	io_close(dir_fd);
	return rmdir(dir_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_all_parts),
		cmocka_unit_test(goes_on_after_a_short_write),
		cmocka_unit_test(tells_a_write_that_fails),
		cmocka_unit_test(reads_up_to_the_limit),
		cmocka_unit_test(replaces_in_the_order_of_durability),
		cmocka_unit_test(gives_up_after_a_failed_sync),
		cmocka_unit_test(steps_over_a_stale_draft),
		cmocka_unit_test(refuses_names_that_lead_elsewhere),
		cmocka_unit_test(opens_directories_only),
		cmocka_unit_test(makes_directories_that_stay),
		cmocka_unit_test(leaves_no_directory_that_may_go),
		cmocka_unit_test(needs_to_see_above_what_it_makes),
		cmocka_unit_test(closing_keeps_errno),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
