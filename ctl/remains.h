/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remains: what may still hold something of a PIN that was erased from the records. */
#ifndef PUNCHD_CTL_REMAINS_H
#define PUNCHD_CTL_REMAINS_H

#include "ctl/ask.h"
#include "store/records.h"

enum remains_what {
	REMAINS_UPLOADS,  /* files of the spool upload, taken or refused */
	REMAINS_ORDERS,   /* of the spools order and result */
	REMAINS_COMMANDS, /* those that name the PIN, and raw ones that may */
	REMAINS_KEPT,     /* bodies and lines that nobody understood, or that were refused */
	REMAINS
};

struct remains {
	uint64_t of[REMAINS];
	bool unseen[REMAINS]; /* there may be more than this operator can see */
};

/* Counts what there is. */
void remains_count(const struct ask *a, struct records_reader *r, struct remains *ret);
/* Says each for people, with how to be rid of it; the pages of the store as well. */
void remains_say(const struct ask *a, const struct remains *m);

#define REMAINS_COLUMNS (REMAINS + 1)
extern const struct out_column remains_columns[REMAINS_COLUMNS];
/* The same for programs: null where it cannot be told, and "store_pages", which is always true. */
void remains_cells(const struct remains *m, struct out_cell ret_cells[static REMAINS_COLUMNS]);

#endif
