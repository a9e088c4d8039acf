/* SPDX-License-Identifier: GPL-2.0-or-later */
/* erasing: orders to parserd to take something out of the records, by the spool "erase". */
#ifndef PUNCHD_CTL_ERASING_H
#define PUNCHD_CTL_ERASING_H

#include "ctl/ask.h"

/* Writes the order, durably, and waits until parserd has carried it out, as far as that may be
 * seen. `lines` is the body: parserd/erase_order.h. Everything is said but that it is done: that is
 * the caller's, when `*ret_done`. An exit code. */
int erasing_give(const struct ask *a, const char *lines, bool *ret_done);

#define ERASING_WAIT_MS 30000

#endif
