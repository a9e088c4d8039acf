/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trans_flag: see the header. */
#include "lib/trans_flag.h"

static const char *const names[TRANS_FLAGS] = {"AttLog", "OpLog", "AttPhoto", "EnrollFP",
	"EnrollUser", "FPImag", "ChgUser", "ChgFP", "FACE", "UserPic", "WORKCODE", "BioPhoto"};

bool trans_flag_next(struct span *rest, struct span *ret_word)
{
	struct span word;

	do {
		if (!span_next(rest, ' ', &word))
			return false;
	} while (word.len == 0);
	*ret_word = word;
	return true;
}

enum trans_flag trans_flag_of(struct span name)
{
	for (int i = 0; i < TRANS_FLAGS; i++)
		if (span_is_nocase(name, names[i]))
			return (enum trans_flag)i;
	return TRANS_FLAG_NONE;
}

const char *trans_flag_name(enum trans_flag flag)
{
	return names[flag];
}

bool trans_flag_list_valid(struct span list)
{
	struct span word;

	while (trans_flag_next(&list, &word)) {
		enum trans_flag flag = trans_flag_of(word);
		if (flag == TRANS_FLAG_NONE || !span_is(word, names[flag]))
			return false;
	}
	return true;
}
