/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info: fields with commas between, one of them flags. */
#include "lib/info.h"

struct info info_read(struct span text)
{
	struct info info = {0};
	struct span field;

	for (size_t i = 0; i < INFO_FIELDS && span_next(&text, ',', &field); i++)
		info.fields[i] = span_trim(field);
	return info;
}

int info_able(struct span flags, enum info_ability ability)
{
	static const int absent[INFO_ABILITIES] = {
		[INFO_ABLE_FINGER] = 1, [INFO_ABLE_FACE] = -1, [INFO_ABLE_USERPIC] = -1};

	if (ability >= flags.len)
		return absent[ability];
	char flag = flags.ptr[ability];
	return flag == '1' ? 1 : flag == '0' ? -1 : 0;
}

int info_put_abilities(struct buf *b, struct span flags)
{
	static const char *const words[INFO_ABILITIES] = {
		[INFO_ABLE_FINGER] = "finger",
		[INFO_ABLE_FACE] = "face",
		[INFO_ABLE_USERPIC] = "userpic",
		[INFO_ABLE_BIOPHOTO] = "biophoto",
		[INFO_ABLE_BIODATA] = "biodata",
	};
	size_t before = b->len;
	int rc = 0;

	for (enum info_ability a = 0; rc == 0 && a < INFO_ABILITIES; a++)
		if (info_able(flags, a) > 0)
			rc = buf_printf(b, "%s%s", b->len > before ? " " : "", words[a]);
	return rc;
}
