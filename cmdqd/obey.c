/* SPDX-License-Identifier: GPL-2.0-or-later */
/* obey: does what the orders of one file say. */
#include "cmdqd/obey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmdqd/obey_private.h"
#include "cmdqd/queue.h"
#include "cmdqd/zone.h"
#include "lib/clock.h"

/* A file at work. */
struct work {
	struct obey *obey;
	uint64_t owner_uid;
	uint64_t now_us;
};

int obey_refuse(const char *why, char ret_why[static SPOOL_WHY_BYTES])
{
	snprintf(ret_why, SPOOL_WHY_BYTES, "%s", why);
	return -EBADMSG;
}

/* ---- after the commit ---- */

/* One that is removed is not to be woken: it is remembered that it was there, because memory is
 * ahead of the store until the commit. */
struct obey_woken {
	char serial[SERIAL_MAX + 1];
	bool removed;
};

static int remember(struct obey *o, const char *serial, bool removed)
{
	if (o->woken_count == o->woken_room) {
		size_t room = o->woken_room ? 2 * o->woken_room : 16;
		struct obey_woken *more = realloc(o->woken, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		o->woken = more;
		o->woken_room = room;
	}
	struct obey_woken *w = &o->woken[o->woken_count++];
	w->removed = removed;
	snprintf(w->serial, sizeof(w->serial), "%s", serial);
	return 0;
}

int obey_wake_later(struct obey *o, const struct device *d)
{
	return remember(o, d->serial, false);
}

static bool is_being_removed(const struct obey *o, struct span serial)
{
	for (size_t i = 0; i < o->woken_count; i++)
		if (o->woken[i].removed && span_is(serial, o->woken[i].serial))
			return true;
	return false;
}

void obey_wake(struct obey *o, struct poke *poke, uint64_t now_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->woken_count; i++) {
		struct obey_woken w = o->woken[i];
		const struct device *d = devices_find(o->devices, span_str(w.serial));
		if (poke && d && !w.removed)
			poke_wake(poke, d, now_ms);
		if (!poke && w.removed)
			o->woken[kept++] = w;
	}
	o->woken_count = kept;
}

void obey_close(struct obey *o)
{
	free(o->woken);
	o->woken = NULL;
	o->woken_count = o->woken_room = 0;
}

/* ---- a device's orders ---- */

/* An alias names one device, whether it is looked for among the aliases or the serials. */
static bool is_alias_free(struct devices *devices, const struct device *d, const char *alias)
{
	const struct device *named = devices_find(devices, span_str(alias));
	const struct device *called = devices_find_alias(devices, alias);

	return (!named || named == d) && (!called || called == d);
}

static int set(const struct obey_order *w, char ret_why[static SPOOL_WHY_BYTES])
{
	struct device *d = devices_find(w->obey->devices, w->order->serial);
	int minutes;

	if (!d)
		return obey_refuse("no device has this serial", ret_why);
	struct device_settings own = d->set;
	order_apply(w->order, &own);
	if (own.time_zone[0] && zone_offset(own.time_zone, 0, &minutes) < 0)
		return obey_refuse("no such time zone", ret_why);
	if (own.alias[0] && strcmp(own.alias, d->set.alias) != 0 &&
		!is_alias_free(w->obey->devices, d, own.alias))
		return obey_refuse("another device has this alias, or it is its serial", ret_why);
	/* Who has shown the old key has not shown the new one. */
	if (strcmp(own.comm_key, d->set.comm_key) != 0)
		d->key_good_us = 0;
	d->set = own;
	devices_ordered(w->obey->devices, d);
	return 0;
}

static int decide(const struct obey_order *w, char ret_why[static SPOOL_WHY_BYTES])
{
	enum device_state state =
		w->order->kind == ORDER_DEVICE_APPROVE ? DEVICE_APPROVED : DEVICE_REFUSED;
	int rc = devices_decide(w->obey->devices, w->order->serial, state);

	return rc == -ENOSPC ? obey_refuse("there are too many devices", ret_why) : rc;
}

/* The commands first: when it is done again after a transaction that was given up, the device is
 * gone from memory and they are not. */
static int remove_device(const struct obey_order *w, char ret_why[static SPOOL_WHY_BYTES])
{
	struct obey *o = w->obey;
	struct span serial = w->order->serial;
	const struct device *d = devices_find(o->devices, serial);

	if (!d && !is_being_removed(o, serial))
		return obey_refuse("no device has this serial", ret_why);
	int rc = queue_cancel_all(o->ledger, serial, w->now_us);
	if (rc < 0 || !d)
		return rc < 0 ? rc : 0;
	rc = remember(o, d->serial, true);
	return rc < 0 ? rc : devices_remove(o->devices, serial);
}

/* ---- what became of each ---- */

/* 1 when it was done before. */
static int was_done(struct obey *o, const char *entry)
{
	struct ordered was;
	int rc = ledger_get_ordered(o->ledger, entry, &was);

	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : !was.why[0];
}

