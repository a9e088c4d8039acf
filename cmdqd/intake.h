/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake: takes orders out of the spool "order" and sees that they are done (docs/SPOOL.md). Files
 * that are there together are settled together: one transaction, one new admission list, then the
 * renames. */
#ifndef PUNCHD_CMDQD_INTAKE_H
#define PUNCHD_CMDQD_INTAKE_H

#include <stdint.h>

#include "cmdqd/admission.h"
#include "cmdqd/devices.h"
#include "cmdqd/loop.h"
#include "lib/buf.h"
#include "lib/conf.h"
#include "spool/spool.h"

struct intake {
	struct loop_source watch; /* first: a pointer to it is one to the intake */
	int loop_fd;
	struct spool orders;
	struct spool_taker taker;
	struct devices *devices; /* both to be set before the first intake_turn */
	struct admission *admission;
	struct buf file;
	uint64_t rescan_ms, draft_stale_ms;
	uint64_t next_scan_ms, next_sweep_ms;
	struct spool_list in_work; /* of the last cmdqd; each is worked on alone, before the rest */
	size_t next_in_work;
	bool recovered;
	bool hurry;  /* something came, or there was more than one pass takes */
	bool failed; /* the last pass; the next one waits for its time */
};

/* Makes and opens the spool and watches it. -EBUSY while another process consumes it; other
 * negative errno. */
must_check int intake_open(struct intake *in, int loop_fd, const struct conf *conf);

/* Does what is there to do now: nothing, mostly. Call it after every turn of the loop. 0; a
 * negative errno when the store is damaged, so that no order can ever be done (devices_damaged). */
must_check int intake_turn(struct intake *in, uint64_t now_ms);
void intake_close(struct intake *in);

#endif
