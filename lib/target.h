/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target: the request target of a terminal, taken apart. ingestd decides by it what a request is,
 * parserd what an upload holds, cmdqd what a terminal says of itself. Pure. docs/PROTOCOL.md
 * 0, 1.1, 1.4, 3 */
#ifndef PUNCHD_LIB_TARGET_H
#define PUNCHD_LIB_TARGET_H

#include "lib/span.h"

#define TARGET_MAX        8192 /* bytes of a whole target */
#define TARGET_PARAMS_MAX 48
#define TARGET_TABLE_MAX  32 /* bytes of a table's name */

struct target_param {
	struct span name;  /* as it came */
	struct span value; /* percent-decoded, not trimmed; '+' stays '+' */
};

struct target {
	struct span page; /* last path segment without extension: "cdata"; lower case */
	bool rooted; /* the path is /page or /iclock/page, with any doubling of '/' and "iclock" */
	struct target_param params[TARGET_PARAMS_MAX];
	size_t param_count;
	char text[TARGET_MAX + 1]; /* what the spans point into */
};

/* Takes `text` apart. 0; -EMSGSIZE when it is longer than TARGET_MAX or has more than
 * TARGET_PARAMS_MAX parameters; -EINVAL when it does not begin with '/'. `ret` must stay where it
 * is while its spans are in use. */
must_check int target_parse(struct span text, struct target *ret);

/* The value of a parameter whose name matches in any case; the first one wins. False when there is
 * none. */
bool target_param(const struct target *t, const char *name, struct span *ret_value);

/* What an upload's target says of its body. */
struct target_upload {
	char table[TARGET_TABLE_MAX +
		   1];     /* upper case, trimmed: "ATTLOG"; see below when none is named */
	struct span stamp; /* as sent, trimmed; empty when none */
};

/* Which table the body of this POST belongs to, in every spelling of docs/PROTOCOL.md 1.4: table=,
 * or without it Stamp= means ATTLOG, OpStamp= OPERLOG, PhotoStamp= or page fdata ATTPHOTO, FPImage=
 * FPIMAGE; page event EVENT, querydata QUERYDATA; none of these: "" (the body is kept under the
 * empty name). 0, or -EINVAL when the name is longer than TARGET_TABLE_MAX or holds anything but
 * A-Z a-z 0-9 _ -. */
must_check int target_upload(const struct target *t, struct target_upload *ret);

#endif
