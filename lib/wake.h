/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wake: what cmdqd tells notifyd over wake.sock, one message a packet (AF_UNIX, SOCK_DGRAM), never
 * answered:
 *
 *   "wake <serial> <address>"    a command is waiting for that terminal, which was last seen there
 *   "seen <serial>"              it has asked: leave it alone
 *
 * Pure but for the two functions that make sockets. */
#ifndef PUNCHD_LIB_WAKE_H
#define PUNCHD_LIB_WAKE_H

#include "lib/buf.h"

#define WAKE_MAX 128 /* bytes of a packet */

enum wake_kind { WAKE_POKE, WAKE_SEEN };

struct wake {
	enum wake_kind kind;
	struct span serial;  /* valid */
	struct span address; /* of WAKE_POKE: an IPv4 or IPv6 address */
};

/* 0, -EINVAL, -EMSGSIZE, -ENOMEM; the buffer is emptied first. */
must_check int wake_put(struct buf *b, const struct wake *w);
/* 0 or -EBADMSG; the spans point into `packet`. */
must_check int wake_get(struct span packet, struct wake *ret);

/* Non-blocking and close-on-exec. wake_listen replaces a socket file that nobody listens on and
 * gives the new one `mode`; -EADDRINUSE when somebody does. wake_connect: -ENOENT, -ECONNREFUSED
 * while notifyd is down. */
must_check int wake_listen(const char *path, unsigned mode);
must_check int wake_connect(const char *path);

#endif
