/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices: every terminal that punchd has heard of, in memory, and when it is written to
 * STATE/control. */
#include "cmdqd/devices.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "cmdqd/learn.h"
#include "cmdqd/ledger.h"

#define BUCKETS (1u << 17)
#define STATES  (DEVICE_REFUSED + 1)

/* A device and the lists it is in. */
struct slot {
	LIST_ENTRY(slot) chain;
	TAILQ_ENTRY(slot) waiting;
	TAILQ_ENTRY(slot) pending;
	bool saved;     /* the ledger has a record of it */
	bool unsaved;   /* it is in `waiting` */
	bool forgotten; /* it is in no other list, and its record is to be deleted */
	struct device device;
};

TAILQ_HEAD(slots, slot);

struct devices {
	struct ledger *ledger;
	bool admit_any;
	uint64_t seed;
	uint64_t approved_version;
	size_t counts[STATES];
	struct slots waiting; /* for the next save: orders, then first come first served */
	size_t ordered;       /* at most so many orders are in it */
	struct slots pending; /* for approval, the one silent for longest first */
	LIST_HEAD(, slot) buckets[BUCKETS];
};

/* ---- the table ---- */

/* FNV-1a from a secret start, stirred: nobody outside can tell which serials share a bucket. */
static unsigned bucket_of(const struct devices *t, struct span serial)
{
	uint64_t hash = t->seed;

	for (size_t i = 0; i < serial.len; i++)
		hash = (hash ^ (unsigned char)serial.ptr[i]) * 0x100000001b3u;
	return (unsigned)((hash ^ hash >> 32) * 0x9e3779b97f4a7c15u >> 40) % BUCKETS;
}

static struct slot *slot_of(struct device *d)
{
	return (struct slot *)(void *)((char *)d - offsetof(struct slot, device));
}

struct device *devices_find(struct devices *t, struct span serial)
{
	struct slot *s;

	LIST_FOREACH(s, &t->buckets[bucket_of(t, serial)], chain)
	if (span_is(serial, s->device.serial))
		return &s->device;
	return NULL;
}

static struct slot *slot_make(struct span serial)
{
	struct slot *s = calloc(1, sizeof(*s));

	if (s)
		memcpy(s->device.serial, serial.ptr, serial.len);
	return s;
}

static void slot_insert(struct devices *t, struct slot *s)
{
	LIST_INSERT_HEAD(&t->buckets[bucket_of(t, span_str(s->device.serial))], s, chain);
	t->counts[s->device.state]++;
	if (s->device.state == DEVICE_PENDING)
		TAILQ_INSERT_TAIL(&t->pending, s, pending);
	if (s->device.state == DEVICE_APPROVED)
		t->approved_version++;
}

static void slot_free(struct devices *t, struct slot *s)
{
	if (s->unsaved)
		TAILQ_REMOVE(&t->waiting, s, waiting);
	free(s);
}

/* ---- what waits to be written ---- */

void devices_changed(struct devices *t, struct device *d)
{
	struct slot *s = slot_of(d);

	if (s->unsaved)
		return;
	s->unsaved = true;
	TAILQ_INSERT_TAIL(&t->waiting, s, waiting);
}

void devices_ordered(struct devices *t, struct device *d)
{
	struct slot *s = slot_of(d);

	if (s->unsaved)
		TAILQ_REMOVE(&t->waiting, s, waiting);
	s->unsaved = true;
	TAILQ_INSERT_HEAD(&t->waiting, s, waiting);
	t->ordered++;
}

bool devices_unsaved(const struct devices *t)
{
	return !TAILQ_EMPTY(&t->waiting);
}

/* One that was forgotten and is known again has a new slot, which may have been written already:
 * what is on the disk under its serial is no longer the old one's. */
static int write_one(struct devices *t, const struct slot *s)
{
	if (!s->forgotten)
		return ledger_put(t->ledger, &s->device);
	if (devices_find(t, span_str(s->device.serial)))
		return 0;
	return ledger_delete(t->ledger, span_str(s->device.serial));
}

