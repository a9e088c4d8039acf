/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nosync: preloaded, it makes every sync cost nothing: the limit for a program that syncs is itself
 * without. Never a part of the product. */
#include <fcntl.h>
#include <unistd.h>

int fsync(int fd)
{
	(void)fd;
	return 0;
}

int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

int sync_file_range(int fd, off64_t from, off64_t len, unsigned int flags)
{
	(void)fd;
	(void)from;
	(void)len;
	(void)flags;
	return 0;
}
