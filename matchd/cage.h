/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cage: what a matcher is kept from. docs/MATCHER.md "What the program gets" */
#ifndef PUNCHD_MATCHD_CAGE_H
#define PUNCHD_MATCHD_CAGE_H

#include <stdint.h>

#include "lib/sandbox.h"

/* Called in the new process, before it becomes `program`. 0 or a negative errno: then it must not.
 */
must_check int cage_enter(const char *program, uint64_t memory_bytes);

/* What a program needs to compute, to read files and to speak on its socket. matchd has it too, for
 * a filter is handed on to who is started under it. */
extern const struct sandbox_call cage_calls[];

#define CAGE_PLACES 8

/* Where a matcher may read: the directory that it stands in, and the system's libraries. Gives how
 * many; their paths are the caller's as long as `directory` is. */
size_t cage_places(const char *directory, struct sandbox_place ret_places[static CAGE_PLACES]);

/* The directory of a path from the root, in new memory, or NULL when there is none. */
char *cage_directory(const char *program);

#endif
