/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake: takes orders out of the spool "order" and sees that they are done. */
#include "cmdqd/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cmdqd/order.h"
#include "cmdqd/zone.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "lib/log.h"

#define KIND           "order"
#define FILES_AT_ONCE  256
#define SWEEP_EVERY_MS UINT64_C(3600000)

/* An entry at work. */
struct work {
	const char *name; /* of its file */
	unsigned number;
	uid_t owner; /* who ordered it */
};

/* ---- one order ---- */

static int refuse(const char *why, const char **ret_why)
{
	*ret_why = why;
	return -EBADMSG;
}

static int set(struct intake *in, const struct order *o, const char **ret_why)
{
	struct device *d = devices_find(in->devices, o->serial);
	int minutes;

	if (!d)
		return refuse("no device has this serial", ret_why);
	struct device_settings own = d->set;
	order_apply(o, &own);
	if (own.time_zone[0] && zone_offset(own.time_zone, 0, &minutes) < 0)
		return refuse("no such time zone", ret_why);
	d->set = own;
	devices_ordered(in->devices, d);
	return 0;
}

static int decide(struct intake *in, const struct order *o, const char **ret_why)
{
	enum device_state state =
		o->kind == ORDER_DEVICE_APPROVE ? DEVICE_APPROVED : DEVICE_REFUSED;
	int rc = devices_decide(in->devices, o->serial, state);

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
static int do_entry(
	struct intake *in, const struct work *w, const struct spool_entry *e, const char **ret_why)
{
	struct order o;
	int rc = order_parse(e->body, &o, ret_why);

	if (rc < 0)
		return rc;
	if (e->serial.len > 0 && !span_eq(e->serial, o.serial))
		return refuse("head and body name different serials", ret_why);
	rc = o.kind == ORDER_DEVICE_SET ? set(in, &o, ret_why) : decide(in, &o, ret_why);
	if (rc == 0)
		log_order(w, &o);
	return rc;
}

/* ---- one file ---- */

static int refuse_file(struct intake *in, enum spool_state from, const char *name, const char *why)
{
	char bad_name[SPOOL_NAME_BYTES];
	int rc = spool_refuse(&in->orders, from, name, why, bad_name);

	if (rc == 0)
		log_warning("order refused", LOG_TEXT("entry", bad_name), LOG_TEXT("reason", why));
	return rc;
}

/* The good entries of a file are done even if others are refused. 0 when the file is still in cur/,
 * 1 when all of it was refused, or a negative errno. */
static int refuse_part(struct intake *in, const struct work *w, struct span part, const char *why)
{
	char id[SPOOL_ENTRY_ID_BYTES];

	if (part.len == in->file.len) {
		int rc = refuse_file(in, SPOOL_CUR, w->name, why);
		return rc < 0 ? rc : 1;
	}
	spool_entry_id(w->name, w->number, id);
	log_warning("order refused", LOG_TEXT("entry", id), LOG_TEXT("reason", why));
	return spool_refuse_part(&in->orders, w->name, w->number, part, why);
}

static int do_entries(struct intake *in, struct work *w)
{
	struct span file = buf_span(&in->file), part;
	struct spool_entry e;
	enum spool_verdict verdict;
	const char *why;
	size_t offset = 0, from = 0;
	int rc = 0;

	while (rc == 0 && (verdict = spool_entry_next(file, span_str(KIND), &offset, &w->number, &e,
				   &part, &why)) != SPOOL_FILE_ENDED) {
		if (verdict == SPOOL_ENTRY) {
			part = span_of(file.ptr + from, offset - from);
			rc = do_entry(in, w, &e, &why);
		}
		if (verdict != SPOOL_ENTRY || rc == -EBADMSG)
			rc = refuse_part(in, w, part, why);
		from = offset;
	}
	return rc;
}

static uid_t owner_of(const struct intake *in, const char *name)
{
	struct stat st;
	int rc = fstatat(in->orders.dirs[SPOOL_CUR], name, &st, AT_SYMLINK_NOFOLLOW);

	return rc == 0 ? st.st_uid : (uid_t)-1;
}

static int do_claimed(struct intake *in, const char *name)
{
	struct work w = {.name = name, .owner = owner_of(in, name)};
	const char *why;

	buf_clear(&in->file);
	int rc = spool_load(&in->orders, name, &in->file, &why);
	if (rc == -EBADMSG) {
		rc = refuse_file(in, SPOOL_CUR, name, why);
		return rc < 0 ? rc : 1;
	}
	return rc < 0 ? rc : do_entries(in, &w);
}

/* 0 when what it orders is done in memory and the file is in cur/; 1 when it is dealt with; or a
 * negative errno, and the file is in new/. */
static int do_file(struct intake *in, const char *name)
{
	int rc;

	if (!spool_name_valid(span_str(name), NULL)) {
		rc = refuse_file(in, SPOOL_NEW, name, "its name is not of a spool file's form");
		return rc < 0 ? rc : 1;
	}
	rc = spool_claim(&in->orders, name);
	if (rc == -ENOENT)
		return 1;
	if (rc == -EEXIST) {
		rc = refuse_file(in, SPOOL_NEW, name, "its name was used before");
		return rc < 0 ? rc : 1;
	}
	if (rc < 0)
		return rc;
	rc = do_claimed(in, name);
	if (rc < 0)
		(void)!spool_release(&in->orders, name);
	return rc;
}

/* ---- one pass ---- */

/* Durability: first the devices, then the list that is made of them, and only then are the files
 * done. */
static int settle(struct intake *in, uint64_t now_ms)
{
	int rc = devices_save(in->devices);

	return rc < 0 ? rc : admission_write(in->admission, now_ms);
}

/* Which files of a list are in cur/ and wait to be settled. */
struct taken {
	bool file[FILES_AT_ONCE];
	size_t count;
};

static int take_files(struct intake *in, const struct spool_list *l, struct taken *ret)
{
	for (size_t i = 0; i < l->count; i++) {
		int rc = do_file(in, l->items[i].name);
		if (rc < 0)
			return rc;
		ret->file[i] = rc == 0;
		ret->count += rc == 0;
	}
	return 0;
}

/* An order is in the spool until it is done, so memory may be ahead of the store: after a failure,
 * or a crash, it is done again to the same end. */
static int finish_files(
	struct intake *in, const struct spool_list *l, const struct taken *taken, uint64_t now_ms)
{
	int settled = settle(in, now_ms), rc = settled;

	for (size_t i = 0; i < l->count; i++) {
		if (!taken->file[i])
			continue;
		const char *name = l->items[i].name;
		int moved = settled == 0 ? spool_finish(&in->orders, name)
					 : spool_release(&in->orders, name);
		if (moved < 0 && rc == 0)
			rc = moved;
	}
	return rc;
}

static int pass(struct intake *in, uint64_t now_ms)
{
	struct taken taken = {0};
	struct spool_list l;
	int rc = spool_scan(&in->orders, SPOOL_NEW, FILES_AT_ONCE, &l);

	if (rc < 0)
		return rc;
	in->hurry = l.total > l.count;
	rc = take_files(in, &l, &taken);
	if (taken.count > 0) {
		int finished = finish_files(in, &l, &taken, now_ms);
		rc = rc < 0 ? rc : finished;
	}
	spool_list_free(&l);
	return rc;
}

static void sweep(struct intake *in, uint64_t now_ms)
{
	in->next_sweep_ms = now_ms + SWEEP_EVERY_MS;
	int rc = spool_sweep(&in->orders, clock_wall_us(), in->draft_stale_ms);
	if (rc != 0)
		log_info("stale drafts of orders swept", LOG_NUM("files", rc));
}

void intake_turn(struct intake *in, uint64_t now_ms)
{
	bool due = now_ms >= in->next_scan_ms;

	/* What is given back to new/ raises the watch again, so after a failure only time counts.
	 */
	if (!due && (!in->hurry || in->failed))
		return;
	int rc = pass(in, now_ms);
	if (rc < 0)
		log_error("orders have to wait", LOG_ERR(rc));
	in->failed = rc < 0;
	in->next_scan_ms = now_ms + in->rescan_ms;
	if (now_ms >= in->next_sweep_ms)
		sweep(in, now_ms);
}

/* ---- opening ---- */

static void watch_ready(struct loop_source *source, uint32_t events)
{
	struct intake *in = (struct intake *)source;
	int rc = spool_watch_drain();
	(void)events;

	if (rc < 0)
		log_warning("watching for orders failed", LOG_ERR(rc));
	in->hurry = true;
}

static int watch(struct intake *in, int loop_fd, const char *spool_dir)
{
	char *new_dir = conf_join(spool_dir, KIND "/new");

	if (!new_dir)
		return -ENOMEM;
	int fd = spool_watch_open(new_dir);
	free(new_dir);
	if (fd < 0)
		return fd;
	in->watch = (struct loop_source){fd, watch_ready};
	return loop_add(loop_fd, &in->watch, EPOLLIN);
}

int intake_open(struct intake *in, int loop_fd, const struct conf *conf)
{
	*in = (struct intake){
		.file = buf_with_max(conf->file_max_bytes),
		.rescan_ms = conf->rescan_ms,
		.draft_stale_ms = conf->draft_stale_ms,
	};
	int rc = spool_make(conf->spool_dir, KIND);
	if (rc == 0)
		rc = spool_open(conf->spool_dir, KIND, SPOOL_FOR_CONSUMING, &in->orders);
	if (rc == 0)
		rc = watch(in, loop_fd, conf->spool_dir);
	if (rc == 0)
		rc = spool_recover(&in->orders);
	return rc < 0 ? rc : 0;
}

void intake_close(struct intake *in)
{
	spool_watch_close();
	spool_close(&in->orders);
	buf_free(&in->file);
}
