/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rows: read a batch, let go of the records, write the batch. */
#include "ctl/rows.h"

#include <errno.h>
#include <stdlib.h>

/* Bytes of all texts of a punch at most. */
#define TEXT_BYTES \
	(SERIAL_MAX + PUNCH_PIN_MAX + 2 * PUNCH_CODE_MAX + PUNCH_WORKCODE_MAX + PUNCH_EXTRA_MAX)

enum {
	SEQ,
	TIME,
	SERIAL,
	PIN,
	NAME,
	STATUS,
	DIRECTION,
	VERIFY,
	WORKCODE,
	RECEIVED,
	ENTRY,
	FLAGS,
	EXTRA
};

const struct out_column rows_columns[ROWS_COLUMNS] = {
	[SEQ] = {"seq", "SEQ", 6, true},
	[TIME] = {"time", "TIME", 19, false},
	[SERIAL] = {"serial", "SERIAL", 13, false},
	[PIN] = {"pin", "PIN", 8, false},
	[NAME] = {"name", "NAME", 12, false},
	[STATUS] = {"status", "STATUS", 0, true},
	[DIRECTION] = {"direction", "DIR", 3, false},
	[VERIFY] = {"verify", "VERIFY", 0, true},
	[WORKCODE] = {"workcode", "WORKCODE", 0, false},
	[RECEIVED] = {"received", "RECEIVED", 20, false},
	[ENTRY] = {"entry", NULL, 0, false},
	[FLAGS] = {"flags", "FLAGS", 0, false},
	[EXTRA] = {"extra", NULL, 0, false},
};

void rows_cells(const struct punch *p, struct span name, const char *direction,
	struct rows_texts *t, struct out_cell cells[static ROWS_COLUMNS])
{
	when_format(&p->time, t->time);
	clock_format_utc(p->received_us, t->received);
	when_format_short(p->received_us, t->received_short);
	spool_entry_id(p->entry.name, p->entry.number, t->entry);

	memset(cells, 0, ROWS_COLUMNS * sizeof(*cells));
	cells[SEQ] = out_number(p->seq);
	cells[TIME] = out_text(span_str(t->time));
	cells[SERIAL] = out_text(p->serial);
	cells[PIN] = out_text(p->pin);
	if (name.len > 0)
		cells[NAME] = out_text(name);
	cells[STATUS] = out_text(p->status);
	if (direction[0])
		cells[DIRECTION] = out_text(span_str(direction));
	cells[VERIFY] = out_text(p->verify);
	cells[WORKCODE] = out_text(p->workcode);
	cells[RECEIVED] = out_text(span_str(t->received));
	cells[RECEIVED].shown = span_str(t->received_short);
	cells[ENTRY] = out_text(span_str(t->entry));
	if (p->flags & PUNCH_TIME_ABSURD)
		cells[FLAGS] =
			(struct out_cell){.kind = OUT_WORDS, .text = span_str("time_absurd")};
	if (p->extra.len > 0)
		cells[EXTRA] = out_text(p->extra);
}

int rows_begin(struct rows *w, const struct ask *a, struct records_reader *r, bool at_once)
{
	*w = (struct rows){
		.query = {.since = a->since, .until = a->until, .serial = a->serial, .pin = a->pin},
		.left = a->limit,
		.limited = a->limit > 0,
		.seq = a->after,
		.records = r,
		.nameless = a->no_names,
		.kept = calloc(FLOW_BATCH_ROWS, sizeof(*w->kept)),
		.texts = malloc(FLOW_BATCH_ROWS * TEXT_BYTES),
	};
	int rc = names_open(&w->names, a, r);
	if (rc == 0)
		rc = directions_open(&w->directions, &w->names.spoken);
	int flow_rc = flow_begin(&w->flow, a->format, rows_columns, ROWS_COLUMNS, at_once);
	return rc < 0 || flow_rc < 0 || !w->kept || !w->texts ? -ENOMEM : 0;
}

bool rows_spent(const struct rows *w)
{
	return w->limited && w->left == 0;
}

/* ---- a batch ---- */

