/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listen: the sockets that terminals connect to: handed over by the service manager, or made from
 * the configuration. */
#ifndef PUNCHD_INGESTD_LISTEN_H
#define PUNCHD_INGESTD_LISTEN_H

#include "lib/conf.h"

/* Fills `ret_fds` with listening, non-blocking, close-on-exec sockets: how many (1 to
 * CONF_LISTEN_MAX), or a negative errno after it was logged. */
must_check int listen_all(const struct conf *c, int ret_fds[static CONF_LISTEN_MAX]);

#endif
