/* SPDX-License-Identifier: GPL-2.0-or-later */
/* photos: files below a directory, whatever a terminal says of itself and its users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/io.h"
#include "parserd/photos.h"
#include "tests/unit/scratch.h"

static struct photos photos;
static unsigned files_synced, dirs_synced;
static int sync_answer; /* of a directory */

/* Stands in for libc's. */
int fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	files_synced += S_ISREG(st.st_mode);
	dirs_synced += S_ISDIR(st.st_mode);
	if (S_ISDIR(st.st_mode) && sync_answer != 0) {
		errno = -sync_answer;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static int open_photos(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	return photos_open(scratch_path(state, "photos"), &photos);
}

static int close_photos(void **state)
{
	photos_close(&photos);
	return scratch_remove(state);
}

static struct photo photo_of(const char *serial, const char *pin)
{
	return (struct photo){
		.time = {2026, 1, 5, 7, 8, 9},
		.serial = span_str(serial),
		.pin = span_str(pin),
	};
}

static struct photo put(const char *serial, const char *pin, const char *bytes)
{
	struct photo p = photo_of(serial, pin);

	assert_int_equal(photos_put(&photos, &p, span_str(bytes), false), 0);
	return p;
}

static const char *path_of(const struct photo *p)
{
	static char text[256];
	struct buf path = buf_with_max(sizeof(text));

	assert_int_equal(photo_path(p, &path), 0);
	snprintf(text, sizeof(text), "%.*s", SPAN_ARG(buf_span(&path)));
	buf_free(&path);
	return text;
}

static void assert_file(const struct photo *p, const char *bytes)
{
	struct buf b = buf_with_max(4096);
	int fd = openat(photos.dir, path_of(p), O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(io_read_all(fd, &b), 0);
	close(fd);
	assert_true(span_is(buf_span(&b), bytes));
	buf_free(&b);
}

static void overwrite(const struct photo *p, const char *bytes)
{
	int fd = openat(photos.dir, path_of(p), O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
	close(fd);
}

static unsigned entries_of(const char *path)
{
	int fd = openat(photos.dir, path, O_RDONLY | O_DIRECTORY);
	DIR *d = fdopendir(fd);
	unsigned count = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return count;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(photos.dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static void test_where_and_what(void **state)
{
	umask(077);
	struct photo p = put("A", "12", "picture");
	umask(022);
	(void)state;
	assert_int_equal(p.bytes, 7);
	assert_true(span_starts(span_str(path_of(&p)), "A/2026-01-05/070809-"));
	assert_file(&p, "picture");
	assert_int_equal(mode_of(path_of(&p)), 0640);
	assert_int_equal(mode_of("A"), 02750);
	assert_int_equal(mode_of("A/2026-01-05"), 02750);
}

static void test_one_that_is_recorded_is_not_written_again(void **state)
{
	struct photo p = put("A", "12", "picture"), again = photo_of("A", "12");

	(void)state;
	overwrite(&p, "PICTURE"); /* to be seen */
	assert_int_equal(photos_put(&photos, &again, span_str("picture"), true), 0);
	assert_string_equal(again.name, p.name);
	assert_file(&p, "PICTURE");
	overwrite(&p, "pic"); /* a disk has lost some of it */
	assert_int_equal(photos_put(&photos, &again, span_str("picture"), true), 0);
	assert_file(&p, "picture");
	assert_int_equal(entries_of("A/2026-01-05"), 1);
}

/* Removing one photo must not take another one's file. */
static void test_no_two_photos_share_a_file(void **state)
{
	struct photo one = put("A", "12", "picture"), other = put("A", "13", "picture");
	struct photo none = put("A", "", "picture"), newer = put("A", "12", "PICTURE");

	(void)state;
	assert_string_not_equal(one.name, other.name);
	assert_string_not_equal(one.name, none.name);
	assert_string_not_equal(one.name, newer.name);
	assert_memory_equal(one.digest, other.digest, sizeof(one.digest));
	assert_int_equal(entries_of("A/2026-01-05"), 4);
	assert_int_equal(photos_remove(&photos, &one), 0);
	assert_file(&other, "picture");
	assert_int_equal(entries_of("A/2026-01-05"), 3);
}

static void test_nothing_from_outside_is_in_a_name(void **state)
{
	struct photo p = put("A", "../../../etc\n/x", "picture");
	struct photo absurd = photo_of("A", "1");

	(void)state;
	assert_null(strstr(p.name, ".."));
	assert_null(strchr(p.name, '/'));
	absurd.time = (struct clock_local){65535, 255, 255, 255, 255, 255};
	assert_int_equal(photos_put(&photos, &absurd, span_str("x"), false), 0);
	assert_file(&absurd, "x");
	for (const char *const *s = (const char *const[]){"", "..", "a/b", "/", NULL}; *s; s++) {
		struct photo bad = photo_of(*s, "1");
		assert_int_equal(photos_put(&photos, &bad, span_str("x"), false), -EINVAL);
	}
	assert_int_equal(entries_of("."), 1);
}

static void test_links_are_not_followed(void **state)
{
	struct photo p = photo_of("A", "1");

	assert_int_equal(mkdir(scratch_path(state, "elsewhere"), 0700), 0);
	assert_int_equal(symlinkat("../elsewhere", photos.dir, "A"), 0);
	assert_int_equal(photos_put(&photos, &p, span_str("x"), false), -ENOTDIR);
	assert_int_equal(entries_of("../elsewhere"), 0);
	assert_int_equal(unlinkat(photos.dir, "A", 0), 0);
	/* A link in the place of a photo is none, and gives way. */
	p = put("A", "1", "x");
	char name[128];
	snprintf(name, sizeof(name), "%s", path_of(&p));
	assert_int_equal(unlinkat(photos.dir, name, 0), 0);
	assert_int_equal(symlinkat("/dev/null", photos.dir, name), 0);
	put("A", "1", "x");
	assert_file(&p, "x");
}

/* Killed while it wrote: what it began is in nobody's way. */
static void test_a_draft_is_left_behind(void **state)
{
	struct photo p = put("A", "12", "picture");
	char draft[PHOTO_NAME_BYTES + 64];

	(void)state;
	assert_int_equal(unlinkat(photos.dir, path_of(&p), 0), 0);
	snprintf(draft, sizeof(draft), "A/2026-01-05/.%s.new", p.name);
	close(openat(photos.dir, draft, O_CREAT | O_WRONLY, 0600));
	put("A", "12", "picture");
	assert_file(&p, "picture");
	assert_int_equal(entries_of("A/2026-01-05"), 1);
}

static void test_what_cannot_be_written_is_not_there(void **state)
{
	static char bytes[10000];
	struct rlimit before, small;
	struct photo p = photo_of("A", "1");

	(void)state;
	memset(bytes, 'x', sizeof(bytes) - 1);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 5000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int rc = photos_put(&photos, &p, span_str(bytes), false);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rc, -EFBIG);
	assert_int_equal(entries_of("A/2026-01-05"), 0);
}

static void test_remove(void **state)
{
	struct photo p = put("A", "1", "x"), other = put("A", "2", "y");
	struct photo never = photo_of("B", "1"), bad = p;

	(void)state;
	assert_int_equal(photos_remove(&photos, &p), 0);
	assert_int_equal(photos_remove(&photos, &p), 0);
	assert_file(&other, "y");
	assert_int_equal(photos_remove(&photos, &other), 0);
	assert_int_equal(entries_of("A"), 0); /* the day went with its last photo */
	assert_int_equal(photos_remove(&photos, &other), 0);
	snprintf(never.name, sizeof(never.name), "x.jpg");
	assert_int_equal(photos_remove(&photos, &never), 0);
	snprintf(bad.name, sizeof(bad.name), "../x");
	assert_int_equal(photos_remove(&photos, &bad), -EINVAL);
	put("A", "1", "x");
}

static void test_opening(void **state)
{
	struct photos again;

	assert_int_equal(photos_open(scratch_path(state, "photos"), &again), 0);
	photos_close(&again);
	assert_int_equal(photos_open(scratch_path(state, "nowhere/photos"), &again), -ENOENT);
	close(openat(photos.dir, "file", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(photos_open(scratch_path(state, "photos/file"), &again), -ENOTDIR);
}

/* Each file by itself, before its name leads to it; a day once for all of them. */
static void test_a_day_is_synced_once(void **state)
{
	(void)state;
	put("A", "1", "x");
	put("B", "1", "x");
	files_synced = dirs_synced = 0;
	for (char pin[2] = "2"; *pin <= '9'; ++*pin) {
		put("A", pin, "x");
		put("B", pin, "x");
	}
	assert_int_equal(files_synced, 16);
	assert_int_equal(dirs_synced, 0);
	assert_int_equal(photos_settle(&photos), 0);
	assert_int_equal(dirs_synced, 2);
	assert_int_equal(photos_settle(&photos), 0);
	assert_int_equal(dirs_synced, 2);
	/* One that is there may be from a try that was given up. */
	put("A", "2", "x");
	assert_int_equal(photos_settle(&photos), 0);
	assert_int_equal(files_synced, 17);
	assert_int_equal(dirs_synced, 3);
	/* One that a record names has been through all of it. */
	struct photo recorded = photo_of("A", "2");
	assert_int_equal(photos_put(&photos, &recorded, span_str("x"), true), 0);
	assert_int_equal(photos_settle(&photos), 0);
	assert_int_equal(files_synced, 17);
	assert_int_equal(dirs_synced, 3);
}

/* The day is made anew and is another directory then. */
static void test_a_day_that_goes_and_comes(void **state)
{
	struct photo p = put("A", "1", "x");

	(void)state;
	assert_int_equal(photos_remove(&photos, &p), 0);
	put("A", "2", "x");
	dirs_synced = 0;
	assert_int_equal(photos_settle(&photos), 0);
	assert_int_equal(dirs_synced, 2);
}

static void test_more_days_than_are_remembered(void **state)
{
	struct photo p = photo_of("A", "1");

	(void)state;
	for (unsigned n = 0; n <= PHOTOS_DAYS_MAX; n++) {
		p.time.year = (uint16_t)(2000 + n);
		assert_int_equal(photos_put(&photos, &p, span_str("x"), false), 0);
	}
	assert_int_equal(photos.day_count, 1);
	dirs_synced = 0;
	assert_int_equal(photos_settle(&photos), 0);
	assert_int_equal(dirs_synced, 1);
}

/* After a sync that failed, what is seen there may be in memory alone. */
static void test_what_is_not_settled_is_written_anew(void **state)
{
	struct photo p = put("A", "1", "x");

	(void)state;
	overwrite(&p, "X"); /* to be seen */
	sync_answer = -EIO;
	int rc = photos_settle(&photos);
	sync_answer = 0;
	assert_int_equal(rc, -EIO);
	put("A", "1", "x");
	assert_file(&p, "x");
	dirs_synced = 0;
	assert_int_equal(photos_settle(&photos), 0);
	assert_int_equal(dirs_synced, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_photos, close_photos)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_where_and_what),
		TEST(test_one_that_is_recorded_is_not_written_again),
		TEST(test_no_two_photos_share_a_file),
		TEST(test_nothing_from_outside_is_in_a_name),
		TEST(test_links_are_not_followed),
		TEST(test_a_draft_is_left_behind),
		TEST(test_what_cannot_be_written_is_not_there),
		TEST(test_remove),
		TEST(test_opening),
		TEST(test_a_day_is_synced_once),
		TEST(test_a_day_that_goes_and_comes),
		TEST(test_more_days_than_are_remembered),
		TEST(test_what_is_not_settled_is_written_anew),
	};
	return cmocka_run_group_tests_name("photos", tests, NULL, NULL);
}
