/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proxy: the socket that a terminator of TLS connects to. Each of its connections says first for
 * whom it comes, with one PROXY head, and is http's from then on. Only here is such a head
 * believed: the socket is of the file system, and who may connect is said by its group. */
#ifndef PUNCHD_INGESTD_PROXY_H
#define PUNCHD_INGESTD_PROXY_H

#include "ingestd/http.h"

/* Connections that have not said it yet. A terminator says it at once, so that one more ends the
 * one that has waited longest. */
#define PROXY_WAITING_MAX 256
/* For the head to be whole. */
#define PROXY_HEAD_MS 3000

struct proxy;

/* Takes connections from the listening socket, which it owns from here on, to `http`, which must
 * outlive it. 0 or a negative errno. */
must_check int proxy_open(int listen_fd, struct http *http, struct proxy **ret);

/* The descriptor to poll for reading. */
int proxy_fd(const struct proxy *p);
/* Does what is to be done; call it after polling. */
void proxy_run(struct proxy *p, uint64_t now_ms);
/* Ends connections whose head is late: how many. Call it now and then. */
unsigned proxy_expire(struct proxy *p, uint64_t now_ms);
/* Takes no more connections, and ends those that wait. */
void proxy_quiesce(struct proxy *p);
/* NULL is fine. */
void proxy_close(struct proxy *p);

#endif
