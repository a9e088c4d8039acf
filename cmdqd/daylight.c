/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daylight: tells devices that the offset of their zone is another one now. */
#include "cmdqd/daylight.h"

#include <errno.h>
#include <unistd.h>

#include "cmdqd/ledger.h"
#include "cmdqd/queue.h"
#include "cmdqd/settings.h"
#include "cmdqd/zone.h"

/* One look at all devices. */
struct look {
	struct devices *devices;
	const struct conf *conf;
	uint64_t now_us;
	struct zone_cache zones;
	/* Who got a command, and what was remembered of it before. */
	struct device *told[DAYLIGHT_MOST];
	uint64_t before[DAYLIGHT_MOST];
	int count;
};

/* The name of the verb that tells it; NULL: nothing does. */
static const char *verb_for(const struct device *d)
{
	if (strcmp(d->set.zone_change, "none") == 0)
		return NULL;
	return strcmp(d->set.zone_change, "reboot") == 0 ? "reboot" : "check";
}

/* The offset that it does not know yet and that no command was queued for; 0 when there is none. */
static uint64_t news_for(struct look *k, const struct device *d)
{
	const char *zone = settings_effective(k->conf, &d->set).time_zone;
	int minutes;

	if (d->state != DEVICE_APPROVED || d->zone_told == 0)
		return 0;
	/* A zone that is gone is the handshake's trouble. */
	if (zone_offset_cached(&k->zones, zone, (int64_t)(k->now_us / 1000000), &minutes) < 0)
		return 0;
	uint64_t offset = (uint64_t)((int64_t)minutes + ZONE_TOLD_BASE);
	return offset == d->zone_told || offset == d->zone_queued ? 0 : offset;
}

static int queue_for(struct look *k, const struct device *d, const char *verb)
{
	const struct typed command = {.verb = verb_find(span_str(verb))};
	const struct queue_order order = {.serial = span_str(d->serial),
		.entry = QUEUE_OWN_ENTRY,
		.owner_uid = getuid(),
		.command = &command};
	uint64_t id;

	return queue_add(devices_ledger(k->devices), &order, k->now_us, &id);
}

static void remember(struct look *k, struct device *d, uint64_t offset)
{
	k->told[k->count] = d;
	k->before[k->count++] = d->zone_queued;
	d->zone_queued = offset;
	devices_ordered(k->devices, d);
}

static int look_at(void *context, const struct device *d)
{
	struct look *k = context;
	const char *verb = verb_for(d);
	uint64_t offset = verb ? news_for(k, d) : 0;

	if (offset == 0)
		return 0;
	int rc = queue_for(k, d, verb);
	if (rc == -ENOSPC) /* too much waits for it already; another time */
		return 0;
	if (rc < 0)
		return rc;
	remember(k, devices_find(k->devices, span_str(d->serial)), offset);
	return k->count == DAYLIGHT_MOST;
}

static void take_back(const struct look *k)
{
	for (int i = 0; i < k->count; i++)
		k->told[i]->zone_queued = k->before[i];
}

int daylight_check(struct devices *devices, const struct conf *conf, uint64_t now_us)
{
	struct look k = {.devices = devices, .conf = conf, .now_us = now_us};
	int rc = devices_each(devices, look_at, &k);

	if (rc < 0)
		rc = ledger_give_up(devices_ledger(devices), rc);
	else
		rc = devices_save_ordered(devices);
	if (rc < 0) {
		take_back(&k);
		return rc;
	}
	for (int i = 0; i < k.count; i++)
		devices_set_open(k.told[i], true);
	return k.count;
}
