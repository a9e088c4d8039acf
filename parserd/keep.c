/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keep: see the header. What is secret of a row becomes an item of its own, in the private part of
 * the store; of some kinds all of it is. */
#include "parserd/keep.h"

#include "parserd/keep_mark.h"
#include "parserd/keep_text.h"

/* Escaped and in hex, a body is a few times longer. */
#define TEXT_MAX ((size_t)256 * 1024 * 1024)

struct keeping {
	struct records_writer *w;
	struct photos *photos;
	const struct keep_source *from;
	const struct row *row;
	struct buf text; /* of one item after the other */
};

/* Two results of the same row. */
static int either(int a, int b)
{
	return a < 0 ? a : b < 0 ? b : a | b;
}

/* ---- items ---- */

struct ids {
	struct span id[ITEM_IDS_MAX];
	size_t count;
};

static int put_item(struct keeping *k, enum item_kind kind, const struct ids *ids, uint32_t flags)
{
	struct item i = {
		.kind = kind,
		.serial = k->from->serial,
		.id_count = ids->count,
		.received_us = k->from->received_us,
		.entry = k->from->entry,
		.place = (uint32_t)(k->row->line.ptr - k->from->body.ptr),
		.flags = flags,
		.text = buf_span(&k->text),
	};

	memcpy(i.ids, ids->id, sizeof(i.ids));
	return records_put_item(k->w, &i);
}

static struct ids ids_of_row(const struct row *row)
{
	struct ids ids = {.count = row->id_count};

	memcpy(ids.id, row->ids, sizeof(row->ids));
	return ids;
}

/* What items a row of this kind becomes: one that all may read and one with its secrets, or a
 * private one with all of it. */
static const struct kind {
	enum item_kind item, secret;
} kinds[ROW_KINDS] = {
	[ROW_USER] = {ITEM_USER, ITEM_CREDENTIAL},
	[ROW_TEMPLATE] = {.item = ITEM_TEMPLATE},
	[ROW_PICTURE] = {.item = ITEM_PICTURE},
	[ROW_MESSAGE] = {ITEM_MESSAGE, ITEM_SECRET},
	[ROW_MESSAGE_USER] = {ITEM_MESSAGE_USER, ITEM_SECRET},
	[ROW_WORKCODE] = {ITEM_WORKCODE, ITEM_SECRET},
	[ROW_IDCARD] = {.item = ITEM_IDCARD},
	[ROW_OPTION] = {ITEM_OPTION, ITEM_SECRET},
	[ROW_IMAGE] = {.item = ITEM_IMAGE},
};

static int keep_open_part(struct keeping *k, const struct kind *kind)
{
	struct ids ids = ids_of_row(k->row);
	int rc = keep_text_fields(&k->text, k->row, KEEP_OPEN);

	return rc < 0 ? rc : put_item(k, kind->item, &ids, 0);
}

static int keep_secret_part(struct keeping *k, const struct kind *kind)
{
	struct ids ids = ids_of_row(k->row);
	char letter = (char)kind->item;

	if (!keep_text_has(k->row, KEEP_SECRET))
		return 0;
	if (kind->secret == ITEM_SECRET)
		ids = (struct ids){
			.id = {span_of(&letter, 1), k->row->ids[0],
				k->row->id_count > 1 ? k->row->ids[1] : span_str("")},
			.count = 3,
		};
	buf_clear(&k->text);
	int rc = keep_text_fields(&k->text, k->row, KEEP_SECRET);
	return rc < 0 ? rc : put_item(k, kind->secret, &ids, 0);
}

static uint32_t item_flags(const struct row *row, bool decoded)
{
	uint32_t flags = row->flags & ROW_SIZE_WRONG ? ITEM_SIZE_WRONG : 0;

	if (!decoded || row->flags & ROW_NOT_BASE64)
		flags |= ITEM_NOT_BASE64;
	return flags;
}

static int keep_private(struct keeping *k, const struct kind *kind)
{
	struct ids ids = ids_of_row(k->row);
	bool decoded = true;
	int rc = keep_text_fields(&k->text, k->row, KEEP_ALL);

	if (rc == 0 && k->row->content.len > 0)
		rc = buf_add_str(&k->text, "\n");
	if (rc == 0)
		rc = keep_text_content(&k->text, k->row, &decoded);
	return rc < 0 ? rc : put_item(k, kind->item, &ids, item_flags(k->row, decoded));
}

static int keep_item(struct keeping *k)
{
	const struct kind *kind = &kinds[k->row->kind];

	if (item_private(kind->item))
		return keep_private(k, kind);
	int rc = keep_open_part(k, kind);
	return rc < 0 ? rc : either(rc, keep_secret_part(k, kind));
}

/* ---- deletions that operations report ---- */

/* The digest of its line and the ordinal tell one operation from another, so that the log of a
 * terminal that is sent again years later deletes nothing anew. */
