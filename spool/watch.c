/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch: wakes a consumer when something arrives. The only file that knows libinotifytools; what
 * was learnt about 3.22 by trying stands where it matters. */
#include <errno.h>
#include <fcntl.h>
#include <inotifytools/inotify.h>
#include <inotifytools/inotifytools.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/io.h"
#include "spool/spool.h"

/* The library has no accessor for its descriptor, which is the lowest free one when it is
 * initialized. */
static int lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	io_close(fd);
	return fd;
}

/* Is this descriptor really the inotify one? And from now on it does not survive exec. */
static int confirm(int fd)
{
	char link[32], what[32];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, what, sizeof(what));
	if (len < 0)
		return -errno;
	if (!span_is(span_of(what, (size_t)len), "anon_inode:inotify"))
		return -ENXIO;
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

static int last_error(void)
{
	int code = inotifytools_error();
	return code ? -code : -EIO;
}

/* The library keeps one descriptor, and all that is known of it, in variables of its own: this is
 * it, while there is a watch. */
static int watch_fd = -1;

/* 0 and the descriptor, which nobody but the library may close. */
static int start(int *ret_fd)
{
	int fd = lowest_free();
	if (fd < 0)
		return fd;
	if (!inotifytools_initialize())
		return last_error();
	int rc = confirm(fd);
	if (rc < 0)
		inotifytools_cleanup();
	else
		*ret_fd = fd;
	return rc;
}

int spool_watch_open(const char *path)
{
	bool first = watch_fd < 0;
	int rc = first ? start(&watch_fd) : 0;

	if (rc == 0 && !inotifytools_watch_file(path, IN_MOVED_TO | IN_CREATE))
		rc = last_error();
	/* What is watched already goes on. */
	if (rc < 0 && first)
		spool_watch_close();
	return rc < 0 ? rc : watch_fd;
}

int spool_watch_drain(void)
{
	int came = 0;
	/* One event at a time and no waiting: next_event(0) would wait for ever, asking for more
	 * spins. The library reads ahead, so the descriptor can be quiet while events are left:
	 * take them until there is none. An overflow comes as an event too, and is all the same to
	 * somebody who scans the directory. */
	while (inotifytools_next_events(0, 1))
		came = 1;
	int code = inotifytools_error();
	return code ? -code : came;
}

void spool_watch_close(void)
{
	if (watch_fd >= 0)
		inotifytools_cleanup();
	watch_fd = -1;
}
