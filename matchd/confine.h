/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confine: what matchd may still do once it is ready: serve the socket that is open, start the
 * matcher, and end it. docs/TRUST.md */
#ifndef PUNCHD_MATCHD_CONFINE_H
#define PUNCHD_MATCHD_CONFINE_H

#include "lib/sandbox.h"

/* Call it when all is open; `program` is the matcher, or empty. 0 or a negative errno. */
must_check int confine_matchd(const char *program);

/* The tables of system calls, for sandbox_filter. */
extern const struct sandbox_call *const confine_matchd_calls[];

#endif
