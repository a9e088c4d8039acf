/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info: fields with commas between. */
#include "ctl/info.h"

struct info info_read(struct span text)
{
	struct info info = {0};
	struct span field;
	for (size_t i = 0; i < INFO_FIELDS && span_next(&text, ',', &field); i++)
		info.fields[i] = span_trim(field);
	return info;
}

int info_put_abilities(struct buf *b, struct span flags)
{
	static const struct {
		const char *word;
		bool absent; /* what holds when the flags end before it */
	} abilities[] = {{"finger", true}, {"face", false}, {"userpic", false}, {"biophoto", false},
		{"biodata", false}};
	size_t before = b->len;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(abilities) / sizeof(*abilities); i++) {
		bool able = i < flags.len ? flags.ptr[i] == '1' : abilities[i].absent;
		if (able)
			rc = buf_printf(b, "%s%s", b->len > before ? " " : "", abilities[i].word);
	}
	return rc;
}
