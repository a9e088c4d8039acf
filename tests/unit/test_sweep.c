/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sweep: only drafts that were left behind go, and only those that can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "spool/spool.h"
#include "tests/unit/scratch.h"
#include "tests/unit/somebody.h"

#define NOW_S    4102444800 /* 2100: later than any file's change time, which cannot be set */
#define NOW_US   ((uint64_t)NOW_S * 1000000)
#define STALE_MS 60000

static struct spool spool;

static int open_spool(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_CONSUMING, &spool), 0);
	return 0;
}

static int close_spool(void **state)
{
	spool_close(&spool);
	return scratch_remove(state);
}

/* Written to `age_s` before now. */
static void make_older(enum spool_state where, const char *name, long age_s)
{
	const struct timespec times[2] = {{.tv_sec = NOW_S - age_s}, {.tv_sec = NOW_S - age_s}};

	assert_int_equal(utimensat(spool.dirs[where], name, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void create(enum spool_state where, const char *name, mode_t mode, long age_s)
{
	int fd = openat(spool.dirs[where], name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	close(fd);
	make_older(where, name, age_s);
}

static bool is_there(enum spool_state where, const char *name)
{
	return faccessat(spool.dirs[where], name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void stale_drafts_go(void **state)
{
	(void)state;
	create(SPOOL_TMP, "young", 0640, 0);
	create(SPOOL_TMP, "at-the-edge", 0640, 60);
	create(SPOOL_TMP, "stale", 0640, 61);
	create(SPOOL_TMP, "ancient", 0400, 1000000);
	create(SPOOL_TMP, "from-the-future", 0640, -1000000);
	assert_int_equal(spool_sweep(&spool, NOW_US, STALE_MS), 2);
	assert_true(is_there(SPOOL_TMP, "young"));
	assert_true(is_there(SPOOL_TMP, "at-the-edge"));
	assert_true(is_there(SPOOL_TMP, "from-the-future"));
	assert_false(is_there(SPOOL_TMP, "stale"));
	assert_false(is_there(SPOOL_TMP, "ancient"));
	assert_int_equal(spool_sweep(&spool, NOW_US, STALE_MS), 0);
}

/* cp -p gives a draft an old time; it is as young as its last change. */
static void a_copy_with_an_old_time_stays(void **state)
{
	(void)state;
	create(SPOOL_TMP, "copy", 0640, NOW_S - 1000000);
	assert_int_equal(spool_sweep(&spool, clock_wall_us(), STALE_MS), 0);
	assert_true(is_there(SPOOL_TMP, "copy"));
	assert_int_equal(spool_sweep(&spool, clock_wall_us() + 61000000, STALE_MS), 1);
}

static void a_clock_before_all_sweeps_nothing(void **state)
{
	(void)state;
	create(SPOOL_TMP, "draft", 0640, 0);
	assert_int_equal(spool_sweep(&spool, 0, STALE_MS), 0);
	assert_int_equal(spool_sweep(&spool, 1, 0), 0);
	assert_true(is_there(SPOOL_TMP, "draft"));
}

static void what_is_no_file_stays(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(spool.dirs[SPOOL_TMP], "dir", 0700), 0);
	assert_int_equal(mkfifoat(spool.dirs[SPOOL_TMP], "fifo", 0600), 0);
	create(SPOOL_HOLD, "target", 0640, 1000);
	assert_int_equal(symlinkat("../hold/target", spool.dirs[SPOOL_TMP], "link"), 0);
	make_older(SPOOL_TMP, "dir", 1000);
	make_older(SPOOL_TMP, "fifo", 1000);
	make_older(SPOOL_TMP, "link", 1000);
	assert_int_equal(spool_sweep(&spool, NOW_US, STALE_MS), 0);
	assert_true(is_there(SPOOL_TMP, "dir"));
	assert_true(is_there(SPOOL_TMP, "fifo"));
	assert_true(is_there(SPOOL_TMP, "link"));
	assert_true(is_there(SPOOL_HOLD, "target"));
}

/* G5 */
static void what_cannot_be_read_stays(void **state)
{
	(void)state;
	create(SPOOL_TMP, "sealed", 0200, 1000);
	assert_int_equal(spool_sweep(&spool, NOW_US, STALE_MS), 0);
	assert_true(is_there(SPOOL_TMP, "sealed"));
}

static void no_other_state_is_touched(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SPOOL_STATES; i++)
		create((enum spool_state)i, "0000000000000001-0000000000000000", 0640, 1000000);
	assert_int_equal(spool_sweep(&spool, NOW_US, STALE_MS), 1);
	for (unsigned i = 0; i < SPOOL_STATES; i++)
		assert_int_equal(is_there((enum spool_state)i, "0000000000000001-0000000000000000"),
			i != SPOOL_TMP);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_spool, close_spool)
	const struct CMUnitTest tests[] = {
		each(stale_drafts_go),
		each(a_copy_with_an_old_time_stays),
		each(a_clock_before_all_sweeps_nothing),
		each(what_is_no_file_stays),
		each(what_cannot_be_read_stays),
		each(no_other_state_is_touched),
	};

	return cmocka_run_group_tests_name("sweep", tests, become_somebody, NULL);
}
