/* SPDX-License-Identifier: GPL-2.0-or-later */
/* local: sockets between processes of this machine (AF_UNIX), under a name in the file system. All
 * are non-blocking and close-on-exec. */
#ifndef PUNCHD_LIB_LOCAL_H
#define PUNCHD_LIB_LOCAL_H

#include <sys/types.h>

#include "lib/span.h"

/* `type`: SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM. A descriptor, or a negative errno: -ENOENT,
 * -ECONNREFUSED while nobody listens, -ENAMETOOLONG. */
must_check int local_connect(const char *path, int type);

/* Has somebody a socket of `type` there? 1, for one of a third type too; 0; or a negative errno
 * when it cannot be told: -EACCES, -ENAMETOOLONG. Nobody who listens is bothered: of that type
 * there is no connection. */
must_check int local_is_there(const char *path, int type);

/* Replaces a socket file that nobody listens on and gives the new one `mode`, whatever the umask;
 * nobody gets in before it has that. -EADDRINUSE when somebody listens; -EEXIST for a file that is
 * no socket; other negative errno. */
must_check int local_listen(const char *path, int type, mode_t mode);

/* Takes who waits at a listener: a descriptor, or -EAGAIN when nobody does (any more). Any other
 * negative errno, as for want of descriptors, leaves them waiting and the listener readable: who
 * polls it is to be deaf for a while, or does nothing else. */
must_check int local_accept(int listen_fd);

#endif
