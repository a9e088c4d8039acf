/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings: what a device is told about how to behave: the configuration's values, and those of its
 * own that override them. Pure. docs/PROTOCOL.md 1.3, 1.5 */
#ifndef PUNCHD_CMDQD_SETTINGS_H
#define PUNCHD_CMDQD_SETTINGS_H

#include <stdint.h>

#include "lib/conf.h"
#include "lib/span.h"
#include "store/control.h"

/* What holds for one device. The texts belong to the configuration or to the device. */
struct settings {
	uint64_t error_delay_s, delay_s, trans_interval_min;
	const char *trans_times, *trans_flags, *time_zone;
	bool realtime;
};

struct settings settings_effective(const struct conf *defaults, const struct device_settings *own);

#define SETTINGS_KEYS 7 /* how many settings_set knows */

/* Sets one of a device's own settings by its name in punchd.conf(5), with the ranges that hold
 * there; an empty value goes back to the default. 0; -EINVAL with the reason in `*ret_why`, then
 * `own` is untouched. Whether a time zone exists is not looked at. */
must_check int settings_set(
	struct device_settings *own, struct span key, struct span value, const char **ret_why);

/* The places of TransFlag, counted from 0. */
enum settings_flag { SETTINGS_NO_FLAG = -1, SETTINGS_FLAGS = 12 };

/* Takes the next name off a list that blanks separate; false when none is left. */
bool settings_next_flag(struct span *rest, struct span *ret_word);
/* In any case; SETTINGS_NO_FLAG for an unknown name. */
enum settings_flag settings_flag_of(struct span name);
/* As it is spelled on the wire. */
const char *settings_flag_name(enum settings_flag flag);

#endif
