/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_settings: the settings that hold for a device, its own and the configuration's. */
#ifndef PUNCHD_CTL_DEVICE_SETTINGS_H
#define PUNCHD_CTL_DEVICE_SETTINGS_H

#include "ctl/out.h"
#include "lib/conf.h"
#include "store/setting.h"

#define DEVICE_SETTINGS_MAX OUT_COLUMNS_MAX

struct device_settings_shown {
	size_t count;
	struct out_column keys[DEVICE_SETTINGS_MAX]; /* a column for each, for programs */
	struct out_cell values[DEVICE_SETTINGS_MAX];
	struct out_cell rows[DEVICE_SETTINGS_MAX][3]; /* a row for each, for people */
	struct buf texts[DEVICE_SETTINGS_MAX];
	struct buf own; /* the keys of its own ones, a blank between */
};

extern const struct out_column device_settings_columns[3];

/* 0 or -ENOMEM; free it after a failure too. */
must_check int device_settings_make(
	const struct conf *c, const struct device_settings *own, struct device_settings_shown *ret);
void device_settings_free(struct device_settings_shown *s);

#endif
