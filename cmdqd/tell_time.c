/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tell_time: what time it is where a terminal stands: to one that asks, and for those whom it asks
 * about. docs/PROTOCOL.md 1.6, 6 */
#include <inttypes.h>
#include <stdlib.h>

#include "cmdqd/answer_private.h"
#include "cmdqd/settings.h"
#include "cmdqd/validity.h"
#include "lib/clock.h"

#define TIME_MAX 64

static int offset_of(struct answerer *a, const struct device *d, int64_t seconds, int *ret_minutes)
{
	const char *zone = settings_effective(a->defaults, &d->set).time_zone;

	return zone_offset_cached(&a->zones, zone, seconds, ret_minutes);
}

const char *answer_objection(
	struct answerer *a, const struct device *d, const struct person *p, uint64_t now_us)
{
	const int64_t seconds = (int64_t)(now_us / 1000000);
	int minutes;

	if (!validity_limited(p->start, p->end))
		return NULL;
	if (offset_of(a, d, seconds, &minutes) < 0)
		return "the device's time zone cannot be read, and he is not always valid";
	const struct clock_local there = clock_local_from_seconds(seconds + minutes * 60);
	return validity_objection(p->start, p->end, &there);
}

/* The time is that of GMT, and beside it how far the device's zone is from there: "+0530". */
static int tell(struct answerer *a, const struct device *d, uint64_t now_us)
{
	const int64_t seconds = (int64_t)(now_us / 1000000);
	const struct clock_local gmt = clock_local_from_seconds(seconds);
	int minutes;
	int rc = offset_of(a, d, seconds, &minutes);

	if (rc < 0)
		return rc;
	buf_clear(&a->body);
	a->body.max = TIME_MAX;
	return buf_printf(&a->body, "DateTime=%" PRIu64 ",ServerTZ=%c%02d%02d\n",
		clock_zk_seconds(&gmt), minutes < 0 ? '-' : '+', abs(minutes) / 60,
		abs(minutes) % 60);
}

enum desk_fate answer_time(
	struct answerer *a, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret)
{
	const struct device *d = answer_admit(a, q, now_us, ret);

	if (!d)
		return DESK_SEND;
	*ret = (struct msg_answer){.status = 503};
	if (tell(a, d, now_us) == 0)
		*ret = (struct msg_answer){.status = 200, .body = buf_span(&a->body)};
	return DESK_SEND;
}
