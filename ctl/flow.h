/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow: rows on their way from a store to standard output. They are made in memory while a read
 * transaction is open, and written when it is over: a pager that waits for its reader must not keep
 * the writer of the store from using its pages again. */
#ifndef PUNCHD_CTL_FLOW_H
#define PUNCHD_CTL_FLOW_H

#include "ctl/out.h"

#define FLOW_BATCH_ROWS 4096

struct flow {
	struct out out; /* out_row and out_card write to it, and no file */
	/* private */
	FILE *memory;
	char *bytes;
	size_t byte_count;
};

/* 0 or -ENOMEM. `at_once`: a table is not held back to find its widths. */
must_check int flow_begin(struct flow *f, enum out_format format, const struct out_column *columns,
	size_t column_count, bool at_once);
/* Writes what was made so far. 0 or a negative errno; -EPIPE when nobody reads any more. */
must_check int flow_write(struct flow *f);
/* The same for all that is left, and gives everything back. Call it after a failure too. */
must_check int flow_end(struct flow *f);

#endif
