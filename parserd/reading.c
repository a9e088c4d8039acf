/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reading: see the header. */
#include "parserd/reading.h"

#define FIRST_YEAR 2000
/* A day, and two hours for terminals ahead of it by their zone: whose zone is not known here. */
#define AHEAD_MAX_S ((int64_t)26 * 3600)

bool reading_is_absurd(const struct clock_local *time, uint64_t received_us)
{
	int64_t latest_s = (int64_t)(received_us / 1000000) + AHEAD_MAX_S;

	return !clock_local_exists(time) || time->year < FIRST_YEAR ||
	       clock_local_seconds(time) > latest_s;
}
