/* SPDX-License-Identifier: GPL-2.0-or-later */
/* charset: text for terminals. GB18030 is left to iconv. */
#include "lib/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>

#include "lib/utf8.h"

#define NOT_OPEN ((iconv_t)-1)
/* A character takes at most twice the bytes of the other charset: 2 and 4, either way. */
#define GROWTH 2

/* Opened once and kept: opening reads files. */
static iconv_t to_gb18030 = NOT_OPEN, to_utf8 = NOT_OPEN;

static int keep_open(iconv_t *conversion, const char *to, const char *from)
{
	if (*conversion == NOT_OPEN)
		*conversion = iconv_open(to, from);
	return *conversion == NOT_OPEN ? -errno : 0;
}

int charset_open(void)
{
	int rc = keep_open(&to_gb18030, "GB18030", "UTF-8");

	return rc < 0 ? rc : keep_open(&to_utf8, "UTF-8", "GB18030");
}

static bool continues(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80;
}

struct span charset_cut_utf8(struct span text, size_t max)
{
	if (text.len <= max)
		return text;
	while (max > 0 && continues(text.ptr[max]))
		max--;
	return span_of(text.ptr, max);
}

/* Appends at most `max` bytes; iconv itself stops only between two characters. */
static int convert(iconv_t conversion, struct buf *b, struct span text, size_t max, bool *ret_cut)
{
	size_t room = text.len * GROWTH < max ? text.len * GROWTH : max;
	int rc = buf_reserve(b, room);

	*ret_cut = false;
	if (rc < 0 || text.len == 0)
		return rc;
	char *from = (char *)(uintptr_t)text.ptr, *to = b->ptr + b->len;
	size_t from_len = text.len;

	(void)iconv(conversion, NULL, NULL, NULL, NULL);
	if (iconv(conversion, &from, &from_len, &to, &room) == (size_t)-1 && errno != E2BIG)
		return -EILSEQ;
	*ret_cut = from_len > 0;
	b->len = (size_t)(to - b->ptr);
	return 0;
}

int charset_put_gb18030(struct buf *b, struct span text, size_t max, bool *ret_cut)
{
	int rc = charset_open();
	bool cut = false;

	if (rc < 0)
		return rc;
	/* All of it counts, what is cut off too. */
	if (!utf8_valid(text))
		return -EILSEQ;
	rc = convert(to_gb18030, b, text, max, &cut);
	if (rc == 0)
		*ret_cut = cut;
	return rc;
}

int charset_put_utf8(struct buf *b, struct span text)
{
	int rc = charset_open();
	bool cut; /* never: there is room for all of it */

	return rc < 0 ? rc : convert(to_utf8, b, text, SIZE_MAX, &cut);
}
