/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices: every terminal that punchd has heard of, in memory, so that a poll costs one look-up;
 * STATE/cmdqd/control follows. What a terminal says of itself is written within seconds. What an
 * operator orders is durable when devices_save has returned 0. */
#ifndef PUNCHD_CMDQD_DEVICES_H
#define PUNCHD_CMDQD_DEVICES_H

#include <stdint.h>

#include "lib/span.h"
#include "store/control.h"

#define DEVICES_MAX         200000 /* of all states */
#define DEVICES_PENDING_MAX 10000  /* of those, waiting for approval */
#define DEVICES_SAVE_MOST   512    /* in one devices_save */

struct devices;

/* Opens STATE/cmdqd/control and reads it. With `admit_any` a device is approved when it is first
 * seen, else it waits for an operator. 0 or a negative errno. */
must_check int devices_open(const char *control_path, bool admit_any, struct devices **ret);
/* What was not saved is lost. */
void devices_close(struct devices *t);

/* NULL when it is not known. The pointer holds until another device is made known. */
struct device *devices_find(struct devices *t, struct span serial);
/* The same by its alias, which devices_ordered has made known; no two have the same. */
struct device *devices_find_alias(struct devices *t, const char *alias);

/* A device spoke: finds it, or makes it known, and notes when and from where. When too many wait
 * for approval, the one that was silent for longest is forgotten. 0; 1 when it was not known
 * before; -ENOSPC when there are DEVICES_MAX; -ENOMEM. */
must_check int devices_see(struct devices *t, struct span serial, struct span peer, uint64_t now_us,
	struct device **ret);

/* An operator decided about it, whether or not it was ever seen. 0, -ENOSPC, -ENOMEM. */
must_check int devices_decide(struct devices *t, struct span serial, enum device_state state);

/* It is forgotten, whatever its state; when it speaks again it is a new one. -ENOENT when it is not
 * known. */
must_check int devices_remove(struct devices *t, struct span serial);

/* May commands be open for it? Only a hint, so that a poll needs no look into the store: true until
 * somebody has looked and found none. */
void devices_set_open(struct device *d, bool open);
bool devices_has_open(const struct device *d);

/* What it may still ask about people (cmdqd/remote.h, and cmdqd/verify.h the last three); until
 * cmdqd ends. */
struct device_rations {
	uint64_t asked_ms, missed_ms, alarmed_ms, verified_ms, failed_ms, verify_alarmed_ms;
};
struct device_rations *devices_rations(struct device *d);

/* The store itself, for the queue that is kept in it too. */
struct ledger *devices_ledger(struct devices *t);

/* The device's record is to be written again: in its turn, or with the very next save. */
void devices_changed(struct devices *t, struct device *d);
void devices_ordered(struct devices *t, struct device *d);
bool devices_unsaved(const struct devices *t);

/* Writes all that was ordered and, since polls wait meanwhile, at most DEVICES_SAVE_MOST of the
 * others, those that have waited longest; with all that is in the ledger's transaction already,
 * which it commits. 0 or a negative errno: then the transaction is given up and all of them still
 * wait. -EAGAIN: the map had to grow, and what others had put into the transaction is to be done
 * again. */
must_check int devices_save(struct devices *t);
/* The same with all of them, and with those alone that were ordered. */
must_check int devices_save_all(struct devices *t);
must_check int devices_save_ordered(struct devices *t);

/* Does this errno, of any of the functions here, say that STATE/cmdqd/control is damaged or has to
 * be opened anew, so that trying again is no use? */
bool devices_damaged(int rc);

/* Counts up whenever what the admission list says changes: the set of the approved, or the networks
 * of one of them (noticed by devices_ordered). */
uint64_t devices_approved_version(const struct devices *t);
size_t devices_count(const struct devices *t, enum device_state state);

/* Calls `visit` for each, in no order. 0 or what it returned. */
int devices_each(struct devices *t, device_visit *visit, void *context);

#endif
