/* SPDX-License-Identifier: GPL-2.0-or-later */
/* erase: see the header. Files of photos go before the commit that forgets them: after a crash in
 * between the order is carried out again, while a file that nothing names would stay for ever. */
#include "parserd/erase.h"

#include <errno.h>
#include <stdio.h>

#include "lib/daemon.h"
#include "lib/log.h"
#include "parserd/erase_order.h"

#define SCAN_MAX  256
#define PURGE_MAX 1024 /* facts of a transaction, so that it stays small */

/* ---- opening ---- */

static void watch(const struct conf *c)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/" ERASE_KIND "/new", c->spool_dir);
	int rc = spool_watch_open(path);
	if (rc < 0)
		log_warning("cannot watch the spool; it is looked at every rescan interval",
			LOG_TEXT("path", path), LOG_ERR(rc));
}

int erase_open(struct erase *e, const struct conf *c, struct records_writer *records,
	const struct photos *photos)
{
	*e = (struct erase){
		.records = records, .photos = photos, .bytes = buf_with_max(c->file_max_bytes)};
	int rc = spool_make(c->spool_dir, ERASE_KIND);
	if (rc == 0)
		rc = spool_open(c->spool_dir, ERASE_KIND, SPOOL_FOR_CONSUMING, &e->spool);
	if (rc < 0)
		return rc;
	e->open = true;
	e->taker.spool = &e->spool;
	watch(c);
	return 0;
}

void erase_close(struct erase *e)
{
	if (e->open)
		spool_close(&e->spool);
	buf_free(&e->bytes);
	e->open = false;
}

/* ---- one order ---- */

struct work {
	struct erase *erase;
	uid_t uid; /* who ordered it */
	uint64_t received_us, now_us;
	struct erase_order order;
	struct entry_ref entry;
	uint64_t gone; /* facts, of all its transactions */
	bool again;    /* there may be more of them */
};

static int remove_file(void *context, const struct photo *p)
{
	const struct work *w = context;

	return photos_remove(w->erase->photos, p);
}

/* How many facts, or a negative errno. */
static int take_out(struct work *w)
{
	struct records_writer *r = w->erase->records;

	switch (w->order.what) {
	case ERASE_PIN:
		return records_erase_pin(r, span_str(w->order.pin), w->received_us, &w->entry,
			w->now_us, remove_file, w);
	case ERASE_PHOTOS:
		return records_purge_photos(r, &w->order.before, PURGE_MAX, remove_file, w);
	case ERASE_OPLOG:
		return records_purge_log(r, &w->order.before, PURGE_MAX);
	case ERASE_WHATS:
		break;
	}
	return -EINVAL;
}

static int in_transaction(struct work *w)
{
	int rc = records_begin(w->erase->records);

	if (rc < 0)
		return rc;
	int taken = take_out(w);
	if (taken < 0) {
		records_abort(w->erase->records);
		return taken;
	}
	rc = records_commit(w->erase->records);
	if (rc < 0)
		return rc;
	w->gone += (uint64_t)taken;
	w->again = w->order.what != ERASE_PIN && taken >= PURGE_MAX;
	return 0;
}

static int carry_out(struct work *w)
{
	int rc;

	do {
		daemon_alive();
		rc = in_transaction(w);
		if (rc == -EXFULL) {
			rc = records_grow(w->erase->records);
			w->again = true;
		}
	} while (rc == 0 && w->again);
	return rc;
}

/* ---- the entries of a file ---- */

static void tell(const struct work *w, const char *id)
{
	char before[32] = "";
	const struct clock_local *b = &w->order.before;
	bool is_pin = w->order.what == ERASE_PIN;

	snprintf(before, sizeof(before), "%04u-%02u-%02u %02u:%02u:%02u", b->year, b->month, b->day,
		b->hour, b->minute, b->second);
	log_notice("erased", LOG_TEXT("entry", id), LOG_NUM("uid", w->uid),
		LOG_TEXT("what", erase_what_name(w->order.what)),
		LOG_TEXT(is_pin ? "pin" : NULL, w->order.pin),
		LOG_TEXT(is_pin ? NULL : "before", before), LOG_NUM("records", w->gone));
}

static int do_entry(void *context, const struct spool_entry *e, const char *id,
	char ret_why[static SPOOL_WHY_BYTES])
{
	struct work w = *(const struct work *)context; /* what is the same for the whole file */
	const char *why;
	int rc = erase_order_parse(e->body, &w.order, &why);

	if (rc < 0) {
		snprintf(ret_why, SPOOL_WHY_BYTES, "%s", why);
		return rc;
	}
	w.received_us = e->received_us;
	w.entry.number = e->number;
	rc = carry_out(&w);
	if (rc == 0)
		tell(&w, id);
	return rc == -EBADMSG ? -EIO : rc; /* a file system says so of itself, not of the order */
}

static void log_aside(void *context, const char *id, const char *why)
{
	(void)context;
	log_warning("entry refused", LOG_TEXT("entry", id), LOG_TEXT("kind", ERASE_KIND),
		LOG_TEXT("reason", why));
}

/* ---- files ---- */

