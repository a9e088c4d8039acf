/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layout: the directories of a spool, their modes, and the locks of those at work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "spool/spool.h"
#include "tests/unit/scratch.h"
#include "tests/unit/somebody.h"

/* ---- a death within spool_make ---- */

static unsigned calls_left = UINT32_MAX; /* then nothing changes any more, as if it were dead */

static bool dead(void)
{
	if (calls_left == 0)
		return true;
	calls_left--;
	return false;
}

#define die_or(call)         \
	if (dead()) {        \
		errno = EIO; \
		return -1;   \
	}                    \
	return (int)(call)

int mkdirat(int fd, const char *name, mode_t mode)
{
	die_or(syscall(SYS_mkdirat, fd, name, mode));
}

int fchmodat(int fd, const char *name, mode_t mode, int flags)
{
	assert_int_equal(flags, 0);
	die_or(syscall(SYS_fchmodat, fd, name, mode));
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	die_or(syscall(SYS_renameat2, from, old, to, new, flags));
}

int unlinkat(int fd, const char *name, int flags)
{
	die_or(syscall(SYS_unlinkat, fd, name, flags));
}

static unsigned syncs_left = UINT32_MAX; /* until one fails, once */

int fsync(int fd)
{
	if (syncs_left-- > 0)
		return (int)syscall(SYS_fsync, fd);
	errno = EIO;
	return -1;
}

/* ---- the tests ---- */

static mode_t mode_of(void *const *state, const char *name)
{
	struct stat st;

	assert_int_equal(lstat(scratch_path(state, name), &st), 0);
	return st.st_mode & 07777;
}

static void assert_modes(void *const *state)
{
	assert_int_equal(mode_of(state, "upload"), 02750);
	assert_int_equal(mode_of(state, "upload/tmp"), 03770);
	assert_int_equal(mode_of(state, "upload/new"), 03770);
	assert_int_equal(mode_of(state, "upload/cur") & 0777, 0700);
	assert_int_equal(mode_of(state, "upload/done") & 0777, 0700);
	assert_int_equal(mode_of(state, "upload/bad") & 0777, 0700);
	assert_int_equal(mode_of(state, "upload/hold") & 0777, 0700);
}

static void has_six_directories(void **state)
{
	static const mode_t masks[] = {022, 0, 077, 0777};

	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		mode_t before = umask(masks[i]);
		int rc = spool_make(*state, "upload");
		umask(before);
		assert_int_equal(rc, 0);
		assert_modes(state);
		/* Nothing else is left in it. */
		for (unsigned s = 0; s < SPOOL_STATES; s++) {
			char name[32];
			snprintf(name, sizeof(name), "upload/%s",
				spool_state_name((enum spool_state)s));
			assert_int_equal(rmdir(scratch_path(state, name)), 0);
		}
		assert_int_equal(rmdir(scratch_path(state, "upload")), 0);
	}
}

static void what_is_there_keeps_its_mode(void **state)
{
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(chmod(scratch_path(state, "upload/done"), 0750), 0);
	assert_int_equal(rmdir(scratch_path(state, "upload/hold")), 0);
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(mode_of(state, "upload/done"), 0750);
	assert_int_equal(mode_of(state, "upload/hold") & 0777, 0700);
}

/* Killed anywhere in it, it is made whole by the next start: a new/ that others may not enter would
 * stay so for ever. */
static void a_death_while_it_is_made(void **state)
{
	int rc;

	for (unsigned k = 0;; k++) {
		char kind[16], name[32];
		snprintf(kind, sizeof(kind), "spool%u", k);
		calls_left = k;
		rc = spool_make(*state, kind);
		calls_left = UINT32_MAX;
		if (rc == 0)
			break;
		assert_int_equal(rc, -EIO);
		assert_int_equal(spool_make(*state, kind), 0);
		snprintf(name, sizeof(name), "%s/tmp", kind);
		assert_int_equal(mode_of(state, name), 03770);
		snprintf(name, sizeof(name), "%s/new", kind);
		assert_int_equal(mode_of(state, name), 03770);
		assert_int_equal(mode_of(state, kind), 02750);
	}
}

/* A second fsync would call durable what the first one lost. */
static void a_failed_sync_leaves_nothing(void **state)
{
	for (unsigned k = 0; k < 2; k++) {
		syncs_left = k;
		assert_int_equal(spool_make(*state, "upload"), -EIO);
		syncs_left = UINT32_MAX;
		assert_int_equal(access(scratch_path(state, "upload"), F_OK), -1);
	}
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(rmdir(scratch_path(state, "upload/hold")), 0);
	syncs_left = 0;
	assert_int_equal(spool_make(*state, "upload"), -EIO);
	syncs_left = UINT32_MAX;
	assert_int_equal(access(scratch_path(state, "upload/hold"), F_OK), -1);
	assert_int_equal(access(scratch_path(state, "upload/done"), F_OK), 0);
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_modes(state);
}

