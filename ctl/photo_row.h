/* SPDX-License-Identifier: GPL-2.0-or-later */
/* photo_row: the photo of a punch as a row: all about it and not itself. */
#ifndef PUNCHD_CTL_PHOTO_ROW_H
#define PUNCHD_CTL_PHOTO_ROW_H

#include "ctl/cell.h"
#include "lib/serial.h"
#include "spool/spool.h"
#include "store/logbook.h"

#define PHOTO_COLUMNS 10
extern const struct out_column photo_columns[PHOTO_COLUMNS];

struct photo_texts {
	char time[WHEN_LOCAL_BYTES], flags[64], entry[SPOOL_ENTRY_ID_BYTES];
	struct cell_moment received;
	char path[SERIAL_MAX + PHOTO_NAME_BYTES + 16];
};

/* `name` of who it is may be empty. */
void photo_cells(const struct photo *p, struct span name, struct photo_texts *t,
	struct out_cell ret_cells[static PHOTO_COLUMNS]);

#endif
