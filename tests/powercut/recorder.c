/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recorder IMAGE LOG MOUNTPOINT: a FUSE file system of three files. "disk" is the image, to be
 * loop-mounted: each write and flush goes into the log in order. "mark" takes lines of a client,
 * and they go into the same log. "fails" takes letters and a number: when so many more of what they
 * say have gone well, all of it fails with EIO, and nothing of it is done or logged: r the reads of
 * the disk, w its writes, f its flushes. A line without letters, and it is well again. It stays in
 * the foreground until it is unmounted.
 *
 * One thread serves all of it, so the log's order is the one in which the kernel was answered. A
 * loop device makes a flush of each forced write (FUA), so fsync is all that has to be seen. */
#define FUSE_USE_VERSION 31
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/powercut/log.h"

static int image_fd, log_fd;
static off_t image_bytes;
static bool failing[UCHAR_MAX + 1]; /* by their letters */
static unsigned well_left;

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

static void fail_from_now_on(const char *line, size_t len)
{
	memset(failing, 0, sizeof(failing));
	well_left = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];
		if (isdigit(c))
			well_left = well_left * 10 + (c - '0');
		else
			failing[c] = true;
	}
}

static bool fails(char what)
{
	if (!failing[(unsigned char)what])
		return false;
	if (well_left == 0)
		return true;
	well_left--;
	return false;
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
	} else if (is(path, "/mark") || is(path, "/fails")) {
		st->st_mode = S_IFREG | 0600;
	} else {
		return -ENOENT;
	}
	return 0;
}

static int on_open(const char *path, struct fuse_file_info *file)
{
	(void)path;
	file->direct_io = 1; /* what the kernel kept could not fail */
	return 0;
}

static int on_read(
	const char *path, char *into, size_t len, off_t offset, struct fuse_file_info *file)
{
	(void)file;
	if (!is(path, "/disk"))
		return 0;
	if (fails('r'))
		return -EIO;
	ssize_t got = pread(image_fd, into, len, offset);
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
	if (is(path, "/fails")) {
		fail_from_now_on(bytes, len);
		return (int)len;
	}
	if (fails('w'))
		return -EIO;
	record(LOG_WRITE, offset, bytes, len);
	ssize_t put = pwrite(image_fd, bytes, len, offset);
	return put < 0 ? -errno : (int)put;
}

static int on_fsync(const char *path, int only_data, struct fuse_file_info *file)
{
	(void)only_data;
	(void)file;
	if (!is(path, "/disk"))
		return 0;
	if (fails('f'))
		return -EIO;
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
