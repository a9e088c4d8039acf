/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cell: cells that many tables have. */
#ifndef PUNCHD_CTL_CELL_H
#define PUNCHD_CTL_CELL_H

#include "ctl/out.h"
#include "ctl/when.h"

/* Room for the texts of a moment. */
struct cell_moment {
	char utc[CLOCK_UTC_BYTES], shown[WHEN_LOCAL_BYTES];
};

/* Nothing for 0; in UTC, and for people without fractions. */
struct out_cell cell_moment(uint64_t wall_us, struct cell_moment *m);
/* Nothing for an empty one, or NULL. */
struct out_cell cell_text(const char *text);

#endif
