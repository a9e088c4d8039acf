/* SPDX-License-Identifier: GPL-2.0-or-later */
/* content: files by the id of a command, whole, replaced, never of another name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cmdqd/content.h"
#include "lib/io.h"
#include "tests/unit/scratch.h"

static struct content content;
static int above;

static ino_t unsynced; /* fsync of this directory fails, once; 0: none */

int fsync(int fd)
{
	struct stat st;

	if (unsynced != 0 && fstat(fd, &st) == 0 && st.st_ino == unsynced) {
		unsynced = 0;
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static int open_content(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	above = io_open_dir(AT_FDCWD, *state);
	return above < 0 ? above : content_open(above, &content);
}

static int close_content(void **state)
{
	content_close(&content);
	io_close(above);
	return scratch_remove(state);
}

static void is_stored(const char *name, const char *bytes, size_t len)
{
	struct buf b = buf_with_max(4096);
	struct stat st;
	int fd = openat(content.dir, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(io_read_all(fd, &b), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(b.len, len);
	assert_memory_equal(b.ptr, bytes, len);
	io_close(fd);
	buf_free(&b);
}

static unsigned count_files(void **state)
{
	DIR *dir = opendir(scratch_path(state, "content"));
	unsigned count = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));)
		count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(dir);
	return count;
}

static void test_bytes_are_kept_as_they_are(void **state)
{
	mode_t mask = umask(0777);

	assert_int_equal(content_put(&content, 77, span_of("a\0b\n", 4)), 0);
	assert_int_equal(content_put(&content, UINT64_MAX, span_of("x", 1)), 0);
	umask(mask);
	is_stored("77", "a\0b\n", 4);
	is_stored("18446744073709551615", "x", 1);
	assert_int_equal(count_files(state), 2);
}

static void test_the_same_again_replaces(void **state)
{
	assert_int_equal(content_put(&content, 77, span_str("longer than the next")), 0);
	assert_int_equal(content_put(&content, 77, span_str("short")), 0);
	is_stored("77", "short", 5);
	assert_int_equal(count_files(state), 1);
}

/* As a death in the midst of it leaves them. */
static void test_a_draft_is_no_hindrance(void **state)
{
	io_close(openat(content.dir, ".77.new", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(content_put(&content, 77, span_str("a")), 0);
	is_stored("77", "a", 1);
	assert_int_equal(count_files(state), 1);
}

static void test_a_link_in_the_way_is_replaced_and_not_followed(void **state)
{
	io_close(openat(content.dir, "victim", O_CREAT | O_WRONLY, 0640));
	assert_int_equal(symlinkat("victim", content.dir, "77"), 0);
	assert_int_equal(symlinkat("victim", content.dir, ".77.new"), 0);
	assert_int_equal(content_put(&content, 77, span_str("a")), 0);
	is_stored("77", "a", 1);
	is_stored("victim", "", 0);
	assert_int_equal(count_files(state), 2);
}

static void test_a_failure_leaves_the_old_one(void **state)
{
	struct content closed = {.dir = -1};

	(void)state;
	assert_int_equal(content_put(&content, 77, span_str("a")), 0);
	assert_int_equal(content_put(&closed, 77, span_str("b")), -EBADF);
	is_stored("77", "a", 1);
}

static void test_a_directory_that_was_removed_is_made_again(void **state)
{
	struct stat st;

	assert_int_equal(content_put(&content, 77, span_str("a")), 0);
	assert_int_equal(unlinkat(content.dir, "77", 0), 0);
	assert_int_equal(unlinkat(above, "content", AT_REMOVEDIR), 0);
	assert_int_equal(content_put(&content, 78, span_str("b")), 0);
	is_stored("78", "b", 1);
	assert_int_equal(count_files(state), 1);
	assert_int_equal(fstat(content.dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 02750);
}

/* Nor can it be made: what is held stays. */
static void test_a_directory_that_cannot_be_made_again(void **state)
{
	int dir = content.dir;
	(void)state;

	assert_int_equal(unlinkat(above, "content", AT_REMOVEDIR), 0);
	content.above = -1;
	assert_int_equal(content_put(&content, 77, span_str("a")), -EBADF);
	assert_int_equal(content.dir, dir);
}

static void fail_to_sync_above(void)
{
	struct stat st;

	assert_int_equal(fstat(above, &st), 0);
	unsynced = st.st_ino;
}

static bool is_there(void)
{
	return faccessat(above, "content", F_OK, 0) == 0;
}

/* Its name is not on the disk, and no second fsync would show that it is: it is made anew. */
static void test_a_directory_whose_name_was_not_synced(void **state)
{
	(void)state;

	assert_int_equal(unlinkat(above, "content", AT_REMOVEDIR), 0);
	fail_to_sync_above();
	assert_int_equal(content_put(&content, 77, span_str("a")), -EIO);
	assert_false(is_there());
	assert_int_equal(content_put(&content, 77, span_str("a")), 0);
	is_stored("77", "a", 1);
}

static void test_one_with_files_stays(void **state)
{
	struct content again;
	(void)state;

	assert_int_equal(content_put(&content, 77, span_str("a")), 0);
	fail_to_sync_above();
	assert_int_equal(content_open(above, &again), -EIO);
	assert_true(is_there());
	is_stored("77", "a", 1);
}

static void test_the_directory(void **state)
{
	struct content again = {.dir = 99};
	struct stat st;
	(void)state;

	assert_int_equal(fstat(content.dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 02750);
	assert_int_equal(content_open(-1, &again), -EBADF);
	assert_int_equal(again.dir, 99);
	assert_int_equal(content_open(above, &again), 0);
	content_close(&again);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_content, close_content)
	const struct CMUnitTest tests[] = {
		each(test_bytes_are_kept_as_they_are),
		each(test_the_same_again_replaces),
		each(test_a_draft_is_no_hindrance),
		each(test_a_link_in_the_way_is_replaced_and_not_followed),
		each(test_a_failure_leaves_the_old_one),
		each(test_a_directory_that_was_removed_is_made_again),
		each(test_a_directory_that_cannot_be_made_again),
		each(test_a_directory_whose_name_was_not_synced),
		each(test_one_with_files_stays),
		each(test_the_directory),
	};

	return cmocka_run_group_tests_name("content", tests, NULL, NULL);
}
