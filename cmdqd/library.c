/* SPDX-License-Identifier: GPL-2.0-or-later */
/* library: see the header. */
#include "cmdqd/library.h"

#include <errno.h>

#include "lib/log.h"

/* Handshakes go on without it. */
static void tell(struct library *l)
{
	if (l->told)
		return;
	l->told = true;
	log_warning("terminals are told of nobody: users with their passwords and cards may not be "
		    "read; add cmdqd's user to the group punchd-private and start it again",
		LOG_TEXT("path", l->private_path), LOG_ERR(-EACCES));
}

int library_open(struct library *l, struct records_reader **ret)
{
	int rc = 0;

	if (l->reader == NULL && l->private_path == NULL)
		rc = records_open(l->path, &l->reader);
	else if (l->reader == NULL)
		rc = items_open(l->path, l->private_path, &l->reader);
	if (rc == 0)
		*ret = l->reader;
	return rc;
}

int library_look(struct library *l, struct known **ret)
{
	struct records_reader *r;
	int rc = library_open(l, &r);

	if (rc != 0)
		return rc == -ENOENT ? -EAGAIN : rc;
	rc = known_begin(r, ret);
	if (rc == -EACCES && l->private_path != NULL)
		tell(l);
	else if (rc < 0 && rc != -EACCES)
		library_close(l);
	return rc;
}

void library_close(struct library *l)
{
	records_close(l->reader);
	l->reader = NULL;
}
