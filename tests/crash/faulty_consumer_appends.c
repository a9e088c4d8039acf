/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong on purpose: working on an entry twice counts it twice. G4 */
#include "lib/io.h"
#include "tests/crash/made.h"

#include <fcntl.h>

static int append(int effects_fd, const char *key, struct span body)
{
	int fd = openat(effects_fd, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int rc = fd < 0 ? -1 : io_write_all(fd, body);

	(void)key;
	if (rc == 0)
		rc = fsync(fd);
	io_close(fd);
	return rc;
}

#define STORE append
#include "tests/crash/consumer.c"
