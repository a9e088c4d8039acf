/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records: the one place that writes the records (their layout: store/records.h). Facts go into a
 * transaction, and all of them are durable or none is. */
#ifndef PUNCHD_PARSERD_RECORDS_H
#define PUNCHD_PARSERD_RECORDS_H

#include "store/records.h"

struct records_writer;

/* Makes the environment if it is missing and opens it. `map_bytes` is the least size of its map. 0
 * or a negative errno; -EPROTONOSUPPORT when another version's schema is there. */
must_check int records_writer_open(
	const char *path, uint64_t map_bytes, struct records_writer **ret);
void records_writer_close(struct records_writer *w);

/* One transaction at a time. After any negative errno from the functions below there is only
 * records_abort; -EXFULL means that the map was full: records_grow, then all of it again. */
must_check int records_begin(struct records_writer *w);

/* All: 1 when the fact is new, 0 when it was known, or a negative errno. seq and digest are filled
 * in here and not looked at. */
must_check int records_add_punch(struct records_writer *w, const struct punch *p);
must_check int records_add_raw(struct records_writer *w, const struct kept *k);
must_check int records_add_refused(struct records_writer *w, const struct kept *k);

/* The stamp that came with data. Taken only when it is later, by receipt and then by entry, than
 * the one that is stored, so that entries may be worked on in any order and again; but a stored one
 * that was received more than a day after `now_us` gives way: that clock was wrong. Never taken:
 * what is no number, and 0. docs/PROTOCOL.md 2. 1 when it was stored, 0 when not, or a negative
 * errno. */
must_check int records_set_stamp(struct records_writer *w, struct span serial, struct span table,
	const struct stamp *stamp, uint64_t now_us);

/* Durably. When it fails nothing was stored, and there is nothing left to abort. */
must_check int records_commit(struct records_writer *w);
/* Nothing happens when none is begun. */
void records_abort(struct records_writer *w);

/* Doubles the map. */
must_check int records_grow(struct records_writer *w);

#endif
