/* SPDX-License-Identifier: GPL-2.0-or-later */
/* waker: what cmdqd says comes in at wake.sock, five bytes go out by UDP; pace.h says when. */
#ifndef PUNCHD_NOTIFYD_WAKER_H
#define PUNCHD_NOTIFYD_WAKER_H

#include "lib/log.h"
#include "notifyd/pace.h"

#define WAKER_SERIALS 65536

struct waker {
	int wake_fd;          /* wake.sock, to poll for reading */
	int udp4_fd, udp6_fd; /* negative where the machine does not speak it */
	uint16_t port;        /* of terminals */
	struct pace *pace;
	uint64_t sent, failed, odd; /* since the start: datagrams, and packets that were none */
	struct log_limit failures, oddities, crowds;
};

/* Opens wake.sock, and those of UDP where the service manager hands over none. -EPROTOTYPE for one
 * that is not of UDP, -EEXIST for two of a kind. `pokes` and `rate` are pace.h's. 0 or a negative
 * errno. */
must_check int waker_open(
	const char *socket_path, uint16_t port, unsigned pokes, unsigned rate, struct waker *ret);
void waker_close(struct waker *w);

/* Takes in packets that wait, a bounded number of them. */
void waker_hear(struct waker *w, uint64_t now_ms);
/* Sends what is due. No datagram is worth waiting for, and none that fails is fatal. */
void waker_poke(struct waker *w, uint64_t now_ms);

#endif
