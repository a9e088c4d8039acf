/* SPDX-License-Identifier: GPL-2.0-or-later */
/* buf: owned bytes that grow up to a limit. */
#ifndef PUNCHD_LIB_BUF_H
#define PUNCHD_LIB_BUF_H

#include "lib/span.h"

struct buf {
	char *ptr;
	size_t len;
	size_t room; /* bytes allocated */
	size_t max;  /* never longer than this */
};

/* An empty buffer that may grow to `max` bytes. Nothing is allocated yet. */
static inline struct buf buf_with_max(size_t max)
{
	return (struct buf){.max = max};
}

static inline struct span buf_span(const struct buf *b)
{
	return (struct span){b->ptr, b->len};
}

/* All of these: 0, -ENOMEM, or -EMSGSIZE past the limit; the contents are untouched on failure. */
must_check int buf_reserve(struct buf *b, size_t more_bytes);
must_check int buf_add(struct buf *b, const void *ptr, size_t len);
must_check int buf_add_str(struct buf *b, const char *text);
must_check int buf_add_span(struct buf *b, struct span s);
must_check int buf_printf(struct buf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Empties it and keeps the memory. */
void buf_clear(struct buf *b);
/* The same, for what was secret: nothing of it is left in that memory. */
void buf_wipe(struct buf *b);
/* Gives the memory back; the buffer is empty and may be used again. */
void buf_free(struct buf *b);

#endif
