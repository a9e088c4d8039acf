/* SPDX-License-Identifier: GPL-2.0-or-later */
/* write: what is in new/ is whole, nothing is replaced, and a failure leaves nothing behind and is
 * not tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/io.h"
#include "spool/spool.h"
#include "tests/unit/scratch.h"

/* ---- the calls of write.c, watched ---- */

static char steps[256];              /* w write, F fsync of a file, D of a directory, r rename */
static int fail_sync_of;             /* 'F' or 'D' */
static char taken[SPOOL_NAME_BYTES]; /* by the next renames */
static unsigned taken_times;

static void note(char step)
{
	size_t len = strlen(steps);

	if (len + 1 < sizeof(steps))
		steps[len] = step;
}

int fsync(int fd)
{
	struct stat st;
	char step;

	assert_int_equal(fstat(fd, &st), 0);
	step = S_ISDIR(st.st_mode) ? 'D' : 'F';
	note(step);
	if (fail_sync_of == step) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	note('w');
	return syscall(SYS_writev, fd, parts, count);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	note('r');
	assert_int_equal(flags, RENAME_NOREPLACE);
	if (taken_times > 0) {
		taken_times--;
		snprintf(taken, sizeof(taken), "%s", new);
		errno = EEXIST;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

/* ---- a spool ---- */

static struct spool spool;

static int open_spool(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	fail_sync_of = 0;
	taken_times = 0;
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_CONSUMING, &spool), 0);
	memset(steps, 0, sizeof(steps));
	return 0;
}

static int close_spool(void **state)
{
	spool_close(&spool);
	return scratch_remove(state);
}

static size_t count(enum spool_state where)
{
	struct spool_list l;

	assert_int_equal(spool_scan(&spool, where, 100, &l), 0);
	size_t n = l.count;
	spool_list_free(&l);
	return n;
}

static void assert_file(enum spool_state where, const char *name, struct span expected)
{
	struct buf b = buf_with_max(1 << 20);
	int fd = openat(spool.dirs[where], name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(io_read_all(fd, &b), 0);
	assert_true(span_eq(buf_span(&b), expected));
	io_close(fd);
	buf_free(&b);
}

/* The lowest descriptor that is free: the same before and after means that none was left open. */
static int lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

/* ---- the tests ---- */

static void posts_in_the_order_that_keeps_the_promise(void **state)
{
	char name[SPOOL_NAME_BYTES];
	int free_fd = lowest_free();

	(void)state;
	assert_int_equal(spool_post(&spool, span_of("ab\0c", 4), name), 0);
	assert_string_equal(steps, "wFrD");
	assert_true(spool_name_valid(span_str(name), NULL));
	assert_file(SPOOL_NEW, name, span_of("ab\0c", 4));
	assert_int_equal(count(SPOOL_TMP), 0);
	assert_int_equal(count(SPOOL_NEW), 1);
	assert_int_equal(lowest_free(), free_fd);
}

static void has_its_mode_whatever_the_umask(void **state)
{
	static const mode_t masks[] = {0, 022, 077, 0777};
	struct spool_draft d;
	struct stat st;

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		mode_t before = umask(masks[i]);
		int rc = spool_draft_open(&spool, &d);
		umask(before);
		assert_int_equal(rc, 0);
		assert_int_equal(fstat(d.fd, &st), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0640);
		assert_true(fcntl(d.fd, F_GETFD) & FD_CLOEXEC);
		spool_draft_drop(&spool, &d);
		assert_int_equal(d.fd, -1);
	}
	assert_int_equal(count(SPOOL_TMP), 0);
}

static void a_draft_is_seen_by_nobody(void **state)
{
	struct spool_draft d;

	(void)state;
	assert_int_equal(spool_draft_open(&spool, &d), 0);
	assert_int_equal(io_write_all(d.fd, span_str("half")), 0);
	assert_int_equal(count(SPOOL_NEW), 0);
	assert_int_equal(count(SPOOL_TMP), 1);
	assert_int_equal(spool_draft_post(&spool, &d), 0);
	assert_int_equal(d.fd, -1);
	assert_file(SPOOL_NEW, d.name, span_str("half"));
	assert_int_equal(count(SPOOL_TMP), 0);
	spool_draft_drop(&spool, &d); /* nothing to drop any more */
	assert_int_equal(count(SPOOL_NEW), 1);
}

