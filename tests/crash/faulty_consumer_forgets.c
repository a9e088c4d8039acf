/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong on purpose: what was in work when it died stays there for ever. */
#include "spool/spool.h"

static int forget(const struct spool *s)
{
	(void)s;
	return 0;
}

#define RECOVER forget
#include "tests/crash/consumer.c"
