/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layout: the directories of a spool, who may do what in them, and the locks that show who is at
 * work. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/io.h"
#include "spool/spool.h"

#define MODE_SPOOL  02750 /* the group may enter */
#define MODE_SHARED 03770 /* the group may create, nobody may remove or replace another's */
#define MODE_OWN    00700 /* the consumer alone */

static const struct {
	const char *name;
	mode_t mode;
} states[SPOOL_STATES] = {
	[SPOOL_TMP] = {"tmp", MODE_SHARED},
	[SPOOL_NEW] = {"new", MODE_SHARED},
	[SPOOL_CUR] = {"cur", MODE_OWN},
	[SPOOL_DONE] = {"done", MODE_OWN},
	[SPOOL_BAD] = {"bad", MODE_OWN},
	[SPOOL_HOLD] = {"hold", MODE_OWN},
};

const char *spool_state_name(enum spool_state state)
{
	return states[state].name;
}

/* Makes one directory with exactly this mode; one that is there already keeps the mode its
 * administrator gave it. So it may not be there before it has its mode: it is made aside. */
static int make_dir(int at_fd, const char *name, mode_t mode, bool *ret_made)
{
	char aside[32];
	int rc = 0;
	if (faccessat(at_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	snprintf(aside, sizeof(aside), ".%s.new", name);
	if (mkdirat(at_fd, aside, 0700) < 0 && errno != EEXIST) /* a killed one left it */
		return -errno;
	/* Durability: the parent is synced when all are made; lost before, it is made again. */
	if (fchmodat(at_fd, aside, mode, 0) < 0 ||
		renameat2(at_fd, aside, at_fd, name, RENAME_NOREPLACE) < 0)
		rc = -errno;
	*ret_made = rc == 0;
	if (rc < 0)
		(void)unlinkat(at_fd, aside, AT_REMOVEDIR);
	/* Perhaps another one was faster. */
	return faccessat(at_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : rc;
}

/* All states that are missing. `made` tells which, also after a failure. */
static int make_states(int root, bool made[static SPOOL_STATES])
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < SPOOL_STATES; i++)
		rc = make_dir(root, states[i].name, states[i].mode, &made[i]);
	/* Durability: their names, before anything is promised into one of them. */
	return rc == 0 && fsync(root) < 0 ? -errno : rc;
}

/* What stayed of this try would be taken for durable by the next: a second fsync proves nothing. */
static void take_back(int root, const bool made[static SPOOL_STATES])
{
	for (unsigned i = 0; i < SPOOL_STATES; i++)
		if (made[i])
			(void)unlinkat(root, states[i].name, AT_REMOVEDIR);
}

int spool_make(const char *dir, const char *kind)
{
	bool made_root = false, made[SPOOL_STATES] = {false};
	int parent = io_open_dir(AT_FDCWD, dir);
	if (parent < 0)
		return parent;
	int rc = make_dir(parent, kind, MODE_SPOOL, &made_root);
	int root = rc < 0 ? rc : io_open_dir(parent, kind);
	rc = root < 0 ? root : make_states(root, made);
	/* Durability: a spool that was promised into must not vanish with its directories. Each
	 * start syncs them, also those that are there: who made them may have ended before it. */
	if (rc == 0 && fsync(parent) < 0)
		rc = -errno;
	if (rc < 0)
		take_back(root, made);
	if (rc < 0 && made_root)
		(void)unlinkat(parent, kind, AT_REMOVEDIR);
	io_close(root);
	io_close(parent);
	return rc;
}

static bool needed(enum spool_use use, enum spool_state state)
{
	switch (use) {
	case SPOOL_FOR_WRITING:
		return state == SPOOL_TMP || state == SPOOL_NEW;
	case SPOOL_FOR_CONSUMING:
		return true;
	case SPOOL_FOR_OPERATING:
		break;
	}
	return false;
}

static int open_states(struct spool *s, enum spool_use use)
{
	for (unsigned i = 0; i < SPOOL_STATES; i++) {
		if (use == SPOOL_FOR_WRITING && !needed(use, (enum spool_state)i))
			continue;
		int fd = io_open_dir(s->root, states[i].name);
		if (fd < 0 && (needed(use, (enum spool_state)i) || fd != -EACCES))
			return fd;
		s->dirs[i] = fd < 0 ? -1 : fd;
	}
	return 0;
}

static int lock(int fd, int how)
{
	if (fd < 0)
		return -EACCES;
	if (flock(fd, how | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

int spool_open(const char *dir, const char *kind, enum spool_use use, struct spool *ret)
{
	struct spool s = {.root = -1, .dirs = {-1, -1, -1, -1, -1, -1}};
	int parent = io_open_dir(AT_FDCWD, dir);
	if (parent < 0)
		return parent;
	s.root = io_open_dir(parent, kind);
	io_close(parent);
	int rc = s.root < 0 ? s.root : open_states(&s, use);
	if (rc == 0 && use == SPOOL_FOR_CONSUMING)
		rc = lock(s.dirs[SPOOL_CUR], LOCK_EX);
	struct stat st;
	if (rc == 0 && s.dirs[SPOOL_NEW] >= 0) {
		if (fstat(s.dirs[SPOOL_NEW], &st) < 0)
			rc = -errno;
		else
			s.group = st.st_gid;
	}
	if (rc < 0) {
		spool_close(&s);
		return rc;
	}
	*ret = s;
	return 0;
}

void spool_close(struct spool *s)
{
	for (unsigned i = 0; i < SPOOL_STATES; i++) {
		io_close(s->dirs[i]);
		s->dirs[i] = -1;
	}
	io_close(s->root);
	s->root = -1;
}

/* 1 when `how` cannot be had because somebody holds the lock, 0 when it could be had (and was given
 * back). */
static int is_locked(int fd, int how)
{
	int rc = lock(fd, how);
	if (rc == -EBUSY)
		return 1;
	if (rc == 0 && flock(fd, LOCK_UN) < 0)
		return -errno;
	return rc;
}

int spool_has_consumer(const struct spool *s)
{
	return is_locked(s->dirs[SPOOL_CUR], LOCK_SH);
}

int spool_announce_writer(const struct spool *s)
{
	return lock(s->dirs[SPOOL_TMP], LOCK_SH);
}

int spool_has_writer(const struct spool *s)
{
	return is_locked(s->dirs[SPOOL_TMP], LOCK_EX);
}

int spool_free(const struct spool *s, uint64_t *ret_bytes, uint64_t *ret_files)
{
	struct statvfs v;
	if (fstatvfs(s->dirs[SPOOL_NEW], &v) < 0)
		return -errno;
	*ret_bytes = (uint64_t)v.f_bavail * v.f_frsize;
	/* File systems without a table of inodes (btrfs) say 0 of 0. */
	*ret_files = v.f_files == 0 ? UINT64_MAX : v.f_favail;
	return 0;
}
