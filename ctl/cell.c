/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cell: moments, and texts that may be missing. */
#include "ctl/cell.h"

struct out_cell cell_moment(uint64_t wall_us, struct cell_moment *m)
{
	if (wall_us == 0)
		return (struct out_cell){.kind = OUT_NONE};
	clock_format_utc(wall_us, m->utc);
	when_format_short(wall_us, m->shown);
	struct out_cell cell = out_text(span_str(m->utc));
	cell.shown = span_str(m->shown);
	return cell;
}

struct out_cell cell_text(const char *text)
{
	return out_text_if_any(span_str(text));
}
