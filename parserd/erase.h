/* SPDX-License-Identifier: GPL-2.0-or-later */
/* erase: takes orders to erase out of the spool "erase" and carries them out: erase_order.h. What
 * was erased, and at whose order, is logged, and the order stays in the spool's done/. */
#ifndef PUNCHD_PARSERD_ERASE_H
#define PUNCHD_PARSERD_ERASE_H

#include "lib/conf.h"
#include "parserd/photos.h"
#include "parserd/records.h"
#include "spool/spool.h"

#define ERASE_KIND "erase"

struct erase {
	bool open;
	/* private */
	bool recovered; /* what was in work at the last death is worked off */
	struct spool spool;
	struct spool_taker taker;
	struct records_writer *records;
	const struct photos *photos;
	struct buf bytes;
};

/* Opens the spool, and watches it beside the one that is watched already. 0 or a negative errno:
 * then nothing is erased, and erase_work finds nothing to do. */
must_check int erase_open(struct erase *e, const struct conf *c, struct records_writer *records,
	const struct photos *photos);
void erase_close(struct erase *e);

/* Works off what waits, each order in transactions of its own: no other may be begun. What was in
 * work when parserd died comes first, and is refused after SPOOL_TRIES_MAX deaths. How many files
 * left new/ or cur/ by it, for good or for a moment; a negative errno when the spool cannot be read
 * or the records are damaged. What cannot be carried out now is in new/ again, is said once, and is
 * tried anew after a while: uploads do not wait for it. */
must_check int erase_work(struct erase *e, uint64_t now_us);

/* spool_sweep of its spool; 0 when that is not open. */
must_check int erase_sweep(const struct erase *e, uint64_t now_wall_us, uint64_t stale_ms);

#endif
