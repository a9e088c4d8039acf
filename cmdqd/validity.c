/* SPDX-License-Identifier: GPL-2.0-or-later */
/* validity: bounds are held against each other as the terminals' own numbers, which grow with the
 * calendar. */
#include "cmdqd/validity.h"

#include <errno.h>

#include "lib/num.h"

/* 2001: a smaller number is none of these, but a date that was written without signs. */
#define NUMBER_MIN (UINT64_C(372) * 86400)
#define YEAR_MIN   2000 /* where their numbers begin */

/* "0" and "0000-00-00 00:00:00" are none. */
static bool is_bound(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '\0' || !strchr("0-: ", text.ptr[i]))
			return true;
	return false;
}

static int read_bound(struct span text, uint64_t *ret)
{
	struct clock_local local;

	if (num_u64(text, NUMBER_MIN, UINT64_MAX, ret) == 0)
		return 0;
	if (clock_parse_local(text, &local) < 0 || !clock_local_exists(&local) ||
		local.year < YEAR_MIN)
		return -EINVAL;
	*ret = clock_zk_seconds(&local);
	return 0;
}

bool validity_limited(struct span start, struct span end)
{
	return is_bound(start) || is_bound(end);
}

const char *validity_objection(struct span start, struct span end, const struct clock_local *now)
{
	const uint64_t at = clock_zk_seconds(now);
	uint64_t from = 0, until = UINT64_MAX;

	if ((is_bound(start) && read_bound(start, &from) < 0) ||
		(is_bound(end) && read_bound(end, &until) < 0))
		return "from when until when he is valid cannot be read";
	if (at < from)
		return "not valid yet";
	return at > until ? "no longer valid" : NULL;
}
