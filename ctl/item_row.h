/* SPDX-License-Identifier: GPL-2.0-or-later */
/* item_row: an item of any kind as a row, with all of its fields and its content in base64. */
#ifndef PUNCHD_CTL_ITEM_ROW_H
#define PUNCHD_CTL_ITEM_ROW_H

#include "ctl/cell.h"
#include "spool/spool.h"
#include "store/item.h"

#define ITEM_ROW_COLUMNS    9
#define ITEM_ROW_FIELDS_MAX OUT_COLUMNS_MAX
extern const struct out_column item_row_columns[ITEM_ROW_COLUMNS];

/* Fresh ones are all zeros. */
struct item_texts {
	struct buf ids, names, values, content;
	char entry[SPOOL_ENTRY_ID_BYTES];
	struct cell_moment received;
	struct out_column keys[ITEM_ROW_FIELDS_MAX];
	struct out_cell cells[ITEM_ROW_FIELDS_MAX];
	struct out_rows fields;
};

/* In CSV the fields are one text, a line each. 0 or a negative errno. */
must_check int item_cells(const struct item *i, enum out_format format, struct item_texts *t,
	struct out_cell ret_cells[static ITEM_ROW_COLUMNS]);
void item_texts_free(struct item_texts *t);

#endif