static int write_waiting(struct devices *t, size_t most, size_t *ret_count)
{
	struct slot *s;
	size_t count = 0;
	int rc = ledger_begin(t->ledger);

	if (rc < 0)
		return rc;
	TAILQ_FOREACH(s, &t->waiting, waiting)
	{
		if (count == most)
			break;
		rc = write_one(t, s);
		if (rc < 0) {
			ledger_abort(t->ledger);
			return rc;
		}
		count++;
	}
	rc = ledger_commit(t->ledger);
	if (rc == 0)
		*ret_count = count;
	return rc;
}

/* A record that was not deleted, because its serial is known again, is the new slot's now. */
static void hand_over(struct devices *t, struct slot *s)
{
	struct device *d = devices_find(t, span_str(s->device.serial));

	if (d)
		slot_of(d)->saved = true;
	slot_free(t, s);
}

static void take_off_written(struct devices *t, size_t count)
{
	struct slot *next;

	for (struct slot *s = TAILQ_FIRST(&t->waiting); count > 0; count--, s = next) {
		next = TAILQ_NEXT(s, waiting);
		if (s->forgotten) {
			hand_over(t, s);
			continue;
		}
		TAILQ_REMOVE(&t->waiting, s, waiting);
		s->unsaved = false;
		s->saved = true;
	}
}

static int save(struct devices *t, size_t most)
{
	size_t count = 0;
	int rc;

	if (!devices_unsaved(t))
		return 0;
	while ((rc = write_waiting(t, most, &count)) == -EXFULL) {
		rc = ledger_grow(t->ledger);
		if (rc < 0)
			return rc;
	}
	if (rc == 0) {
		take_off_written(t, count);
		t->ordered = 0;
	}
	return rc;
}

int devices_save(struct devices *t)
{
	return save(t, DEVICES_SAVE_MOST + t->ordered);
}

int devices_save_all(struct devices *t)
{
	return save(t, SIZE_MAX);
}

bool devices_damaged(int rc)
{
	return rc == -EUCLEAN || rc == -ENOTRECOVERABLE || rc == -EPROTONOSUPPORT;
}

/* ---- coming and going ---- */

/* A record that was never written leaves no trace; one that was must be deleted in its turn. */
static void forget(struct devices *t, struct slot *s)
{
	LIST_REMOVE(s, chain);
	TAILQ_REMOVE(&t->pending, s, pending);
	t->counts[DEVICE_PENDING]--;
	if (!s->saved) {
		slot_free(t, s);
		return;
	}
	s->forgotten = true;
	devices_changed(t, &s->device);
}

/* After each one that was added: there is one too many at most. */
static void bound_pending(struct devices *t)
{
	if (t->counts[DEVICE_PENDING] > DEVICES_PENDING_MAX)
		forget(t, TAILQ_FIRST(&t->pending));
}

static bool full(const struct devices *t)
{
	return t->counts[DEVICE_PENDING] + t->counts[DEVICE_APPROVED] + t->counts[DEVICE_REFUSED] >=
	       DEVICES_MAX;
}

static int add(struct devices *t, struct span serial, enum device_state state, struct device **ret)
{
	if (full(t))
		return -ENOSPC;
	struct slot *s = slot_make(serial);
	if (!s)
		return -ENOMEM;
	s->device.state = state;
	slot_insert(t, s);
	bound_pending(t);
	devices_changed(t, &s->device);
	*ret = &s->device;
	return 0;
}

static void note_sighting(struct devices *t, struct device *d, struct span peer, uint64_t now_us)
{
	if (d->first_seen_us == 0)
		d->first_seen_us = now_us;
	d->last_seen_us = now_us;
	if (!span_is(peer, d->address))
		learn_text(d->address, sizeof(d->address), peer);
	if (d->state == DEVICE_PENDING) {
		TAILQ_REMOVE(&t->pending, slot_of(d), pending);
		TAILQ_INSERT_TAIL(&t->pending, slot_of(d), pending);
	}
	devices_changed(t, d);
}

