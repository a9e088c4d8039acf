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
#define NAMES_AT_ONCE  4096 /* of a scan; more than can be in the way */
#define FILES_AT_ONCE  256
#define SWEEP_EVERY_MS UINT64_C(3600000)

/* An entry that is to be refused. */
struct refused {
	unsigned number;
	struct span part;
	const char *why;
};

/* A file at work, and its entry `number`. */
struct work {
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
			w->good += rc == 0;
		}
		if (verdict != SPOOL_ENTRY || rc == -EBADMSG)
			rc = remember_refused(w, part, why);
		from = offset;
	}
	return rc;
}

static int refuse_parts(const struct intake *in, const struct work *w)
{
	char id[SPOOL_ENTRY_ID_BYTES];

	for (size_t i = 0; i < w->refused_count; i++) {
		const struct refused *r = &w->refused[i];
		int rc = spool_refuse_part(&in->orders, w->name, r->number, r->part, r->why);
		if (rc < 0)
			return rc;
		spool_entry_id(w->name, r->number, id);
		log_warning("order refused", LOG_TEXT("entry", id), LOG_TEXT("reason", r->why));
	}
	return 0;
}

/* ---- one file ---- */

static int tell(const char *name, int fate, const struct spool_taking *t)
{
	if (fate == SPOOL_REFUSED)
		log_warning("order refused", LOG_TEXT("entry", name), LOG_TEXT("bad", t->bad_name),
			LOG_TEXT("reason", t->why));
	if (fate == SPOOL_LEFT && t->first)
		log_warning("order can be neither done nor refused; it is left",
			LOG_TEXT("entry", name), LOG_TEXT("reason", t->why), LOG_ERR(t->error));
	return fate;
}

static int refuse_file(struct intake *in, const char *name, const char *why, uint64_t now_ms)
{
	struct spool_taking t;

	return tell(name, spool_take_refuse(&in->taker, name, now_ms * 1000, why, &t), &t);
}

static int leave_file(struct intake *in, const char *name, int error, uint64_t now_ms)
{
	struct spool_taking t;

	return tell(name,
		spool_take_leave(
			&in->taker, name, now_ms * 1000, "it cannot be worked on now", error, &t),
		&t);
}

static uid_t owner_of(const struct intake *in, const char *name)
{
	struct stat st;
	int rc = fstatat(in->orders.dirs[SPOOL_CUR], name, &st, AT_SYMLINK_NOFOLLOW);

	return rc == 0 ? st.st_uid : (uid_t)-1;
}

/* TAKEN when what it orders is done in memory and the file is in cur/. The good entries of a file
 * are done even if others are refused; without a good one all of it is. */
static int do_taken(struct intake *in, const char *name, uint64_t now_ms)
{
	struct work w = {.name = name, .owner = owner_of(in, name)};
	int fate = SPOOL_TAKEN, rc = do_entries(in, &w);

	if (rc == 0 && w.good > 0)
		rc = refuse_parts(in, &w);
	if (rc < 0)
		fate = leave_file(in, name, rc, now_ms);
	else if (w.good == 0)
		fate = refuse_file(in, name,
			w.refused_count ? w.refused[w.refused_count - 1].why : "no order in it",
			now_ms);
	free(w.refused);
	return fate;
}

typedef int take_function(
	struct spool_taker *, const char *, uint64_t, struct buf *, struct spool_taking *);

/* A fate, or a negative errno when the surroundings are bad. */
static int do_file(struct intake *in, take_function *take, const char *name, uint64_t now_ms)
{
	struct spool_taking t;
	int fate = tell(name, take(&in->taker, name, now_ms * 1000, &in->file, &t), &t);

	return fate == SPOOL_TAKEN ? do_taken(in, name, now_ms) : fate;
}

/* ---- one pass ---- */

/* Durability: first the devices, then the list that is made of them, and only then are the files
 * done. */
static int settle(struct intake *in, uint64_t now_ms)
{
	int rc = devices_save(in->devices);

	return rc < 0 ? rc : admission_write(in->admission, now_ms);
}

static void finish(struct intake *in, const char *name, uint64_t now_ms)
{
	int rc = spool_finish(&in->orders, name);

	if (rc == -EEXIST)
		rc = refuse_file(
			in, name, "its name is that of a file that was done before", now_ms);
	if (rc < 0)
		log_error("order stays in cur", LOG_TEXT("entry", name), LOG_ERR(rc));
}

static void give_back(struct intake *in, const char *name)
{
	int rc = spool_release(&in->orders, name);

	if (rc < 0)
		log_error("order stays in cur", LOG_TEXT("entry", name), LOG_ERR(rc));
}

/* Names of files in cur/ that wait to be settled, and how many left new/ in all. */
struct taken {
	const char *names[FILES_AT_ONCE];
	size_t count, moved;
};

/* An order is in the spool until it is done, so memory may be ahead of the store: after a failure,
 * or a crash, it is done again to the same end. */
static int finish_files(struct intake *in, const struct taken *taken, uint64_t now_ms)
{
	int rc = taken->count > 0 ? settle(in, now_ms) : 0;

	for (size_t i = 0; i < taken->count; i++)
		if (rc == 0)
			finish(in, taken->names[i], now_ms);
		else
			give_back(in, taken->names[i]);
	return rc;
}

