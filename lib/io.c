/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io: system calls that do half of the work, repeated until all of it is done. */
#include "lib/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READ_STEP ((size_t)64 * 1024)

int io_write_all(int fd, struct span bytes)
{
	struct iovec part = {.iov_base = (void *)bytes.ptr, .iov_len = bytes.len};

	return io_writev_all(fd, &part, 1);
}

/* Steps over `done` bytes and over parts that hold nothing (any more). */
static void advance(struct iovec **parts, size_t *part_count, size_t done)
{
	while (*part_count > 0 && done >= (*parts)->iov_len) {
		done -= (*parts)->iov_len;
		(*parts)++;
		(*part_count)--;
	}
	if (*part_count > 0 && done > 0) {
		(*parts)->iov_base = (char *)(*parts)->iov_base + done;
		(*parts)->iov_len -= done;
	}
}

int io_writev_all(int fd, struct iovec *parts, size_t part_count)
{
	advance(&parts, &part_count, 0);
	while (part_count > 0) {
		ssize_t n = writev(fd, parts, part_count < IOV_MAX ? (int)part_count : IOV_MAX);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		advance(&parts, &part_count, (size_t)n);
	}
	return 0;
}

static ssize_t read_some(int fd, void *into, size_t room)
{
	ssize_t n;

	do
		n = read(fd, into, room);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int io_read_all(int fd, struct buf *into)
{
	for (;;) {
		size_t room = into->max - into->len;
		size_t step = room < READ_STEP ? room : READ_STEP;
		char probe;
		ssize_t n;
		/* Not before it is full: the end of a small file must not cost a larger buffer. */
		int rc = into->len < into->room ? 0 : buf_reserve(into, step);

		if (rc < 0)
			return rc;
		/* A full buffer is no fault if the file ends just there. */
		n = room > 0 ? read_some(fd, into->ptr + into->len, into->room - into->len)
			     : read_some(fd, &probe, 1);
		if (n <= 0)
			return (int)n;
		if (room == 0)
			return -EMSGSIZE;
		into->len += (size_t)n;
	}
}

int io_open_dir(int at_fd, const char *path)
{
	int fd = openat(at_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int io_open_beneath(int dir_fd, const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int give_mode(int dir_fd, mode_t mode)
{
	int rc = io_set_dir_mode(dir_fd, mode);

	/* Durability: the mode, before the name, because one that is there keeps the mode it has.
	 */
	return rc < 0 || fsync(dir_fd) == 0 ? rc : -errno;
}

static int sync_above(int dir_fd, bool made)
{
	int above = io_open_dir(dir_fd, "..");

	if (above == -EACCES && !made)
		return 0; /* its name was not ours to give */
	if (above < 0)
		return above;
	/* Durability: the directory's own name, before anything in it is relied on. Of one that is
	 * there too: who made it may have ended before this, or failed at it. */
	int rc = fsync(above) < 0 ? -errno : 0;
	io_close(above);
	return rc;
}

int io_make_dir(const char *path, mode_t mode)
{
	return io_make_dir_at(AT_FDCWD, path, mode);
}

int io_make_dir_at(int at_fd, const char *path, mode_t mode)
{
	bool made = mkdirat(at_fd, path, mode & 0777) == 0;
	if (!made && errno != EEXIST)
		return -errno;
	int fd = io_open_dir(at_fd, path);
	int rc = fd < 0 ? fd : 0;
	if (rc == 0 && made)
		rc = give_mode(fd, mode);
	if (rc == 0)
		rc = sync_above(fd, made);
	io_close(fd);
	if (rc < 0 && made)
		(void)unlinkat(at_fd, path, AT_REMOVEDIR); /* the next try begins anew */
	return rc;
}

int io_set_dir_mode(int dir_fd, mode_t mode)
{
	struct stat st;

	if (fstat(dir_fd, &st) < 0)
		return -errno;
	if ((st.st_mode & ALLPERMS) == mode)
		return 0;
	return fchmod(dir_fd, mode) < 0 ? -errno : 0; /* whatever the umask */
}

/* Writes the draft of a file, so that it is durable under its own name but not yet in anybody's
 * way. */
static int write_draft(int dir_fd, const char *draft, struct span bytes, mode_t mode)
{
	int rc, fd = openat(
			dir_fd, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	rc = fchmod(fd, mode) < 0 ? -errno : io_write_all(fd, bytes);
	/* Durability: the bytes and the mode, before the name that readers know leads to them.
	 * After a failed fsync the kernel may have dropped the pages and would call a second one
	 * good: the draft is given up. */
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	io_close(fd);
	return rc;
}

int io_place_file(int dir_fd, const char *name, struct span bytes, mode_t mode)
{
	char draft[NAME_MAX + 1];
	int rc, len = snprintf(draft, sizeof(draft), ".%s.new", name);

	if (len < 0 || (size_t)len >= sizeof(draft))
		return -ENAMETOOLONG;
	if (name[0] == '\0' || strchr(name, '/'))
		return -EINVAL;
	/* Left behind by a writer that was killed. */
	if (unlinkat(dir_fd, draft, 0) < 0 && errno != ENOENT)
		return -errno;
	rc = write_draft(dir_fd, draft, bytes, mode);
	/* Durability: one step; whoever opens the name, also after a crash, finds the old bytes or
	 * the new ones. */
	if (rc == 0 && renameat(dir_fd, draft, dir_fd, name) < 0)
		rc = -errno;
	if (rc < 0)
		unlinkat(dir_fd, draft, 0);
	return rc;
}

int io_replace_file(int dir_fd, const char *name, struct span bytes, mode_t mode)
{
	int rc = io_place_file(dir_fd, name, bytes, mode);

	/* Durability: the new name itself. Until now a power cut may bring back the old file. */
	return rc < 0 || fsync(dir_fd) == 0 ? rc : -errno;
}

void io_close(int fd)
{
	int kept = errno;

	if (fd >= 0)
		close(fd);
	errno = kept;
}
