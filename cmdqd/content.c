/* SPDX-License-Identifier: GPL-2.0-or-later */
/* content: what results brought along, each in a file. */
#include "cmdqd/content.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/io.h"

#define CONTENT_DIR (CONF_CONTENT + sizeof(CONF_CMDQD_DIR)) /* its last name */
#define NAME_ROOM   24                                      /* of 20 digits */

int content_open(int above, struct content *ret)
{
	int rc = io_make_dir_at(above, CONTENT_DIR, 02750);

	if (rc < 0)
		return rc;
	int dir = io_open_dir(above, CONTENT_DIR);
	if (dir < 0)
		return dir;
	*ret = (struct content){.above = above, .dir = dir};
	return 0;
}

void content_close(struct content *c)
{
	io_close(c->dir);
	c->dir = -1;
}

static int put(const struct content *c, uint64_t id, struct span bytes)
{
	char name[NAME_ROOM];

	snprintf(name, sizeof(name), "%" PRIu64, id);
	/* Durability: io_replace_file syncs the file before its name, and then the directory: a
	 * command that names content has it. */
	return io_replace_file(c->dir, name, bytes, 0640);
}

static int open_again(struct content *c)
{
	struct content fresh;
	int rc = content_open(c->above, &fresh);

	if (rc < 0)
		return rc;
	content_close(c);
	*c = fresh;
	return 0;
}

int content_put(struct content *c, uint64_t id, struct span bytes)
{
	int rc = put(c, id, bytes);

	/* In a directory that is held but has no name any more nothing can be made. */
	if (rc != -ENOENT)
		return rc;
	rc = open_again(c);
	return rc < 0 ? rc : put(c, id, bytes);
}
