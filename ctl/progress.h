/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress: a bar on standard error while something takes its time; nothing where that is no
 * terminal. */
#ifndef PUNCHD_CTL_PROGRESS_H
#define PUNCHD_CTL_PROGRESS_H

#include <stdint.h>

#include "lib/span.h"

#define PROGRESS_BYTES 128
/* "[#####.....]  50%  2048 of 4096". Pure. */
void progress_text(uint64_t done, uint64_t all, char ret_text[static PROGRESS_BYTES]);

struct progress {
	bool on;
	uint64_t shown_ms; /* when it was drawn last */
};
struct progress progress_begin(void);
void progress_show(struct progress *p, uint64_t done, uint64_t all);
/* Takes the bar away. */
void progress_end(struct progress *p);

#endif
