/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_known: the index of who is known where (store/known.h). It is private, and says of what
 * is open too that a device knows a PIN; of the two commits the private one is the first, so an
 * entry is never later than its version. */
#include <errno.h>

#include "parserd/records_writer.h"
#include "store/known.h"

/* ---- entries ---- */

static int enter(struct records_writer *w, const struct pack *key)
{
	MDB_val k = env_val(pack_span(key));
	MDB_val nothing = {.mv_size = 0};
	int rc = key->failed ? -EINVAL
			     : mdb_put(w->private.txn, w->private_dbs[PRIVATE_KNOWN], &k, &nothing,
				       MDB_NOOVERWRITE);

	if (rc == MDB_KEYEXIST)
		return 0;
	w->private.changed = w->private.changed || rc == 0;
	return records_errno(&w->private, rc);
}

static int take_out(struct records_writer *w, const struct pack *key)
{
	int rc = key->failed ? -EINVAL
			     : records_delete(
				       &w->private, w->private_dbs[PRIVATE_KNOWN], pack_span(key));

	return rc < 0 ? rc : 0;
}

typedef int entry_work(struct records_writer *w, const struct pack *key);

static int each_card(struct records_writer *w, const struct item *i, entry_work *work)
{
	uint64_t cards[KNOWN_CARDS_MAX];
	int count = known_cards_of(i, cards), rc = count < 0 ? count : 0;
	struct pack key;

	for (int n = 0; rc == 0 && n < count; n++) {
		pack_clear(&key);
		known_pack_card(&key, cards[n], item_pin(i), i->serial);
		rc = work(w, &key);
	}
	return rc;
}

/* Of which kinds is not only the PIN entered, but what their text says? */
static bool has_more(enum item_kind kind)
{
	return kind == ITEM_CREDENTIAL || kind == ITEM_TEMPLATE;
}

/* A template without bytes, as deletions have it, is no entry. */
static int each_more(struct records_writer *w, const struct item *i, entry_work *work)
{
	struct pack key;

	if (i->kind == ITEM_CREDENTIAL)
		return each_card(w, i, work);
	if (item_content(i).len == 0)
		return 0;
	pack_clear(&key);
	known_pack_template(&key, i);
	return work(w, &key);
}

int records_know(struct records_writer *w, const struct item *i)
{
	struct pack key;

	if (!known_of(i->kind))
		return 0;
	pack_clear(&key);
	known_pack_pin(&key, item_pin(i), i->serial);
	int rc = enter(w, &key);
	return rc == 0 && has_more(i->kind) ? each_more(w, i, enter) : rc;
}

/* ---- cards and templates of versions ---- */

static int get_text(struct records_shelf *s, struct item *i)
{
	int rc = records_get(s, s->content, span_of(i->digest, sizeof(i->digest)), &i->text);

	return rc == 0 ? -EUCLEAN : rc < 0 ? rc : 0;
}

int records_forget_text(struct records_writer *w, const struct item *version)
{
	struct item i = *version;

	if (!has_more(i.kind))
		return 0;
	int rc = get_text(&w->private, &i);
	return rc == 0 ? each_more(w, &i, take_out) : rc;
}

/* A version of the store, whose key is `at`. */
static int know_version(struct records_writer *w, const struct pack *at, struct span value)
{
	struct item i;
	int rc = item_unpack_version(pack_span(at), value, &i);

	if (rc == 0 && has_more(i.kind))
		rc = get_text(&w->private, &i);
	return rc == 0 ? records_know(w, &i) : rc;
}

int records_know_versions(struct records_writer *w, const struct pack *item)
{
	struct records_shelf *s = &w->private;
	struct pack at = *item;
	struct span value;
	MDB_cursor *cursor;

	if (!has_more((enum item_kind)item->bytes[0]))
		return 0;
	int rc = records_errno(s, mdb_cursor_open(s->txn, s->version, &cursor));
	if (rc != 0)
		return rc;
	while ((rc = records_next(s, cursor, &at, &value)) == 1 &&
		pack_begins(pack_span(&at), item)) {
		rc = know_version(w, &at, value);
		if (rc < 0)
			break;
	}
	mdb_cursor_close(cursor);
	return rc < 0 ? rc : 0;
}

/* ---- PINs of which nothing is left ---- */

static const enum item_kind kinds[] = {ITEM_CREDENTIAL, ITEM_PICTURE, ITEM_TEMPLATE, ITEM_USER};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

/* Is there an item of this kind of the PIN on the device? 1, 0 or a negative errno. */
static int has_item(
	struct records_writer *w, enum item_kind kind, struct span pin, struct span serial)
{
	struct records_shelf *s = records_shelf(w, item_private(kind));
	struct pack from = {.len = 0};
	struct span key, value;
	MDB_cursor *cursor;

