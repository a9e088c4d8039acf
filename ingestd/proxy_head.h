/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proxy_head: what a terminator of TLS says of a connection before its first byte, by the PROXY
 * protocol of HAProxy, versions 1 and 2. Pure. */
#ifndef PUNCHD_INGESTD_PROXY_HEAD_H
#define PUNCHD_INGESTD_PROXY_HEAD_H

#include <netinet/in.h>

#include "lib/span.h"

/* A head of version 1 has 107 bytes at most, one of version 2 has 52 and whatever a terminator adds
 * of its own (names, certificates), which is passed over. */
#define PROXY_HEAD_MAX 1024

struct proxy_head {
	size_t len;                 /* of the head; what follows is the client's */
	bool named;                 /* false: the terminator speaks for itself, or does not know */
	struct sockaddr_in6 client; /* if named; one of IPv4 in its IPv6 form */
};

/* Reads the head that `bytes` begin with. 0; -EAGAIN when they are the beginning of one; -EBADMSG
 * when they are not, or it would be longer than PROXY_HEAD_MAX. */
must_check int proxy_head_read(struct span bytes, struct proxy_head *ret);

#endif