static void a_taken_name_is_changed(void **state)
{
	struct spool_draft d;

	(void)state;
	assert_int_equal(spool_draft_open(&spool, &d), 0);
	char first[SPOOL_NAME_BYTES];
	memcpy(first, d.name, sizeof(first));
	int fd = openat(spool.dirs[SPOOL_NEW], first, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	assert_int_equal(write(fd, "other", 5), 5);
	close(fd);
	assert_int_equal(io_write_all(d.fd, span_str("mine")), 0);
	assert_int_equal(spool_draft_post(&spool, &d), 0);
	assert_string_not_equal(d.name, first);
	assert_file(SPOOL_NEW, first, span_str("other"));
	assert_file(SPOOL_NEW, d.name, span_str("mine"));
	assert_int_equal(count(SPOOL_TMP), 0);
}

static void an_end_is_made_of_taken_names(void **state)
{
	char name[SPOOL_NAME_BYTES] = "untouched";

	(void)state;
	taken_times = 1000;
	assert_int_equal(spool_post(&spool, span_str("x"), name), -EEXIST);
	assert_true(taken_times > 900);
	assert_string_equal(name, "untouched");
	assert_int_equal(count(SPOOL_TMP), 0);
	assert_int_equal(count(SPOOL_NEW), 0);
}

static void a_failed_fsync_is_final(void **state)
{
	char name[SPOOL_NAME_BYTES] = "untouched";
	int free_fd = lowest_free();

	(void)state;
	fail_sync_of = 'F';
	assert_int_equal(spool_post(&spool, span_str("x"), name), -EIO);
	assert_string_equal(steps, "wF"); /* once, and no rename */
	assert_string_equal(name, "untouched");
	assert_int_equal(count(SPOOL_TMP), 0);
	assert_int_equal(count(SPOOL_NEW), 0);
	assert_int_equal(lowest_free(), free_fd);
}

static void nothing_is_promised_without_the_directory(void **state)
{
	char name[SPOOL_NAME_BYTES] = "untouched";

	(void)state;
	fail_sync_of = 'D';
	assert_int_equal(spool_post(&spool, span_str("x"), name), -EIO);
	assert_string_equal(steps, "wFrD");
	assert_string_equal(name, "untouched");
}

static void a_full_disk_leaves_nothing(void **state)
{
	static char much[64 * 1024];
	struct rlimit before, small;
	char name[SPOOL_NAME_BYTES];
	int free_fd = lowest_free();

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 1000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int rc = spool_post(&spool, span_of(much, sizeof(much)), name);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rc, -EFBIG);
	assert_string_equal(steps, "ww"); /* a short one, then the error; no fsync */
	assert_int_equal(count(SPOOL_TMP), 0);
	assert_int_equal(count(SPOOL_NEW), 0);
	assert_int_equal(lowest_free(), free_fd);
}

static void fails_without_its_directories(void **state)
{
	char name[SPOOL_NAME_BYTES];
	struct spool_draft d = {.fd = 77};

	assert_int_equal(spool_draft_open(&spool, &d), 0);
	assert_int_equal(rmdir(scratch_path(state, "upload/new")), 0);
	assert_int_equal(spool_draft_post(&spool, &d), -ENOENT);
	assert_int_equal(d.fd, -1);
	assert_int_equal(count(SPOOL_TMP), 0);
	assert_int_equal(rmdir(scratch_path(state, "upload/tmp")), 0);
	d.fd = 77;
	assert_int_equal(spool_draft_open(&spool, &d), -ENOENT);
	assert_int_equal(d.fd, 77);
	assert_int_equal(spool_post(&spool, span_str("x"), name), -ENOENT);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_spool, close_spool)
	const struct CMUnitTest tests[] = {
		each(posts_in_the_order_that_keeps_the_promise),
		each(has_its_mode_whatever_the_umask),
		each(a_draft_is_seen_by_nobody),
		each(a_taken_name_is_changed),
		each(an_end_is_made_of_taken_names),
		each(a_failed_fsync_is_final),
		each(nothing_is_promised_without_the_directory),
		each(a_full_disk_leaves_nothing),
		each(fails_without_its_directories),
	};

	return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
