/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upload: what one entry of the spool says, and how it becomes facts. */
#ifndef PUNCHD_PARSERD_UPLOAD_H
#define PUNCHD_PARSERD_UPLOAD_H

#include "lib/target.h"
#include "parserd/records.h"
#include "spool/spool.h"

struct upload {
	struct span serial, request, body; /* `request` is the target as it came */
	struct entry_ref entry;
	uint64_t received_us;
	struct target_upload says; /* which table, which stamp */
	struct target target;      /* what its spans point into: leave the struct where it is */
};

/* Reads the entry of file `name`. 0, or -EBADMSG and why it is no upload. */
must_check int upload_read(
	const struct spool_entry *e, const char *name, struct upload *ret, const char **ret_why);

struct upload_tally {
	uint64_t punches;    /* new ones */
	uint64_t raw;        /* new bodies that were kept whole */
	uint64_t duplicates; /* punches and bodies that were known */
	uint64_t refused;    /* lines, known or not */
	uint64_t empty;      /* bodies without a byte */
};

/* Puts its facts and its stamp into the transaction that is begun, and adds to the tally. 0 or a
 * negative errno of parserd/records.h. */
must_check int upload_store(struct records_writer *w, const struct upload *u, uint64_t now_us,
	struct upload_tally *tally);

#endif
