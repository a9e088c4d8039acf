/* SPDX-License-Identifier: GPL-2.0-or-later */
/* served: what is found below the directory is what the desk said it is, and nothing else is. */
#include "ingestd/served.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/io.h"
#include "tests/unit/scratch.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int state_fd;
static char etag[SERVED_ETAG_BYTES];
static struct http_file file;

static void put(void **state, const char *name, const char *text)
{
	int fd = open(scratch_path(state, name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, span_str(text)), 0);
	io_close(fd);
}

static int find(uint64_t bytes, const char *range)
{
	const struct file_grant grant = {span_str(SHA), bytes};
	const struct range_request wanted = {.range = span_str(range)};

	return served_find(state_fd, &grant, &wanted, etag, &file);
}

static int open_state(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	state_fd = served_open(*state);
	assert_true(state_fd >= 0);
	return 0;
}

static int close_state(void **state)
{
	io_close(state_fd);
	return scratch_remove(state);
}

static void make_dirs(void **state)
{
	assert_int_equal(io_make_dir(scratch_path(state, CONF_CMDQD_DIR), 0700), 0);
	assert_int_equal(io_make_dir(scratch_path(state, CONF_SERVED), 0700), 0);
}

/* The directory may come when the descriptor is held already. */
static void a_file_and_parts_of_it(void **state)
{
	char got[8] = "";

	assert_int_equal(find(7, NULL), -ENOENT);
	make_dirs(state);
	assert_int_equal(find(7, NULL), -ENOENT);
	put(state, CONF_SERVED "/" SHA, "content");
	assert_int_equal(find(7, NULL), 0);
	assert_int_equal(file.status, 200);
	assert_int_equal(file.size, 7);
	assert_int_equal(file.length, 7);
	assert_string_equal(file.etag, "\"" SHA "\"");
	assert_int_equal(read(file.fd, got, sizeof(got)), 7);
	assert_string_equal(got, "content");
	assert_true(fcntl(file.fd, F_GETFD) & FD_CLOEXEC);
	io_close(file.fd);
	assert_int_equal(find(7, "bytes=2-3"), 0);
	assert_int_equal(file.status, 206);
	assert_int_equal(file.from, 2);
	assert_int_equal(file.length, 2);
	io_close(file.fd);
	assert_int_equal(find(7, "bytes=7-"), 0);
	assert_int_equal(file.status, 416);
	assert_int_equal(file.fd, -1);
}

static void another_size(void **state)
{
	make_dirs(state);
	put(state, CONF_SERVED "/" SHA, "content");
	file.fd = -7;
	assert_int_equal(find(6, NULL), -ESTALE);
	assert_int_equal(find(8, NULL), -ESTALE);
	assert_int_equal(file.fd, -7); /* untouched */
}

static void what_is_no_file(void **state)
{
	char target[SCRATCH_BYTES + 128];

	make_dirs(state);
	put(state, "secret", "content");
	snprintf(target, sizeof(target), "%s", scratch_path(state, "secret"));
	assert_int_equal(symlink(target, scratch_path(state, CONF_SERVED "/" SHA)), 0);
	assert_int_equal(find(7, NULL), -ELOOP);
	assert_int_equal(unlink(scratch_path(state, CONF_SERVED "/" SHA)), 0);
	assert_int_equal(mkfifo(scratch_path(state, CONF_SERVED "/" SHA), 0600), 0);
	assert_int_equal(find(0, NULL), -ENOENT); /* and does not wait for a writer */
	assert_int_equal(unlink(scratch_path(state, CONF_SERVED "/" SHA)), 0);
	assert_int_equal(mkdir(scratch_path(state, CONF_SERVED "/" SHA), 0700), 0);
	assert_int_equal(find(7, NULL), -ENOENT);
}

/* The directory itself may not be a link either. */
static void a_directory_that_is_a_link(void **state)
{
	char target[SCRATCH_BYTES + 128];

	assert_int_equal(io_make_dir(scratch_path(state, CONF_CMDQD_DIR), 0700), 0);
	assert_int_equal(io_make_dir(scratch_path(state, "elsewhere"), 0700), 0);
	put(state, "elsewhere/" SHA, "content");
	snprintf(target, sizeof(target), "%s", scratch_path(state, "elsewhere"));
	assert_int_equal(symlink(target, scratch_path(state, CONF_SERVED)), 0);
	assert_int_equal(find(7, NULL), -ELOOP);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_state, close_state)
	const struct CMUnitTest tests[] = {
		each(a_file_and_parts_of_it),
		each(another_size),
		each(what_is_no_file),
		each(a_directory_that_is_a_link),
	};

	return cmocka_run_group_tests_name("served", tests, NULL, NULL);
}
