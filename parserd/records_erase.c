/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_erase: a PIN taken out of everything that was received up to a moment, and kept out; and
 * out of what a clock that was wrong says was received after now: it came before. A walk over all
 * items and photos: it is rare, and there is no index by PIN. */
#include <errno.h>

#include "parserd/records_writer.h"

struct erasing {
	struct records_writer *w;
	struct span pin;
	struct pack mark; /* received and entry */
	uint64_t now_us;
	photo_visit *gone;
	void *context;
	int count;
};

static int pack_mark(uint64_t received_us, const struct entry_ref *entry, struct pack *ret)
{
	pack_u64(ret, received_us);
	entry_ref_pack(ret, entry);
	return ret->failed ? -EINVAL : 0;
}

/* ---- the marks ---- */

static int get_mark(struct records_writer *w, struct span pin, struct pack *key, struct span *ret)
{
	pack_text(key, pin);
	if (key->failed || pin.len == 0)
		return -EINVAL;
	int rc = records_get(&w->private, w->private_dbs[PRIVATE_ERASED], pack_span(key), ret);
	return rc == 1 && ret->len != RECORDS_ARRIVAL_BYTES ? -EUCLEAN : rc;
}

static int pack_ahead(struct span pin, const struct pack *arrival, struct pack *ret)
{
	pack_text(ret, pin);
	pack_bytes(ret, pack_span(arrival));
	return ret->failed ? -EINVAL : 0;
}

static int is_within(struct records_writer *w, struct span pin, const struct pack *arrival)
{
	struct pack key = {.len = 0}, ahead = {.len = 0};
	struct span mark;
	int rc = get_mark(w, pin, &key, &mark);

	/* No arrival is remembered without a mark. */
	if (rc <= 0)
		return rc;
	if (memcmp(arrival->bytes, mark.ptr, mark.len) <= 0)
		return 1;
	rc = pack_ahead(pin, arrival, &ahead);
	return rc == 0 ? records_get(&w->private, w->private_dbs[PRIVATE_AHEAD], pack_span(&ahead),
				 &mark)
		       : rc;
}

int records_is_erased(struct records_writer *w, struct span pin, uint64_t received_us,
	const struct entry_ref *entry)
{
	struct pack arrival = {.len = 0};
	int rc = pack_mark(received_us, entry, &arrival);

	return rc == 0 ? is_within(w, pin, &arrival) : rc;
}

/* Is that to go? What was received after now is, and is remembered by its exact arrival: a mark
 * that late would keep out what is still to come. */
static int goes(const struct erasing *e, uint64_t received_us, const struct entry_ref *entry)
{
	struct pack arrival = {.len = 0}, ahead = {.len = 0}, nothing = {.len = 0};
	int rc = pack_mark(received_us, entry, &arrival);

	if (rc == 0)
		rc = is_within(e->w, e->pin, &arrival);
	if (rc != 0 || received_us <= e->now_us)
		return rc;
	rc = pack_ahead(e->pin, &arrival, &ahead);
	if (rc == 0)
		rc = records_put(&e->w->private, e->w->private_dbs[PRIVATE_AHEAD],
			pack_span(&ahead), &nothing);
	return rc == 0 ? 1 : rc;
}

/* An earlier one gives way. */
static int put_mark(struct erasing *e)
{
	struct pack key = {.len = 0};
	struct span stored;
	int rc = get_mark(e->w, e->pin, &key, &stored);

	if (rc < 0 || (rc == 1 && memcmp(e->mark.bytes, stored.ptr, stored.len) <= 0))
		return rc < 0 ? rc : 0;
	return records_put(
		&e->w->private, e->w->private_dbs[PRIVATE_ERASED], pack_span(&key), &e->mark);
}

/* ---- items ---- */

/* The versions of an item: how many went, and the latest one that stays. */
struct staying {
	struct pack at; /* the key of the version that was looked at */
	struct item latest;
	unsigned went;
	bool any;
};

