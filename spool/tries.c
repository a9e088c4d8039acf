/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tries: how often the consumer was at work on a file when it died. A file that kills it would do
 * so for ever; this is what makes an end of that. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"
#include "spool/spool.h"

#define TRY_NAME_BYTES (SPOOL_NAME_BYTES + sizeof(".try"))

static void try_name(const char *name, char ret[static TRY_NAME_BYTES])
{
	snprintf(ret, TRY_NAME_BYTES, "%s.try", name);
}

static int add_byte(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	int rc = io_write_all(fd, span_str("."));
	/* Durability: the count must outlive the death that it counts, a power cut included. */
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	if (rc != 0)
		return rc;
	return st.st_size < INT_MAX ? (int)st.st_size : INT_MAX;
}

int spool_tries_count(const struct spool *s, const char *name)
{
	char path[TRY_NAME_BYTES];

	try_name(name, path);
	int fd = openat(s->dirs[SPOOL_CUR], path,
		O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int before = add_byte(fd);
	io_close(fd);
	/* Durability: the first byte came with a name. */
	if (before >= 0 && fsync(s->dirs[SPOOL_CUR]) < 0)
		return -errno;
	return before;
}

void spool_tries_forget(const struct spool *s, const char *name)
{
	char path[TRY_NAME_BYTES];

	try_name(name, path);
	/* One that stays costs the file a try, if it ever comes here again. */
	(void)unlinkat(s->dirs[SPOOL_CUR], path, 0);
}