static void cannot_be_made_nowhere(void **state)
{
	assert_int_equal(spool_make(scratch_path(state, "nowhere"), "upload"), -ENOENT);
	int fd = open(scratch_path(state, "upload"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(spool_make(*state, "upload"), -ENOTDIR);
}

static void a_writer_holds_two_directories(void **state)
{
	struct spool s;
	struct stat st;

	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_WRITING, &s), 0);
	for (unsigned i = 0; i < SPOOL_STATES; i++)
		assert_int_equal(s.dirs[i] >= 0, i == SPOOL_TMP || i == SPOOL_NEW);
	assert_int_equal(fstat(s.dirs[SPOOL_NEW], &st), 0);
	assert_int_equal(s.group, st.st_gid);
	assert_true(fcntl(s.dirs[SPOOL_NEW], F_GETFD) & FD_CLOEXEC);
	spool_close(&s);
	for (unsigned i = 0; i < SPOOL_STATES; i++)
		assert_int_equal(s.dirs[i], -1);
	assert_int_equal(s.root, -1);
}

static void an_operator_gets_what_it_may(void **state)
{
	struct spool s = {.root = 77};

	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(chmod(scratch_path(state, "upload/bad"), 0), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_CONSUMING, &s), -EACCES);
	assert_int_equal(s.root, 77);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_OPERATING, &s), 0);
	for (unsigned i = 0; i < SPOOL_STATES; i++)
		assert_int_equal(s.dirs[i] >= 0, i != SPOOL_BAD);
	spool_close(&s);
	assert_int_equal(rmdir(scratch_path(state, "upload/bad")), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_OPERATING, &s), -ENOENT);
	assert_int_equal(spool_open(*state, "order", SPOOL_FOR_OPERATING, &s), -ENOENT);
	assert_int_equal(
		spool_open(scratch_path(state, "nowhere"), "upload", SPOOL_FOR_WRITING, &s),
		-ENOENT);
}

static void there_is_one_consumer(void **state)
{
	struct spool one, two, look, writer;

	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_OPERATING, &look), 0);
	assert_int_equal(spool_has_consumer(&look), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_CONSUMING, &one), 0);
	assert_int_equal(spool_has_consumer(&look), 1);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_CONSUMING, &two), -EBUSY);
	assert_int_equal(spool_has_consumer(&look), 1); /* looking took nothing away */
	spool_close(&one);
	assert_int_equal(spool_has_consumer(&look), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_CONSUMING, &two), 0);
	spool_close(&two);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_WRITING, &writer), 0);
	assert_int_equal(spool_has_consumer(&writer), -EACCES);
	spool_close(&writer);
	spool_close(&look);
}

static void writers_are_many(void **state)
{
	struct spool one, two, look;

	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_OPERATING, &look), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_WRITING, &one), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_WRITING, &two), 0);
	assert_int_equal(spool_has_writer(&look), 0);
	assert_int_equal(spool_announce_writer(&one), 0);
	assert_int_equal(spool_announce_writer(&two), 0);
	assert_int_equal(spool_has_writer(&look), 1);
	spool_close(&one);
	assert_int_equal(spool_has_writer(&look), 1);
	spool_close(&two);
	assert_int_equal(spool_has_writer(&look), 0);
	spool_close(&look);
}

static void says_how_much_is_free(void **state)
{
	struct spool s;
	uint64_t bytes = 0, files = 0;

	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_WRITING, &s), 0);
	assert_int_equal(spool_free(&s, &bytes, &files), 0);
	assert_true(bytes > 0);
	assert_true(files > 0);
	spool_close(&s);
	assert_int_equal(spool_free(&s, &bytes, &files), -EBADF);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)
	const struct CMUnitTest tests[] = {
		each(has_six_directories),
		each(what_is_there_keeps_its_mode),
		each(a_death_while_it_is_made),
		each(a_failed_sync_leaves_nothing),
		each(cannot_be_made_nowhere),
		each(a_writer_holds_two_directories),
		each(an_operator_gets_what_it_may),
		each(there_is_one_consumer),
		each(writers_are_many),
		each(says_how_much_is_free),
	};

	return cmocka_run_group_tests_name("layout", tests, become_somebody, NULL);
}
