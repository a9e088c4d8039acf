/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_save: when the devices are written to STATE/cmdqd/control, and what goes with them. */
#include <errno.h>
#include <stdlib.h>

#include "cmdqd/devices_private.h"
#include "cmdqd/ledger.h"

void devices_changed(struct devices *t, struct device *d)
{
	struct slot *s = devices_slot(d);

	if (s->unsaved)
		return;
	s->unsaved = true;
	TAILQ_INSERT_TAIL(&t->waiting, s, waiting);
}

void devices_ordered(struct devices *t, struct device *d)
{
	struct slot *s = devices_slot(d);

	if (s->unsaved)
		TAILQ_REMOVE(&t->waiting, s, waiting);
	s->unsaved = true;
	TAILQ_INSERT_HEAD(&t->waiting, s, waiting);
	t->ordered++;
	devices_note_settings(t, s);
}

bool devices_unsaved(const struct devices *t)
{
	return !TAILQ_EMPTY(&t->waiting);
}

void devices_slot_free(struct devices *t, struct slot *s)
{
	if (s->unsaved)
		TAILQ_REMOVE(&t->waiting, s, waiting);
	free(s);
}

/* One that was forgotten and is known again has a new slot: the record under its serial is that
 * one's then, as it is now. Left alone it could bring an approval back that was taken away. */
static int write_one(struct devices *t, const struct slot *s)
{
	struct span serial = span_str(s->device.serial);
	const struct device *d = s->forgotten ? devices_find(t, serial) : &s->device;

	return d ? ledger_put(t->ledger, d) : ledger_delete(t->ledger, serial);
}

static int write_waiting(struct devices *t, size_t most, size_t *ret_count)
{
	struct slot *s;
	size_t count = 0;
	int rc = 0;

	TAILQ_FOREACH(s, &t->waiting, waiting)
	{
		if (count == most || rc < 0)
			break;
		rc = write_one(t, s);
		count++;
	}
	if (rc == 0)
		*ret_count = count;
	return rc;
}

/* Within the transaction that is open, or in one of its own. */
static int write_and_commit(struct devices *t, size_t most, size_t *ret_count)
{
	size_t count = 0;
	int rc = ledger_need(t->ledger);

	if (rc == 0)
		rc = write_waiting(t, most, &count);
	if (rc == 0)
		/* Durability: the devices and what was put into the transaction before are durable
		 * together when this returns 0. */
		rc = ledger_commit(t->ledger);
	if (rc < 0)
		return ledger_give_up(t->ledger, rc);
	*ret_count = count;
	return 0;
}

/* A record that was not deleted, because its serial is known again, is the new slot's now. */
static void hand_over(struct devices *t, struct slot *s)
{
	struct device *d = devices_find(t, span_str(s->device.serial));

	if (d)
		devices_slot(d)->saved = true;
	devices_slot_free(t, s);
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

/* What is written of devices alone can be written again after the map has grown; what others had
 * put into the transaction only they can. */
static int save(struct devices *t, size_t most)
{
	bool joined = ledger_is_open(t->ledger);
	size_t count = 0;
	int rc;

	if (!joined && (most == 0 || !devices_unsaved(t)))
		return 0;
	do
		rc = write_and_commit(t, most, &count);
	while (rc == -EAGAIN && !joined);
	if (rc < 0)
		return rc;
	take_off_written(t, count);
	t->ordered = 0;
	return 0;
}

int devices_save(struct devices *t)
{
	return save(t, DEVICES_SAVE_MOST + t->ordered);
}

int devices_save_all(struct devices *t)
{
	return save(t, SIZE_MAX);
}

int devices_save_ordered(struct devices *t)
{
	return save(t, t->ordered);
}

bool devices_damaged(int rc)
{
	return rc == -EUCLEAN || rc == -ENOTRECOVERABLE || rc == -EPROTONOSUPPORT;
}
