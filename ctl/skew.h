/* SPDX-License-Identifier: GPL-2.0-or-later */
/* skew: how far a terminal's clock is off, told by its punches. A punch is received some time after
 * it was made, so of many the one with the smallest difference comes closest. Pure. */
#ifndef PUNCHD_CTL_SKEW_H
#define PUNCHD_CTL_SKEW_H

#include "lib/clock.h"

struct skew {
	bool known;
	int64_t seconds; /* the terminal's clock less ours: negative when it is behind */
};

/* One more punch of a terminal that was told that it stands `east_min` minutes east of GMT. */
void skew_take(
	struct skew *s, const struct clock_local *time, int64_t east_min, uint64_t received_us);

#define SKEW_TEXT_BYTES 48
/* "3 s behind", "2 min ahead", "right". */
void skew_text(const struct skew *s, char ret_text[static SKEW_TEXT_BYTES]);

#endif
