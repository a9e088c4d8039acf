/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_log: log lines and photos, and taking the oldest ones out. */
#include <errno.h>

#include "parserd/records_writer.h"

int records_add_log(struct records_writer *w, const struct logged *l)
{
	struct logged digested = *l;
	struct pack key, head;

	records_digest(l->line, digested.digest);
	pack_clear(&key);
	pack_clear(&head);
	logged_pack_key(&key, &digested);
	logged_pack_head(&head, &digested);
	struct records_fact f = {
		&w->shared, w->dbs[RECORDS_LOG], FACT_LOG, &key, &key, &head, {l->line}, false};
	return records_add_fact(w, &f);
}

/* The digest is that of the file, which the caller made. */
int records_add_photo(struct records_writer *w, const struct photo *p)
{
	struct pack key, head;
	int erased = p->pin.len > 0 ? records_is_erased(w, p->pin, p->received_us, &p->entry) : 0;

	if (erased != 0)
		return erased < 0 ? erased : 0;
	pack_clear(&key);
	pack_clear(&head);
	photo_pack_key(&key, p);
	photo_pack_value(&head, p);
	struct records_fact f = {&w->shared, w->dbs[RECORDS_PHOTO], FACT_PHOTO, &key, &key, &head,
		{{NULL, 0}}, true};
	return records_add_fact(w, &f);
}

int records_has_photo(struct records_writer *w, const struct photo *p)
{
	struct pack key = {.len = 0};
	struct span value;

	photo_pack_key(&key, p);
	return key.failed ? -EINVAL
			  : records_get(&w->shared, w->dbs[RECORDS_PHOTO], pack_span(&key), &value);
}

/* ---- the oldest ones ---- */

struct purging {
	struct records_shelf *s;
	MDB_dbi db;
	struct pack before;
	photo_visit *gone; /* NULL: they are no photos */
	void *context;
};

/* What both kinds have; of a photo all of it. */
static int unpack(const struct purging *p, struct span key, struct span value, struct photo *ret)
{
	struct logged l;

	if (p->gone != NULL)
		return photo_unpack(key, value, ret);
	int rc = logged_unpack(key, value, &l);
	if (rc == 0)
		*ret = (struct photo){
			.time = l.time, .received_us = l.received_us, .flags = l.flags};
	return rc;
}

static bool is_old(const struct purging *p, const struct photo *row)
{
	struct clock_local time = row->time;
	struct pack packed;

	pack_clear(&packed);
	if (row->flags & PUNCH_TIME_ABSURD)
		time = clock_local_from_seconds((int64_t)(row->received_us / 1000000));
	punch_pack_time(&packed, &time);
	return memcmp(packed.bytes, p->before.bytes, PUNCH_TIME_BYTES) < 0;
}

/* The row behind `at`. 0, 1 at the end, or a negative errno. All are looked at: behind the oldest
 * ones there may be some with an absurd time. */
static int purge_next(const struct purging *p, MDB_cursor *cursor, struct pack *at, unsigned *count)
{
	struct span value;
	struct photo row;
	int rc = records_next(p->s, cursor, at, &value);

	if (rc <= 0)
		return rc < 0 ? rc : 1;
	rc = unpack(p, pack_span(at), value, &row);
	if (rc != 0 || !is_old(p, &row))
		return rc;
	if (p->gone != NULL)
		rc = p->gone(p->context, &row);
	if (rc == 0)
		rc = records_delete(p->s, p->db, pack_span(at));
	*count += rc == 1;
	return rc < 0 ? rc : 0;
}

static int purge(struct purging *p, const struct clock_local *before, unsigned most)
{
	struct pack at = {.len = 0};
	MDB_cursor *cursor;
	unsigned count = 0;
	int rc = before->month == 0 || most > INT32_MAX ? -EINVAL : 0;

	punch_pack_time(&p->before, before);
	if (rc == 0)
		rc = records_errno(p->s, mdb_cursor_open(p->s->txn, p->db, &cursor));
	if (rc != 0)
		return rc;
	while (rc == 0 && count < most)
		rc = purge_next(p, cursor, &at, &count);
	mdb_cursor_close(cursor);
	return rc < 0 ? rc : (int)count;
}

int records_purge_log(struct records_writer *w, const struct clock_local *before, unsigned most)
{
	struct purging p = {.s = &w->shared, .db = w->dbs[RECORDS_LOG]};

	return purge(&p, before, most);
}

int records_purge_photos(struct records_writer *w, const struct clock_local *before, unsigned most,
	photo_visit *gone, void *context)
{
	struct purging p = {
		.s = &w->shared, .db = w->dbs[RECORDS_PHOTO], .gone = gone, .context = context};

	return purge(&p, before, most);
}
