/* SPDX-License-Identifier: GPL-2.0-or-later */
/* skew: the smallest difference. */
#include "ctl/skew.h"

#include <stdio.h>
#include <stdlib.h>

#include "ctl/text.h"

void skew_take(
	struct skew *s, const struct clock_local *time, int64_t east_min, uint64_t received_us)
{
	if (!clock_local_exists(time))
		return;
	int64_t off = clock_local_seconds(time) - east_min * 60 - (int64_t)(received_us / 1000000);
	if (s->known && llabs(off) >= llabs(s->seconds))
		return;
	s->known = true;
	s->seconds = off;
}

void skew_text(const struct skew *s, char ret_text[static SKEW_TEXT_BYTES])
{
	char age[TEXT_AGE_BYTES];
	text_age((uint64_t)llabs(s->seconds) * 1000000, age);
	if (s->seconds == 0)
		snprintf(ret_text, SKEW_TEXT_BYTES, "right");
	else
		snprintf(ret_text, SKEW_TEXT_BYTES, "%.30s %s", age,
			s->seconds < 0 ? "behind" : "ahead");
}
