/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rows: punches on their way from the records to standard output. They are read in batches, each in
 * a read transaction of its own; when it is over the names are looked for and the batch is written:
 * ctl/flow.h says why. */
#ifndef PUNCHD_CTL_ROWS_H
#define PUNCHD_CTL_ROWS_H

#include "ctl/ask.h"
#include "ctl/direction.h"
#include "ctl/flow.h"
#include "ctl/names.h"
#include "ctl/when.h"
#include "spool/spool.h"
#include "store/records.h"

struct rows {
	struct punch_query query; /* its limit is not used; `left` is */
	uint64_t left;
	bool limited;
	uint64_t seq; /* how far the journal has been read */
	/* private */
	struct flow flow;
	struct records_reader *records;
	struct names names;
	bool nameless;
	struct directions directions;
	struct punch *kept; /* the batch */
	size_t batch;
	char *texts; /* what their spans point into */
	size_t text_bytes;
	bool any;
	struct pack last_key;
	struct clock_local last_time;
};

/* 0 or -ENOMEM; then rows_end has to be called. `at_once`: a table is written row by row. */
must_check int rows_begin(
	struct rows *w, const struct ask *a, struct records_reader *r, bool at_once);

/* All that was asked for, in order of time. 0 or a negative errno; -EPIPE when nobody reads any
 * more. */
must_check int rows_by_time(struct rows *w);
/* In order of the journal, from behind w->seq on, to its end as it is now; may be called again. */
must_check int rows_by_journal(struct rows *w);

/* Is the limit used up? */
bool rows_spent(const struct rows *w);

/* Writes what is left and gives everything back. Call it after a failure too. */
must_check int rows_end(struct rows *w);

/* ---- one punch as a row ---- */

#define ROWS_COLUMNS 13
extern const struct out_column rows_columns[ROWS_COLUMNS];
struct rows_texts {
	char time[WHEN_LOCAL_BYTES], received[CLOCK_UTC_BYTES], received_short[WHEN_LOCAL_BYTES];
	char entry[SPOOL_ENTRY_ID_BYTES];
};
/* `name` and `direction` may be empty. */
void rows_cells(const struct punch *p, struct span name, const char *direction,
	struct rows_texts *t, struct out_cell ret_cells[static ROWS_COLUMNS]);

#endif
