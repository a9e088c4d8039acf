/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong on purpose: between two steps the file is in two states. G1 */
#include "spool/spool.h"

#include <unistd.h>

static int link_and_unlink(const struct spool *s, const char *name)
{
	if (linkat(s->dirs[SPOOL_CUR], name, s->dirs[SPOOL_DONE], name, 0) < 0)
		return -1;
	return unlinkat(s->dirs[SPOOL_CUR], name, 0);
}

#define FINISH link_and_unlink
#include "tests/crash/consumer.c"
