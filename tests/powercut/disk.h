/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk: a loop device over a file in memory, and the kernel's file system on it. */
#ifndef PUNCHD_TESTS_POWERCUT_DISK_H
#define PUNCHD_TESTS_POWERCUT_DISK_H

#include "lib/span.h"

struct disk {
	const char *fs;    /* "ext4", "xfs", "btrfs" */
	const char *where; /* it is mounted there */
	char device[32];
	int fd;
};

/* A mount namespace and a network of this process's own: all that is mounted is gone with it, and
 * the loop devices with that. Its network has a loopback alone. 0 or a negative errno. */
must_check int disk_enter_own_world(void);
/* The loop device is gone when the last process that has it is. 0 or a negative errno. */
must_check int disk_open(struct disk *d, int image_fd, const char *fs, const char *where);
must_check int disk_mount(const struct disk *d);
/* And nothing of it is remembered: the image may be another one afterwards. */
must_check int disk_unmount(const struct disk *d);

#endif
