/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moments as an operator writes them: what is taken is one that a calendar has, and is read again
 * from what is shown of it. */
#include <errno.h>

#include "ctl/when.h"
#include "tests/fuzz/fuzz.h"

static int64_t seconds_of(struct span text, const struct clock_local *now, enum when_edge edge)
{
	struct clock_local l = {.year = 1}, again;
	char shown[WHEN_LOCAL_BYTES];
	int rc = when_parse(text, now, edge, &l);

	if (rc != 0) {
		CHECK((rc == -EINVAL || rc == -ERANGE) && l.year == 1);
		return -1;
	}
	CHECK(clock_local_exists(&l) && l.year >= 1970 && l.year <= 9999);
	when_format(&l, shown);
	CHECK(when_parse(span_str(shown), now, edge, &again) == 0);
	CHECK(clock_local_seconds(&again) == clock_local_seconds(&l));
	return clock_local_seconds(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct clock_local now = {2026, 11, 22, 10, 0, 0};
	struct span text = span_of(data, size);
	int64_t since = seconds_of(text, &now, WHEN_SINCE);
	int64_t until = seconds_of(text, &now, WHEN_UNTIL);

	CHECK((since < 0) == (until < 0));
	CHECK(until == since || until == since + 86400 || until > since);
	return 0;
}