static int take_files(
	struct intake *in, const struct spool_list *l, uint64_t now_ms, struct taken *ret)
{
	for (size_t i = 0; i < l->count && ret->count < FILES_AT_ONCE; i++) {
		int fate = do_file(in, spool_take, l->items[i].name, now_ms);
		if (fate < 0)
			return fate;
		if (fate == SPOOL_TAKEN)
			ret->names[ret->count++] = l->items[i].name;
		ret->moved += fate == SPOOL_TAKEN || fate == SPOOL_REFUSED;
	}
	return 0;
}

static int pass(struct intake *in, uint64_t now_ms)
{
	struct taken taken = {.count = 0};
	struct spool_list l;
	int rc = spool_scan(&in->orders, SPOOL_NEW, NAMES_AT_ONCE, &l);

	if (rc < 0)
		return rc;
	rc = take_files(in, &l, now_ms, &taken);
	int finished = finish_files(in, &taken, now_ms);
	/* What stays behind is no reason to hurry. */
	in->hurry = taken.moved > 0 && l.total > taken.moved;
	spool_list_free(&l);
	return finished < 0 ? finished : rc;
}

/* ---- what was in work when cmdqd died ---- */

/* One that kills it harms no other, and not for ever. */
static int work_alone(struct intake *in, const char *name, uint64_t now_ms)
{
	struct taken taken = {.names = {name}};
	int before = spool_tries_count(&in->orders, name);

	if (before < 0)
		return before;
	/* The first death was in the pass that it was found in, where nothing counts. */
	int rc = before + 1 >= SPOOL_TRIES_MAX
			 ? refuse_file(in, name, "cmdqd died of it ten times", now_ms)
			 : do_file(in, spool_take_up, name, now_ms);
	taken.count = rc == SPOOL_TAKEN;
	if (rc >= 0)
		rc = finish_files(in, &taken, now_ms);
	spool_tries_forget(&in->orders, name);
	return rc;
}

/* The list is made once: a file that cannot even be moved out of cur/ is met once. What failed is
 * in new/ and comes again with the others. */
static int recover_next(struct intake *in, uint64_t now_ms)
{
	int rc = 0;

	if (!in->in_work.items)
		rc = spool_scan(&in->orders, SPOOL_CUR, SPOOL_SCAN_ALL, &in->in_work);
	if (rc < 0)
		return rc;
	in->recovered = in->next_in_work == in->in_work.count;
	in->hurry = true;
	if (in->recovered) {
		spool_list_free(&in->in_work);
		return 0;
	}
	const char *name = in->in_work.items[in->next_in_work].name;
	if (spool_name_valid(span_str(name), NULL))
		rc = work_alone(in, name, now_ms);
	in->next_in_work += rc == 0;
	return rc;
}

static void sweep(struct intake *in, uint64_t now_ms)
{
	in->next_sweep_ms = now_ms + SWEEP_EVERY_MS;
	int rc = spool_sweep(&in->orders, clock_wall_us(), in->draft_stale_ms);
	if (rc < 0)
		log_warning("cannot sweep stale drafts", LOG_ERR(rc));
	else if (rc > 0)
		log_info("stale drafts of orders swept", LOG_NUM("files", rc));
}

int intake_turn(struct intake *in, uint64_t now_ms)
{
	bool due = now_ms >= in->next_scan_ms;

	/* What is given back to new/ raises the watch again, so after a failure only time counts.
	 */
	if (!due && (!in->hurry || in->failed))
		return 0;
	int rc = in->recovered ? pass(in, now_ms) : recover_next(in, now_ms);
	if (rc < 0)
		log_error("orders have to wait", LOG_ERR(rc));
	in->failed = rc < 0;
	in->next_scan_ms = now_ms + in->rescan_ms;
	if (now_ms >= in->next_sweep_ms)
		sweep(in, now_ms);
	return devices_damaged(rc) ? rc : 0;
}

/* ---- opening ---- */

static void watch_ready(struct loop_source *source, uint32_t events)
{
	struct intake *in = (struct intake *)source;
	int rc = spool_watch_drain();
	(void)events;

	in->hurry = true;
	if (rc >= 0)
		return;
	log_warning("watch is lost; the spool is looked at every rescan interval", LOG_ERR(rc));
	loop_remove(in->loop_fd, source); /* or it would wake us for ever */
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
		.loop_fd = loop_fd,
		.taker.spool = &in->orders,
		.file = buf_with_max(conf->file_max_bytes),
		.rescan_ms = conf->rescan_ms,
		.draft_stale_ms = conf->draft_stale_ms,
	};
	int rc = spool_make(conf->spool_dir, KIND);
	if (rc == 0)
		rc = spool_open(conf->spool_dir, KIND, SPOOL_FOR_CONSUMING, &in->orders);
	if (rc == 0)
		rc = watch(in, loop_fd, conf->spool_dir);
	return rc;
}

void intake_close(struct intake *in)
{
	spool_list_free(&in->in_work);
	spool_watch_close();
	spool_close(&in->orders);
	buf_free(&in->file);
}
