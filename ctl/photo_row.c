/* SPDX-License-Identifier: GPL-2.0-or-later */
/* photo_row: where the file is below the directory of photos is one of the facts. */
#include "ctl/photo_row.h"

#include <stdio.h>

enum { SEQ, TIME, SERIAL, PIN, NAME, BYTES, FLAGS, RECEIVED, ENTRY, FILE_PATH };

const struct out_column photo_columns[PHOTO_COLUMNS] = {
	[SEQ] = {"seq", "SEQ", 6, true},
	[TIME] = {"time", "TIME", 19, false},
	[SERIAL] = {"serial", "SERIAL", 13, false},
	[PIN] = {"pin", "PIN", 0, false},
	[NAME] = {"name", "NAME", 0, false},
	[BYTES] = {"bytes", "BYTES", 0, true},
	[FLAGS] = {"flags", "FLAGS", 0, false},
	[RECEIVED] = {"received", "RECEIVED", 20, false},
	[ENTRY] = {"entry", NULL, 0, false},
	[FILE_PATH] = {"file", "FILE", 0, false},
};

static struct out_cell flags_cell(uint32_t flags, struct photo_texts *t)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} words[] = {{PUNCH_TIME_ABSURD, "time_absurd "}, {PHOTO_SHORT, "short "},
		{PHOTO_SIZE_WRONG, "size_wrong "}, {PHOTO_LIVE, "live "},
		{PHOTO_NO_PIN, "no_pin "}};
	size_t len = 0;
	t->flags[0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (flags & words[i].bit)
			len += (size_t)snprintf(
				t->flags + len, sizeof(t->flags) - len, "%s", words[i].word);
	return (struct out_cell){
		.kind = len ? OUT_WORDS : OUT_NONE, .text = span_trim(span_str(t->flags))};
}

static struct out_cell path_cell(const struct photo *p, struct photo_texts *t)
{
	struct buf path = buf_with_max(sizeof(t->path) - 1);
	bool good = photo_path(p, &path) == 0;
	snprintf(t->path, sizeof(t->path), "%.*s", good ? (int)path.len : 0,
		path.ptr ? path.ptr : "");
	buf_free(&path);
	return out_text_if_any(span_str(t->path));
}

void photo_cells(const struct photo *p, struct span name, struct photo_texts *t,
	struct out_cell cells[static PHOTO_COLUMNS])
{
	when_format(&p->time, t->time);
	spool_entry_id(p->entry.name, p->entry.number, t->entry);
	cells[SEQ] = out_number(p->seq);
	cells[TIME] = out_text(span_str(t->time));
	cells[SERIAL] = out_text(p->serial);
	cells[PIN] = out_text_if_any(p->pin);
	cells[NAME] = out_text_if_any(name);
	cells[BYTES] = out_number(p->bytes);
	cells[FLAGS] = flags_cell(p->flags, t);
	cells[RECEIVED] = cell_moment(p->received_us, &t->received);
	cells[ENTRY] = out_text(span_str(t->entry));
	cells[FILE_PATH] = path_cell(p, t);
}
