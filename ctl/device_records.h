/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_records: what the records say of a device: the last stamps of its data, the options that
 * it uploaded, and how far its clock is off. */
#ifndef PUNCHD_CTL_DEVICE_RECORDS_H
#define PUNCHD_CTL_DEVICE_RECORDS_H

#include "ctl/ask.h"
#include "ctl/pile.h"
#include "ctl/skew.h"
#include "store/control.h"

#define DEVICE_STAMP_COLUMNS 3
extern const struct out_column device_stamp_columns[DEVICE_STAMP_COLUMNS];
#define DEVICE_OPTION_COLUMNS 2
extern const struct out_column device_option_columns[DEVICE_OPTION_COLUMNS];

struct device_records {
	struct out_cell (*stamps)[DEVICE_STAMP_COLUMNS];
	size_t count;
	struct buf *texts; /* of each row */
	struct out_cell (*options)[DEVICE_OPTION_COLUMNS];
	size_t option_count;
	struct pile option_items;
	struct buf *option_values; /* of each row */
	struct skew skew;          /* by the punches of the last day */
};

/* `ret` is zeroed. What cannot be read is said and left out. */
void device_records_read(const struct ask *a, const struct device *d, struct device_records *ret);
void device_records_free(struct device_records *l);

#endif
