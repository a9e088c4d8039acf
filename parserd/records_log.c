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

static int show_photo(const struct purging *p, struct span key, struct span value)
{
	struct photo photo;
	int rc = photo_unpack(key, value, &photo);

	return rc == 0 ? p->gone(p->context, &photo) : rc;
}

/* The first one that is left: 1, 0 when it is not that old, or a negative errno. */
static int purge_one(const struct purging *p, MDB_cursor *cursor)
{
	struct span key, value;
	int rc = records_seek(p->s, cursor, span_of(NULL, 0), &key, &value);

	if (rc <= 0)
		return rc;
	if (key.len < PUNCH_TIME_BYTES)
		return -EUCLEAN;
	if (memcmp(key.ptr, p->before.bytes, PUNCH_TIME_BYTES) >= 0)
		return 0;
	rc = p->gone == NULL ? 0 : show_photo(p, key, value);
	if (rc != 0)
		return rc;
	p->s->changed = true;
	rc = records_errno(p->s, mdb_cursor_del(cursor, 0));
	return rc == 0 ? 1 : rc;
}

static int purge(struct purging *p, const struct clock_local *before, unsigned most)
{
	MDB_cursor *cursor;
	unsigned count = 0;
	int rc = before->month == 0 || most > INT32_MAX ? -EINVAL : 0;

	punch_pack_time(&p->before, before);
	if (rc == 0)
		rc = records_errno(p->s, mdb_cursor_open(p->s->txn, p->db, &cursor));
	if (rc != 0)
		return rc;
	for (rc = 1; rc == 1 && count < most; count += rc == 1)
		rc = purge_one(p, cursor);
	mdb_cursor_close(cursor);
	return rc == 0 || rc == 1 ? (int)count : rc;
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
