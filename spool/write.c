/* SPDX-License-Identifier: GPL-2.0-or-later */
/* write: the writer's half. tmp → write → fsync → rename → fsync of the directory → only now may
 * anyone be told OK. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/io.h"
#include "spool/spool.h"

#define MODE_DRAFT 0640 /* the consumer reads it as one of the group */
#define TRIES      8

int spool_draft_open(const struct spool *s, struct spool_draft *ret)
{
	struct spool_draft d;
	spool_name_make(clock_wall_us(), d.name);
	d.fd = openat(s->dirs[SPOOL_TMP], d.name,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE_DRAFT);
	if (d.fd < 0)
		return -errno;
	if (fchmod(d.fd, MODE_DRAFT) < 0) { /* whatever the umask */
		int rc = -errno;
		spool_draft_drop(s, &d);
		return rc;
	}
	*ret = d;
	return 0;
}

/* Renames tmp/NAME to new/, never over another file; a name that is taken is changed. */
static int rename_to_new(const struct spool *s, struct spool_draft *d)
{
	char name[SPOOL_NAME_BYTES];
	snprintf(name, sizeof(name), "%s", d->name);
	for (int i = 0; i < TRIES; i++) {
		/* Durability: the contents are on the disk already, so what becomes visible here is
		 * whole for ever. */
		if (renameat2(s->dirs[SPOOL_TMP], d->name, s->dirs[SPOOL_NEW], name,
			    RENAME_NOREPLACE) == 0) {
			snprintf(d->name, sizeof(d->name), "%s", name);
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
		spool_name_make(clock_wall_us(), name);
	}
	return -EEXIST;
}

int spool_draft_post(const struct spool *s, struct spool_draft *d)
{
	/* Durability: the file before its name. A failed fsync is final: the kernel may have
	 * dropped the pages and marked them clean, so a second one that succeeds would prove
	 * nothing. */
	int rc = fsync(d->fd) < 0 ? -errno : 0;
	if (rc == 0)
		rc = rename_to_new(s, d);
	if (rc < 0) {
		spool_draft_drop(s, d);
		return rc;
	}
	io_close(d->fd);
	d->fd = -1;
	return 0;
}

int spool_sync_new(const struct spool *s)
{
	/* Durability: the names after the files; a rename that is only in memory is not a promise.
	 */
	return fsync(s->dirs[SPOOL_NEW]) < 0 ? -errno : 0;
}

void spool_draft_drop(const struct spool *s, struct spool_draft *d)
{
	if (d->fd < 0)
		return;
	/* It was promised to nobody; should the removal fail, it is swept when it is stale. */
	(void)unlinkat(s->dirs[SPOOL_TMP], d->name, 0);
	io_close(d->fd);
	d->fd = -1;
}

int spool_post(const struct spool *s, struct span bytes, char ret_name[static SPOOL_NAME_BYTES])
{
	struct spool_draft d = {.fd = -1};
	int rc = spool_draft_open(s, &d);
	if (rc < 0)
		return rc;
	rc = io_write_all(d.fd, bytes);
	if (rc < 0) {
		spool_draft_drop(s, &d);
		return rc;
	}
	rc = spool_draft_post(s, &d);
	if (rc == 0)
		rc = spool_sync_new(s);
	if (rc == 0)
		snprintf(ret_name, SPOOL_NAME_BYTES, "%s", d.name);
	return rc;
}
