/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings: what a device is told about how to behave: the configuration's values, and those of its
 * own that override them. Pure. docs/PROTOCOL.md 1.3, 4 */
#ifndef PUNCHD_CMDQD_SETTINGS_H
#define PUNCHD_CMDQD_SETTINGS_H

#include <stdint.h>

#include "lib/conf.h"
#include "store/control.h"

/* What holds for one device. The texts belong to the configuration or to the device. */
struct settings {
	uint64_t error_delay_s, delay_s, trans_interval_min;
	uint64_t batch_bytes;
	const char *trans_times, *trans_flags, *time_zone;
	bool realtime;
};

struct settings settings_effective(const struct conf *defaults, const struct device_settings *own);

#endif
