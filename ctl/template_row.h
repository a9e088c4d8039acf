/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template_row: a template, or the picture of a user, as a row: all about it and not itself. */
#ifndef PUNCHD_CTL_TEMPLATE_ROW_H
#define PUNCHD_CTL_TEMPLATE_ROW_H

#include "ctl/cell.h"
#include "ctl/pile.h"
#include "spool/spool.h"

#define TEMPLATE_COLUMNS 14
extern const struct out_column template_columns[TEMPLATE_COLUMNS];
#define TEMPLATE_FILE 13 /* a column for who writes files: empty otherwise */

#define TEMPLATE_TEXTS 4
struct template_texts {
	struct buf fields[TEMPLATE_TEXTS];
	char entry[SPOOL_ENTRY_ID_BYTES];
	struct cell_moment received;
};

/* Of an ITEM_TEMPLATE or ITEM_PICTURE. The cells hold until the texts are used again or freed;
 * fresh ones are all zeros. 0 or a negative errno. */
must_check int template_cells(const struct item *i, uint64_t bytes, struct template_texts *t,
	struct out_cell ret_cells[static TEMPLATE_COLUMNS]);
void template_texts_free(struct template_texts *t);

struct template_kept; /* private */

/* Rows that are kept, for a list inside of another thing. Fresh ones are all zeros. */
struct template_rows {
	struct out_cell *cells;
	size_t count;
	/* private */
	struct template_kept *kept;
	struct pile items;
};
/* Those that are there still. 0 or a negative errno. */
must_check int template_rows_add(struct template_rows *t, const struct pile *items);
void template_rows_free(struct template_rows *t);

#endif
