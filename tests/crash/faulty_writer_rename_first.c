/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong on purpose: the name is in new/ before the bytes are in the file. */
#include "lib/io.h"
#include "tests/crash/made.h"

static int post_name_first(
	const struct spool *s, struct span bytes, char ret_name[static SPOOL_NAME_BYTES])
{
	struct spool_draft d;
	int rc = spool_draft_open(s, &d);

	if (rc == 0 && renameat(s->dirs[SPOOL_TMP], d.name, s->dirs[SPOOL_NEW], d.name) < 0)
		rc = -1;
	if (rc == 0)
		rc = io_write_all(d.fd, bytes);
	if (rc == 0 && (fsync(d.fd) < 0 || fsync(s->dirs[SPOOL_NEW]) < 0))
		rc = -1;
	io_close(d.fd);
	snprintf(ret_name, SPOOL_NAME_BYTES, "%s", d.name);
	return rc;
}

#define POST(s, bytes, name, number) post_name_first((s), (bytes), (name))
#include "tests/crash/writer.c"
