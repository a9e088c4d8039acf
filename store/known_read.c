/* SPDX-License-Identifier: GPL-2.0-or-later */
/* known_read: what the index and the items say at one moment. */
#include <errno.h>
#include <stdlib.h>

#include "store/item_room.h"
#include "store/known.h"

struct known {
	struct item_room private, open;
	MDB_dbi index;
};

/* ---- the moment ---- */

static int is_whole(const struct records_reader *r, MDB_txn *txn)
{
	MDB_val key = env_val(span_str(KNOWN_META));
	MDB_val value;
	int rc = r->private_dbs[PRIVATE_KNOWN] == SCHEMA_NO_DB
			 ? MDB_NOTFOUND
			 : mdb_get(txn, r->private_dbs[PRIVATE_META], &key, &value);

	if (rc == MDB_NOTFOUND)
		return -EAGAIN;
	if (rc != 0)
		return env_errno(rc);
	return span_is(env_span(value), KNOWN_WHOLE) ? 0 : -EAGAIN;
}

int known_begin(struct records_reader *r, struct known **ret)
{
	struct known *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return -ENOMEM;
	int rc = item_room_open(r, ITEM_CREDENTIAL, &k->private);
	if (rc != 0) {
		free(k);
		return rc == -ENOENT ? -EAGAIN : rc;
	}
	item_room_beside(&k->private, r, &k->open);
	k->index = r->private_dbs[PRIVATE_KNOWN];
	rc = is_whole(r, k->private.txn);
	if (rc != 0) {
		known_end(k);
		return rc;
	}
	*ret = k;
	return 0;
}

void known_end(struct known *k)
{
	item_room_close(&k->private);
	free(k);
}

/* ---- the index ---- */

static int show_entry(struct span key, known_visit *visit, void *context)
{
	struct span pin, serial;
	int rc = known_unpack(key, &pin, &serial);

	return rc == 0 ? visit(context, pin, serial) : rc;
}

static int show_entries(struct known *k, const struct pack *from, known_visit *visit, void *context)
{
	struct scan s;
	MDB_val key, value;
	int rc = from->failed ? -EINVAL : scan_within(k->private.txn, k->index, &s);

	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(from), &key, &value);
	while (rc == 0 && pack_begins(env_span(key), from)) {
		rc = show_entry(env_span(key), visit, context);
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end_within(&s, rc);
}

int known_by_pin(struct known *k, struct span pin, known_visit *visit, void *context)
{
	struct pack from;

	pack_clear(&from);
	known_pack_pin_only(&from, pin);
	return show_entries(k, &from, visit, context);
}

int known_by_card(struct known *k, uint64_t card, known_visit *visit, void *context)
{
	struct pack from;

	pack_clear(&from);
	known_pack_card_only(&from, card);
	return show_entries(k, &from, visit, context);
}

int known_template(struct known *k, struct span bytes, struct span pin)
{
	struct pack from;
	struct scan s;
	MDB_val key, value;

	pack_clear(&from);
	known_pack_template_only(&from, bytes);
	if (pin.len > 0)
		pack_text(&from, pin);
	int rc = from.failed ? -EINVAL : scan_within(k->private.txn, k->index, &s);
	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(&from), &key, &value);
	bool found = rc == 0 && pack_begins(env_span(key), &from);
	rc = scan_end_within(&s, rc);
	return rc < 0 ? rc : found;
}

/* ---- items ---- */

static const struct item_room *room_of(const struct known *k, enum item_kind kind)
{
	return item_private(kind) ? &k->private : &k->open;
}

int known_complete(const struct known *k, struct item *i)
{
	return item_room_complete(room_of(k, i->kind), i);
}

bool known_is_ahead(const struct known *k, const struct item *i)
{
	return i->received_us > k->private.ahead_us;
}

static int show_row(struct known *k, MDB_val key, MDB_val value, item_visit *visit, void *context)
{
	struct item i;
	int rc = item_unpack(env_span(key), env_span(value), &i);
	(void)k;

	return rc == 0 ? visit(context, &i) : rc;
}

static int show_version(
	struct known *k, MDB_val key, MDB_val value, item_visit *visit, void *context)
{
	struct item i;
	int rc = item_unpack_version(env_span(key), env_span(value), &i);

	if (rc == 0)
		rc = item_room_text(room_of(k, i.kind), &i);
	return rc == 0 ? visit(context, &i) : rc;
}

typedef int show(struct known *k, MDB_val key, MDB_val value, item_visit *visit, void *context);

static int show_all(struct known *k, struct scan *s, const struct pack *from, show *one,
	item_visit *visit, void *context)
{
	MDB_val key, value;
	int rc = scan_to(s, pack_span(from), &key, &value);

	while (rc == 0 && pack_begins(env_span(key), from)) {
		rc = one(k, key, value, visit, context);
		if (rc == 0)
			rc = scan_next(s, &key, &value);
	}
	return scan_end_within(s, rc);
}

/* Of the kinds whose first id is the PIN. */
static void pack_prefix(struct pack *k, enum item_kind kind, struct span serial, struct span pin)
{
	pack_clear(k);
	pack_u8(k, (uint8_t)kind);
	pack_text(k, serial);
	pack_text(k, pin);
	k->failed = k->failed || !known_of(kind);
}

int known_items(struct known *k, enum item_kind kind, struct span serial, struct span pin,
	item_visit *visit, void *context)
{
	const struct item_room *room = room_of(k, kind);
	struct pack from;
	struct scan s;

	pack_prefix(&from, kind, serial, pin);
	int rc = from.failed ? -EINVAL : scan_within(room->txn, room->item, &s);
	return rc == 0 ? show_all(k, &s, &from, show_row, visit, context) : rc;
}

int known_versions(struct known *k, enum item_kind kind, struct span serial, struct span pin,
	item_visit *visit, void *context)
{
	const struct item_room *room = room_of(k, kind);
	struct pack from;
	struct scan s;

	pack_prefix(&from, kind, serial, pin);
	int rc = from.failed ? -EINVAL : scan_within(room->txn, room->version, &s);
	return rc == 0 ? show_all(k, &s, &from, show_version, visit, context) : rc;
}
