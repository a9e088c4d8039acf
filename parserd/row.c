/* SPDX-License-Identifier: GPL-2.0-or-later */
/* row: questions to a row. Pure. */
#include "parserd/row.h"

bool row_is_log(enum row_kind kind)
{
	return kind == ROW_OPERATION || kind == ROW_ERROR || kind == ROW_EVENT;
}

struct span row_field(const struct row *row, const char *name)
{
	for (size_t i = 0; i < row->field_count; i++)
		if (span_is(row->fields[i].name, name))
			return row->fields[i].value;
	return span_of(NULL, 0);
}
