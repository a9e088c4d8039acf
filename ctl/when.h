/* SPDX-License-Identifier: GPL-2.0-or-later */
/* when: the moments that an operator writes on the command line. Pure but for when_now and
 * when_wall_us, which ask for the clock and for the time zone. */
#ifndef PUNCHD_CTL_WHEN_H
#define PUNCHD_CTL_WHEN_H

#include <stdint.h>

#include "lib/clock.h"
#include "lib/span.h"

enum when_edge {
	WHEN_SINCE, /* the first moment taken: a bare day means its beginning */
	WHEN_UNTIL, /* the first moment not taken: a bare day means its end */
};

/* "2026-01-05", "2026-01-05 08:00", "2026-01-05 08:00:00" (or with a T), "now", "today",
 * "yesterday", and "-30min",
 * "-12h", "-7d", "-2w" before `now`. The answer is a wall-clock reading in the same zone as `now`.
 * 0; -EINVAL when it has another form; -ERANGE when there is no such day or time, or it lies
 * outside the years 1970 to 9999. */
must_check int when_parse(struct span text, const struct clock_local *now, enum when_edge edge,
	struct clock_local *ret_local);

/* The wall-clock reading now, in the zone of this machine. */
struct clock_local when_now(void);
/* The microsecond at which this machine's clocks show that reading. */
uint64_t when_wall_us(const struct clock_local *local);

/* "2026-01-05 08:00:00", also for readings that no calendar has. */
#define WHEN_LOCAL_BYTES 32
void when_format(const struct clock_local *local, char ret_text[static WHEN_LOCAL_BYTES]);

/* "2026-01-05 08:00:00Z"; "-" for 0. */
void when_format_short(uint64_t wall_us, char ret_text[static WHEN_LOCAL_BYTES]);

#endif
