/* SPDX-License-Identifier: GPL-2.0-or-later */
/* operate: an operator's word moves a file, once, durably, and never over another one. */
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
#include "spool/spool.h"
#include "tests/unit/scratch.h"
#include "tests/unit/somebody.h"

#define NAME "0000000000000001-00000000000000ff"

static struct spool spool;
static unsigned synced; /* a bit for each state whose directory was synced */
static bool sync_fails;

int fsync(int fd)
{
	for (unsigned i = 0; i < SPOOL_STATES; i++)
		if (fd == spool.dirs[i])
			synced |= 1u << i;
	if (sync_fails) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static int open_spool(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	sync_fails = false;
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_OPERATING, &spool), 0);
	synced = 0;
	return 0;
}

static int close_spool(void **state)
{
	spool_close(&spool);
	return scratch_remove(state);
}

static void create(enum spool_state where, const char *name, const char *text)
{
	int fd = openat(spool.dirs[where], name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, span_str(text)), 0);
	close(fd);
}

static bool is_there(enum spool_state where, const char *name)
{
	return faccessat(spool.dirs[where], name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool movable(unsigned s)
{
	return s == SPOOL_NEW || s == SPOOL_DONE || s == SPOOL_BAD || s == SPOOL_HOLD;
}

static void every_way_is_open_or_closed(void **state)
{
	(void)state;
	for (unsigned from = 0; from < SPOOL_STATES; from++)
		for (unsigned to = 0; to < SPOOL_STATES; to++) {
			create((enum spool_state)from, NAME, "x");
			create(SPOOL_BAD, NAME ".why", "reason");
			synced = 0;
			int rc = spool_move(
				&spool, NAME, (enum spool_state)from, (enum spool_state)to);
			bool open = movable(from) && movable(to) && from != to;
			assert_int_equal(rc, open ? 0 : -EINVAL);
			unsigned where = open ? to : from;
			for (unsigned i = 0; i < SPOOL_STATES; i++)
				assert_int_equal(is_there((enum spool_state)i, NAME), i == where);
			/* The reason goes with the state that it explains. */
			assert_int_equal(
				is_there(SPOOL_BAD, NAME ".why"), !(open && from == SPOOL_BAD));
			assert_int_equal(synced, open ? (1u << from | 1u << to) : 0);
			unlinkat(spool.dirs[where], NAME, 0);
			unlinkat(spool.dirs[SPOOL_BAD], NAME ".why", 0);
		}
}

static void nothing_is_moved_over_another(void **state)
{
	(void)state;
	create(SPOOL_DONE, NAME, "done");
	create(SPOOL_NEW, NAME, "new");
	assert_int_equal(spool_move(&spool, NAME, SPOOL_DONE, SPOOL_NEW), -EEXIST);
	assert_true(is_there(SPOOL_DONE, NAME));
	create(SPOOL_BAD, NAME, "bad");
	create(SPOOL_BAD, NAME ".why", "reason");
	assert_int_equal(spool_move(&spool, NAME, SPOOL_BAD, SPOOL_NEW), -EEXIST);
	assert_true(is_there(SPOOL_BAD, NAME ".why"));
}

static void refuses_what_is_not_there_or_no_name(void **state)
{
	static const char *const bad[] = {"", ".", "..", "../new/x", NAME "/", "/etc/passwd", "x",
		NAME ".why", NAME ".0", "a\nb"};

	(void)state;
	create(SPOOL_BAD, NAME ".why", "reason");
	create(SPOOL_BAD, "x", "x");
	assert_int_equal(spool_move(&spool, NAME, SPOOL_DONE, SPOOL_NEW), -ENOENT);
	assert_int_equal(spool_discard(&spool, NAME, SPOOL_DONE), -ENOENT);
	assert_int_equal(spool_move(&spool, NAME, SPOOL_BAD, SPOOL_NEW), -ENOENT);
	assert_int_equal(spool_discard(&spool, NAME, SPOOL_BAD), -ENOENT);
	assert_true(is_there(SPOOL_BAD, NAME ".why"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(spool_move(&spool, bad[i], SPOOL_BAD, SPOOL_NEW), -EINVAL);
		assert_int_equal(spool_discard(&spool, bad[i], SPOOL_BAD), -EINVAL);
	}
	assert_true(is_there(SPOOL_BAD, "x"));
}

static void a_part_has_a_name_too(void **state)
{
	(void)state;
	create(SPOOL_BAD, NAME ".3", "x");
	assert_int_equal(spool_move(&spool, NAME ".3", SPOOL_BAD, SPOOL_HOLD), 0);
	assert_int_equal(spool_discard(&spool, NAME ".3", SPOOL_HOLD), 0);
	assert_false(is_there(SPOOL_HOLD, NAME ".3"));
}

static void only_what_was_looked_at_is_discarded(void **state)
{
	(void)state;
	for (unsigned from = 0; from < SPOOL_STATES; from++) {
		bool open = from == SPOOL_DONE || from == SPOOL_BAD || from == SPOOL_HOLD;
		create((enum spool_state)from, NAME, "x");
		create(SPOOL_BAD, NAME ".why", "reason");
		synced = 0;
		assert_int_equal(
			spool_discard(&spool, NAME, (enum spool_state)from), open ? 0 : -EINVAL);
		assert_int_equal(is_there((enum spool_state)from, NAME), !open);
		assert_int_equal(is_there(SPOOL_BAD, NAME ".why"), from != SPOOL_BAD);
		assert_int_equal(synced, open ? 1u << from : 0);
		unlinkat(spool.dirs[from], NAME, 0);
		unlinkat(spool.dirs[SPOOL_BAD], NAME ".why", 0);
	}
}

static void many_are_synced_once(void **state)
{
	(void)state;
	create(SPOOL_DONE, NAME, "x");
	synced = 0;
	assert_int_equal(spool_discard_unsynced(&spool, NAME, SPOOL_DONE), 0);
	assert_false(is_there(SPOOL_DONE, NAME));
	assert_int_equal(synced, 0);
	assert_int_equal(spool_sync_discarded(&spool, SPOOL_DONE), 0);
	assert_int_equal(synced, 1u << SPOOL_DONE);
}

/* bad/ keeps what was never a file. */
static void what_is_no_file_can_be_discarded(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("/nowhere", spool.dirs[SPOOL_BAD], NAME), 0);
	assert_int_equal(spool_discard(&spool, NAME, SPOOL_BAD), 0);
	assert_false(is_there(SPOOL_BAD, NAME));
	assert_int_equal(mkfifoat(spool.dirs[SPOOL_BAD], NAME, 0600), 0);
	assert_int_equal(spool_discard(&spool, NAME, SPOOL_BAD), 0);
	assert_false(is_there(SPOOL_BAD, NAME));
}

/* G5 */
static void what_cannot_be_read_is_not_discarded(void **state)
{
	(void)state;
	create(SPOOL_DONE, NAME, "x");
	assert_int_equal(fchmodat(spool.dirs[SPOOL_DONE], NAME, 0, 0), 0);
	assert_int_equal(spool_discard(&spool, NAME, SPOOL_DONE), -EACCES);
	assert_true(is_there(SPOOL_DONE, NAME));
}

static void a_state_that_is_not_open(void **state)
{
	struct spool closed = spool;

	(void)state;
	create(SPOOL_DONE, NAME, "x");
	closed.dirs[SPOOL_NEW] = -1;
	assert_int_equal(spool_move(&closed, NAME, SPOOL_DONE, SPOOL_NEW), -EACCES);
	closed.dirs[SPOOL_DONE] = -1;
	assert_int_equal(spool_move(&closed, NAME, SPOOL_DONE, SPOOL_HOLD), -EACCES);
	assert_int_equal(spool_discard(&closed, NAME, SPOOL_DONE), -EACCES);
	assert_true(is_there(SPOOL_DONE, NAME));
}

static void a_failed_sync_is_said(void **state)
{
	(void)state;
	create(SPOOL_BAD, NAME, "x");
	create(SPOOL_BAD, NAME ".why", "reason");
	sync_fails = true;
	assert_int_equal(spool_move(&spool, NAME, SPOOL_BAD, SPOOL_HOLD), -EIO);
	assert_true(is_there(SPOOL_HOLD, NAME));
	assert_int_equal(spool_discard(&spool, NAME, SPOOL_HOLD), -EIO);
	assert_int_equal(spool_sync_discarded(&spool, SPOOL_HOLD), -EIO);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_spool, close_spool)
	const struct CMUnitTest tests[] = {
		each(every_way_is_open_or_closed),
		each(nothing_is_moved_over_another),
		each(refuses_what_is_not_there_or_no_name),
		each(a_part_has_a_name_too),
		each(only_what_was_looked_at_is_discarded),
		each(many_are_synced_once),
		each(what_is_no_file_can_be_discarded),
		each(what_cannot_be_read_is_not_discarded),
		each(a_state_that_is_not_open),
		each(a_failed_sync_is_said),
	};

	return cmocka_run_group_tests_name("operate", tests, become_somebody, NULL);
}
