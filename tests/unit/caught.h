/* SPDX-License-Identifier: GPL-2.0-or-later */
/* caught: what a test's program wrote to stderr meanwhile. */
#ifndef PUNCHD_TESTS_CAUGHT_H
#define PUNCHD_TESTS_CAUGHT_H

#include <sys/mman.h>
#include <unistd.h>

static char caught_text[8192];
static int caught_before, caught_file;

static inline void caught_begin(void)
{
	caught_before = dup(STDERR_FILENO);
	caught_file = memfd_create("caught", MFD_CLOEXEC);
	assert_true(caught_file >= 0);
	assert_true(dup2(caught_file, STDERR_FILENO) >= 0);
}

/* The text holds until the next call; what does not fit into it is not told. */
static inline const char *caught_end(void)
{
	ssize_t n = pread(caught_file, caught_text, sizeof(caught_text) - 1, 0);

	dup2(caught_before, STDERR_FILENO);
	close(caught_before);
	close(caught_file);
	assert_true(n >= 0);
	caught_text[n] = '\0';
	return caught_text;
}

#endif
