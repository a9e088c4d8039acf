/* SPDX-License-Identifier: GPL-2.0-or-later */
/* erase: where an order's file is then, and what becomes of one at which parserd died. What an
 * order takes out is test_records_item.c's and test_people.py's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/io.h"
#include "parserd/erase.h"
#include "tests/unit/scratch.h"

#define NOW_US ((uint64_t)1767600000 * 1000000)
#define GOOD   "erase: oplog\nbefore: 2026-01-01 00:00:00\n"

static struct records_writer *records;
static struct photos photos;
static struct erase e;
static bool dirs_fail; /* fsync of a directory */

/* Stands in for libc's. */
int fsync(int fd)
{
	struct stat st;

	if (!dirs_fail || fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
		return (int)syscall(SYS_fsync, fd);
	errno = EIO;
	return -1;
}

static void open_erase(void **state)
{
	const struct conf c = {.spool_dir = *state, .file_max_bytes = 1 << 20};

	assert_int_equal(erase_open(&e, &c, records, &photos), 0);
}

static int open_all(void **state)
{
	char private_path[SCRATCH_BYTES + 128];

	if (scratch_make(state) != 0)
		return -1;
	snprintf(private_path, sizeof(private_path), "%s", scratch_path(state, "private"));
	assert_int_equal(records_writer_open(
				 scratch_path(state, "records"), private_path, 1 << 20, &records),
		0);
	assert_int_equal(photos_open(scratch_path(state, "photos"), &photos), 0);
	open_erase(state);
	return 0;
}

static void close_erase(void)
{
	erase_close(&e);
	spool_watch_close();
}

static int close_all(void **state)
{
	close_erase();
	records_writer_close(records);
	photos_close(&photos);
	return scratch_remove(state);
}

static void post(const char *body, char name[static SPOOL_NAME_BYTES])
{
	struct buf b = buf_with_max(1 << 20);
	struct spool_entry one = {
		.received_us = NOW_US, .kind = span_str(ERASE_KIND), .body = span_str(body)};

	assert_int_equal(spool_entry_put(&b, &one), 0);
	assert_int_equal(spool_post(&e.spool, buf_span(&b), name), 0);
	buf_free(&b);
}

/* It is in cur/, and parserd died `tries` times while it was alone at work on it. */
static void die_of(const char *name, int tries)
{
	assert_int_equal(spool_claim(&e.spool, name), 0);
	for (int i = 0; i < tries; i++)
		assert_int_equal(spool_tries_count(&e.spool, name), i);
}

static void start_again(void **state)
{
	close_erase();
	open_erase(state);
}

static unsigned files_in(enum spool_state where)
{
	struct spool_list l;

	assert_int_equal(spool_scan(&e.spool, where, 1000, &l), 0);
	unsigned count = (unsigned)l.count;
	spool_list_free(&l);
	return count;
}

static void assert_spool(unsigned fresh, unsigned cur, unsigned done, unsigned bad)
{
	assert_int_equal(files_in(SPOOL_NEW), fresh);
	assert_int_equal(files_in(SPOOL_CUR), cur);
	assert_int_equal(files_in(SPOOL_DONE), done);
	assert_int_equal(files_in(SPOOL_BAD), bad);
}

static void assert_why(const char *name, const char *words)
{
	char path[SPOOL_NAME_BYTES + 8];
	struct buf why = buf_with_max(1000);

	snprintf(path, sizeof(path), "%s.why", name);
	int fd = openat(e.spool.dirs[SPOOL_BAD], path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(io_read_all(fd, &why), 0);
	assert_int_equal(buf_add(&why, "", 1), 0);
	close(fd);
	assert_non_null(strstr(why.ptr, words));
	buf_free(&why);
}

static void test_orders_are_done_or_refused(void **state)
{
	char good[SPOOL_NAME_BYTES], bad[SPOOL_NAME_BYTES];

	(void)state;
	post(GOOD, good);
	post("erase: everything\n", bad);
	assert_int_equal(erase_work(&e, NOW_US), 2);
	assert_spool(0, 0, 1, 1);
	assert_why(bad, "what is to be erased is not said");
	assert_int_equal(erase_work(&e, NOW_US), 0);
}

static void test_what_was_in_work_comes_first(void **state)
{
	char first[SPOOL_NAME_BYTES], second[SPOOL_NAME_BYTES];

	post(GOOD, first);
	post(GOOD, second);
	die_of(second, 0);
	start_again(state);
	assert_spool(1, 1, 0, 0);
	assert_int_equal(erase_work(&e, NOW_US), 2);
	assert_spool(0, 0, 2, 0);
	assert_int_equal(faccessat(e.spool.dirs[SPOOL_CUR], second, F_OK, 0), -1);
}

static void test_nine_deaths_are_borne(void **state)
{
	char name[SPOOL_NAME_BYTES];

	post(GOOD, name);
	die_of(name, SPOOL_TRIES_MAX - 2);
	start_again(state);
	assert_int_equal(erase_work(&e, NOW_US), 1);
	assert_spool(0, 0, 1, 0);
}

static void test_the_tenth_death_is_the_last(void **state)
{
	char name[SPOOL_NAME_BYTES], other[SPOOL_NAME_BYTES];

	post(GOOD, name);
	post(GOOD, other);
	/* It died when it took it, and in nine tries alone. */
	die_of(name, SPOOL_TRIES_MAX - 1);
	start_again(state);
	assert_int_equal(erase_work(&e, NOW_US), 2);
	assert_spool(0, 0, 1, 1);
	assert_why(name, "parserd died of it ten times");
	/* The count is gone: an operator may give it back, and it is a file like any other. */
	assert_int_equal(spool_move(&e.spool, name, SPOOL_BAD, SPOOL_NEW), 0);
	die_of(name, 0);
	start_again(state);
	assert_int_equal(erase_work(&e, NOW_US), 1);
	assert_spool(0, 0, 2, 0);
}

/* What is not a file of ours in cur/ is not touched, and keeps nothing from being done. */
static void test_a_stranger_in_cur(void **state)
{
	char name[SPOOL_NAME_BYTES];

	post(GOOD, name);
	assert_int_equal(
		io_replace_file(e.spool.dirs[SPOOL_CUR], "stranger", span_str("x"), 0600), 0);
	start_again(state);
	assert_int_equal(erase_work(&e, NOW_US), 1);
	assert_spool(0, 1, 1, 0);
}

/* What is promised into a spool whose name is not on the disk could be lost with it. */
static void test_a_spool_whose_name_cannot_be_synced(void **state)
{
	const struct conf c = {.spool_dir = *state, .file_max_bytes = 1 << 20};

	close_erase();
	dirs_fail = true;
	assert_int_equal(erase_open(&e, &c, records, &photos), -EIO);
	dirs_fail = false;
	start_again(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_orders_are_done_or_refused),
		TEST(test_what_was_in_work_comes_first),
		TEST(test_nine_deaths_are_borne),
		TEST(test_the_tenth_death_is_the_last),
		TEST(test_a_stranger_in_cur),
		TEST(test_a_spool_whose_name_cannot_be_synced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