static void set_state(struct devices *t, struct device *d, enum device_state state)
{
	struct slot *s = slot_of(d);

	if (d->state == state)
		return;
	if (d->state == DEVICE_PENDING)
		TAILQ_REMOVE(&t->pending, s, pending);
	if (state == DEVICE_PENDING)
		TAILQ_INSERT_TAIL(&t->pending, s, pending);
	if (d->state == DEVICE_APPROVED || state == DEVICE_APPROVED)
		t->approved_version++;
	t->counts[d->state]--;
	t->counts[state]++;
	d->state = state;
}

int devices_see(struct devices *t, struct span serial, struct span peer, uint64_t now_us,
	struct device **ret)
{
	struct device *d = devices_find(t, serial);
	bool known = d != NULL;
	int rc = known ? 0 : add(t, serial, t->admit_any ? DEVICE_APPROVED : DEVICE_PENDING, &d);

	if (rc < 0)
		return rc;
	if (t->admit_any && d->state == DEVICE_PENDING)
		set_state(t, d, DEVICE_APPROVED);
	note_sighting(t, d, peer, now_us);
	*ret = d;
	return !known;
}

int devices_decide(struct devices *t, struct span serial, enum device_state state)
{
	struct device *d = devices_find(t, serial);

	int rc = 0;

	if (d)
		set_state(t, d, state);
	else
		rc = add(t, serial, state, &d);
	if (rc == 0)
		devices_ordered(t, d);
	return rc;
}

/* ---- all of them ---- */

uint64_t devices_approved_version(const struct devices *t)
{
	return t->approved_version;
}

size_t devices_count(const struct devices *t, enum device_state state)
{
	return t->counts[state];
}

int devices_each(struct devices *t, device_visit *visit, void *context)
{
	struct slot *s;

	for (unsigned i = 0; i < BUCKETS; i++)
		LIST_FOREACH(s, &t->buckets[i], chain)
		{
			int rc = visit(context, &s->device);
			if (rc != 0)
				return rc;
		}
	return 0;
}

/* Those that wait for approval come in order of serial, and stand so until they are heard again. */
static int take_in(void *context, const struct device *d)
{
	struct devices *t = context;
	struct slot *s = slot_make(span_str(d->serial));

	if (!s)
		return -ENOMEM;
	s->device = *d;
	s->saved = true;
	slot_insert(t, s);
	bound_pending(t);
	return 0;
}

int devices_open(const char *control_path, bool admit_any, struct devices **ret)
{
	struct devices *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->admit_any = admit_any;
	TAILQ_INIT(&t->waiting);
	TAILQ_INIT(&t->pending);

	int rc = getrandom(&t->seed, sizeof(t->seed), 0) < 0 ? -errno : 0;
	if (rc == 0)
		rc = ledger_open(control_path, &t->ledger);
	if (rc == 0)
		rc = ledger_read(t->ledger, take_in, t);
	if (rc < 0) {
		devices_close(t);
		return rc;
	}
	*ret = t;
	return 0;
}

static void free_bucket(struct devices *t, unsigned bucket)
{
	struct slot *next;

	for (struct slot *s = LIST_FIRST(&t->buckets[bucket]); s; s = next) {
		next = LIST_NEXT(s, chain);
		slot_free(t, s);
	}
}

static void free_forgotten(struct devices *t)
{
	struct slot *next;

	for (struct slot *s = TAILQ_FIRST(&t->waiting); s; s = next) {
		next = TAILQ_NEXT(s, waiting);
		slot_free(t, s);
	}
}

void devices_close(struct devices *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < BUCKETS; i++)
		free_bucket(t, i);
	/* Nobody else waits any more. */
	free_forgotten(t);
	ledger_close(t->ledger);
	free(t);
}
