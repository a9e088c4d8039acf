/* SPDX-License-Identifier: GPL-2.0-or-later */
/* span: comparing, cutting and splitting borrowed bytes. */
#include "lib/span.h"

bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool span_is(struct span a, const char *text)
{
	return span_eq(a, span_str(text));
}

int span_order(struct span a, struct span b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter > 0 ? memcmp(a.ptr, b.ptr, shorter) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Not tolower(): what matches must not depend on a locale. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool span_eq_nocase(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	return true;
}

bool span_is_nocase(struct span a, const char *text)
{
	return span_eq_nocase(a, span_str(text));
}

bool span_starts(struct span a, const char *prefix)
{
	size_t len = strlen(prefix);

	return a.len >= len && span_is(span_of(a.ptr, len), prefix);
}

bool span_has(struct span a, char byte)
{
	return a.len > 0 && memchr(a.ptr, byte, a.len);
}

bool span_has_control(struct span a)
{
	for (size_t i = 0; i < a.len; i++)
		if ((unsigned char)a.ptr[i] < ' ' || a.ptr[i] == 0x7f)
			return true;
	return false;
}

struct span span_from(struct span a, size_t from)
{
	if (from > a.len)
		from = a.len;
	/* Nothing is added to a NULL, not even 0. */
	return from ? span_of(a.ptr + from, a.len - from) : a;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span span_trim(struct span a)
{
	while (a.len > 0 && is_blank(a.ptr[0]))
		a = span_from(a, 1);
	while (a.len > 0 && is_blank(a.ptr[a.len - 1]))
		a.len--;
	return a;
}

bool span_next(struct span *rest, char sep, struct span *ret_piece)
{
	const char *end = rest->len > 0 ? memchr(rest->ptr, sep, rest->len) : NULL;

	if (!rest->ptr)
		return false;
	if (!end) {
		*ret_piece = *rest;
		*rest = span_of(NULL, 0);
		return true;
	}
	*ret_piece = span_of(rest->ptr, (size_t)(end - rest->ptr));
	*rest = span_from(*rest, ret_piece->len + 1);
	return true;
}

bool span_next_line(struct span *rest, struct span *ret_line)
{
	if (rest->len == 0 || !span_next(rest, '\n', ret_line))
		return false;
	if (rest->ptr && ret_line->len > 0 && ret_line->ptr[ret_line->len - 1] == '\r')
		ret_line->len--;
	return true;
}
