/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter: a question in the bytes of keys that start with a time, so that what nobody asked for is
 * not even unpacked. */
#ifndef PUNCHD_STORE_FILTER_H
#define PUNCHD_STORE_FILTER_H

#include "store/records.h"

struct filter {
	struct pack since, until, serial, pin; /* empty: any */
	uint64_t left;                         /* how many may still be shown */
};

/* 0, or -EINVAL for a serial or PIN that none can have. */
must_check int filter_make(const struct punch_query *q, struct filter *ret);
/* Is it at or behind the end? */
bool filter_past(const struct filter *f, struct span key);
bool filter_before(const struct filter *f, struct span key);
/* Are they the serial and the PIN that were asked for, which start at `texts_at`? A damaged key is
 * taken: let it be found out on unpacking. */
bool filter_takes(const struct filter *f, struct span key, size_t texts_at);

#endif
