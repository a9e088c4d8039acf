/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pairs: see the header. */
#include "parserd/pairs.h"

#include <errno.h>

static bool in_key(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '~';
}

static struct span without_first_blanks(struct span s)
{
	size_t blanks = 0;

	while (blanks < s.len && s.ptr[blanks] == ' ')
		blanks++;
	return span_from(s, blanks);
}

size_t pairs_key_len(struct span text)
{
	size_t len = 0;

	while (len < text.len && in_key(text.ptr[len]))
		len++;
	return len < text.len && text.ptr[len] == '=' ? len : 0;
}

int pairs_split(struct span piece, struct pair *ret)
{
	piece = without_first_blanks(piece);
	size_t len = pairs_key_len(piece);

	if (len == 0 || len > PAIRS_KEY_MAX)
		return -EINVAL;
	ret->key = span_of(piece.ptr, len);
	ret->value = span_from(piece, len + 1);
	return 0;
}

struct span pairs_take_keyword(struct span *line)
{
	struct span rest = without_first_blanks(*line);
	size_t len = 0;

	while (len < rest.len && rest.ptr[len] != ' ' && rest.ptr[len] != '\t') {
		if (rest.ptr[len] == '=') {
			*line = rest;
			return span_of(rest.ptr, 0);
		}
		len++;
	}
	*line = without_first_blanks(span_from(rest, len));
	/* A TAB may stand where the blank does. */
	if (len < rest.len && rest.ptr[len] == '\t')
		*line = span_from(*line, 1);
	return span_of(rest.ptr, len);
}
