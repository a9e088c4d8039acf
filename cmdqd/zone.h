/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zone: how far a time zone is from GMT at a given moment. */
#ifndef PUNCHD_CMDQD_ZONE_H
#define PUNCHD_CMDQD_ZONE_H

#include <stdint.h>

#include "lib/span.h"

/* Minutes east of GMT that `name` ("Asia/Kolkata") keeps `seconds` after 1970, summer time
 * included. 0; -ENOENT when the tz database ($TZDIR, else /usr/share/zoneinfo) has no such zone;
 * another negative errno. Not for several threads: it changes the process's own zone for a moment.
 */
must_check int zone_offset(const char *name, int64_t seconds, int *ret_minutes);

#endif
