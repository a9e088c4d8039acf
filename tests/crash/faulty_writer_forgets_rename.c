/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong on purpose: every third entry stays in tmp/, where nobody looks for it. */
#include "lib/io.h"
#include "tests/crash/made.h"

static int post_most(const struct spool *s, struct span bytes,
	char ret_name[static SPOOL_NAME_BYTES], unsigned number)
{
	struct spool_draft d;

	if (number % 3 != 0)
		return spool_post(s, bytes, ret_name);
	int rc = spool_draft_open(s, &d);
	if (rc == 0)
		rc = io_write_all(d.fd, bytes);
	if (rc == 0)
		rc = fsync(d.fd);
	io_close(d.fd);
	snprintf(ret_name, SPOOL_NAME_BYTES, "%s", d.name);
	return rc;
}

#define POST post_most
#include "tests/crash/writer.c"
