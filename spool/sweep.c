/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sweep: drafts that their writers left behind. Nobody was promised anything about them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"
#include "spool/spool.h"

#define AT_A_TIME 4096

static uint64_t microseconds(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_nsec / 1000;
}

static bool is_stale(const struct stat *st, uint64_t now_wall_us, uint64_t stale_ms)
{
	/* cp -p sets the one back, nothing sets back the other. */
	uint64_t modified_us = microseconds(&st->st_mtim), changed_us = microseconds(&st->st_ctim);
	uint64_t written_us = modified_us > changed_us ? modified_us : changed_us;
	return S_ISREG(st->st_mode) && written_us < now_wall_us &&
	       now_wall_us - written_us > stale_ms * 1000;
}

/* 1 when it was removed, 0 when it stays. */
static int sweep_one(int tmp_fd, const char *name, uint64_t now_wall_us, uint64_t stale_ms)
{
	struct stat st;
	if (fstatat(tmp_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!is_stale(&st, now_wall_us, stale_ms))
		return 0;
	/* G5: nothing is deleted by a program that could not read it. */
	int fd = openat(tmp_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;
	io_close(fd);
	if (unlinkat(tmp_fd, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return 1;
}

int spool_sweep(const struct spool *s, uint64_t now_wall_us, uint64_t stale_ms)
{
	struct spool_list l;
	int swept = 0, rc = spool_scan(s, SPOOL_TMP, AT_A_TIME, &l);
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc >= 0 && i < l.count; i++) {
		rc = sweep_one(s->dirs[SPOOL_TMP], l.items[i].name, now_wall_us, stale_ms);
		swept += rc > 0;
	}
	spool_list_free(&l);
	return rc < 0 ? rc : swept;
}
