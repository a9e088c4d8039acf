/* SPDX-License-Identifier: GPL-2.0-or-later */
/* span: borrowed bytes. They may hold NUL and need not end with one. */
#ifndef PUNCHD_LIB_SPAN_H
#define PUNCHD_LIB_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define must_check __attribute__((warn_unused_result))

struct span {
	const char *ptr;
	size_t len;
};

/* For printf's "%.*s"; use it only with text that was checked to be printable. */
#define SPAN_ARG(s) ((int)(s).len), ((s).ptr ? (s).ptr : "")

static inline struct span span_of(const void *ptr, size_t len)
{
	return (struct span){ptr, len};
}

/* The bytes of a C string, without its NUL. NULL gives an empty span. */
static inline struct span span_str(const char *text)
{
	return (struct span){text, text ? strlen(text) : 0};
}

bool span_eq(struct span a, struct span b);
bool span_is(struct span a, const char *text);
/* < 0, 0, > 0: by their bytes, and the shorter one first, as keys of the stores sort. */
int span_order(struct span a, struct span b);
/* ASCII letters match in either case; all else must be equal. */
bool span_eq_nocase(struct span a, struct span b);
bool span_is_nocase(struct span a, const char *text);
bool span_starts(struct span a, const char *prefix);
bool span_has(struct span a, char byte);
/* Is there a control character of ASCII in it: below a blank, or DEL? */
bool span_has_control(struct span a);

/* The bytes from `from` on; empty when `from` is past the end. */
struct span span_from(struct span a, size_t from);

/* Without blanks, tabs, CR and LF at both ends. */
struct span span_trim(struct span a);

/* Takes the bytes up to the first `sep` off `*rest` and gives them in `*ret_piece`; the separator
 * is dropped. A last piece without separator is a piece too; "a,," with ',' gives "a", "" and "".
 * False when nothing is left: a `*rest` whose ptr is NULL is spent. */
bool span_next(struct span *rest, char sep, struct span *ret_piece);

/* Like span_next with LF, for text in which LF ends a line: nothing follows a final LF, and one CR
 * before the LF is dropped. */
bool span_next_line(struct span *rest, struct span *ret_line);

#endif
