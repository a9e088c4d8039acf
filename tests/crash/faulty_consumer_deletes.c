/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong on purpose: what was worked on is deleted instead of kept. G2, G5 */
#include "spool/spool.h"

#include <unistd.h>

static int delete_it(const struct spool *s, const char *name)
{
	return unlinkat(s->dirs[SPOOL_CUR], name, 0);
}

#define FINISH delete_it
#include "tests/crash/consumer.c"
