/* SPDX-License-Identifier: GPL-2.0-or-later */
/* operate: what an operator does to a spool, with the daemons up or down. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/io.h"
#include "spool/spool.h"

/* An operator's word is kept once it was taken: both directories are synced before it is. */
static int sync_both(const struct spool *s, enum spool_state a, enum spool_state b)
{
	/* Durability: after this the file is in one place only, whatever happens. */
	if (fsync(s->dirs[b]) < 0 || fsync(s->dirs[a]) < 0)
		return -errno;
	return 0;
}

static void remove_why(const struct spool *s, const char *name)
{
	char file[SPOOL_NAME_BYTES + 8];
	snprintf(file, sizeof(file), "%s.why", name);
	(void)unlinkat(s->dirs[SPOOL_BAD], file, 0); /* it may never have had one */
}

static bool movable(enum spool_state state)
{
	return state == SPOOL_NEW || state == SPOOL_DONE || state == SPOOL_BAD ||
	       state == SPOOL_HOLD;
}

int spool_move(const struct spool *s, const char *name, enum spool_state from, enum spool_state to)
{
	if (!spool_name_valid(span_str(name), NULL) || !movable(from) || !movable(to) || from == to)
		return -EINVAL;
	if (s->dirs[from] < 0 || s->dirs[to] < 0)
		return -EACCES;
	/* Durability: a cut before sync_both leaves it in one of the two, and nobody was told. */
	if (renameat2(s->dirs[from], name, s->dirs[to], name, RENAME_NOREPLACE) < 0)
		return -errno;
	/* At once, and not after the syncs: the consumer may refuse the file again as soon as it is
	 * back, and that reason must stay. */
	if (from == SPOOL_BAD)
		remove_why(s, name);
	return sync_both(s, from, to);
}

int spool_discard_unsynced(const struct spool *s, const char *name, enum spool_state from)
{
	if (!spool_name_valid(span_str(name), NULL) ||
		(from != SPOOL_DONE && from != SPOOL_BAD && from != SPOOL_HOLD))
		return -EINVAL;
	if (s->dirs[from] < 0)
		return -EACCES;
	/* G5: who deletes could have read what is deleted. What is no file at all (bad/ keeps such)
	 * holds nothing to read. */
	int fd = openat(
		s->dirs[from], name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno != ELOOP && errno != ENXIO)
		return -errno;
	io_close(fd);
	if (unlinkat(s->dirs[from], name, 0) < 0 &&
		(errno != EISDIR || unlinkat(s->dirs[from], name, AT_REMOVEDIR) < 0))
		return -errno;
	if (from == SPOOL_BAD)
		remove_why(s, name);
	return 0;
}

int spool_sync_discarded(const struct spool *s, enum spool_state from)
{
	/* Durability: what an operator was told is gone must not come back. */
	return fsync(s->dirs[from]) < 0 ? -errno : 0;
}

int spool_discard(const struct spool *s, const char *name, enum spool_state from)
{
	int rc = spool_discard_unsynced(s, name, from);
	return rc < 0 ? rc : spool_sync_discarded(s, from);
}
