/* SPDX-License-Identifier: GPL-2.0-or-later */
/* summary: a spool in one row, for "spool ls" and for "status". */
#ifndef PUNCHD_CTL_SUMMARY_H
#define PUNCHD_CTL_SUMMARY_H

#include "ctl/place.h"
#include "ctl/text.h"

struct summary {
	const struct place *place;
	bool may[SPOOL_STATES];
	uint64_t files[SPOOL_STATES];
	uint64_t oldest_us; /* age of the oldest that waits: in new or cur, as far as one may look;
			       0 when none does */
	int consumer;       /* 1 at work, 0 not, -1 when it cannot be told */
};

/* 0 or a negative errno. */
must_check int summary_make(const struct place *p, uint64_t now_us, struct summary *ret);

/* Rows, one for each spool that is open. */
must_check int summary_write(
	FILE *to, enum out_format format, const struct summary *s, size_t count);
/* The columns, and a row of cells for them, for what has rows inside. `age` holds a text of theirs.
 */
#define SUMMARY_COLUMNS 10
extern const struct out_column summary_columns[SUMMARY_COLUMNS];
void summary_cells(const struct summary *s, char age[static TEXT_AGE_BYTES],
	struct out_cell ret_cells[static SUMMARY_COLUMNS]);

#endif
