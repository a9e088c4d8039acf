/* SPDX-License-Identifier: GPL-2.0-or-later */
/* erase: see the header. Files of photos go before the commit that forgets them: after a crash in
 * between the order is carried out again, while a file that nothing names would stay for ever. */
#include "parserd/erase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/daemon.h"
#include "lib/log.h"
#include "parserd/erase_order.h"

#define SCAN_MAX  256
#define PURGE_MAX 1024 /* facts of a transaction, so that it stays small */

/* ---- opening ---- */

static int watch(const struct conf *c)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/" ERASE_KIND "/new", c->spool_dir);
	int rc = spool_watch_open(path);
	if (rc < 0)
		log_warning("cannot watch the spool; it is looked at every rescan interval",
			LOG_TEXT("path", path), LOG_ERR(rc));
	return 0;
}

int erase_open(struct erase *e, const struct conf *c, struct records_writer *records,
	const struct photos *photos)
{
	*e = (struct erase){
		.records = records, .photos = photos, .bytes = buf_with_max(c->file_max_bytes)};
	/* Where packages made the directories this may be forbidden; then they are there. */
	int made = spool_make(c->spool_dir, ERASE_KIND);
	int rc = spool_open(c->spool_dir, ERASE_KIND, SPOOL_FOR_CONSUMING, &e->spool);
	if (rc == -ENOENT && made < 0)
		rc = made;
	if (rc < 0)
		return rc;
	e->open = true;
	e->taker.spool = &e->spool;
	rc = spool_recover(&e->spool);
	if (rc >= 0)
		return watch(c);
	erase_close(e);
	return rc;
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
	struct erase_order order;
	uint64_t received_us, now_us;
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

/* An order from a clock that is ahead must not reach what is still to come. */
static uint64_t moment_of(const struct spool_entry *e, const char *name, uint64_t now_us)
{
	uint64_t at_us = e->received_us;

	if (at_us == 0)
		(void)spool_name_valid(span_str(name), &at_us);
	return at_us < now_us ? at_us : now_us;
}

static void tell(const struct work *w, uid_t uid)
{
	char id[SPOOL_ENTRY_ID_BYTES], before[32] = "";
	const struct clock_local *b = &w->order.before;
	bool is_pin = w->order.what == ERASE_PIN;

	spool_entry_id(w->entry.name, w->entry.number, id);
	snprintf(before, sizeof(before), "%04u-%02u-%02u %02u:%02u:%02u", b->year, b->month, b->day,
		b->hour, b->minute, b->second);
	log_notice("erased", LOG_TEXT("entry", id), LOG_NUM("uid", uid),
		LOG_TEXT("what", erase_what_name(w->order.what)),
		LOG_TEXT(is_pin ? "pin" : NULL, w->order.pin),
		LOG_TEXT(is_pin ? NULL : "before", before), LOG_NUM("records", w->gone));
}

/* 0; -EBADMSG and why it is none; another negative errno. */
static int do_entry(struct erase *e, const char *name, const struct spool_entry *entry, uid_t uid,
	uint64_t now_us, const char **ret_why)
{
	struct work w = {
		.erase = e, .received_us = moment_of(entry, name, now_us), .now_us = now_us};
	int rc = erase_order_parse(entry->body, &w.order, ret_why);

	if (rc < 0)
		return rc;
	w.entry.number = entry->number;
	snprintf(w.entry.name, sizeof(w.entry.name), "%s", name);
	rc = carry_out(&w);
	if (rc == 0)
		tell(&w, uid);
	return rc;
}

static int set_aside(
	struct erase *e, const char *name, unsigned number, struct span part, const char *why)
{
	char id[SPOOL_ENTRY_ID_BYTES];
	int rc = spool_refuse_part(&e->spool, name, number, part, why);

	spool_entry_id(name, number, id);
	if (rc == 0)
		log_warning("entry refused", LOG_TEXT("entry", id), LOG_TEXT("kind", ERASE_KIND),
			LOG_TEXT("reason", why));
	return rc;
}

struct walk {
	size_t offset;
	unsigned number;
};

/* The next entry; 1, or 0 at the end. */
static int do_next(struct erase *e, const char *name, uid_t uid, uint64_t now_us, struct walk *w)
{
	struct span file = buf_span(&e->bytes), part;
	struct spool_entry entry;
	const char *why;
	size_t from = w->offset;
	int rc = -EBADMSG;
	enum spool_verdict verdict = spool_entry_next(
		file, span_str(ERASE_KIND), &w->offset, &w->number, &entry, &part, &why);

	if (verdict == SPOOL_FILE_ENDED)
		return 0;
	if (verdict == SPOOL_ENTRY) {
		part = span_of(file.ptr + from, w->offset - from);
		rc = do_entry(e, name, &entry, uid, now_us, &why);
	}
	if (rc == -EBADMSG)
		rc = set_aside(e, name, w->number, part, why);
	return rc < 0 ? rc : 1;
}

/* Is there one that is no fault? Else the whole file is refused, with the last reason. */
static bool any_good(const struct erase *e, const char **ret_why)
{
	struct spool_entry entry;
	struct erase_order order;
	struct span part;
	size_t offset = 0;
	unsigned number = 0;
	enum spool_verdict verdict;

	*ret_why = "no entry in it";
	while ((verdict = spool_entry_next(buf_span(&e->bytes), span_str(ERASE_KIND), &offset,
			&number, &entry, &part, ret_why)) != SPOOL_FILE_ENDED)
		if (verdict == SPOOL_ENTRY && erase_order_parse(entry.body, &order, ret_why) == 0)
			return true;
	return false;
}

static uid_t owner_of(const struct erase *e, const char *name)
{
	struct stat st;

	return fstatat(e->spool.dirs[SPOOL_CUR], name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_uid
										      : (uid_t)-1;
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

static int refuse(struct erase *e, const char *name, const char *why, uint64_t now_us)
{
	struct spool_taking t;
	int fate = spool_take_refuse(&e->taker, name, now_us, why, &t);

	if (fate < 0)
		return fate;
	tell_taking(name, fate, &t);
	return 0;
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
	struct walk w = {.offset = 0};
	uid_t uid = owner_of(e, name);
	const char *why;
	int rc;

	if (!any_good(e, &why))
		return refuse(e, name, why, now_us);
	while ((rc = do_next(e, name, uid, now_us, &w)) > 0)
		;
	/* The effects are durable: in done/ it says for ever what was erased, and for whom. */
	if (rc == 0)
		rc = spool_finish(&e->spool, name);
	if (rc == -EEXIST)
		return refuse(e, name, "its name is that of a file that was done before", now_us);
	return rc < 0 ? leave(e, name, rc, now_us) : 0;
}

/* 1 when it left new/, else 0. */
static int take_file(struct erase *e, const char *name, uint64_t now_us)
{
	struct spool_taking t;
	int fate = spool_take(&e->taker, name, now_us, &e->bytes, &t);

	if (fate < 0)
		return fate;
	tell_taking(name, fate, &t);
	if (fate != SPOOL_TAKEN)
		return fate == SPOOL_REFUSED;
	int rc = do_file(e, name, now_us);
	return rc < 0 ? rc : 1;
}

int erase_work(struct erase *e, uint64_t now_us)
{
	struct spool_list list;
	int count = 0;

	if (!e->open)
		return 0;
	int rc = spool_scan(&e->spool, SPOOL_NEW, SCAN_MAX, &list);
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc >= 0 && i < list.count; i++) {
		rc = take_file(e, list.items[i].name, now_us);
		count += rc > 0;
	}
	spool_list_free(&list);
	return rc < 0 ? rc : count;
}

int erase_sweep(const struct erase *e, uint64_t now_wall_us, uint64_t stale_ms)
{
	return e->open ? spool_sweep(&e->spool, now_wall_us, stale_ms) : 0;
}