static void tell_taking(const char *name, int fate, const struct spool_taking *t)
{
	if (fate == SPOOL_REFUSED)
		log_warning("file refused", LOG_TEXT("entry", name), LOG_TEXT("bad", t->bad_name),
			LOG_TEXT("kind", ERASE_KIND), LOG_TEXT("reason", t->why));
	if (fate == SPOOL_LEFT && t->first)
		log_warning("file can be neither taken nor refused; it is left",
			LOG_TEXT("entry", name), LOG_TEXT("kind", ERASE_KIND),
			LOG_TEXT("reason", t->why), LOG_ERR(t->error));
}

/* 1 when it is in bad/, else 0. */
static int refuse(struct erase *e, const char *name, const char *why, uint64_t now_us)
{
	struct spool_taking t;
	int fate = spool_take_refuse(&e->taker, name, now_us, why, &t);

	if (fate < 0)
		return fate;
	tell_taking(name, fate, &t);
	return fate == SPOOL_REFUSED;
}

/* What says something of the records is for the loop to decide; else it is tried again after a
 * while, and uploads go on meanwhile. */
static int leave(struct erase *e, const char *name, int error, uint64_t now_us)
{
	struct spool_taking t;
	int fate = spool_take_leave(
		&e->taker, name, now_us, "it cannot be carried out now", error, &t);

	if (fate < 0)
		return fate;
	tell_taking(name, fate, &t);
	return records_is_broken(error) ? error : 0;
}

static int do_file(struct erase *e, const char *name, uint64_t now_us)
{
	struct work w = {.erase = e, .uid = spool_owner(&e->spool, name), .now_us = now_us};
	const struct spool_entries work = {.kind = ERASE_KIND,
		.now_us = now_us,
		.entry = do_entry,
		.aside = log_aside,
		.context = &w};
	const char *why;

	snprintf(w.entry.name, sizeof(w.entry.name), "%s", name);
	int rc = spool_entries_do(&work, &e->spool, name, buf_span(&e->bytes), &why);
	if (rc == -EBADMSG)
		return refuse(e, name, why, now_us);
	/* The effects are durable: in done/ it says for ever what was erased, and for whom. */
	if (rc == 0)
		rc = spool_finish(&e->spool, name);
	if (rc == -EEXIST)
		return refuse(e, name, "its name is that of a file that was done before", now_us);
	return rc < 0 ? leave(e, name, rc, now_us) : 0;
}

typedef int take_function(
	struct spool_taker *, const char *, uint64_t, struct buf *, struct spool_taking *);

/* 1 when it left where it was, else 0. */
static int take_by(struct erase *e, take_function *take, const char *name, uint64_t now_us)
{
	struct spool_taking t;
	int fate = take(&e->taker, name, now_us, &e->bytes, &t);

	if (fate < 0)
		return fate;
	tell_taking(name, fate, &t);
	if (fate != SPOOL_TAKEN)
		return fate == SPOOL_REFUSED;
	int rc = do_file(e, name, now_us);
	return rc < 0 ? rc : 1;
}

static int take_new(struct erase *e, const char *name, uint64_t now_us)
{
	return take_by(e, spool_take, name, now_us);
}

/* One that was in work when parserd died. */
static int take_up(struct erase *e, const char *name, uint64_t now_us)
{
	if (!spool_name_valid(span_str(name), NULL))
		return 0;
	int before = spool_tries_count(&e->spool, name);
	if (before < 0)
		return before;
	/* The first death was when it was new, where nothing counts. */
	int rc = before + 1 >= SPOOL_TRIES_MAX
			 ? refuse(e, name, "parserd died of it ten times", now_us)
			 : take_by(e, spool_take_up, name, now_us);
	spool_tries_forget(&e->spool, name);
	return rc;
}

/* How many left that state, or a negative errno. */
static int work_off(struct erase *e, enum spool_state state, size_t most,
	int (*take)(struct erase *, const char *, uint64_t), uint64_t now_us)
{
	struct spool_list list;
	int count = 0;
	int rc = spool_scan(&e->spool, state, most, &list);

	if (rc < 0)
		return rc;
	for (size_t i = 0; rc >= 0 && i < list.count; i++) {
		rc = take(e, list.items[i].name, now_us);
		count += rc > 0;
	}
	spool_list_free(&list);
	return rc < 0 ? rc : count;
}

int erase_work(struct erase *e, uint64_t now_us)
{
	int recovered = 0;

	if (!e->open)
		return 0;
	if (e->taker.stranded)
		e->recovered = e->taker.stranded = false;
	if (!e->recovered)
		recovered = work_off(e, SPOOL_CUR, SPOOL_SCAN_ALL, take_up, now_us);
	if (recovered < 0)
		return recovered;
	e->recovered = true;
	int fresh = work_off(e, SPOOL_NEW, SCAN_MAX, take_new, now_us);
	return fresh < 0 ? fresh : recovered + fresh;
}

int erase_sweep(const struct erase *e, uint64_t now_wall_us, uint64_t stale_ms)
{
	return e->open ? spool_sweep(&e->spool, now_wall_us, stale_ms) : 0;
}
