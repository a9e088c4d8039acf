/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upload: what one entry of the spool says, and how it becomes facts. */
#ifndef PUNCHD_PARSERD_UPLOAD_H
#define PUNCHD_PARSERD_UPLOAD_H

#include "lib/target.h"
#include "parserd/photos.h"
#include "parserd/records.h"
#include "parserd/tally.h"
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

/* Puts its facts and its stamp into the transaction that is begun, writes its photos, which are to
 * be settled before the commit, and adds to the tally. 0 or a negative errno of parserd/records.h
 * or parserd/photos.h. */
must_check int upload_store(struct records_writer *w, struct photos *photos, const struct upload *u,
	uint64_t now_us, struct tally *tally);
/* It cannot be stored for good: what it left on the disk is removed (keep_give_up), within a
 * transaction. 0 or a negative errno. */
must_check int upload_give_up(
	struct records_writer *w, struct photos *photos, const struct upload *u);

#endif