	pack_u8(&from, (uint8_t)kind);
	pack_text(&from, serial);
	pack_text(&from, pin);
	int rc = records_errno(s, mdb_cursor_open(s->txn, s->item, &cursor));
	if (rc != 0)
		return rc;
	rc = records_seek(s, cursor, pack_span(&from), &key, &value);
	mdb_cursor_close(cursor);
	return rc == 1 ? pack_begins(key, &from) : rc;
}

static int settle_entry(struct records_writer *w, const struct pack *at)
{
	struct span pin, serial;
	int rc = known_unpack(pack_span(at), &pin, &serial);

	for (size_t n = 0; rc == 0 && n < KINDS; n++)
		rc = has_item(w, kinds[n], pin, serial);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return take_out(w, at);
}

int records_forget_pin(struct records_writer *w, struct span pin)
{
	struct records_shelf *s = &w->private;
	struct pack from = {.len = 0};
	struct span value;
	MDB_cursor *cursor;
	int rc = records_errno(s, mdb_cursor_open(s->txn, w->private_dbs[PRIVATE_KNOWN], &cursor));

	if (rc != 0)
		return rc;
	known_pack_pin_only(&from, pin);
	struct pack at = from;
	while ((rc = records_next(s, cursor, &at, &value)) == 1 &&
		pack_begins(pack_span(&at), &from)) {
		rc = settle_entry(w, &at);
		if (rc < 0)
			break;
	}
	mdb_cursor_close(cursor);
	return rc < 0 ? rc : 0;
}

/* ---- what an older version kept ---- */

/* How far it is made: the key of the last version, or the first letter of `kinds`. */
static int get_progress(struct records_writer *w, struct pack *ret, bool *ret_whole)
{
	struct span value;
	int rc = records_get(
		&w->private, w->private_dbs[PRIVATE_META], span_str(KNOWN_META), &value);

	if (rc < 0)
		return rc;
	*ret_whole = rc == 1 && span_is(value, KNOWN_WHOLE);
	if (rc == 1 && span_starts(value, KNOWN_FORM))
		pack_bytes(ret, span_from(value, strlen(KNOWN_FORM)));
	else
		pack_u8(ret, (uint8_t)kinds[0]);
	return ret->failed || ret->len == 0 ? -EUCLEAN : 0;
}

static int put_progress(struct records_writer *w, const struct pack *at)
{
	struct pack value;

	pack_clear(&value);
	pack_bytes(&value, span_str(KNOWN_FORM));
	pack_bytes(&value, pack_span(at));
	return value.failed ? -EINVAL
			    : records_put(&w->private, w->private_dbs[PRIVATE_META],
				      span_str(KNOWN_META), &value);
}

/* The versions of a kind behind `at`, which becomes the last one; `most` is counted down. */
static int know_kind(struct records_writer *w, enum item_kind kind, struct pack *at, unsigned *most)
{
	struct records_shelf *s = records_shelf(w, item_private(kind));
	struct pack next = *at;
	struct span value;
	MDB_cursor *cursor;
	int rc = records_errno(s, mdb_cursor_open(s->txn, s->version, &cursor));

	if (rc != 0)
		return rc;
	while (*most > 0 && (rc = records_next(s, cursor, &next, &value)) == 1 &&
		next.bytes[0] == kind) {
		rc = know_version(w, &next, value);
		if (rc < 0)
			break;
		*at = next;
		--*most;
	}
	mdb_cursor_close(cursor);
	return rc < 0 ? rc : 0;
}

/* `kinds` is in the order of its letters, so one key says how far all of them are. */
static int know_more(struct records_writer *w, struct pack *at, unsigned most)
{
	unsigned left = most;
	int rc = 0;

	for (size_t n = 0; rc == 0 && left > 0 && n < KINDS; n++) {
		if (at->bytes[0] > kinds[n])
			continue;
		if (at->bytes[0] < kinds[n]) {
			pack_clear(at);
			pack_u8(at, (uint8_t)kinds[n]);
		}
		rc = know_kind(w, kinds[n], at, &left);
	}
	if (rc == 0 && left > 0) {
		pack_clear(at);
		pack_bytes(at, span_str(KNOWN_END));
	}
	return rc == 0 ? (int)(most - left) : rc;
}

int records_know_old(struct records_writer *w, unsigned most)
{
	struct pack at = {.len = 0};
	bool whole = false;
	int count = 0, rc = records_begin(w);

	if (rc != 0)
		return rc;
	rc = get_progress(w, &at, &whole);
	if (rc == 0 && !whole) {
		count = know_more(w, &at, most);
		rc = count < 0 ? count : put_progress(w, &at);
		if (rc == 0)
			rc = records_commit(w);
	}
	records_abort(w);
	return rc < 0 ? rc : count;
}
