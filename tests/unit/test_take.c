/* SPDX-License-Identifier: GPL-2.0-or-later */
/* take: what is wrong with the spool itself is not held against its files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"
#include "spool/spool.h"
#include "tests/unit/scratch.h"
#include "tests/unit/somebody.h"

#define NAME "0000000000000001-00000000000000ff"
#define MAX  1000 /* bytes of a file that is taken */

static struct spool spool;
static struct spool_taker taker;
static struct spool_taking taking;
static struct buf bytes;

static int open_spool(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_CONSUMING, &spool), 0);
	taker = (struct spool_taker){.spool = &spool};
	bytes = buf_with_max(MAX);
	return 0;
}

static int close_spool(void **state)
{
	buf_free(&bytes);
	spool_close(&spool);
	return scratch_remove(state);
}

static void lay(void)
{
	int fd = openat(spool.dirs[SPOOL_NEW], NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, span_str("entry")), 0);
	close(fd);
}

static int take(void)
{
	return spool_take(&taker, NAME, 1, &bytes, &taking);
}

static void assert_taken(void)
{
	assert_int_equal(take(), SPOOL_TAKEN);
	assert_true(span_is(buf_span(&bytes), "entry"));
}

/* The directory with a mode that it should not have, and then again with the one that it had. */
static void waits_while_wrong(enum spool_state where, mode_t wrong, mode_t right)
{
	lay();
	assert_int_equal(fchmod(spool.dirs[where], wrong), 0);
	assert_int_equal(take(), -EACCES);
	assert_int_equal(fchmod(spool.dirs[where], right), 0);
	assert_taken();
}

static void a_closed_cur_refuses_no_file(void **state)
{
	(void)state;
	waits_while_wrong(SPOOL_CUR, 0, 0700);
}

static void nor_does_one_that_cannot_be_written(void **state)
{
	(void)state;
	waits_while_wrong(SPOOL_CUR, 0500, 0700);
}

static void nothing_leaves_a_new_that_cannot_be_written(void **state)
{
	(void)state;
	waits_while_wrong(SPOOL_NEW, 0500, 03770);
}

/* What may not be moved in any case stands here for what the sandbox does not let be moved. */
static void a_cur_that_was_moved_away_refuses_no_file(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(spool.dirs[SPOOL_NEW], NAME, 0500), 0);
	assert_int_equal(renameat(spool.root, "cur", spool.root, "away"), 0);
	assert_int_equal(take(), -EACCES);
	assert_int_equal(mkdirat(spool.root, "cur", 0700), 0);
	assert_int_equal(take(), -EACCES);
	assert_int_equal(unlinkat(spool.root, "cur", AT_REMOVEDIR), 0);
	assert_int_equal(renameat(spool.root, "away", spool.root, "cur"), 0);
	assert_int_equal(take(), SPOOL_LEFT);
	assert_int_equal(unlinkat(spool.dirs[SPOOL_NEW], NAME, AT_REMOVEDIR), 0);
}

/* A directory that may not be written cannot be moved: it changes its "..". */
static void one_that_may_not_be_moved_is_left(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(spool.dirs[SPOOL_NEW], NAME, 0500), 0);
	assert_int_equal(take(), SPOOL_LEFT);
	assert_true(taking.first);
	assert_int_equal(take(), SPOOL_PASSED);
	assert_int_equal(unlinkat(spool.dirs[SPOOL_NEW], NAME, AT_REMOVEDIR), 0);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_spool, close_spool)
	const struct CMUnitTest tests[] = {
		each(a_closed_cur_refuses_no_file),
		each(nor_does_one_that_cannot_be_written),
		each(nothing_leaves_a_new_that_cannot_be_written),
		each(a_cur_that_was_moved_away_refuses_no_file),
		each(one_that_may_not_be_moved_is_left),
	};

	return cmocka_run_group_tests_name("take", tests, become_somebody, NULL);
}
