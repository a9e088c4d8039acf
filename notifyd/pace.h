/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pace: which address may be poked when. A terminal that a command waits for is poked at once, and
 * again after 2, 4, 8 s and so on while it has not been seen; after so many pokes it is left alone.
 * No address gets more than one datagram a second, and all together no more than so many. Pure: the
 * time comes in, never 0 and never earlier than before. All memory is taken when it is made; no
 * call takes more than O(log n). */
#ifndef PUNCHD_NOTIFYD_PACE_H
#define PUNCHD_NOTIFYD_PACE_H

#include <netinet/in.h>
#include <stdint.h>

#include "lib/span.h"

#define PACE_FIRST_PAUSE_MS   2000  /* after the first poke; each further pause is twice as long */
#define PACE_LONGEST_PAUSE_MS 64000 /* but never longer than this */
#define PACE_ADDRESS_MS       1000  /* between two datagrams to one address */
#define PACE_ANEW_MS          1000  /* between two beginnings for one serial */

struct pace_limits {
	unsigned serials; /* that wait to be seen; of more, the one longest waiting goes */
	unsigned pokes;   /* for one wake */
	unsigned rate;    /* datagrams to all in any one second */
	uint64_t seed;    /* random, so that nobody outside can make serials collide */
};

struct pace;

/* 0 or -ENOMEM. No limit may be 0. */
must_check int pace_open(const struct pace_limits *limits, struct pace **ret);
void pace_close(struct pace *p);

/* A command waits for the terminal `serial` (valid) at `address`; an IPv4 address in its mapped
 * form. One that is being poked is poked at the new address from now on, and begins anew unless it
 * has begun within PACE_ANEW_MS. False when another was given up for it. */
bool pace_wake(struct pace *p, struct span serial, const struct in6_addr *address, uint64_t now_ms);
/* It has asked: it is left alone. */
void pace_seen(struct pace *p, struct span serial);

/* Whom to send a datagram to now; call it until it gives false. */
bool pace_next(struct pace *p, uint64_t now_ms, struct in6_addr *ret_address);
/* How long until pace_next may have one; UINT64_MAX while nobody waits. */
uint64_t pace_wait_ms(const struct pace *p, uint64_t now_ms);

/* How many terminals wait to be seen. */
unsigned pace_count(const struct pace *p);

#endif
