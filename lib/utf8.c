/* SPDX-License-Identifier: GPL-2.0-or-later */
/* utf8: see the header. */
#include "lib/utf8.h"

/* How many bytes a character has, by its first; 0 for a byte that begins none. */
static size_t length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc0 || first >= 0xf8)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t utf8_next(struct span s, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s.len > 0 ? length_of((unsigned char)s.ptr[0]) : 0;

	if (len == 0 || len > s.len)
		return 0;
	uint32_t code = (unsigned char)s.ptr[0] & (len == 1 ? 0x7fu : 0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		unsigned char next = (unsigned char)s.ptr[i];
		if ((next & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (next & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return len;
}

static bool all(struct span s, uint32_t least)
{
	uint32_t code;

	while (s.len > 0) {
		size_t len = utf8_next(s, &code);
		if (len == 0 || code < least || (least > 0 && code >= 0x7f && code < 0xa0))
			return false;
		s = span_from(s, len);
	}
	return true;
}

bool utf8_valid(struct span s)
{
	return all(s, 0);
}

bool utf8_plain(struct span s)
{
	return all(s, ' ');
}
