/* SPDX-License-Identifier: GPL-2.0-or-later */
/* row_fill: pairs become a row, by the form of its line. Pure. For the parsers of parserd. Whatever
 * is wrong is said in words that last; NULL says that nothing is. */
#ifndef PUNCHD_PARSERD_ROW_FILL_H
#define PUNCHD_PARSERD_ROW_FILL_H

#include "parserd/row_table.h"

struct row_filling {
	const struct row_form *form;
	struct row *row;
	size_t hint;      /* row_key_find's */
	uint32_t seen;    /* a bit for each of the form's keys */
	struct span type; /* unset: ptr is NULL */
	struct span size; /* as type */
	bool raw;         /* content is bytes: base64 only when it begins as a JPEG does in it */
	uint64_t received_us; /* for row.flags' ROW_TIME_ABSURD */
};

/* Sets `ret` and all of `row` but its line and text to what an empty line is. */
void row_fill_begin(struct row_filling *ret, struct row *row, const struct row_form *form,
	uint64_t received_us);
/* "key=value" with `sep` between; nothing between two of them is passed over. */
must_check const char *row_fill_pairs(struct row_filling *f, struct span text, char sep);
/* A field that is no pair. */
must_check const char *row_fill_field(
	struct row *row, struct span name, struct span value, bool secret);
/* When all pairs are in: ids, content and its size. */
must_check const char *row_fill_end(struct row_filling *f);

#endif
