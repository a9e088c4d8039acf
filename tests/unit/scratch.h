/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scratch: a directory for one test, gone after it. */
#ifndef PUNCHD_TESTS_UNIT_SCRATCH_H
#define PUNCHD_TESTS_UNIT_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SCRATCH_BYTES 256

static int scratch_remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

/* As setup and teardown of cmocka: the state is the path. */
static inline int scratch_make(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *path = calloc(1, SCRATCH_BYTES);

	snprintf(path, SCRATCH_BYTES, "%s/punchd-test-XXXXXX", tmp ? tmp : "/tmp");
	*state = mkdtemp(path);
	return *state == NULL;
}

static inline int scratch_remove(void **state)
{
	(void)nftw(*state, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

/* "SCRATCH/name", good until the next call. */
static inline const char *scratch_path(void *const *state, const char *name)
{
	static char path[SCRATCH_BYTES + 128];

	snprintf(path, sizeof(path), "%s/%s", (const char *)*state, name);
	return path;
}

#endif
