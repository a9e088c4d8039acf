/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock: the two clocks and the two spellings of time. */
#ifndef PUNCHD_LIB_CLOCK_H
#define PUNCHD_LIB_CLOCK_H

#include <stdint.h>

#include "lib/span.h"

#define CLOCK_UTC_BYTES 28 /* "2026-11-22T10:00:00.123456Z" and a NUL */

/* Microseconds since 1970 by the wall clock; may step. */
uint64_t clock_wall_us(void);
/* Milliseconds of a clock that never steps; for deadlines. */
uint64_t clock_mono_ms(void);

/* Writes "2026-11-22T10:00:00.123456Z". Years 1970 to 9999; beyond them the text is clamped. */
void clock_format_utc(uint64_t wall_us, char ret_text[static CLOCK_UTC_BYTES]);
/* Reads the same; the fraction has 1 to 6 digits or is missing with its dot. 0 or -EINVAL. */
must_check int clock_parse_utc(struct span text, uint64_t *ret_wall_us);

/* A local wall-clock reading without a zone, as a terminal writes it. The numbers are what was
 * written, even where no calendar has such a day. */
struct clock_local {
	uint16_t year;
	uint8_t month, day, hour, minute, second;
};

/* "2026-01-05 08:00:00"; month to second may lack a leading zero. 0, or -EINVAL when it has another
 * shape. docs/PROTOCOL.md 3.1. */
must_check int clock_parse_local(struct span text, struct clock_local *ret_local);
/* Is there such a day and such a time of day? (Second 60 is not.) */
bool clock_local_exists(const struct clock_local *local);
/* Seconds since 1970 of an existing reading taken as UTC. */
int64_t clock_local_seconds(const struct clock_local *local);
/* The reading `seconds` after 1970, taken as UTC. Years 0 to 9999. */
struct clock_local clock_local_from_seconds(int64_t seconds);
/* A terminal's own number for an existing reading from 2000 on. docs/PROTOCOL.md 1.6 */
uint64_t clock_zk_seconds(const struct clock_local *local);

/* Waits; goes on waiting after a signal only until the time is over. */
void clock_sleep_ms(uint64_t wait_ms);

#endif
