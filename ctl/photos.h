/* SPDX-License-Identifier: GPL-2.0-or-later */
/* photos: the photos of punches in batches, each in a read transaction of its own. */
#ifndef PUNCHD_CTL_PHOTOS_H
#define PUNCHD_CTL_PHOTOS_H

#include "store/logbook.h"

#define PHOTOS_BATCH 1024

/* Calls `each` for every photo that the question takes, in order of time; nothing is being read
 * meanwhile. 0, what `each` returned, or a negative errno. */
must_check int photos_each(
	struct records_reader *r, const struct punch_query *q, photo_visit *each, void *context);

#endif