static int keep_mark(struct keeping *k)
{
	unsigned char digest[KEPT_DIGEST_BYTES];
	char why[ITEM_WHY_BYTES];
	struct keep_mark mark;

	if (!keep_mark_of(k->row, &mark))
		return 0;
	records_digest(k->row->text, digest);
	item_why(digest, k->row->ordinal, why);
	struct ids ids = {.id = {span_str(mark.what), mark.pin, span_str(why)}, .count = 3};
	return put_item(k, ITEM_CLEARED, &ids, 0);
}

/* ---- logs ---- */

static struct clock_local receipt(const struct keep_source *from)
{
	return clock_local_from_seconds((int64_t)(from->received_us / 1000000));
}

static int keep_log(struct keeping *k, enum logged_kind kind)
{
	const struct row *row = k->row;
	struct logged l = {
		.time = row->time,
		.kind = kind,
		.serial = k->from->serial,
		.ordinal = row->ordinal,
		.received_us = k->from->received_us,
		.entry = k->from->entry,
		.flags = row->flags & ROW_TIME_ABSURD ? PUNCH_TIME_ABSURD : 0,
		.line = row->text,
	};

	if (row->time.month == 0 && l.flags == 0) /* it says none */
		l.time = receipt(k->from);
	return records_add_log(k->w, &l);
}

static int keep_operation(struct keeping *k)
{
	int rc = keep_log(k, LOG_OPERATION);

	return rc < 0 ? rc : either(rc, keep_mark(k));
}

bool keep_takes(const struct row *row)
{
	return !row_is_log(row->kind) || !keep_text_has(row, KEEP_SECRET);
}

/* ---- photos ---- */

static uint32_t photo_flags(const struct row *row)
{
	return (row->flags & ROW_TIME_ABSURD ? PUNCH_TIME_ABSURD : 0) |
	       (row->flags & ROW_SHORT ? PHOTO_SHORT : 0) |
	       (row->flags & ROW_SIZE_WRONG ? PHOTO_SIZE_WRONG : 0) |
	       (row->flags & ROW_LIVE ? PHOTO_LIVE : 0) |
	       (row->flags & ROW_REFUSED_FACE ? PHOTO_NO_PIN : 0);
}

static int is_erased(struct keeping *k, struct span pin)
{
	return pin.len == 0 ? 0
			    : records_is_erased(k->w, pin, k->from->received_us, &k->from->entry);
}

/* A transaction that was given up may have left a file that no record names. Who erased the PIN
 * afterwards did not find it. */
static int drop_orphan(struct keeping *k, struct photo *photo)
{
	photos_name(photo, buf_span(&k->text));
	int rc = records_has_photo(k->w, photo);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	return photos_remove(k->photos, photo);
}

static struct photo photo_of(const struct keeping *k)
{
	return (struct photo){
		.time = k->row->time,
		.serial = k->from->serial,
		.pin = k->row->ids[0],
		.received_us = k->from->received_us,
		.entry = k->from->entry,
		.flags = photo_flags(k->row),
	};
}

/* The file first, then the record that names it. */
static int keep_photo(struct keeping *k)
{
	struct photo photo = photo_of(k);
	bool decoded;
	int rc = keep_text_content(&k->text, k->row, &decoded);
	int erased = rc < 0 ? rc : is_erased(k, photo.pin);

	if (erased != 0)
		return erased < 0 ? erased : drop_orphan(k, &photo);
	photos_name(&photo, buf_span(&k->text));
	int recorded = records_has_photo(k->w, &photo);
	rc = recorded < 0 ? recorded
			  : photos_put(k->photos, &photo, buf_span(&k->text), recorded > 0);
	return rc < 0 ? rc : records_add_photo(k->w, &photo);
}

/* ---- a row ---- */

static int keep(struct keeping *k)
{
	switch (k->row->kind) {
	case ROW_OPERATION:
		return keep_operation(k);
	case ROW_ERROR:
		return keep_log(k, LOG_ERROR);
	case ROW_EVENT:
		return keep_log(k, LOG_EVENT);
	case ROW_PHOTO:
		return keep_photo(k);
	default:
		return keep_item(k);
	}
}

static struct keeping begin(struct records_writer *w, struct photos *photos,
	const struct keep_source *from, const struct row *row)
{
	return (struct keeping){
		.w = w,
		.photos = photos,
		.from = from,
		.row = row,
		.text = buf_with_max(TEXT_MAX),
	};
}

int keep_row(struct records_writer *w, struct photos *photos, const struct keep_source *from,
	const struct row *row)
{
	struct keeping k = begin(w, photos, from, row);
	int rc = keep(&k);

	buf_free(&k.text);
	return rc;
}

int keep_give_up(struct records_writer *w, struct photos *photos, const struct keep_source *from,
	const struct row *row)
{
	struct keeping k = begin(w, photos, from, row);
	bool decoded;

	if (row->kind != ROW_PHOTO)
		return 0;
	struct photo photo = photo_of(&k);
	int rc = keep_text_content(&k.text, row, &decoded);
	if (rc >= 0)
		rc = drop_orphan(&k, &photo);
	buf_free(&k.text);
	return rc;
}
