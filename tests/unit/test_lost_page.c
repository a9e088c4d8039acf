/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lost_page: a map whose file is shorter now is the end, in words. */
#include "ctl/lost_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "tests/unit/caught.h"
#include "tests/unit/scratch.h"

static volatile char seen;

static void read_what_is_lost(const char *path)
{
	const size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
		_exit(1);
	const char *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || ftruncate(fd, 0) < 0)
		_exit(1);
	lost_page_watch();
	seen = map[bytes / 2];
	_exit(0);
}

static void the_end_names_the_file(void **state)
{
	const char *path = scratch_path(state, "data.mdb");
	char words[SCRATCH_BYTES + 256];
	int status;

	caught_begin();
	pid_t pid = fork();
	if (pid == 0)
		read_what_is_lost(path);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	const char *said = caught_end();
	snprintf(
		words, sizeof(words), "punchctl: the disk does not give back a part of %s\n", path);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EX_IOERR);
	assert_string_equal(said, words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_end_names_the_file, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests_name("lost_page", tests, NULL, NULL);
}
