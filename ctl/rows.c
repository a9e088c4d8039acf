/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rows: read a batch, let go of the records, write the batch. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/rows.h"
#include "ctl/when.h"
#include "spool/spool.h"

#define BATCH_ROWS 4096

enum { SEQ, TIME, SERIAL, PIN, STATUS, VERIFY, WORKCODE, RECEIVED, ENTRY, FLAGS, EXTRA, COLUMNS };

static const struct out_column columns[COLUMNS] = {
	[SEQ] = {"seq", "SEQ", 6, true},
	[TIME] = {"time", "TIME", 19, false},
	[SERIAL] = {"serial", "SERIAL", 13, false},
	[PIN] = {"pin", "PIN", 8, false},
	[STATUS] = {"status", "STATUS", 0, true},
	[VERIFY] = {"verify", "VERIFY", 0, true},
	[WORKCODE] = {"workcode", "WORKCODE", 0, false},
	[RECEIVED] = {"received", "RECEIVED", 20, false},
	[ENTRY] = {"entry", NULL, 0, false},
	[FLAGS] = {"flags", "FLAGS", 0, false},
	[EXTRA] = {"extra", NULL, 0, false},
};

int rows_begin(struct rows *w, const struct ask *a, bool at_once)
{
	*w = (struct rows){
		.query = {.since = a->since, .until = a->until, .serial = a->serial, .pin = a->pin},
		.left = a->limit,
		.limited = a->limit > 0,
		.seq = a->after,
	};
	w->memory = open_memstream(&w->bytes, &w->byte_count);
	if (!w->memory)
		return -ENOMEM;
	out_begin(&w->out, w->memory, a->format, columns, COLUMNS);
	w->out.at_once = at_once;
	w->out.ascii = isatty(STDOUT_FILENO);
	return 0;
}

bool rows_spent(const struct rows *w)
{
	return w->limited && w->left == 0;
}

static int put_punch(struct rows *w, const struct punch *p)
{
	char time[WHEN_LOCAL_BYTES], received[CLOCK_UTC_BYTES], received_short[WHEN_LOCAL_BYTES];
	char entry[SPOOL_ENTRY_ID_BYTES];

	when_format(&p->time, time);
	clock_format_utc(p->received_us, received);
	when_format_short(p->received_us, received_short);
	spool_entry_id(p->entry.name, p->entry.number, entry);

	struct out_cell cells[COLUMNS] = {
		[SEQ] = out_number(p->seq),
		[TIME] = out_text(span_str(time)),
		[SERIAL] = out_text(p->serial),
		[PIN] = out_text(p->pin),
		[STATUS] = out_text(p->status),
		[VERIFY] = out_text(p->verify),
		[WORKCODE] = out_text(p->workcode),
		[RECEIVED] = out_text(span_str(received)),
		[ENTRY] = out_text(span_str(entry)),
	};
	cells[RECEIVED].shown = span_str(received_short);
	if (p->flags & PUNCH_TIME_ABSURD)
		cells[FLAGS] =
			(struct out_cell){.kind = OUT_WORDS, .text = span_str("time_absurd")};
	if (p->extra.len > 0)
		cells[EXTRA] = out_text(p->extra);
	return out_row(&w->out, cells);
}

/* Writes the batch to standard output and makes room for the next. */
static int write_batch(struct rows *w)
{
	int rc = out_flushed(w->memory);
	errno = 0;
	if (rc == 0 && fwrite(w->bytes, 1, w->byte_count, stdout) != w->byte_count)
		rc = errno ? -errno : -EIO;
	if (rc == 0)
		rc = out_flushed(stdout);
	if (fseeko(w->memory, 0, SEEK_SET) < 0)
		rc = rc < 0 ? rc : -errno;
	return rc;
}

/* 0, or 1 when the batch is full or the limit reached. */
static int take(struct rows *w, const struct punch *p)
{
	int rc = put_punch(w, p);
	if (rc < 0)
		return rc;
	w->batch++;
	if (w->limited)
		w->left--;
	return w->batch == BATCH_ROWS || rows_spent(w) ? 1 : 0;
}

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

int rows_by_time(struct rows *w, struct records_reader *r)
{
	int rc;
	do {
		struct punch_query q = w->query;
		if (w->any)
			q.since = w->last_time;
		w->batch = 0;
		rc = records_punches(r, &q, visit_by_time, w);
		int write_rc = write_batch(w);
		if (rc >= 0 && write_rc < 0)
			rc = write_rc;
	} while (rc > 0 && !rows_spent(w));
	return rc < 0 ? rc : 0;
}

static int visit_by_journal(void *context, const struct punch *p)
{
	struct rows *w = context;
	w->seq = p->seq;
	return take(w, p);
}

int rows_by_journal(struct rows *w, struct records_reader *r)
{
	uint64_t last;
	int rc = records_last_seq(r, &last);
	if (rc < 0 || last <= w->seq)
		return rc;
	do {
		w->batch = 0;
		rc = records_follow(r, w->seq, &w->query, visit_by_journal, w);
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
	int rc = out_end(&w->out);
	int write_rc = write_batch(w);
	fclose(w->memory);
	free(w->bytes);
	return rc < 0 ? rc : write_rc;
}
