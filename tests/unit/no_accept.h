/* SPDX-License-Identifier: GPL-2.0-or-later */
/* no_accept: accept4() that fails as the test says, as for want of descriptors. A limit on them
 * would not do: valgrind has some of its own. */
#ifndef PUNCHD_TESTS_UNIT_NO_ACCEPT_H
#define PUNCHD_TESTS_UNIT_NO_ACCEPT_H

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int accept_error; /* 0: it is the system's */

/* Stands in for libc's. */
int accept4(int fd, struct sockaddr *from, socklen_t *len, int flags)
{
	if (accept_error == 0)
		return (int)syscall(SYS_accept4, fd, from, len, flags);
	errno = accept_error;
	return -1;
}

#endif
