/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk: see the header. */
#include "tests/powercut/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRIES 4000

static int raise_loopback(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? -errno : 0;

	close(fd);
	return rc;
}

int disk_enter_own_world(void)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0)
		return -errno;
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return raise_loopback();
}

/* -EBUSY when another process took that number meanwhile. */
static int attach(struct disk *d, int control_fd, int image_fd)
{
	const struct loop_config config = {
		.fd = (unsigned)image_fd, .info.lo_flags = LO_FLAGS_AUTOCLEAR};
	int number = ioctl(control_fd, LOOP_CTL_GET_FREE);

	if (number < 0)
		return -errno;
	snprintf(d->device, sizeof(d->device), "/dev/loop%d", number);
	d->fd = open(d->device, O_RDWR | O_CLOEXEC);
	if (d->fd < 0)
		return -errno;
	if (ioctl(d->fd, LOOP_CONFIGURE, &config) == 0)
		return 0;
	int rc = -errno;
	close(d->fd);
	return rc;
}

int disk_open(struct disk *d, int image_fd, const char *fs, const char *where)
{
	int control_fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int rc = control_fd < 0 ? -errno : -EBUSY;

	*d = (struct disk){.fs = fs, .where = where, .fd = -1};
	for (int i = 0; rc == -EBUSY && i < TRIES; i++) {
		rc = attach(d, control_fd, image_fd);
		if (rc == -EBUSY)
			usleep(1000);
	}
	if (control_fd >= 0)
		close(control_fd);
	return rc;
}

int disk_mount(const struct disk *d)
{
	/* Every shard has a copy of the one disk, so its id is there several times. */
	const char *options = strcmp(d->fs, "xfs") == 0     ? "nouuid"
			      : strcmp(d->fs, "btrfs") == 0 ? "nodiscard"
							    : "";

	return mount(d->device, d->where, d->fs, MS_NODEV | MS_NOSUID, options) < 0 ? -errno : 0;
}

int disk_unmount(const struct disk *d)
{
	int rc = -EBUSY;

	for (int i = 0; rc == -EBUSY && i < TRIES; i++) {
		rc = umount(d->where) < 0 ? -errno : 0;
		if (rc == -EBUSY)
			usleep(5000);
	}
	if (rc == 0 && ioctl(d->fd, BLKFLSBUF, 0) < 0)
		rc = -errno;
	return rc;
}
