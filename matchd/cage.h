/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cage: what a matcher is kept from. docs/MATCHER.md "What the program gets" */
#ifndef PUNCHD_MATCHD_CAGE_H
#define PUNCHD_MATCHD_CAGE_H

#include <stdint.h>

#include "lib/span.h"

/* Called in the new process, before it becomes `program`. 0 or a negative errno: then it must not.
 */
must_check int cage_enter(const char *program, uint64_t memory_bytes);

#endif
