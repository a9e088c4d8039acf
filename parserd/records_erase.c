/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_erase: a PIN taken out of everything that was received up to a moment, and kept out. A
 * walk over all items and photos: it is rare, and there is no index by PIN. */
#include <errno.h>

#include "parserd/records_writer.h"

struct erasing {
	struct records_writer *w;
	struct span pin;
	struct pack mark; /* received and entry */
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

/* ---- the mark ---- */

static int get_mark(struct records_writer *w, struct span pin, struct pack *key, struct span *ret)
{
	pack_text(key, pin);
	if (key->failed || pin.len == 0)
		return -EINVAL;
	int rc = records_get(&w->private, w->private_dbs[PRIVATE_ERASED], pack_span(key), ret);
	return rc == 1 && ret->len != RECORDS_ARRIVAL_BYTES ? -EUCLEAN : rc;
}

int records_is_erased(struct records_writer *w, struct span pin, uint64_t received_us,
	const struct entry_ref *entry)
{
	struct pack key, arrival;
	struct span mark;

	pack_clear(&key);
	pack_clear(&arrival);
	int rc = get_mark(w, pin, &key, &mark);
	if (rc <= 0)
		return rc;
	rc = pack_mark(received_us, entry, &arrival);
	return rc == 0 ? memcmp(arrival.bytes, mark.ptr, mark.len) <= 0 : rc;
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

/* The oldest version of the item with this key, when it is within the mark: 1, 0 when there is none
 * at all, -EAGAIN when it is younger, or another negative errno. */
static int erase_oldest(
	const struct erasing *e, struct records_shelf *s, MDB_cursor *versions, struct span item)
{
	struct span key, value;
	struct item version;
	int rc = records_seek(s, versions, item, &key, &value);

	if (rc <= 0)
		return rc;
	if (key.len < item.len || memcmp(key.ptr, item.ptr, item.len) != 0)
		return 0;
	rc = item_unpack_version(key, value, &version);
	if (rc != 0)
		return rc;
	if (memcmp(key.ptr + item.len, e->mark.bytes, e->mark.len) > 0)
		return -EAGAIN;
	rc = records_errno(s, mdb_cursor_del(versions, 0));
	if (rc == 0)
		rc = records_release(s, version.digest);
	s->changed = true;
	return rc == 0 ? 1 : rc;
}

/* The item stays when a younger version does: that one holds. */
static int erase_item(struct erasing *e, struct records_shelf *s, struct span item)
{
	MDB_cursor *versions;
	int rc = records_errno(s, mdb_cursor_open(s->txn, s->version, &versions));

	if (rc != 0)
		return rc;
	while ((rc = erase_oldest(e, s, versions, item)) == 1)
		e->count++;
	mdb_cursor_close(versions);
	if (rc == -EAGAIN)
		return 0;
	if (rc == 0)
		rc = records_delete(s, s->item, item);
	return rc < 0 ? rc : 0;
}

/* The one behind `at`, which becomes its key. 1, 0 at the end, or a negative errno. */
static int next_key(
	struct records_shelf *s, MDB_cursor *cursor, struct pack *at, struct span *ret_value)
{
	struct span key;

	if (at->len > 0)
		pack_u8(at, 0); /* the least key behind it */
	int rc = records_seek(s, cursor, pack_span(at), &key, ret_value);
	if (rc <= 0)
		return rc;
	pack_clear(at);
	pack_bytes(at, key);
	return at->failed ? -EUCLEAN : 1;
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
	while ((rc = next_key(s, cursor, &at, &value)) == 1) {
		rc = item_unpack(pack_span(&at), value, &i);
		if (rc == 0 && span_eq(item_pin(&i), e->pin))
			rc = erase_item(e, s, pack_span(&at));
		if (rc != 0)
			break;
	}
	mdb_cursor_close(cursor);
	return rc;
}

/* ---- photos ---- */

static int erase_photo(struct erasing *e, struct span key, struct span value)
{
	struct pack arrival = {.len = 0};
	struct photo p;
	int rc = photo_unpack(key, value, &p);

	if (rc != 0 || !span_eq(p.pin, e->pin))
		return rc;
	rc = pack_mark(p.received_us, &p.entry, &arrival);
	if (rc != 0 || memcmp(arrival.bytes, e->mark.bytes, e->mark.len) > 0)
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
	while ((rc = next_key(s, cursor, &at, &value)) == 1) {
		rc = erase_photo(e, pack_span(&at), value);
		if (rc != 0)
			break;
	}
	mdb_cursor_close(cursor);
	return rc;
}

int records_erase_pin(struct records_writer *w, struct span pin, uint64_t received_us,
	const struct entry_ref *entry, photo_visit *gone, void *context)
{
	struct erasing e = {.w = w, .pin = pin, .gone = gone, .context = context};
	int rc = pack_mark(received_us, entry, &e.mark);

	if (rc == 0)
		rc = put_mark(&e);
	if (rc == 0)
		rc = erase_items(&e, &w->shared);
	if (rc == 0)
		rc = erase_items(&e, &w->private);
	if (rc == 0)
		rc = erase_photos(&e);
	return rc == 0 ? e.count : rc;
}
