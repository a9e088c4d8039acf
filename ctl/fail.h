/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail: what is said to the operator when something is not as it should be, and the exit code that
 * goes with it. */
#ifndef PUNCHD_CTL_FAIL_H
#define PUNCHD_CTL_FAIL_H

#include <sysexits.h>

#include "lib/span.h"

/* Writes "punchctl: …" to stderr, with every byte escaped that could steer a terminal, and gives
 * `code` back. */
int fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for something that is no failure. */
void fail_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says that punchctl could not `what` ("read", "open", …) the thing at `path`, and why, and for
 * want of permission what to do: "run as root or as USER", the owner of the thing, or the group it
 * is open to. Gives the exit code of a negative errno. Silent, and EX_OK, for -EPIPE: whoever read
 * the output has seen enough.
 */
int fail_at(int rc, const char *what, const char *path);

/* For want of permission alone, of the thing at `path`, which is spelled `shown`. EX_NOPERM. */
int fail_permission(const char *what, const char *shown, const char *path);

/* The exit code of a negative errno. */
int fail_code(int rc);

#endif
