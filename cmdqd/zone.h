/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zone: how far a time zone is from GMT at a given moment. */
#ifndef PUNCHD_CMDQD_ZONE_H
#define PUNCHD_CMDQD_ZONE_H

#include <stdint.h>

#include "lib/span.h"

/* Where the tz database is: $TZDIR, else /usr/share/zoneinfo. */
const char *zone_dir(void);

/* Minutes east of GMT that `name` ("Asia/Kolkata") keeps `seconds` after 1970, summer time
 * included. 0; -ENOENT when the tz database has no such zone; another
 * negative errno. Not for several threads: it changes the process's own zone for a moment.
 */
must_check int zone_offset(const char *name, int64_t seconds, int *ret_minutes);

#define ZONE_CACHE_MAX        64 /* zones that are remembered; the oldest makes way */
#define ZONE_CACHE_NAME_BYTES 40 /* with NUL; a longer name is not remembered */

/* The last answers: starts zeroed. */
struct zone_cache {
	struct zone_known {
		char name[ZONE_CACHE_NAME_BYTES];
		int64_t minute; /* since 1970 that it holds for: no zone changes within one */
		int rc, minutes;
	} known[ZONE_CACHE_MAX];
	unsigned count, next;
};

/* The same, and many devices with a few zones read the database once a minute. A zone that does not
 * exist is remembered too. */
must_check int zone_offset_cached(
	struct zone_cache *cache, const char *name, int64_t seconds, int *ret_minutes);

#endif
