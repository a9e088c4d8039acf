/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rows: punches on their way from the records to standard output. They are read in batches, each in
 * a read transaction of its own that is over before the batch is written: a pager that waits for
 * its reader must not keep parserd from using its pages again. */
#ifndef PUNCHD_CTL_ROWS_H
#define PUNCHD_CTL_ROWS_H

#include "ctl/ask.h"
#include "store/records.h"

struct rows {
	struct punch_query query; /* its limit is not used; `left` is */
	uint64_t left;
	bool limited;
	uint64_t seq; /* how far the journal has been read */
	/* private */
	struct out out;
	FILE *memory;
	char *bytes;
	size_t byte_count;
	size_t batch;
	bool any;
	struct pack last_key;
	struct clock_local last_time;
};

/* 0 or -ENOMEM. `at_once`: a table is written row by row. */
must_check int rows_begin(struct rows *w, const struct ask *a, bool at_once);

/* All that was asked for, in order of time. 0 or a negative errno; -EPIPE when nobody reads any
 * more. */
must_check int rows_by_time(struct rows *w, struct records_reader *r);
/* In order of the journal, from behind w->seq on, to its end as it is now; may be called again. */
must_check int rows_by_journal(struct rows *w, struct records_reader *r);

/* Is the limit used up? */
bool rows_spent(const struct rows *w);

/* Writes what is left and gives everything back. Call it after a failure too. */
must_check int rows_end(struct rows *w);

#endif
