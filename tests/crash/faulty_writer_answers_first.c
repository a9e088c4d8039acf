/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong on purpose: it says that the entry is safe, and only then posts it. */
#include "tests/crash/made.h"

static int answer_and_post(const struct spool *s, struct span bytes,
	char ret_name[static SPOOL_NAME_BYTES], unsigned number)
{
	made_acknowledge(number, "-");
	return spool_post(s, bytes, ret_name);
}

#define POST answer_and_post
#include "tests/crash/writer.c"
