/* SPDX-License-Identifier: GPL-2.0-or-later */
/* library: see the header. */
#include "cmdqd/library.h"

#include <errno.h>

#include "lib/log.h"

/* Each trouble once; handshakes go on without it. */
static void tell(struct library *l, int rc)
{
	const char *event = "terminals are told of nobody: users with their passwords and cards "
			    "cannot be read";

	if (rc == -EACCES)
		event = "terminals are told of nobody: users with their passwords and cards may "
			"not be read; add cmdqd's user to the group punchd-private and start it "
			"again";
	else if (rc == -EAGAIN)
		event = "terminals are told of nobody yet: cmdqd sees no users with their "
			"passwords and cards, or parserd has not made their index; see TRUST.md";
	if (rc < 0 && rc != l->told)
		log_warning(event, LOG_TEXT("path", l->private_path), LOG_ERR(rc));
	l->told = rc;
}

int library_open(struct library *l, struct records_reader **ret)
{
	int rc = 0;

	if (l->reader != NULL && !records_is_current(l->reader))
		library_close(l);
	if (l->reader == NULL && l->private_path == NULL)
		rc = records_open(l->path, &l->reader);
	else if (l->reader == NULL)
		rc = items_open(l->path, l->private_path, &l->reader);
	if (rc == 0)
		*ret = l->reader;
	return rc;
}

static int look(struct library *l, struct known **ret)
{
	struct records_reader *r;
	int rc = library_open(l, &r);

	if (rc == -ENOENT)
		return -EAGAIN;
	return rc == 0 ? known_begin(r, ret) : rc;
}

int library_look(struct library *l, struct known **ret)
{
	int rc = l->private_path == NULL ? -EACCES : look(l, ret);

	if (l->private_path != NULL)
		tell(l, rc);
	/* What a group forbids it forbids until the next start. */
	if (rc < 0 && rc != -EACCES)
		library_close(l);
	return rc;
}

void library_close(struct library *l)
{
	records_close(l->reader);
	l->reader = NULL;
}
