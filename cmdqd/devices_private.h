/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_private: what devices.c (the table) and devices_save.c (how it is written) share. For
 * these two alone. */
#ifndef PUNCHD_CMDQD_DEVICES_PRIVATE_H
#define PUNCHD_CMDQD_DEVICES_PRIVATE_H

#include <stddef.h>
#include <sys/queue.h>

#include "cmdqd/devices.h"

#define DEVICES_BUCKETS (1u << 17)
#define DEVICES_ALIASES (1u << 14) /* buckets: few have one */
#define DEVICES_STATES  (DEVICE_REFUSED + 1)

/* A device and the lists it is in. */
struct slot {
	LIST_ENTRY(slot) chain;
	LIST_ENTRY(slot) aliases; /* when `aliased` */
	TAILQ_ENTRY(slot) waiting;
	TAILQ_ENTRY(slot) pending;
	bool saved;     /* the ledger has a record of it */
	bool unsaved;   /* it is in `waiting` */
	bool forgotten; /* it is in no other list, and its record is to be deleted */
	bool open;      /* devices_has_open */
	bool aliased;
	struct device_rations rations;
	uint64_t networks; /* a hash of its networks when they were last looked at */
	struct device device;
};

TAILQ_HEAD(slots, slot);

struct devices {
	struct ledger *ledger;
	bool admit_any;
	uint64_t seed;
	uint64_t approved_version;
	size_t counts[DEVICES_STATES];
	struct slots waiting; /* for the next save: orders, then first come first served */
	size_t ordered;       /* at most so many orders are in it */
	struct slots pending; /* for approval, the one silent for longest first */
	LIST_HEAD(, slot) buckets[DEVICES_BUCKETS];
	LIST_HEAD(, slot) aliases[DEVICES_ALIASES];
};

static inline struct slot *devices_slot(const struct device *d)
{
	return (struct slot *)(void *)((char *)(uintptr_t)d - offsetof(struct slot, device));
}

/* Its settings are others now: it is found by its new alias, and with other networks the admission
 * list says something else. */
void devices_note_settings(struct devices *t, struct slot *s);
/* Out of `waiting`, and gone. */
void devices_slot_free(struct devices *t, struct slot *s);

#endif
