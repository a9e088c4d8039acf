/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stored: what a transaction has taken in, remembered until the commit, because before it nothing
 * is true, and logged after it. */
#ifndef PUNCHD_PARSERD_STORED_H
#define PUNCHD_PARSERD_STORED_H

#include "lib/serial.h"
#include "parserd/upload.h"

/* Of entries with refused lines; a client can cause them, and the sum counts all. */
#define STORED_NOTICES_MAX 32

struct stored_notice {
	char id[SPOOL_ENTRY_ID_BYTES];
	char serial[SERIAL_MAX + 1];
	char table[TARGET_TABLE_MAX + 1];
	struct tally tally;
};

struct stored {
	uint64_t files; /* with a good entry; counted by whoever is through with one */
	uint64_t entries;
	struct tally sum;
	struct stored_notice notices[STORED_NOTICES_MAX];
	size_t notice_count;
};

/* Forgets what there was: a transaction begins. */
void stored_begin(struct stored *s);
/* An upload is in the transaction, and `t` is what became of it. */
void stored_add(struct stored *s, const struct upload *u, const struct tally *t);
/* Says what is committed now: a line for each entry with refused lines, and one for all, unless
 * there was no file. */
void stored_log(const struct stored *s);

#endif
