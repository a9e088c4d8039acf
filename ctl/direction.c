/* SPDX-License-Identifier: GPL-2.0-or-later */
/* direction: a table of fixed size; of two devices that fall on one place the later one is
 * remembered. */
#include "ctl/direction.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/hash.h"

#define SLOTS 1024

struct direction_slot {
	char serial[SERIAL_MAX + 1]; /* empty: none is remembered */
	char set[sizeof(((struct device_settings *)0)->direction)];
};

int directions_open(struct directions *d, struct spoken *spoken)
{
	*d = (struct directions){.spoken = spoken};
	d->slots = calloc(SLOTS, sizeof(*d->slots));
	return d->slots ? 0 : -ENOMEM;
}

void directions_close(struct directions *d)
{
	free(d->slots);
	*d = (struct directions){.slots = NULL};
}

void directions_forget(struct directions *d)
{
	memset(d->slots, 0, SLOTS * sizeof(*d->slots));
}

/* A break begins with the way out and ends with the way in. Meals (8, 9) are none of a door. */
const char *direction_of_status(struct span status)
{
	static const struct {
		const char *status, *direction;
	} known[] = {
		{"0", "in"}, {"1", "out"}, {"2", "out"}, {"3", "in"}, {"4", "in"}, {"5", "out"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (span_is(status, known[i].status))
			return known[i].direction;
	return "";
}

static struct direction_slot *slot_of(struct directions *d, struct span serial)
{
	return &d->slots[hash_bytes(serial) % SLOTS];
}

static int fill(struct directions *d, struct direction_slot *s, struct span serial)
{
	struct device device = {.state = DEVICE_PENDING};
	int rc = spoken_device(d->spoken, serial, &device);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	snprintf(s->serial, sizeof(s->serial), "%.*s", SPAN_ARG(serial));
	snprintf(s->set, sizeof(s->set), "%s", device.set.direction);
	return 0;
}

int directions_find(struct directions *d, struct span serial, struct span status, const char **ret)
{
	struct direction_slot *s = slot_of(d, serial);
	int rc = span_is(serial, s->serial) ? 0 : fill(d, s, serial);
	if (rc == 0)
		*ret = s->set[0] ? s->set : direction_of_status(status);
	return rc;
}
