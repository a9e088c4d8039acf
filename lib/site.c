/* SPDX-License-Identifier: GPL-2.0-or-later */
/* site: see the header. */
#include "lib/site.h"

bool site_name_valid(struct span name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";

	for (size_t i = 0; i < name.len; i++)
		if (!span_has(span_str(allowed), name.ptr[i]))
			return false;
	return true;
}

static bool is_all(struct span list)
{
	return span_is(list, "*");
}

bool site_list_valid(struct span list)
{
	struct span name;

	if (is_all(list))
		return true;
	while (span_next(&list, ' ', &name))
		if (!site_name_valid(name))
			return false;
	return true;
}

bool site_in_list(struct span name, struct span list)
{
	struct span one, wanted = name.len > 0 ? name : span_str(SITE_NONE);

	if (is_all(list))
		return true;
	while (span_next(&list, ' ', &one))
		if (span_eq(one, wanted))
			return true;
	return false;
}
