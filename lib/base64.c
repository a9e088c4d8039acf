/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64: the alphabet and the padding. */
#include "lib/base64.h"

static size_t padding_of(struct span text)
{
	size_t padding = 0;

	while (padding < 2 && padding < text.len && text.ptr[text.len - 1 - padding] == '=')
		padding++;
	return padding;
}

bool base64_valid(struct span text)
{
	static const bool in_alphabet[256] = {
		['A' ... 'Z'] = true,
		['a' ... 'z'] = true,
		['0' ... '9'] = true,
		['+'] = true,
		['/'] = true,
	};
	size_t len = text.len - padding_of(text);

	for (size_t i = 0; i < len; i++)
		if (!in_alphabet[(unsigned char)text.ptr[i]])
			return false;
	return text.len % 4 == 0;
}

size_t base64_bytes(struct span text)
{
	return text.len / 4 * 3 - padding_of(text);
}
