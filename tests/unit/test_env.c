/* SPDX-License-Identifier: GPL-2.0-or-later */
/* env: birth, what an earlier birth left behind, growth, and a reader that follows it. */
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
#include <sys/wait.h>

#include "store/env.h"
#include "tests/unit/scratch.h"

static unsigned dirs_synced;
static unsigned sync_fails_at; /* with EIO, of directories; 0: never */

/* Stands in for libc's. */
int fsync(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && ++dirs_synced == sync_fails_at) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static unsigned count_names(const char *path)
{
	DIR *dir = opendir(path);
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 2;
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void touch(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void test_birth(void **state)
{
	MDB_env *env;

	assert_int_equal(env_open_writer(scratch_path(state, "e"), 0, 4, &env), -ENOENT);
	assert_int_equal(env_open_reader(scratch_path(state, "e"), 4, &env), -ENOENT);
	assert_int_equal(count_names(*state), 0);
	assert_int_equal(env_make(scratch_path(state, "e")), 0);
	assert_int_equal(count_names(*state), 1);
	assert_int_equal(mode_of(scratch_path(state, "e")), 02750);
	assert_int_equal(mode_of(scratch_path(state, "e/data.mdb")), 0640);
	assert_int_equal(mode_of(scratch_path(state, "e/lock.mdb")), 0660);
}

static int make_counted(void *const *state, unsigned fails_at)
{
	dirs_synced = 0;
	sync_fails_at = fails_at;
	int rc = env_make(scratch_path(state, "e"));
	sync_fails_at = 0;
	return rc;
}

/* Of one that was just made nothing stays that a second sync would call durable. Who made one that
 * is there may have ended before its name was synced. */
static void test_the_name_is_synced(void **state)
{
	assert_int_equal(make_counted(state, 2), -EIO);
	assert_int_equal(count_names(*state), 0);
	assert_int_equal(make_counted(state, 0), 0);
	assert_int_equal(make_counted(state, 1), -EIO);
	assert_int_equal(count_names(*state), 1);
	assert_int_equal(make_counted(state, 0), 0);
	assert_int_equal(dirs_synced, 1);
}

static void test_modes_do_not_hang_on_the_umask(void **state)
{
	mode_t before = umask(0077);

	assert_int_equal(env_make(scratch_path(state, "e")), 0);
	umask(before);
	assert_int_equal(mode_of(scratch_path(state, "e/lock.mdb")), 0660);
}

static void test_made_once(void **state)
{
	struct stat before, after;

	assert_int_equal(env_make(scratch_path(state, "e")), 0);
	assert_int_equal(stat(scratch_path(state, "e/data.mdb"), &before), 0);
	assert_int_equal(env_make(scratch_path(state, "e/")), 0);
	assert_int_equal(stat(scratch_path(state, "e/data.mdb"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void test_leftovers_are_removed_and_nothing_else_is(void **state)
{
	mkdir(scratch_path(state, "e.birth-abcdef"), 0700);
	touch(scratch_path(state, "e.birth-abcdef/data.mdb"));
	touch(scratch_path(state, "e.birth-abcdef/lock.mdb"));
	mkdir(scratch_path(state, "e.birth-empty1"), 0700);
	mkdir(scratch_path(state, "other.birth-abcdef"), 0700);
	mkdir(scratch_path(state, "e.birth-full"), 0700);
	touch(scratch_path(state, "e.birth-full/mine"));

	assert_int_equal(env_make(scratch_path(state, "e")), 0);
	assert_int_equal(access(scratch_path(state, "e.birth-abcdef"), F_OK), -1);
	assert_int_equal(access(scratch_path(state, "e.birth-empty1"), F_OK), -1);
	assert_int_equal(access(scratch_path(state, "other.birth-abcdef"), F_OK), 0);
	assert_int_equal(access(scratch_path(state, "e.birth-full/mine"), F_OK), 0);
	assert_int_equal(count_names(*state), 3);
}

static void test_an_empty_directory_gives_way_and_a_full_one_does_not(void **state)
{
	mkdir(scratch_path(state, "e"), 0700);
	assert_int_equal(env_make(scratch_path(state, "e")), 0);
	assert_int_equal(access(scratch_path(state, "e/data.mdb"), F_OK), 0);

	mkdir(scratch_path(state, "full"), 0700);
	touch(scratch_path(state, "full/mine"));
	assert_int_equal(env_make(scratch_path(state, "full")), -ENOTEMPTY);
	assert_int_equal(count_names(*state), 2);
}

static void test_no_parent(void **state)
{
	assert_int_equal(env_make(scratch_path(state, "none/e")), -ENOENT);
}

static int put(MDB_env *env, const char *key_text, size_t value_bytes)
{
	char *value = calloc(1, value_bytes);
	MDB_val key = env_val(span_str(key_text));
	MDB_val data = env_val(span_of(value, value_bytes));
	MDB_txn *txn;
	MDB_dbi db;
	int rc = mdb_txn_begin(env, NULL, 0, &txn);

	if (rc == 0)
		rc = mdb_dbi_open(txn, "meta", 0, &db);
	if (rc == 0)
		rc = mdb_put(txn, db, &key, &data, 0);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else
		mdb_txn_abort(txn);
	free(value);
	return env_errno(rc);
}

static void test_full_then_grown(void **state)
{
	MDB_env *env;

	assert_int_equal(env_make(scratch_path(state, "e")), 0);
	assert_int_equal(env_open_writer(scratch_path(state, "e"), 1 << 20, 4, &env), 0);
	assert_int_equal(put(env, "big", 3 << 20), -EXFULL);
	assert_int_equal(env_grow(env), 0);
	assert_int_equal(put(env, "big", 3 << 20), -EXFULL);
	assert_int_equal(env_grow(env), 0);
	assert_int_equal(put(env, "big", 3 << 20), 0);
	mdb_env_close(env);

	/* A first size that is too small by now does no harm. */
	assert_int_equal(env_open_writer(scratch_path(state, "e"), 1 << 20, 4, &env), 0);
	assert_int_equal(put(env, "small", 1), 0);
	mdb_env_close(env);
}

/* In a process of its own: LMDB forbids opening the same environment twice in one. */
static int read_when_told(const char *path, int told_fd, int ready_fd)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi db;
	MDB_val key = env_val(span_str("big"));
	MDB_val value;
	char c;

	if (env_open_reader(path, 4, &env) != 0)
		return 1;
	if (write(ready_fd, "r", 1) != 1 || read(told_fd, &c, 1) != 1)
		return 2;
	if (env_begin_read(env, &txn) != 0)
		return 3;
	if (mdb_dbi_open(txn, "meta", 0, &db) != 0 || mdb_get(txn, db, &key, &value) != 0)
		return 4;
	return value.mv_size == 3 << 20 ? 0 : 5;
}

static void test_a_reader_follows_growth(void **state)
{
	int told[2], ready[2], status;
	MDB_env *env;
	char c;

	assert_int_equal(env_make(scratch_path(state, "e")), 0);
	assert_int_equal(pipe(told) + pipe(ready), 0);
	pid_t child = fork();
	if (child == 0)
		_exit(read_when_told(scratch_path(state, "e"), told[0], ready[1]));
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(env_open_writer(scratch_path(state, "e"), 1 << 20, 4, &env), 0);
	assert_int_equal(env_grow(env) + env_grow(env) + env_grow(env), 0);
	assert_int_equal(put(env, "big", 3 << 20), 0);
	assert_int_equal(write(told[1], "g", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	mdb_env_close(env);
}

static void test_damage_is_told(void **state)
{
	MDB_env *env;

	assert_int_equal(env_make(scratch_path(state, "e")), 0);
	int fd = open(scratch_path(state, "e/data.mdb"), O_WRONLY);
	for (int i = 0; i < 8192; i += 8)
		assert_int_equal(pwrite(fd, "damaged!", 8, i), 8);
	close(fd);
	assert_int_equal(env_open_writer(scratch_path(state, "e"), 0, 4, &env), -EUCLEAN);
}

static void truncate_data(void **state, off_t bytes)
{
	assert_int_equal(truncate(scratch_path(state, "e/data.mdb"), bytes), 0);
}

/* LMDB would take the one for a new environment, and die of the other. */
static void test_a_shortened_file_is_damage(void **state)
{
	MDB_env *env;

	assert_int_equal(env_make(scratch_path(state, "e")), 0);
	assert_int_equal(env_open_writer(scratch_path(state, "e"), 1 << 22, 4, &env), 0);
	assert_int_equal(put(env, "big", 1 << 20), 0);
	mdb_env_close(env);
	truncate_data(state, 1 << 19);
	assert_int_equal(env_open_writer(scratch_path(state, "e"), 1 << 22, 4, &env), -EUCLEAN);
	assert_int_equal(env_open_reader(scratch_path(state, "e"), 4, &env), -EUCLEAN);
	truncate_data(state, 0);
	assert_int_equal(env_open_writer(scratch_path(state, "e"), 1 << 22, 4, &env), -EUCLEAN);
	assert_int_equal(env_open_reader(scratch_path(state, "e"), 4, &env), -EUCLEAN);
	struct stat st;
	assert_int_equal(stat(scratch_path(state, "e/data.mdb"), &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void test_errnos(void **state)
{
	(void)state;
	assert_int_equal(env_errno(0), 0);
	assert_int_equal(env_errno(ENOSPC), -ENOSPC);
	assert_int_equal(env_errno(MDB_NOTFOUND), -ENOENT);
	assert_int_equal(env_errno(MDB_KEYEXIST), -EEXIST);
	assert_int_equal(env_errno(MDB_MAP_FULL), -EXFULL);
	assert_int_equal(env_errno(MDB_MAP_RESIZED), -ESTALE);
	assert_int_equal(env_errno(MDB_CORRUPTED), -EUCLEAN);
	assert_int_equal(env_errno(MDB_PANIC), -ENOTRECOVERABLE);
	assert_int_equal(env_errno(MDB_VERSION_MISMATCH), -EPROTONOSUPPORT);
	assert_int_equal(env_errno(MDB_BAD_VALSIZE), -EIO);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_birth),
		TEST(test_the_name_is_synced),
		TEST(test_modes_do_not_hang_on_the_umask),
		TEST(test_made_once),
		TEST(test_leftovers_are_removed_and_nothing_else_is),
		TEST(test_an_empty_directory_gives_way_and_a_full_one_does_not),
		TEST(test_no_parent),
		TEST(test_full_then_grown),
		TEST(test_a_reader_follows_growth),
		TEST(test_damage_is_told),
		TEST(test_a_shortened_file_is_damage),
		TEST(test_errnos),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
