/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts: the lines of an INFO as they are kept of a device (store/command.h). Pure. */
#ifndef PUNCHD_CMDQD_FACTS_H
#define PUNCHD_CMDQD_FACTS_H

#include "lib/buf.h"

#define FACTS_MAX (16 * 1024) /* bytes of them */

/* Appends the lines that are "key=value", escaped (store/lines.h), from the first one on as many as
 * `b` has room for. Others are passed over. 0 or -ENOMEM. */
must_check int facts_put(struct buf *b, struct span lines);

#endif
