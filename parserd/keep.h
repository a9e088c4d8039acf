/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keep: rows become items, log lines and photos in the transaction that is begun. */
#ifndef PUNCHD_PARSERD_KEEP_H
#define PUNCHD_PARSERD_KEEP_H

#include "parserd/photos.h"
#include "parserd/records.h"
#include "parserd/row.h"

/* Where a row came from. */
struct keep_source {
	struct span serial;
	uint64_t received_us;
	struct entry_ref entry;
	struct span body; /* what row->line points into */
};

/* May it be kept? A log is no private place, so a line of one with a field that nobody knows may
 * not: it is to be kept raw. */
bool keep_takes(const struct row *row);

/* 1 when something new was kept, 0 when all of it was known, or a negative errno. An operation that
 * says that something was deleted marks it (ITEM_CLEARED). */
must_check int keep_row(struct records_writer *w, struct photos *photos,
	const struct keep_source *from, const struct row *row);
/* What keep_row left on the disk in a transaction that was given up for good: the file of a photo
 * that no record names is removed. Within a transaction. 0 or a negative errno. */
must_check int keep_give_up(struct records_writer *w, struct photos *photos,
	const struct keep_source *from, const struct row *row);

#endif
