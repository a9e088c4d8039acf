/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template_row: facts alone; a template's bytes are never in a row. */
#include "ctl/template_row.h"

#include <errno.h>
#include <stdlib.h>

#define FIELD_MAX ((size_t)64 * 1024)

enum {
	SERIAL,
	PIN,
	MODALITY,
	NUMBER,
	INDEX,
	VERSION,
	MINOR,
	VALID,
	DURESS,
	BYTES,
	FLAGS,
	RECEIVED,
	ENTRY,
};

const struct out_column template_columns[TEMPLATE_COLUMNS] = {
	[SERIAL] = {"serial", "SERIAL", 13, false},
	[PIN] = {"pin", "PIN", 0, false},
	[MODALITY] = {"modality", "KIND", 0, false},
	[NUMBER] = {"number", "NUMBER", 0, true},
	[INDEX] = {"index", "INDEX", 0, true},
	[VERSION] = {"version", "VERSION", 0, true},
	[MINOR] = {"minor", NULL, 0, true},
	[VALID] = {"valid", NULL, 0, true},
	[DURESS] = {"duress", NULL, 0, true},
	[BYTES] = {"bytes", "BYTES", 0, true},
	[FLAGS] = {"flags", "FLAGS", 0, false},
	[RECEIVED] = {"received", "RECEIVED", 0, false},
	[ENTRY] = {"entry", NULL, 0, false},
	[TEMPLATE_FILE] = {"file", "FILE", 0, false},
};

static const struct {
	int column;
	const char *name;
} fields[TEMPLATE_TEXTS] = {
	{VERSION, "version"}, {MINOR, "minor"}, {VALID, "valid"}, {DURESS, "duress"}};

static struct out_cell flags_cell(uint32_t flags)
{
	static const char *const words[] = {"", "deleted", "size_wrong", "deleted size_wrong",
		"not_base64", "deleted not_base64", "size_wrong not_base64",
		"deleted size_wrong not_base64"};
	uint32_t bits = flags & (ITEM_DELETED | ITEM_SIZE_WRONG | ITEM_NOT_BASE64);
	return (struct out_cell){
		.kind = bits ? OUT_WORDS : OUT_NONE, .text = span_str(words[bits])};
}

int template_cells(const struct item *i, uint64_t bytes, struct template_texts *t,
	struct out_cell cells[static TEMPLATE_COLUMNS])
{
	int rc = 0;
	memset(cells, 0, TEMPLATE_COLUMNS * sizeof(*cells));
	for (size_t n = 0; rc == 0 && n < TEMPLATE_TEXTS; n++) {
		t->fields[n].max = FIELD_MAX;
		rc = item_field(i, fields[n].name, &t->fields[n]);
		cells[fields[n].column] = out_text_if_any(buf_span(&t->fields[n]));
		rc = rc == -ENOENT ? 0 : rc;
	}
	spool_entry_id(i->entry.name, i->entry.number, t->entry);
	cells[SERIAL] = out_text(i->serial);
	cells[PIN] = out_text(i->ids[0]);
	cells[MODALITY] = out_text(i->ids[1]);
	cells[NUMBER] = out_text_if_any(i->ids[2]);
	cells[INDEX] = out_text_if_any(i->ids[3]);
	if (i->kind == ITEM_PICTURE) {
		cells[MODALITY] = out_text(
			span_str(span_is(i->ids[1], "user") ? "user picture" : "face picture"));
		cells[NUMBER] = cells[INDEX] = (struct out_cell){.kind = OUT_NONE};
	}
	cells[BYTES] = out_number(bytes);
	cells[FLAGS] = flags_cell(i->flags);
	cells[RECEIVED] = cell_moment(i->received_us, &t->received);
	cells[ENTRY] = out_text(span_str(t->entry));
	return rc;
}

void template_texts_free(struct template_texts *t)
{
	for (size_t n = 0; n < TEMPLATE_TEXTS; n++)
		buf_free(&t->fields[n]);
}

/* ---- rows that are kept ---- */

/* Of its own memory each: cells point into it. */
struct template_kept {
	struct template_texts *texts;
};

static int make_room(struct template_rows *t)
{
	struct out_cell *cells =
		reallocarray(t->cells, t->count + 1, TEMPLATE_COLUMNS * sizeof(*cells));
	t->cells = cells ? cells : t->cells;
	struct template_kept *kept = reallocarray(t->kept, t->count + 1, sizeof(*kept));
	t->kept = kept ? kept : t->kept;
	struct template_texts *fresh = cells && kept ? calloc(1, sizeof(*fresh)) : NULL;
	if (!fresh)
		return -ENOMEM;
	t->kept[t->count].texts = fresh;
	return 0;
}

int template_rows_add(struct template_rows *t, const struct pile *items)
{
	int rc = 0;
	for (size_t n = 0; rc == 0 && n < items->count; n++) {
		if (items->items[n].flags & ITEM_DELETED)
			continue;
		rc = pile_add(&t->items, &items->items[n], PILE_ALL);
		if (rc == 0)
			rc = make_room(t);
		if (rc < 0)
			return rc;
		size_t at = t->count++;
		rc = template_cells(&t->items.items[t->items.count - 1], items->content_bytes[n],
			t->kept[at].texts, t->cells + at * TEMPLATE_COLUMNS);
	}
	return rc;
}

void template_rows_free(struct template_rows *t)
{
	for (size_t n = 0; n < t->count; n++) {
		template_texts_free(t->kept[n].texts);
		free(t->kept[n].texts);
	}
	free(t->kept);
	free(t->cells);
	pile_free(&t->items);
	*t = (struct template_rows){.count = 0};
}
