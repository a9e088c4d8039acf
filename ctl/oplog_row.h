/* SPDX-License-Identifier: GPL-2.0-or-later */
/* oplog_row: an operation, error or event as a row. Pure. */
#ifndef PUNCHD_CTL_OPLOG_ROW_H
#define PUNCHD_CTL_OPLOG_ROW_H

#include "ctl/cell.h"
#include "spool/spool.h"
#include "store/logbook.h"

#define OPLOG_COLUMNS 15
extern const struct out_column oplog_columns[OPLOG_COLUMNS];

struct oplog_texts {
	char time[WHEN_LOCAL_BYTES], words[OPERATION_WORDS_BYTES], entry[SPOOL_ENTRY_ID_BYTES];
	struct cell_moment received;
};
void oplog_cells(const struct logged *l, struct oplog_texts *t,
	struct out_cell ret_cells[static OPLOG_COLUMNS]);

/* The columns that people get of one kind. */
void oplog_columns_of(enum logged_kind kind, struct out_column ret[static OPLOG_COLUMNS]);
/* "operation", "error", "event"; false when it is none. */
bool oplog_kind_of(struct span word, enum logged_kind *ret);

#endif
