/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inbox: which files come next. The directory is the truth; this holds a bounded, sorted piece of
 * it and hands it on in batches. */
#ifndef PUNCHD_PARSERD_INBOX_H
#define PUNCHD_PARSERD_INBOX_H

#include "parserd/batch.h"

#define INBOX_NAMES_MAX 65536 /* of a scan */

struct inbox {
	const struct spool *spool;
	struct batch *batch;
	/* private */
	struct spool_list list; /* of new/; while recovering, of cur/ */
	size_t next;            /* of list */
	bool recovering;
};

/* A fresh one is `= {.spool = …, .batch = …}`. */
void inbox_close(struct inbox *in);

/* Works off one file that was in work when parserd died, alone, so that one that kills it harms no
 * other. 1 when there was one, 0 when none is left, or a negative errno when the surroundings are
 * bad. Call it until it gives 0, once, before the rest. */
must_check int inbox_recover(struct inbox *in, uint64_t now_us);

/* Works off the next batch. How many files left new/ by it; 0 when nothing is waiting that could be
 * worked on; a negative errno when the surroundings are bad. */
must_check int inbox_work(struct inbox *in, uint64_t now_us);

/* Looks anew before the next batch. */
void inbox_rescan(struct inbox *in);

/* About how many files are waiting, as of the last look. */
uint64_t inbox_waiting(const struct inbox *in);

#endif