static int keep(struct obey *o, const char *entry, uint64_t id, const char *why)
{
	struct ordered became = {.id = id};
	int rc = was_done(o, entry);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	snprintf(became.why, sizeof(became.why), "%s", why);
	return ledger_put_ordered(o->ledger, entry, &became);
}

static int keep_refused(void *context, const char *entry, const char *why)
{
	const struct work *w = context;

	return keep(w->obey, entry, 0, why);
}

/* ---- one order ---- */

static void log_order(const struct obey_order *w, uint64_t id)
{
	const struct order *o = w->order;
	unsigned needed = o->kind == ORDER_COMMAND ? typed_allowances(&o->command) : 0;
	unsigned first = needed & -needed; /* the lowest bit */
	struct buf line = buf_with_max(2 * TYPED_MAX);

	if (o->kind == ORDER_COMMAND && typed_put_line(&line, &o->command) < 0)
		buf_clear(&line);
	later_log(w->obey->later, NULL, LOG_LEVEL_NOTICE, "order taken",
		LOG_TEXT("entry", w->entry), LOG_SPAN(o->serial.len ? "serial" : NULL, o->serial),
		LOG_TEXT("order", order_kind_name(o->kind)), LOG_NUM("uid", w->owner_uid),
		LOG_NUM(id ? "id" : NULL, id),
		LOG_SPAN(line.len ? "command" : NULL, buf_span(&line)),
		LOG_TEXT(first ? "allowance" : NULL, first ? verb_allowance_key(first) : NULL));
	buf_free(&line);
}

static int carry_out(
	const struct obey_order *w, uint64_t *ret_id, char ret_why[static SPOOL_WHY_BYTES])
{
	switch (w->order->kind) {
	case ORDER_DEVICE_APPROVE:
	case ORDER_DEVICE_REFUSE:
		return decide(w, ret_why);
	case ORDER_DEVICE_SET:
		return set(w, ret_why);
	case ORDER_DEVICE_REMOVE:
		return remove_device(w, ret_why);
	case ORDER_DEVICE_RESEND:
		return obey_resend(w, ret_id, ret_why);
	case ORDER_COMMAND:
		return obey_command(w, ret_id, ret_why);
	case ORDER_COMMAND_CANCEL:
		return obey_cancel(w, ret_why);
	case ORDER_KINDS:
		break;
	}
	return -EINVAL;
}

/* The others end the same however often they are given. */
static bool is_for_once(enum order_kind kind)
{
	return kind != ORDER_DEVICE_APPROVE && kind != ORDER_DEVICE_REFUSE &&
	       kind != ORDER_DEVICE_SET;
}

static int give(const struct obey_order *w, char ret_why[static SPOOL_WHY_BYTES])
{
	uint64_t id = 0;
	int rc = is_for_once(w->order->kind) ? was_done(w->obey, w->entry) : 0;

	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = carry_out(w, &id, ret_why);
	if (rc < 0)
		return rc;
	rc = keep(w->obey, w->entry, id, "");
	if (rc == 0)
		log_order(w, id ? id : w->order->id);
	return rc;
}

static int do_entry(void *context, const struct spool_entry *e, const char *entry,
	char ret_why[static SPOOL_WHY_BYTES])
{
	const struct work *w = context;
	struct order o;
	int rc = order_parse(e->body, &o, ret_why);

	if (rc < 0)
		return rc;
	if (e->serial.len > 0 && o.serial.len > 0 && !span_eq(e->serial, o.serial))
		return obey_refuse("head and body name different serials", ret_why);
	const struct obey_order one = {.obey = w->obey,
		.order = &o,
		.entry = entry,
		.owner_uid = w->owner_uid,
		.received_us = e->received_us,
		.now_us = w->now_us};
	return give(&one, ret_why);
}

/* ---- the file ---- */

static void log_aside(void *context, const char *id, const char *why)
{
	const struct work *w = context;

	later_log(w->obey->later, NULL, LOG_LEVEL_WARNING, "entry refused", LOG_TEXT("entry", id),
		LOG_TEXT("kind", "order"), LOG_TEXT("reason", why));
}

int obey_file(struct obey *o, const struct spool *orders, const char *name, struct span bytes,
	const char **ret_why)
{
	struct work w = {
		.obey = o, .owner_uid = spool_owner(orders, name), .now_us = clock_wall_us()};
	const struct spool_entries work = {.kind = "order",
		.now_us = w.now_us,
		.entry = do_entry,
		.refused = keep_refused,
		.aside = log_aside,
		.context = &w};
	int rc = ledger_need(o->ledger);
	if (rc == 0)
		rc = spool_entries_do(&work, orders, name, bytes, ret_why);
	return rc < 0 && rc != -EBADMSG ? ledger_give_up(o->ledger, rc) : rc;
}
