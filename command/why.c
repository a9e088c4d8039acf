/* SPDX-License-Identifier: GPL-2.0-or-later */
/* why: the reason of a refusal in words. */
#include "command/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define WORD_MAX 32

int why_refuse(char ret_why[static VERB_WHY_BYTES], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret_why, VERB_WHY_BYTES, format, args);
	va_end(args);
	return -EINVAL;
}

struct span why_word(struct span word)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";

	if (word.len > WORD_MAX)
		return span_str("");
	for (size_t i = 0; i < word.len; i++)
		if (!memchr(good, word.ptr[i], sizeof(good) - 1))
			return span_str("");
	return word;
}
