/* SPDX-License-Identifier: GPL-2.0-or-later */
/* buf: owned bytes. One byte more than `room` is allocated, for the NUL that vsnprintf writes. */
#include "lib/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_ROOM 256

/* Doubles, so that many small additions cost little, but never past what may be used. */
static size_t grown(const struct buf *b, size_t need)
{
	size_t room = b->room < FIRST_ROOM ? FIRST_ROOM : b->room;

	while (room < need)
		room = room > b->max / 2 ? b->max : room * 2;
	return room < b->max ? room : b->max;
}

int buf_reserve(struct buf *b, size_t more_bytes)
{
	size_t room;
	char *ptr;

	if (more_bytes > b->max - b->len)
		return -EMSGSIZE;
	if (b->ptr && more_bytes <= b->room - b->len)
		return 0;
	room = grown(b, b->len + more_bytes);
	if (room >= PTRDIFF_MAX)
		return -ENOMEM;
	ptr = realloc(b->ptr, room + 1);
	if (!ptr)
		return -ENOMEM;
	b->ptr = ptr;
	b->room = room;
	return 0;
}

int buf_add(struct buf *b, const void *ptr, size_t len)
{
	int rc = buf_reserve(b, len);

	if (rc < 0)
		return rc;
	if (len > 0)
		memcpy(b->ptr + b->len, ptr, len);
	b->len += len;
	return 0;
}

int buf_add_str(struct buf *b, const char *text)
{
	return buf_add_span(b, span_str(text));
}

int buf_add_span(struct buf *b, struct span s)
{
	return buf_add(b, s.ptr, s.len);
}

int buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int len, rc;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	rc = len < 0 ? -EMSGSIZE : buf_reserve(b, (size_t)len);
	if (rc < 0)
		return rc;
	va_start(args, format);
	vsnprintf(b->ptr + b->len, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
	return 0;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
}

void buf_wipe(struct buf *b)
{
	if (b->ptr)
		explicit_bzero(b->ptr, b->room);
	buf_clear(b);
}

void buf_free(struct buf *b)
{
	free(b->ptr);
	*b = buf_with_max(b->max);
}
