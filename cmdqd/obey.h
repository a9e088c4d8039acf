/* SPDX-License-Identifier: GPL-2.0-or-later */
/* obey: does what the orders of one file say, as far as memory goes. */
#ifndef PUNCHD_CMDQD_OBEY_H
#define PUNCHD_CMDQD_OBEY_H

#include "cmdqd/devices.h"
#include "spool/spool.h"

/* `bytes` are what is in cur/NAME. The good entries are done even if others are refused: those are
 * set aside. 0; -EBADMSG with the reason when there is no good one: refuse all of it; another
 * negative errno: try later, doing it twice is as good as once. */
must_check int obey_file(struct devices *devices, const struct spool *orders, const char *name,
	struct span bytes, const char **ret_why);

#endif
