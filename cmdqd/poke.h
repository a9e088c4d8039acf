/* SPDX-License-Identifier: GPL-2.0-or-later */
/* poke: tells notifyd whom to wake. Nothing depends on it: without notifyd a command arrives at the
 * next poll. */
#ifndef PUNCHD_CMDQD_POKE_H
#define PUNCHD_CMDQD_POKE_H

#include <stdint.h>

#include "lib/buf.h"
#include "store/control.h"

#define POKE_UNSENT_MAX \
	65536 /* bytes of messages that wait for notifyd to take those before them */

struct poke {
	const char *path;  /* of wake.sock; borrowed */
	int fd;            /* -1 while notifyd is away */
	uint64_t retry_ms; /* when to look for it again */
	struct buf packet;
	struct buf unsent; /* messages, each ended by LF: the kernel holds only a few */
};

void poke_open(struct poke *p, const char *path);
void poke_close(struct poke *p);
/* A command is waiting for the device: sent unless it is not approved, its setting "wake" says off,
 * or no address is known. Never waits, never fails. */
void poke_wake(struct poke *p, const struct device *d, uint64_t now_ms);
/* It has asked. */
void poke_seen(struct poke *p, const struct device *d, uint64_t now_ms);
/* Sends what had to wait. Call it after every turn of the loop; false when some still waits: again
 * in POKE_AGAIN_MS. */
#define POKE_AGAIN_MS 10
bool poke_flush(struct poke *p, uint64_t now_ms);

#endif
