/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recorder IMAGE LOG MOUNTPOINT: a FUSE file system of two files. "disk" is the image, to be
 * loop-mounted: each write and flush goes into the log in order. "mark" takes lines of a client,
 * and they go into the same log. It stays in the foreground until it is unmounted.
 *
 * One thread serves all of it, so the log's order is the one in which the kernel was answered. A
 * loop device makes a flush of each forced write (FUA), so fsync is all that has to be seen. */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/powercut/log.h"

static int image_fd, log_fd;
static off_t image_bytes;

static bool is(const char *path, const char *name)
{
	return strcmp(path, name) == 0;
}

/* A log with a hole would prove nothing. */
static void record(enum log_kind kind, off_t offset, const char *bytes, size_t len)
{
	struct log_head head = {kind, (uint32_t)len, (uint64_t)offset};
	struct iovec parts[] = {{&head, sizeof(head)}, {(void *)(uintptr_t)bytes, len}};

	if (writev(log_fd, parts, 2) != (ssize_t)(sizeof(head) + len)) {
		perror("recorder: the log");
		abort();
	}
}

static int on_getattr(const char *path, struct stat *st, struct fuse_file_info *file)
{
	(void)file;
	*st = (struct stat){.st_nlink = 1};
	if (is(path, "/")) {
		st->st_mode = S_IFDIR | 0755;
	} else if (is(path, "/disk")) {
		st->st_mode = S_IFREG | 0600;
		st->st_size = image_bytes;
	} else if (is(path, "/mark")) {
		st->st_mode = S_IFREG | 0600;
	} else {
		return -ENOENT;
	}
	return 0;
}

static int on_open(const char *path, struct fuse_file_info *file)
{
	if (is(path, "/mark"))
		file->direct_io = 1;
	return 0;
}

static int on_read(
	const char *path, char *into, size_t len, off_t offset, struct fuse_file_info *file)
{
	ssize_t got = is(path, "/disk") ? pread(image_fd, into, len, offset) : 0;

	(void)file;
	return got < 0 ? -errno : (int)got;
}

static int on_write(
	const char *path, const char *bytes, size_t len, off_t offset, struct fuse_file_info *file)
{
	(void)file;
	if (is(path, "/mark")) {
		record(LOG_MARK, 0, bytes, len);
		return (int)len;
	}
	record(LOG_WRITE, offset, bytes, len);
	ssize_t put = pwrite(image_fd, bytes, len, offset);
	return put < 0 ? -errno : (int)put;
}

static int on_fsync(const char *path, int only_data, struct fuse_file_info *file)
{
	(void)only_data;
	(void)file;
	if (is(path, "/disk"))
		record(LOG_FLUSH, 0, "", 0);
	return 0;
}

static const struct fuse_operations operations = {
	.getattr = on_getattr,
	.open = on_open,
	.read = on_read,
	.write = on_write,
	.fsync = on_fsync,
};

int main(int argc, char **argv)
{
	char *args[] = {argv[0], "-f", "-s", argc == 4 ? argv[3] : NULL, NULL};

	if (argc != 4) {
		fputs("usage: recorder IMAGE LOG MOUNTPOINT\n", stderr);
		return 64;
	}
	image_fd = open(argv[1], O_RDWR | O_CLOEXEC);
	log_fd = open(argv[2], O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (image_fd < 0 || log_fd < 0) {
		perror("recorder");
		return 66;
	}
	image_bytes = lseek(image_fd, 0, SEEK_END);
	return fuse_main(4, args, &operations, NULL);
}
