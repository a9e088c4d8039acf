/* SPDX-License-Identifier: GPL-2.0-or-later */
/* content: what results brought along, each in a file. */
#include "cmdqd/content.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/io.h"

#define NAME_ROOM 24 /* of 20 digits */

/* Durability: the directory itself. Without its name in the one above, a power cut could take all
 * that is in it. */
static int sync_above(int dir)
{
	int above = io_open_dir(dir, "..");

	if (above < 0)
		return above;
	int rc = fsync(above) < 0 ? -errno : 0;
	io_close(above);
	return rc;
}

int content_open(const char *path, struct content *ret)
{
	int rc = io_make_dir(path, 02750);

	if (rc < 0)
		return rc;
	int dir = io_open_dir(AT_FDCWD, path);
	if (dir < 0)
		return dir;
	rc = sync_above(dir);
	if (rc < 0)
		io_close(dir);
	else
		ret->dir = dir;
	return rc;
}

void content_close(struct content *c)
{
	io_close(c->dir);
	c->dir = -1;
}

int content_put(const struct content *c, uint64_t id, struct span bytes)
{
	char name[NAME_ROOM];

	snprintf(name, sizeof(name), "%" PRIu64, id);
	/* Durability: io_replace_file syncs the file before its name, and then the directory: a
	 * command that names content has it. */
	return io_replace_file(c->dir, name, bytes, 0640);
}
