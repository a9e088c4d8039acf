/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch_file: one file of a batch, and what is done with its entries: put into the transaction, set
 * aside, or given up. It goes through them itself, not by spool_entries_do: nothing may be set
 * aside before all files are in a transaction, which may be done over, in halves too, and so many
 * refused parts are not kept in memory. */
#ifndef PUNCHD_PARSERD_BATCH_FILE_H
#define PUNCHD_PARSERD_BATCH_FILE_H

#include "parserd/stored.h"

struct batch_file {
	char name[SPOOL_NAME_BYTES];
	struct buf bytes;
	/* by batch_file_store */
	unsigned good, bad; /* entries */
	const char *why;    /* what was wrong with the last bad one */
	/* by the batch */
	bool settled; /* it is no longer to be worked on */
};

/* Puts each good entry into the transaction that is begun, and into `stored`; counts the bad ones.
 * 0 or a negative errno of upload_store. */
must_check int batch_file_store(struct batch_file *f, struct records_writer *records,
	struct photos *photos, uint64_t now_us, struct stored *stored);
/* Lays the bad entries in bad/, each as a file of its own, logged. 0 or a negative errno; doing it
 * again changes nothing. */
must_check int batch_file_refuse_parts(const struct batch_file *f, const struct spool *spool);
/* It cannot be stored: removes what it left on the disk, in a transaction of its own. What stays
 * there is logged. */
void batch_file_give_up(
	const struct batch_file *f, struct records_writer *records, struct photos *photos);

#endif
