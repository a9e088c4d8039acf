/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zone_name: the names of time zones. Pure. */
#ifndef PUNCHD_LIB_ZONE_NAME_H
#define PUNCHD_LIB_ZONE_NAME_H

#include "lib/span.h"

/* A name for the zone database, which makes a path of it: without a dot, so that ".." leads
 * nowhere, and without any byte that means something to libc. Whether there is such a zone is not
 * looked at. */
bool zone_name_valid(struct span name);

#endif
