/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admission: the list of the approved, STATE/cmdqd/admission, by which ingestd admits uploads even
 * while cmdqd is down. The first line is "punchd-admission 2", then comes a line for each, sorted:
 * "SERIAL", or "SERIAL NETWORK,NETWORK" for one that may speak from those networks alone. */
#ifndef PUNCHD_CMDQD_ADMISSION_H
#define PUNCHD_CMDQD_ADMISSION_H

#include <stdint.h>

#include "cmdqd/devices.h"
#include "lib/buf.h"

#define ADMISSION_FILE     "admission"
#define ADMISSION_PAUSE_MS 200 /* between two writings that nobody waits for */

struct admission {
	int state_fd; /* the directory STATE/cmdqd; borrowed */
	struct devices *devices;
	bool written;             /* by this process */
	uint64_t written_version; /* devices_approved_version then */
	uint64_t written_ms;
};

/* The list's text, into `b` (emptied first). 0, -ENOMEM, -EMSGSIZE. */
must_check int admission_text(struct devices *devices, struct buf *b);

/* Is what is in the file no longer so? */
bool admission_stale(const struct admission *a);
/* Writes it if it is stale. 0 or a negative errno, then the old list stands. */
must_check int admission_write(struct admission *a, uint64_t now_ms);
/* The same, but not within ADMISSION_PAUSE_MS of the last time. */
must_check int admission_write_paced(struct admission *a, uint64_t now_ms);

#endif
