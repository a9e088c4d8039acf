/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox: what a daemon gives up before it says that it is ready. docs/TRUST.md */
#ifndef PUNCHD_LIB_SANDBOX_H
#define PUNCHD_LIB_SANDBOX_H

#include "lib/span.h"

/* Gives up all capabilities and the way back to any (no_new_privs, empty bounding set where
 * allowed), core dumps, and being traced by others. 0 or a negative errno: then the daemon must not
 * go on. */
must_check int sandbox_enter(void);

/* For a daemon that has all it will ever need: no more descriptors but one, no processes or
 * threads, and no byte into any file. The one descriptor is what libsystemd opens, and closes
 * again, to tell the service manager something. Files may be written to while stderr is one, for
 * the log's sake. 0 or a negative errno. */
must_check int sandbox_open_nothing(void);

/* Raises the limit of open descriptors as far as it may go, up to `wanted`; gives the limit that
 * holds now. */
unsigned sandbox_raise_descriptors(unsigned wanted);

#endif
