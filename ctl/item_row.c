/* SPDX-License-Identifier: GPL-2.0-or-later */
/* item_row: see the header. */
#include "ctl/item_row.h"

#include <errno.h>

#include "lib/base64.h"
#include "store/lines.h"

#define BUFS     4
#define TEXT_MAX ((size_t)512 * 1024 * 1024)

enum { SEQ, KIND, SERIAL, IDS, DELETED, RECEIVED, ENTRY, FIELDS, CONTENT };

const struct out_column item_row_columns[ITEM_ROW_COLUMNS] = {
	[SEQ] = {.key = "seq"},
	[KIND] = {.key = "kind"},
	[SERIAL] = {.key = "serial"},
	[IDS] = {.key = "ids"},
	[DELETED] = {.key = "deleted"},
	[RECEIVED] = {.key = "received"},
	[ENTRY] = {.key = "entry"},
	[FIELDS] = {.key = "fields"},
	[CONTENT] = {.key = "content"},
};

/* A newer parserd may have kinds that we do not know. */
static const char *kind_name(enum item_kind kind)
{
	switch (kind) {
	case ITEM_USER:
		return "user";
	case ITEM_CREDENTIAL:
		return "credential";
	case ITEM_TEMPLATE:
		return "template";
	case ITEM_PICTURE:
		return "picture";
	case ITEM_MESSAGE:
		return "message";
	case ITEM_MESSAGE_USER:
		return "message_user";
	case ITEM_WORKCODE:
		return "workcode";
	case ITEM_IDCARD:
		return "idcard";
	case ITEM_OPTION:
		return "option";
	case ITEM_SECRET:
		return "secret";
	case ITEM_IMAGE:
		return "image";
	case ITEM_CLEARED:
		return "cleared";
	}
	return "unknown";
}

/* With TABs between: an id may hold blanks. */
static int put_ids(const struct item *i, struct buf *b)
{
	int rc = 0;
	for (size_t n = 0; rc == 0 && n < i->id_count; n++) {
		rc = n ? buf_add_str(b, "\t") : 0;
		if (rc == 0)
			rc = buf_add_span(b, i->ids[n]);
	}
	return rc;
}

/* First all names, each with a NUL, then all values: what cells point to must not move. */
static int add_field(const struct item *i, struct span key, struct item_texts *t, size_t *at)
{
	struct buf value = buf_with_max(TEXT_MAX);
	char *name = t->names.ptr + t->names.len;
	int rc = buf_add_span(&t->names, key);
	if (rc == 0)
		rc = buf_add(&t->names, "", 1);
	if (rc == 0)
		rc = item_field(i, name, &value);
	if (rc == 0) {
		t->cells[*at] = out_text(span_of(t->values.ptr + t->values.len, value.len));
		t->keys[*at] = (struct out_column){.key = name};
		rc = buf_add_span(&t->values, buf_span(&value));
		++*at;
	}
	buf_free(&value);
	return rc;
}

static int put_fields(const struct item *i, struct item_texts *t)
{
	struct span rest = item_head(i), key, value;
	size_t count = 0;
	int rc = buf_reserve(&t->names, i->text.len + 1);
	if (rc == 0)
		rc = buf_reserve(&t->values, i->text.len + 1);
	while (rc == 0 && count < ITEM_ROW_FIELDS_MAX && lines_next(&rest, &key, &value) > 0)
		rc = add_field(i, key, t, &count);
	t->fields = (struct out_rows){t->keys, count, t->cells, 1};
	return rc;
}

int item_cells(const struct item *i, enum out_format format, struct item_texts *t,
	struct out_cell cells[static ITEM_ROW_COLUMNS])
{
	struct buf *const all[BUFS] = {&t->ids, &t->names, &t->values, &t->content};
	for (size_t n = 0; n < BUFS; n++) {
		all[n]->max = TEXT_MAX;
		buf_clear(all[n]);
	}
	int rc = put_ids(i, &t->ids);
	if (rc == 0)
		rc = put_fields(i, t);
	if (rc == 0)
		rc = base64_put(&t->content, item_content(i));
	spool_entry_id(i->entry.name, i->entry.number, t->entry);
	memset(cells, 0, ITEM_ROW_COLUMNS * sizeof(*cells));
	cells[SEQ] = out_number(i->seq);
	cells[KIND] = out_text(span_str(kind_name(i->kind)));
	cells[SERIAL] = out_text(i->serial);
	cells[IDS] = out_text(buf_span(&t->ids));
	if (i->flags & ITEM_DELETED)
		cells[DELETED] = out_truth(true);
	cells[RECEIVED] = cell_moment(i->received_us, &t->received);
	cells[ENTRY] = out_text(span_str(t->entry));
	cells[FIELDS] = format == OUT_JSON
				? (struct out_cell){.kind = OUT_OBJECT, .rows = &t->fields}
				: out_text(item_head(i));
	if (t->content.len > 0)
		cells[CONTENT] = out_text(buf_span(&t->content));
	return rc;
}

void item_texts_free(struct item_texts *t)
{
	struct buf *const all[BUFS] = {&t->ids, &t->names, &t->values, &t->content};
	for (size_t n = 0; n < BUFS; n++) {
		buf_wipe(all[n]);
		buf_free(all[n]);
	}
}
