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
 * The directories around them must be there. `map_bytes` is the least size of each map. 0 or a
 * negative errno; -EPROTONOSUPPORT when another version's schema is there. */
must_check int records_writer_open(const char *path, const char *private_path, uint64_t map_bytes,
	struct records_writer **ret);
void records_writer_close(struct records_writer *w);

/* One transaction at a time. After any negative errno from the functions below there is only
 * records_abort; -EXFULL means that a map was full: records_grow, then all of it again. */
must_check int records_begin(struct records_writer *w);

/* All: 1 when the fact is new, 0 when it was known, or a negative errno. seq and digest are filled
 * in here and not looked at, but for a photo's digest: that of its bytes, by records_digest. Of a
 * fact that came in several uploads the first one stands, whatever the order in which they are
 * worked on; of a photo the last one (store/logbook.h). */
must_check int records_add_punch(struct records_writer *w, const struct punch *p);
/* Those that store/records.h calls private go to the private environment. */
must_check int records_add_raw(struct records_writer *w, const struct kept *k);
must_check int records_add_refused(struct records_writer *w, const struct kept *k);
must_check int records_add_log(struct records_writer *w, const struct logged *l);
/* The file is there already. 0 also when its PIN was erased since: ask records_is_erased first. */
must_check int records_add_photo(struct records_writer *w, const struct photo *p);
/* Does a record name this photo? Its digest counts. 1, 0 or a negative errno. */
must_check int records_has_photo(struct records_writer *w, const struct photo *p);

/* A version of an item. It takes its place by receipt, entry and place among the others: the latest
 * one is the item (of ITEM_CLEARED the earliest). Nothing that was received before its PIN was
 * erased is taken (0). The same version with another text takes the place of the one before: a
 * later parserd reads an upload better than the one that read it first. */
must_check int records_put_item(struct records_writer *w, const struct item *i);
/* BLAKE2b-128, as the digests of log lines and photos are made. */
void records_digest(struct span bytes, unsigned char ret[static KEPT_DIGEST_BYTES]);

/* This body (or line) of this upload was kept whole, or refused, by a version that could not read
 * it: it is no longer. Of one that came in several uploads the first one counts. 1, 0 or a negative
 * errno. */
must_check int records_drop_raw(struct records_writer *w, const struct kept *k);
must_check int records_drop_refused(struct records_writer *w, const struct kept *k);
/* Has any line of this table been refused? If not, none of them is to be dropped. 1, 0 or a
 * negative errno. */
must_check int records_has_refused(struct records_writer *w, struct span serial, struct span table);

/* Moves what an older version kept of these where everybody may read it, at most `most` of them, in
 * a transaction of its own. How many; 0: there are no more; a negative errno: nothing happened, and
 * nothing is left to abort. */
must_check int records_hide_old(struct records_writer *w, unsigned most);

/* Enters what an older version kept into the index of who is known (store/known.h), at most `most`
 * versions of items, in a transaction of its own, which also says how far that is: what was done is
 * not done again at the next start. The same. */
must_check int records_know_old(struct records_writer *w, unsigned most);

/* ---- taking away ---- */

/* Takes out what was received up to this moment and entry of a PIN, and what a clock that was wrong
 * says was received after `now_us`, on all devices: users,
 * credentials, templates, pictures, messages to it, identity cards, each with its history, and
 * photos. It is remembered, so that these uploads, worked on again, bring nothing back; a
 * newer one does. What stays: punches, operations and the marks of deletions, which name the PIN
 * alone; and bodies kept whole and refused lines, because nobody knows what they hold of whom.
 * `gone` gets each photo before the commit and removes its file, which may be gone already: the
 * whole is repeated when the transaction is. The number of items and photos, or a negative errno or
 * what `gone` returned. */
must_check int records_erase_pin(struct records_writer *w, struct span pin, uint64_t received_us,
	const struct entry_ref *entry, uint64_t now_us, photo_visit *gone, void *context);
/* Would that be refused, because the PIN was erased since? 1, 0 or a negative errno. */
must_check int records_is_erased(struct records_writer *w, struct span pin, uint64_t received_us,
	const struct entry_ref *entry);

/* Take out the oldest ones from before a local time, at most `most` of them, so that a transaction
 * stays small. Where the time is absurd, that of the receipt (in UTC) counts. How many, or a
 * negative errno; less than `most`: there are no more. Their entries in the journal stay, and
 * followers pass over them. An old upload that is worked on again brings its own back. `gone` as
 * above. */
must_check int records_purge_log(
	struct records_writer *w, const struct clock_local *before, unsigned most);
must_check int records_purge_photos(struct records_writer *w, const struct clock_local *before,
	unsigned most, photo_visit *gone, void *context);

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
 * not have (both environments say which numbers they used: none is given twice), and is entered
 * then. */
must_check int records_commit(struct records_writer *w);
/* Nothing happens when none is begun. */
void records_abort(struct records_writer *w);

/* Doubles the map that was full. */
must_check int records_grow(struct records_writer *w);

/* Is it an errno that no waiting mends: damaged, of another schema, or to be opened anew? */
bool records_is_broken(int rc);

#endif
