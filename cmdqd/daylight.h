/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daylight: when the offset of a device's zone is no longer the one that it was told (summer time,
 * or another zone was set), it is to be told: by a CHECK, which makes it shake hands again, or by a
 * REBOOT, or not at all, as its setting "zone_change" says. docs/PROTOCOL.md 1.6 */
#ifndef PUNCHD_CMDQD_DAYLIGHT_H
#define PUNCHD_CMDQD_DAYLIGHT_H

#include "cmdqd/devices.h"
#include "lib/conf.h"

#define DAYLIGHT_MOST 256 /* devices that get a command in one call */

/* Looks at all approved devices that ever shook hands; queues what is to be queued, once for an
 * offset, remembers it in the device and commits both together. How many commands were queued, at
 * most DAYLIGHT_MOST; or a negative errno, then none was. */
must_check int daylight_check(struct devices *devices, const struct conf *conf, uint64_t now_us);

#endif
