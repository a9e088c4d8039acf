/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records: the one place that writes the records (their layout: store/records.h). Facts go into a
 * transaction, and all of them are durable or none is. */
#ifndef PUNCHD_PARSERD_RECORDS_H
#define PUNCHD_PARSERD_RECORDS_H

#include "store/item.h"
#include "store/logbook.h"
#include "store/records.h"

struct records_writer;

/* Makes both environments (store/item.h says which holds what) if they are missing and opens them.
 * `map_bytes` is the least size of each map. 0 or a negative errno; -EPROTONOSUPPORT when another
 * version's schema is there. */
must_check int records_writer_open(const char *path, const char *private_path, uint64_t map_bytes,
	struct records_writer **ret);
void records_writer_close(struct records_writer *w);

/* One transaction at a time. After any negative errno from the functions below there is only
 * records_abort; -EXFULL means that the map was full: records_grow, then all of it again. */
must_check int records_begin(struct records_writer *w);

/* All: 1 when the fact is new, 0 when it was known, or a negative errno. seq and digest are filled
 * in here and not looked at. */
must_check int records_add_punch(struct records_writer *w, const struct punch *p);
must_check int records_add_raw(struct records_writer *w, const struct kept *k);
must_check int records_add_refused(struct records_writer *w, const struct kept *k);

/* A version of an item. It takes its place by receipt and entry among the others: the latest one is
 * the item. Nothing that was received before its PIN was erased is taken (0). */
must_check int records_put_item(struct records_writer *w, const struct item *i);
must_check int records_add_log(struct records_writer *w, const struct logged *l);
must_check int records_add_photo(struct records_writer *w, const struct photo *p);
/* This body was kept whole by a version that had no parser for it: it is no longer. 1, 0 or a
 * negative errno. */
must_check int records_drop_raw(
	struct records_writer *w, struct span serial, struct span table, struct span body);

/* The stamp that came with data. Taken only when it is later, by receipt and then by entry, than
 * the one that is stored, so that entries may be worked on in any order and again; but a stored one
 * that was received more than a day after `now_us` gives way: that clock was wrong. Never taken:
 * what is no number, and 0. docs/PROTOCOL.md 2. 1 when it was stored, 0 when not, or a negative
 * errno. */
must_check int records_set_stamp(struct records_writer *w, struct span serial, struct span table,
	const struct stamp *stamp, uint64_t now_us);

/* Durably: first the private environment, then the other one, which holds the journal. When it
 * fails, all of it is to be done again, and there is nothing left to abort. A private fact that was
 * committed when the journal was not is told from a known one by its seq, which the journal does
 * not have, and is entered then. */
must_check int records_commit(struct records_writer *w);
/* Nothing happens when none is begun. */
void records_abort(struct records_writer *w);

/* Doubles the map. */
must_check int records_grow(struct records_writer *w);

#endif
