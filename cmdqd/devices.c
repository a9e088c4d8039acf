/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices: every terminal that punchd has heard of, in memory. */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "cmdqd/devices_private.h"
#include "cmdqd/learn.h"
#include "cmdqd/ledger.h"
#include "cmdqd/queue.h"
#include "lib/hash.h"

/* ---- the table ---- */

static unsigned bucket_of(const struct devices *t, struct span serial)
{
	return hash_bucket(t->seed, serial, DEVICES_BUCKETS);
}

struct device *devices_find(struct devices *t, struct span serial)
{
	struct slot *s;

	LIST_FOREACH(s, &t->buckets[bucket_of(t, serial)], chain)
	if (span_is(serial, s->device.serial))
		return &s->device;
	return NULL;
}

static unsigned alias_bucket_of(const struct devices *t, const char *alias)
{
	return hash_bucket(t->seed, span_str(alias), DEVICES_ALIASES);
}

struct device *devices_find_alias(struct devices *t, const char *alias)
{
	struct slot *s;

	LIST_FOREACH(s, &t->aliases[alias_bucket_of(t, alias)], aliases)
	if (strcmp(s->device.set.alias, alias) == 0)
		return &s->device;
	return NULL;
}

static void index_alias(struct devices *t, struct slot *s)
{
	const char *alias = s->device.set.alias;

	if (s->aliased)
		LIST_REMOVE(s, aliases);
	s->aliased = alias[0] != '\0' && !s->forgotten;
	if (s->aliased)
		LIST_INSERT_HEAD(&t->aliases[alias_bucket_of(t, alias)], s, aliases);
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
	s->networks = hash_bytes(span_str(s->device.set.networks));
	index_alias(t, s);
	t->counts[s->device.state]++;
	if (s->device.state == DEVICE_PENDING)
		TAILQ_INSERT_TAIL(&t->pending, s, pending);
	if (s->device.state == DEVICE_APPROVED)
		t->approved_version++;
}

/* ---- open commands ---- */

void devices_set_open(struct device *d, bool open)
{
	devices_slot(d)->open = open;
}

struct device_rations *devices_rations(struct device *d)
{
	return &devices_slot(d)->rations;
}

bool devices_has_open(const struct device *d)
{
	return devices_slot(d)->open;
}

struct ledger *devices_ledger(struct devices *t)
{
	return t->ledger;
}

/* ---- coming and going ---- */

/* Out of the table. A record that was never written leaves no trace; one that was is to be deleted:
 * true, and the slot waits for that. */
static bool forget(struct devices *t, struct slot *s)
{
	LIST_REMOVE(s, chain);
	s->forgotten = true;
	index_alias(t, s);
	if (s->device.state == DEVICE_PENDING)
		TAILQ_REMOVE(&t->pending, s, pending);
	if (s->device.state == DEVICE_APPROVED)
		t->approved_version++;
	t->counts[s->device.state]--;
	if (!s->saved) {
		devices_slot_free(t, s);
		return false;
	}
	return true;
}

/* After each one that was added: there is one too many at most. */
static void bound_pending(struct devices *t)
{
	struct slot *s = TAILQ_FIRST(&t->pending);

	if (t->counts[DEVICE_PENDING] > DEVICES_PENDING_MAX && forget(t, s))
		devices_changed(t, &s->device);
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
	s->open = true; /* nobody has looked */
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
		TAILQ_REMOVE(&t->pending, devices_slot(d), pending);
		TAILQ_INSERT_TAIL(&t->pending, devices_slot(d), pending);
	}
	devices_changed(t, d);
}

static void set_state(struct devices *t, struct device *d, enum device_state state)
{
	struct slot *s = devices_slot(d);

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

int devices_remove(struct devices *t, struct span serial)
{
	struct device *d = devices_find(t, serial);

	if (!d)
		return -ENOENT;
	if (forget(t, devices_slot(d)))
		devices_ordered(t, d);
	return 0;
}

/* ---- all of them ---- */

uint64_t devices_approved_version(const struct devices *t)
{
	return t->approved_version;
}

void devices_note_settings(struct devices *t, struct slot *s)
{
	uint64_t now = hash_bytes(span_str(s->device.set.networks));

	if (s->device.state == DEVICE_APPROVED && s->networks != now)
		t->approved_version++;
	s->networks = now;
	index_alias(t, s);
}

size_t devices_count(const struct devices *t, enum device_state state)
{
	return t->counts[state];
}

int devices_each(struct devices *t, device_visit *visit, void *context)
{
	struct slot *s;

	for (unsigned i = 0; i < DEVICES_BUCKETS; i++)
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

static void note_open(void *context, struct span serial)
{
	struct device *d = devices_find(context, serial);

	if (d)
		devices_set_open(d, true);
}

static int read_open(struct devices *t)
{
	int rc = queue_open_serials(t->ledger, note_open, t);

	/* Nothing was changed. */
	ledger_abort(t->ledger);
	return rc;
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
	if (rc == 0)
		rc = read_open(t);
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
		devices_slot_free(t, s);
	}
}

static void free_forgotten(struct devices *t)
{
	struct slot *next;

	for (struct slot *s = TAILQ_FIRST(&t->waiting); s; s = next) {
		next = TAILQ_NEXT(s, waiting);
		devices_slot_free(t, s);
	}
}

void devices_close(struct devices *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < DEVICES_BUCKETS; i++)
		free_bucket(t, i);
	/* Nobody else waits any more. */
	free_forgotten(t);
	ledger_close(t->ledger);
	free(t);
}