static int keep_text(struct rows *w, struct span *s)
{
	if (FLOW_BATCH_ROWS * TEXT_BYTES - w->text_bytes < s->len)
		return -EUCLEAN; /* longer than any that is taken */
	if (s->len > 0)
		memcpy(w->texts + w->text_bytes, s->ptr, s->len);
	s->ptr = w->texts + w->text_bytes;
	w->text_bytes += s->len;
	return 0;
}

/* 0, or 1 when the batch is full or the limit reached. */
static int take(struct rows *w, const struct punch *p)
{
	struct punch *kept = &w->kept[w->batch++];
	enum { TEXTS = 6 };
	struct span *const texts[TEXTS] = {&kept->serial, &kept->pin, &kept->status, &kept->verify,
		&kept->workcode, &kept->extra};
	int rc = 0;
	*kept = *p;
	for (size_t i = 0; rc == 0 && i < TEXTS; i++)
		rc = keep_text(w, texts[i]);
	if (rc < 0)
		return rc;
	if (w->limited)
		w->left--;
	return w->batch == FLOW_BATCH_ROWS || rows_spent(w) ? 1 : 0;
}

static int put_punch(struct rows *w, const struct punch *p)
{
	struct out_cell cells[ROWS_COLUMNS];
	struct rows_texts texts;
	struct span name = {NULL, 0};
	const char *direction = "";
	int rc = w->nameless ? 0 : names_find(&w->names, p->serial, p->pin, &name);
	if (rc == 0)
		rc = directions_find(&w->directions, p->serial, p->status, &direction);
	if (rc < 0)
		return rc;
	rows_cells(p, name, direction, &texts, cells);
	return out_row(&w->flow.out, cells);
}

static int write_batch(struct rows *w)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < w->batch; i++)
		rc = put_punch(w, &w->kept[i]);
	w->batch = w->text_bytes = 0;
	int write_rc = flow_write(&w->flow);
	return rc < 0 ? rc : write_rc;
}

/* ---- by time ---- */

/* A batch begins in the second in which the last one ended; what was written of it is passed over.
 */
static bool is_behind(const struct rows *w, const struct pack *key)
{
	size_t shorter = key->len < w->last_key.len ? key->len : w->last_key.len;
	int order = memcmp(key->bytes, w->last_key.bytes, shorter);
	return order > 0 || (order == 0 && key->len > w->last_key.len);
}

static int visit_by_time(void *context, const struct punch *p)
{
	struct rows *w = context;
	struct pack key = {.len = 0};
	punch_pack_key(&key, p);
	if (w->any && !is_behind(w, &key))
		return 0;
	w->last_key = key;
	w->last_time = p->time;
	w->any = true;
	return take(w, p);
}

int rows_by_time(struct rows *w)
{
	int rc;
	do {
		struct punch_query q = w->query;
		if (w->any)
			q.since = w->last_time;
		rc = records_punches(w->records, &q, visit_by_time, w);
		int write_rc = write_batch(w);
		if (rc >= 0 && write_rc < 0)
			rc = write_rc;
	} while (rc > 0 && !rows_spent(w));
	return rc < 0 ? rc : 0;
}

/* ---- by journal ---- */

static int visit_by_journal(void *context, const struct punch *p)
{
	struct rows *w = context;
	w->seq = p->seq;
	return take(w, p);
}

int rows_by_journal(struct rows *w)
{
	uint64_t last;
	int rc = records_last_seq(w->records, &last);
	if (rc < 0 || last <= w->seq)
		return rc;
	names_forget(&w->names);
	directions_forget(&w->directions);
	do {
		rc = records_follow(w->records, w->seq, &w->query, visit_by_journal, w);
		int write_rc = write_batch(w);
		if (rc >= 0 && write_rc < 0)
			rc = write_rc;
	} while (rc > 0 && !rows_spent(w));
	/* Facts that were not asked for need not be passed over again. */
	if (rc == 0 && last > w->seq)
		w->seq = last;
	return rc < 0 ? rc : 0;
}

int rows_end(struct rows *w)
{
	int rc = w->flow.memory ? flow_end(&w->flow) : 0;
	directions_close(&w->directions);
	names_close(&w->names);
	free(w->kept);
	free(w->texts);
	return rc;
}
