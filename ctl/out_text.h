/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out_text: the two of out.h's ways that are text: CSV, and the table for people. */
#ifndef PUNCHD_CTL_OUT_TEXT_H
#define PUNCHD_CTL_OUT_TEXT_H

#include "ctl/out.h"

#define OUT_CELL_MAX_BYTES ((size_t)64 * 1024 * 1024)

must_check int out_csv_head(struct out *o);
must_check int out_csv_row(struct out *o, const struct out_cell *cells);
must_check int out_table_row(struct out *o, const struct out_cell *cells);
must_check int out_table_card(struct out *o, const struct out_cell *cells);
/* Writes the rows that were held back. */
must_check int out_table_flush(struct out *o);

#endif
