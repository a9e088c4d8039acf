/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shelf: what becomes of the files that an administrator lays out: a copy of each that is named,
 * and never half of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "cmdqd/ledger_command.h"
#include "cmdqd/shelf.h"
#include "lib/io.h"
#include "tests/unit/scratch.h"

/* echo -n abc | sha256sum */
#define ABC    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define NOW_US (UINT64_C(1) << 60) /* long after everything */

static struct shelf shelf;
static struct ledger *ledger;
static char why[SPOOL_WHY_BYTES];
static struct command_file copy;

static int open_all(void **state)
{
	char from[512];

	if (scratch_make(state) != 0)
		return -1;
	snprintf(from, sizeof(from), "%s", scratch_path(state, "files"));
	assert_int_equal(mkdir(from, 0755), 0);
	assert_int_equal(shelf_open(from, scratch_path(state, "served"), &shelf), 0);
	assert_int_equal(ledger_open(scratch_path(state, "control"), &ledger), 0);
	return 0;
}

static int close_all(void **state)
{
	shelf_close(&shelf);
	ledger_close(ledger);
	return scratch_remove(state);
}

static void lay(const char *name, struct span bytes)
{
	assert_int_equal(io_replace_file(shelf.from, name, bytes, 0644), 0);
}

static void lay_large(const char *name, off_t bytes)
{
	int fd = openat(shelf.from, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, bytes), 0);
	io_close(fd);
}

/* How often it was called. */
static unsigned take(const char *name)
{
	unsigned calls = 1;
	int rc;

	while ((rc = shelf_take(&shelf, span_str(name), &copy, why)) == -EAGAIN)
		calls++;
	if (rc < 0)
		fail_msg("%s: %s: %s", name, strerror(-rc), rc == -EBADMSG ? why : "");
	return calls;
}

static void assert_refused(const char *name, const char *words)
{
	assert_int_equal(shelf_take(&shelf, span_str(name), &copy, why), -EBADMSG);
	assert_string_equal(why, words);
}

static bool is_served(const char *name)
{
	struct stat st;

	return fstatat(shelf.to, name, &st, 0) == 0;
}

static ino_t inode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(shelf.to, name, &st, 0), 0);
	return st.st_ino;
}

/* ---- taking ---- */

