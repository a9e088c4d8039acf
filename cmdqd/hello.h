/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hello: the reply to a handshake, byte by byte. Pure. docs/PROTOCOL.md 1.1 to 1.6, 2, 12 */
#ifndef PUNCHD_CMDQD_HELLO_H
#define PUNCHD_CMDQD_HELLO_H

#include "cmdqd/settings.h"
#include "lib/buf.h"
#include "lib/span.h"

#define HELLO_STAMP_MAX 64 /* bytes of a stamp that is given back */

/* The tables that a reply names a stamp for, in the order of the reply. */
enum hello_table {
	HELLO_ATTLOG,
	HELLO_OPERLOG,
	HELLO_ATTPHOTO,
	HELLO_BIODATA,
	HELLO_IDCARD,
	HELLO_ERRORLOG,
	HELLO_TABLES
};

/* "ATTLOG", … */
const char *hello_table_name(enum hello_table table);

struct hello {
	struct span serial;
	struct span push_version;         /* pushver= as sent; empty when none */
	struct span class;                /* "acc" gets the plain OK */
	struct span stamps[HELLO_TABLES]; /* the last one stored; empty on first contact */
	struct settings settings;
	int zone_minutes; /* east of GMT, now */
};

/* Appends the reply. A stamp that is not plain printable text is given as 0. 0; -EINVAL when the
 * serial is none or a setting could not stand in one line; -ENOMEM, -EMSGSIZE; the buffer is
 * untouched on failure. */
must_check int hello_put(struct buf *b, const struct hello *h);

#endif
