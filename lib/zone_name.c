/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zone_name: see the header. */
#include "lib/zone_name.h"

bool zone_name_valid(struct span name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/-";

	for (size_t i = 0; i < name.len; i++)
		if (!span_has(span_str(allowed), name.ptr[i]))
			return false;
	return name.len > 0 && name.ptr[0] != '/';
}