static void test_a_copy_by_its_hash(void **state)
{
	struct stat st;

	(void)state;
	lay("a.tgz", span_str("abc"));
	assert_int_equal(take("a.tgz"), 1);
	assert_string_equal(copy.sha256, ABC);
	assert_int_equal(copy.bytes, 3);
	assert_int_equal(fstatat(shelf.to, ABC, &st, 0), 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_false(is_served(".draft"));
	/* A second time there is nothing to copy; under another name there is, to the same end. */
	ino_t first = inode_of(ABC);
	assert_int_equal(take("a.tgz"), 1);
	assert_int_equal(inode_of(ABC), first);
	lay("b.tgz", span_str("abc"));
	take("b.tgz");
	assert_string_equal(copy.sha256, ABC);
}

static void test_what_was_copied_stays(void **state)
{
	(void)state;
	lay("a", span_str("abc"));
	take("a");
	lay("a", span_str("abd"));
	take("a");
	assert_string_not_equal(copy.sha256, ABC);
	assert_true(is_served(ABC) && is_served(copy.sha256));
	/* One that was lost is copied again. */
	assert_int_equal(unlinkat(shelf.to, copy.sha256, 0), 0);
	take("a");
	assert_true(is_served(copy.sha256));
}

static void test_what_cannot_be_had(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", shelf.from, "link"), 0);
	assert_int_equal(mkdirat(shelf.from, "dir", 0755), 0);
	assert_int_equal(mkfifoat(shelf.from, "pipe", 0644), 0);
	lay("empty", span_str(""));
	lay_large("large", (off_t)FILE_BYTES_MAX + 1);
	assert_refused("none", "there is no such file: see punchctl file ls");
	assert_refused("link", "the file is a symbolic link");
	assert_refused("dir", "the file is no regular one");
	assert_refused("pipe", "the file is no regular one");
	assert_refused("empty", "the file is empty");
	assert_refused("large", "the file is larger than 64 MiB");
	assert_refused("../control/data.mdb", "the file has no name that can be");
	assert_refused("dir/x", "the file has no name that can be");
}

static void test_no_directory(void **state)
{
	struct shelf bare;

	assert_int_equal(
		shelf_open(scratch_path(state, "nowhere"), "/dev/null/x", &bare), -ENOTDIR);
	io_close(shelf.from);
	shelf.from = -ENOENT;
	assert_refused("a", "there is no such file: see punchctl file ls");
	shelf.from = -EACCES;
	assert_refused("a", "cmdqd may not read the file");
}

/* ---- step by step ---- */

static void test_large_ones_in_steps(void **state)
{
	(void)state;
	lay_large("large", 3 * SHELF_STEP + 1);
	assert_int_equal(shelf_take(&shelf, span_str("large"), &copy, why), -EAGAIN);
	assert_true(is_served(".draft"));
	assert_int_equal(take("large"), 3);
	assert_false(is_served(".draft"));
	assert_int_equal(copy.bytes, 3 * SHELF_STEP + 1);
	assert_int_equal(take("large"), 1);
	lay_large("even", 2 * SHELF_STEP);
	assert_int_equal(take("even"), 2);
}

static void test_changed_meanwhile(void **state)
{
	(void)state;
	lay_large("large", 3 * SHELF_STEP);
	assert_int_equal(shelf_take(&shelf, span_str("large"), &copy, why), -EAGAIN);
	lay_large("large", 3 * SHELF_STEP - 1);
	assert_int_equal(shelf_take(&shelf, span_str("large"), &copy, why), -EAGAIN);
	assert_int_equal(shelf_take(&shelf, span_str("large"), &copy, why), -EAGAIN);
	assert_refused("large", "the file was changed while it was copied");
	assert_false(is_served(".draft"));
	/* It grows. */
	assert_int_equal(shelf_take(&shelf, span_str("large"), &copy, why), -EAGAIN);
	lay_large("large", 5 * SHELF_STEP);
	assert_int_equal(shelf_take(&shelf, span_str("large"), &copy, why), -EAGAIN);
	assert_refused("large", "the file was changed while it was copied");
	/* One that is put in its place is none of the copy's business. */
	assert_int_equal(shelf_take(&shelf, span_str("large"), &copy, why), -EAGAIN);
	lay("large", span_str("abc"));
	assert_int_equal(shelf_take(&shelf, span_str("large"), &copy, why), -EAGAIN);
}

static void test_another_one_before_its_end(void **state)
{
	(void)state;
	lay_large("large", 3 * SHELF_STEP);
	lay("a", span_str("abc"));
	assert_int_equal(shelf_take(&shelf, span_str("large"), &copy, why), -EAGAIN);
	take("a");
	assert_string_equal(copy.sha256, ABC);
	assert_int_equal(take("large"), 3);
}

/* Orders that follow one another are done from the first one on after each step. */
static void test_one_at_hand_before_each_step(void **state)
{
	(void)state;
	lay_large("large", 3 * SHELF_STEP);
	lay("a", span_str("abc"));
	take("a");
	for (int step = 1; step < 3; step++) {
		assert_int_equal(shelf_take(&shelf, span_str("large"), &copy, why), -EAGAIN);
		take("a");
		assert_string_equal(copy.sha256, ABC);
		assert_refused("none", "there is no such file: see punchctl file ls");
	}
	assert_int_equal(take("large"), 1);
	assert_int_equal(copy.bytes, 3 * SHELF_STEP);
}

static void test_killed_while_copying(void **state)
{
	char from[512];

	lay_large("large", 2 * SHELF_STEP);
	assert_int_equal(shelf_take(&shelf, span_str("large"), &copy, why), -EAGAIN);
	snprintf(from, sizeof(from), "%s", scratch_path(state, "files"));
	struct shelf after;
	assert_int_equal(shelf_open(from, scratch_path(state, "served"), &after), 0);
	assert_false(is_served(".draft"));
	shelf_close(&after);
}

/* ---- what nobody wants ---- */

static void put_command(enum command_state state, uint64_t *id)
{
	struct command c = {.id = *id, .serial = "SIM1", .state = state, .order = "cmdqd"};

	c.file = copy;
	memset(c.file.token, 'a', FILE_TOKEN_BYTES);
	assert_int_equal(ledger_need(ledger), 0);
	assert_int_equal(
		*id ? ledger_put_command(ledger, &c, false) : ledger_add_command(ledger, &c, false),
		0);
	*id = c.id;
	assert_int_equal(ledger_commit(ledger), 0);
}

static void test_swept_when_nobody_wants_it(void **state)
{
	struct timespec t;
	uint64_t id = 0;

	(void)state;
	lay("a", span_str("abc"));
	take("a");
	put_command(COMMAND_OFFERED, &id);
	assert_int_equal(shelf_sweep(&shelf, ledger, NOW_US), 0);
	assert_true(is_served(ABC));
	put_command(COMMAND_DONE, &id);
	/* Whoever is fetching it has a while. */
	clock_gettime(CLOCK_REALTIME, &t);
	uint64_t now_us = (uint64_t)t.tv_sec * 1000000;
	assert_int_equal(shelf_sweep(&shelf, ledger, now_us + SHELF_GRACE_US / 2), 0);
	assert_int_equal(shelf_sweep(&shelf, ledger, 1), 0);
	assert_true(is_served(ABC));
	assert_int_equal(shelf_sweep(&shelf, ledger, now_us + 2 * SHELF_GRACE_US), 1);
	assert_false(is_served(ABC));
	assert_int_equal(shelf_touch(&shelf, &copy), -ENOENT);
	assert_int_equal(shelf_sweep(&shelf, ledger, NOW_US), 0);
}

static void test_touched_when_it_is_wanted(void **state)
{
	const struct timespec long_ago[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	struct stat st;

	(void)state;
	lay("a", span_str("abc"));
	take("a");
	assert_int_equal(utimensat(shelf.to, ABC, long_ago, 0), 0);
	assert_int_equal(shelf_touch(&shelf, &copy), 0);
	assert_int_equal(fstatat(shelf.to, ABC, &st, 0), 0);
	assert_true(st.st_mtime > 1);
	assert_int_equal(utimensat(shelf.to, ABC, long_ago, 0), 0);
	take("a");
	assert_int_equal(fstatat(shelf.to, ABC, &st, 0), 0);
	assert_true(st.st_mtime > 1);
	copy.bytes++;
	assert_int_equal(shelf_touch(&shelf, &copy), -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_copy_by_its_hash),
		TEST(test_what_was_copied_stays),
		TEST(test_what_cannot_be_had),
		TEST(test_no_directory),
		TEST(test_large_ones_in_steps),
		TEST(test_changed_meanwhile),
		TEST(test_another_one_before_its_end),
		TEST(test_one_at_hand_before_each_step),
		TEST(test_killed_while_copying),
		TEST(test_swept_when_nobody_wants_it),
		TEST(test_touched_when_it_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