/* The version behind the one that was looked at. 1, 0 when there is none, or a negative errno. */
static int erase_version(const struct erasing *e, struct records_shelf *s, MDB_cursor *versions,
	const struct pack *item, struct staying *of)
{
	struct span value;
	struct item version;
	int rc = records_next(s, versions, &of->at, &value);

	if (rc <= 0 || !pack_begins(pack_span(&of->at), item))
		return rc < 0 ? rc : 0;
	rc = item_unpack_version(pack_span(&of->at), value, &version);
	if (rc != 0)
		return rc;
	rc = goes(e, version.received_us, &version.entry);
	if (rc == 0) {
		of->latest = version;
		of->any = true;
	}
	if (rc <= 0)
		return rc < 0 ? rc : 1;
	of->went++;
	rc = records_forget_text(e->w, &version);
	if (rc == 0)
		rc = records_delete(s, s->version, pack_span(&of->at));
	if (rc == 1)
		rc = records_release(s, version.digest);
	return rc < 0 ? rc : 1;
}

static int erase_versions(const struct erasing *e, struct records_shelf *s, const struct pack *item,
	struct staying *of)
{
	MDB_cursor *versions;
	int rc = records_errno(s, mdb_cursor_open(s->txn, s->version, &versions));

	if (rc != 0)
		return rc;
	while ((rc = erase_version(e, s, versions, item, of)) == 1)
		;
	mdb_cursor_close(versions);
	return rc;
}

/* Of the versions that stay, the latest one holds. */
static int erase_item(struct erasing *e, struct records_shelf *s, const struct pack *item)
{
	struct staying of = {.at = *item};
	struct pack value = {.len = 0};
	int rc = erase_versions(e, s, item, &of);

	e->count += (int)of.went;
	if (rc < 0 || of.went == 0)
		return rc;
	if (!of.any) {
		rc = records_delete(s, s->item, pack_span(item));
		return rc < 0 ? rc : 0;
	}
	item_pack_value(&value, &of.latest);
	rc = records_put(s, s->item, pack_span(item), &value);
	return rc == 0 ? records_know_versions(e->w, item) : rc;
}

static int erase_items(struct erasing *e, struct records_shelf *s)
{
	struct pack at = {.len = 0};
	struct span value;
	struct item i;
	MDB_cursor *cursor;
	int rc = records_errno(s, mdb_cursor_open(s->txn, s->item, &cursor));

	if (rc != 0)
		return rc;
	while ((rc = records_next(s, cursor, &at, &value)) == 1) {
		rc = item_unpack(pack_span(&at), value, &i);
		if (rc == 0 && span_eq(item_pin(&i), e->pin))
			rc = erase_item(e, s, &at);
		if (rc != 0)
			break;
	}
	mdb_cursor_close(cursor);
	return rc;
}

/* ---- photos ---- */

static int erase_photo(struct erasing *e, struct span key, struct span value)
{
	struct photo p;
	int rc = photo_unpack(key, value, &p);

	if (rc != 0 || !span_eq(p.pin, e->pin))
		return rc;
	rc = goes(e, p.received_us, &p.entry);
	if (rc <= 0)
		return rc;
	rc = e->gone(e->context, &p);
	if (rc == 0)
		rc = records_delete(&e->w->shared, e->w->dbs[RECORDS_PHOTO], key);
	e->count += rc == 1;
	return rc < 0 ? rc : 0;
}

static int erase_photos(struct erasing *e)
{
	struct pack at = {.len = 0};
	struct span value;
	MDB_cursor *cursor;
	struct records_shelf *s = &e->w->shared;
	int rc = records_errno(s, mdb_cursor_open(s->txn, e->w->dbs[RECORDS_PHOTO], &cursor));

	if (rc != 0)
		return rc;
	while ((rc = records_next(s, cursor, &at, &value)) == 1) {
		rc = erase_photo(e, pack_span(&at), value);
		if (rc != 0)
			break;
	}
	mdb_cursor_close(cursor);
	return rc;
}

int records_erase_pin(struct records_writer *w, struct span pin, uint64_t received_us,
	const struct entry_ref *entry, uint64_t now_us, photo_visit *gone, void *context)
{
	struct erasing e = {.w = w, .pin = pin, .now_us = now_us, .gone = gone, .context = context};
	int rc = pack_mark(received_us, entry, &e.mark);

	if (rc == 0)
		rc = put_mark(&e);
	if (rc == 0)
		rc = erase_items(&e, &w->shared);
	if (rc == 0)
		rc = erase_items(&e, &w->private);
	if (rc == 0)
		rc = records_forget_pin(w, pin);
	if (rc == 0)
		rc = erase_photos(&e);
	return rc == 0 ? e.count : rc;
}
