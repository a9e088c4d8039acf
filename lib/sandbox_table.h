/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox_table: how the rows of a table of system calls are written. Arguments are counted from 0.
 *
 * static const struct sandbox_call own[] = {
 *	CALL("openat"),
 *	CALL_IF("socket", 0, AF_UNIX),
 *	CALL_IF_BOTH("setsockopt", 1, SOL_SOCKET, 2, SO_SNDBUF),
 *	CALL_WITHOUT("mmap", 2, PROT_EXEC),
 *	CALL_REFUSED("clone3", ENOSYS),
 *	CALLS_END,
 * };
 */
#ifndef PUNCHD_LIB_SANDBOX_TABLE_H
#define PUNCHD_LIB_SANDBOX_TABLE_H

#include "lib/sandbox.h"

/* clang-format off */
#define CALL(n)               {.name = (n)}
#define CALL_IF(n, i, v)      {.name = (n), .arg_count = 1, .args = {{(i), UINT32_MAX, (uint32_t)(v)}}}
#define CALL_IF_BOTH(n, i, v, j, w) \
	{.name = (n), .arg_count = 2, \
		.args = {{(i), UINT32_MAX, (uint32_t)(v)}, {(j), UINT32_MAX, (uint32_t)(w)}}}
#define CALL_WITHOUT(n, i, bits) {.name = (n), .arg_count = 1, .args = {{(i), (bits), 0}}}
#define CALL_REFUSED(n, error)   {.name = (n), .refuse = (error)}
#define CALLS_END                {.name = NULL}
/* clang-format on */

#endif
