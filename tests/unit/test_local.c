/* SPDX-License-Identifier: GPL-2.0-or-later */
/* local: is somebody there? (The rest of it is in test_wake.c.) */
#include "lib/local.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>

#include "lib/io.h"
#include "tests/unit/scratch.h"

static void there_or_not(void **state)
{
	static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
	const char *path = scratch_path(state, "it.sock");

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		assert_int_equal(local_is_there(path, types[i]), 0);
		int fd = local_listen(path, types[i], 0600);
		assert_true(fd >= 0);
		assert_int_equal(local_is_there(path, types[i]), 1);
		io_close(fd);
		assert_int_equal(local_is_there(path, types[i]), 0);
		assert_int_equal(unlink(path), 0);
	}
}

static void nobody_is_bothered(void **state)
{
	const char *path = scratch_path(state, "it.sock");
	int fd = local_listen(path, SOCK_SEQPACKET, 0600);

	assert_true(fd >= 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(local_is_there(path, SOCK_SEQPACKET), 1);
	assert_int_equal(accept(fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	io_close(fd);
}

static void what_is_no_socket_is_nobody(void **state)
{
	const char *path = scratch_path(state, "file");
	char too_long[200];

	io_close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(local_is_there(path, SOCK_STREAM), 0);
	memset(too_long, 'a', sizeof(too_long));
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(local_is_there(too_long, SOCK_STREAM), -ENAMETOOLONG);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)
	const struct CMUnitTest tests[] = {
		each(there_or_not),
		each(nobody_is_bothered),
		each(what_is_no_socket_is_nobody),
	};

	return cmocka_run_group_tests_name("local", tests, NULL, NULL);
}
