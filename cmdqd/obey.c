/* SPDX-License-Identifier: GPL-2.0-or-later */
/* obey: does what the orders of one file say. */
#include "cmdqd/obey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cmdqd/order.h"
#include "cmdqd/zone.h"
#include "lib/log.h"

/* An entry that is to be refused. */
struct refused {
	unsigned number;
	struct span part;
	const char *why;
};

/* A file at work, and its entry `number`. */
struct work {
	const struct spool *orders;
	struct devices *devices;
	const char *name;
	uid_t owner; /* who ordered it */
	unsigned number, good;
	struct refused *refused;
	size_t refused_count, refused_room;
};

/* ---- one order ---- */

static int refuse(const char *why, const char **ret_why)
{
	*ret_why = why;
	return -EBADMSG;
}

static int set(const struct work *w, const struct order *o, const char **ret_why)
{
	struct device *d = devices_find(w->devices, o->serial);
	int minutes;

	if (!d)
		return refuse("no device has this serial", ret_why);
	struct device_settings own = d->set;
	order_apply(o, &own);
	if (own.time_zone[0] && zone_offset(own.time_zone, 0, &minutes) < 0)
		return refuse("no such time zone", ret_why);
	d->set = own;
	devices_ordered(w->devices, d);
	return 0;
}

static int decide(const struct work *w, const struct order *o, const char **ret_why)
{
	enum device_state state =
		o->kind == ORDER_DEVICE_APPROVE ? DEVICE_APPROVED : DEVICE_REFUSED;
	int rc = devices_decide(w->devices, o->serial, state);

	return rc == -ENOSPC ? refuse("there are too many devices", ret_why) : rc;
}

static void log_order(const struct work *w, const struct order *o)
{
	char id[SPOOL_ENTRY_ID_BYTES];

	spool_entry_id(w->name, w->number, id);
	log_notice("order taken", LOG_TEXT("entry", id), LOG_SPAN("serial", o->serial),
		LOG_TEXT("order", order_kind_name(o->kind)), LOG_NUM("uid", w->owner));
}

/* 0; -EBADMSG with the reason: refuse it; other negative errno: try later. */
static int do_entry(const struct work *w, const struct spool_entry *e, const char **ret_why)
{
	struct order o;
	int rc = order_parse(e->body, &o, ret_why);

	if (rc < 0)
		return rc;
	if (e->serial.len > 0 && !span_eq(e->serial, o.serial))
		return refuse("head and body name different serials", ret_why);
	rc = o.kind == ORDER_DEVICE_SET ? set(w, &o, ret_why) : decide(w, &o, ret_why);
	if (rc == 0)
		log_order(w, &o);
	return rc;
}

/* ---- the entries of a file ---- */

static int remember_refused(struct work *w, struct span part, const char *why)
{
	if (w->refused_count == w->refused_room) {
		size_t room = w->refused_room ? 2 * w->refused_room : 16;
		struct refused *more = realloc(w->refused, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		w->refused = more;
		w->refused_room = room;
	}
	w->refused[w->refused_count++] = (struct refused){w->number, part, why};
	return 0;
}

static int do_entries(struct work *w, struct span file)
{
	struct span part;
	struct spool_entry e;
	enum spool_verdict verdict;
	const char *why;
	size_t offset = 0, from = 0;
	int rc = 0;

	while (rc == 0 && (verdict = spool_entry_next(file, span_str("order"), &offset, &w->number,
				   &e, &part, &why)) != SPOOL_FILE_ENDED) {
		if (verdict == SPOOL_ENTRY) {
			part = span_of(file.ptr + from, offset - from);
			rc = do_entry(w, &e, &why);
			w->good += rc == 0;
		}
		if (verdict != SPOOL_ENTRY || rc == -EBADMSG)
			rc = remember_refused(w, part, why);
		from = offset;
	}
	return rc;
}

static int refuse_parts(const struct work *w)
{
	char id[SPOOL_ENTRY_ID_BYTES];

	for (size_t i = 0; i < w->refused_count; i++) {
		const struct refused *r = &w->refused[i];
		int rc = spool_refuse_part(w->orders, w->name, r->number, r->part, r->why);
		if (rc < 0)
			return rc;
		spool_entry_id(w->name, r->number, id);
		log_warning("order refused", LOG_TEXT("entry", id), LOG_TEXT("reason", r->why));
	}
	return 0;
}

/* ---- the file ---- */

static uid_t owner_of(const struct spool *orders, const char *name)
{
	struct stat st;
	int rc = fstatat(orders->dirs[SPOOL_CUR], name, &st, AT_SYMLINK_NOFOLLOW);

	return rc == 0 ? st.st_uid : (uid_t)-1;
}

int obey_file(struct devices *devices, const struct spool *orders, const char *name,
	struct span bytes, const char **ret_why)
{
	struct work w = {.orders = orders,
		.devices = devices,
		.name = name,
		.owner = owner_of(orders, name)};
	int rc = do_entries(&w, bytes);

	if (rc == 0 && w.good > 0)
		rc = refuse_parts(&w);
	else if (rc == 0)
		rc = refuse(w.refused_count ? w.refused[w.refused_count - 1].why : "no order in it",
			ret_why);
	free(w.refused);
	return rc;
}
