/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listen: the sockets that terminals, and their terminator of TLS, connect to: handed over by the
 * service manager, or made from the configuration. */
#ifndef PUNCHD_INGESTD_LISTEN_H
#define PUNCHD_INGESTD_LISTEN_H

#include "lib/conf.h"

#define LISTEN_PROXY_NAME "proxy" /* what the service manager calls the terminator's socket */

/* All are listening, non-blocking and close-on-exec. */
struct listeners {
	int fds[CONF_LISTEN_MAX];
	unsigned count;
	int proxy_fd; /* of the file system; -1: there is none */
};

/* One at least. 0, or a negative errno after it was logged. */
must_check int listen_all(const struct conf *c, struct listeners *ret);

#endif
