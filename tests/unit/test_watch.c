/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch: a hint comes when a file does, also when more came than the kernel keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "spool/spool.h"
#include "tests/unit/scratch.h"

#define RENAMES 20000 /* the kernel keeps 16,384 events by default */

static struct spool spool;
static int watch_fd;

static int open_spool(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	assert_int_equal(spool_make(*state, "upload"), 0);
	watch_fd = spool_watch_open(scratch_path(state, "upload/new"));
	assert_true(watch_fd >= 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_CONSUMING, &spool), 0);
	return 0;
}

static int close_spool(void **state)
{
	spool_watch_close();
	spool_close(&spool);
	return scratch_remove(state);
}

static bool is_readable(void)
{
	struct pollfd p = {.fd = watch_fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void create(enum spool_state where, const char *name)
{
	int fd = openat(spool.dirs[where], name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	close(fd);
}

static void move(const char *name, enum spool_state from, enum spool_state to)
{
	assert_int_equal(renameat(spool.dirs[from], name, spool.dirs[to], name), 0);
}

static void is_quiet_when_nothing_comes(void **state)
{
	(void)state;
	assert_false(is_readable());
	assert_int_equal(spool_watch_drain(), 0);
	create(SPOOL_TMP, "draft");
	create(SPOOL_CUR, "work");
	assert_false(is_readable());
	assert_int_equal(spool_watch_drain(), 0);
}

static void wakes_for_a_rename_and_for_a_file_made_there(void **state)
{
	(void)state;
	create(SPOOL_TMP, "a");
	move("a", SPOOL_TMP, SPOOL_NEW);
	assert_true(is_readable());
	assert_int_equal(spool_watch_drain(), 1);
	assert_false(is_readable());
	assert_int_equal(spool_watch_drain(), 0);
	create(SPOOL_NEW, "b");
	assert_true(is_readable());
	assert_int_equal(spool_watch_drain(), 1);
	assert_int_equal(spool_watch_drain(), 0);
	/* What the consumer itself does is no news. */
	move("a", SPOOL_NEW, SPOOL_CUR);
	assert_int_equal(spool_watch_drain(), 0);
}

static void many_are_drained_at_once(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		create(SPOOL_NEW, name);
	}
	assert_int_equal(spool_watch_drain(), 1);
	assert_false(is_readable());
	assert_int_equal(spool_watch_drain(), 0);
}

static void survives_an_overflow(void **state)
{
	(void)state;
	create(SPOOL_TMP, "a");
	create(SPOOL_TMP, "b");
	for (int i = 0; i < RENAMES; i += 2) { /* two names, or the kernel would merge them */
		move("a", SPOOL_TMP, SPOOL_NEW);
		move("b", SPOOL_TMP, SPOOL_NEW);
		move("a", SPOOL_NEW, SPOOL_TMP);
		move("b", SPOOL_NEW, SPOOL_TMP);
	}
	assert_int_equal(spool_watch_drain(), 1);
	assert_false(is_readable());
	assert_int_equal(spool_watch_drain(), 0);
	move("a", SPOOL_TMP, SPOOL_NEW);
	assert_true(is_readable());
	assert_int_equal(spool_watch_drain(), 1);
	assert_int_equal(spool_watch_drain(), 0);
}

static void does_not_survive_exec(void **state)
{
	(void)state;
	assert_true(fcntl(watch_fd, F_GETFD) & FD_CLOEXEC);
}

static void no_directory_no_watch(void **state)
{
	spool_watch_close();
	assert_int_equal(spool_watch_open(scratch_path(state, "upload/nowhere")), -ENOENT);
	/* And it can be tried again. */
	watch_fd = spool_watch_open(scratch_path(state, "upload/new"));
	assert_true(watch_fd >= 0);
	create(SPOOL_NEW, "a");
	assert_int_equal(spool_watch_drain(), 1);
}

/* ---- several spools, one watch ---- */

static struct spool other;

static void watch_another(void **state)
{
	assert_int_equal(spool_make(*state, "result"), 0);
	assert_int_equal(spool_watch_open(scratch_path(state, "result/new")), watch_fd);
	assert_int_equal(spool_open(*state, "result", SPOOL_FOR_WRITING, &other), 0);
}

static void create_in_other(const char *name)
{
	int fd = openat(other.dirs[SPOOL_NEW], name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	close(fd);
}

static void wakes_for_each_of_two_spools(void **state)
{
	watch_another(state);
	assert_false(is_readable());
	for (int i = 0; i < 2; i++) {
		create_in_other(i ? "b" : "a");
		assert_true(is_readable());
		assert_int_equal(spool_watch_drain(), 1);
		create(SPOOL_NEW, i ? "b" : "a");
		assert_true(is_readable());
		assert_int_equal(spool_watch_drain(), 1);
		assert_false(is_readable());
		assert_int_equal(spool_watch_drain(), 0);
	}
	/* One drain is for both, although the library reads ahead. */
	for (int i = 0; i < 500; i++) {
		char name[32];
		snprintf(name, sizeof(name), "%d", i);
		create(SPOOL_NEW, name);
		create_in_other(name);
	}
	assert_int_equal(spool_watch_drain(), 1);
	assert_int_equal(spool_watch_drain(), 0);
	spool_close(&other);
}

/* The two share a queue in the kernel: what one floods must not silence the other. */
static void both_survive_an_overflow(void **state)
{
	watch_another(state);
	survives_an_overflow(state);
	create_in_other("a");
	assert_true(is_readable());
	assert_int_equal(spool_watch_drain(), 1);
	assert_int_equal(spool_watch_drain(), 0);
	spool_close(&other);
}

static void one_that_fails_leaves_the_first(void **state)
{
	assert_int_equal(spool_watch_open(scratch_path(state, "result/nowhere")), -ENOENT);
	/* Nor is that error still there for whoever drains. */
	assert_int_equal(spool_watch_drain(), 0);
	create(SPOOL_NEW, "a");
	assert_true(is_readable());
	assert_int_equal(spool_watch_drain(), 1);
	assert_int_equal(spool_watch_drain(), 0);
	watch_another(state);
	create_in_other("a");
	assert_int_equal(spool_watch_drain(), 1);
	spool_close(&other);
}

/* Every consumer closes; and then all of it can begin again, with another descriptor. */
static void closed_twice_and_opened_again(void **state)
{
	watch_another(state);
	spool_watch_close();
	spool_watch_close();
	int taken = open("/dev/null", O_RDONLY | O_CLOEXEC);
	watch_fd = spool_watch_open(scratch_path(state, "result/new"));
	assert_true(watch_fd >= 0);
	create(SPOOL_NEW, "a");
	assert_int_equal(spool_watch_drain(), 0);
	create_in_other("a");
	assert_true(is_readable());
	assert_int_equal(spool_watch_drain(), 1);
	spool_close(&other);
	close(taken);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_spool, close_spool)
	const struct CMUnitTest tests[] = {
		each(is_quiet_when_nothing_comes),
		each(wakes_for_a_rename_and_for_a_file_made_there),
		each(many_are_drained_at_once),
		each(survives_an_overflow),
		each(does_not_survive_exec),
		each(no_directory_no_watch),
		each(wakes_for_each_of_two_spools),
		each(both_survive_an_overflow),
		each(one_that_fails_leaves_the_first),
		each(closed_twice_and_opened_again),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
