/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines: a record as text, one line "key=value" a fact, by a table of the members of its struct.
 * Text, because facts will be added for years, and every program must be able to read what an older
 * or a newer one wrote. Control characters and '%' are written as %XX, so that a terminal's words
 * cannot become a line of ours; what is 0 or empty is not written. Pure. */
#ifndef PUNCHD_STORE_LINES_H
#define PUNCHD_STORE_LINES_H

#include "lib/buf.h"

enum lines_kind {
	LINES_TEXT,   /* char[]; one that is too long for it: -EUCLEAN */
	LINES_CUT,    /* char[]; of one that is too long the beginning */
	LINES_LOOSE,  /* char[]; one that is too long is as good as none */
	LINES_NUMBER, /* uint64_t */
	LINES_AMOUNT, /* uint64_t; SETTING_ZERO is written as 0 */
	LINES_CHOICE, /* int8_t: 1, -1, 0 */
	LINES_TRUTH,  /* bool; 1, or not written */
	LINES_WORD,   /* an enum, by its word; always written */
	LINES_CODE,   /* int64_t, written when the bool at `has_at` says so */
};

struct lines_fact {
	const char *key;
	enum lines_kind kind;
	size_t at, room;          /* in the struct */
	const char *const *words; /* of LINES_WORD, in the order of the enum; the last is NULL */
	size_t has_at;            /* of LINES_CODE */
};
#define LINES_FACT(name, form, record, member, ...)                                        \
	{                                                                                  \
		.key = name, .kind = form, .at = offsetof(struct record, member),          \
		.room = sizeof(((struct record *)NULL)->member) __VA_OPT__(, ) __VA_ARGS__ \
	}

/* Appends the facts of `record`, or one text that is in no table. 0, -ENOMEM, -EMSGSIZE; the buffer
 * is untouched on failure. */
must_check int lines_put(
	struct buf *b, const struct lines_fact *facts, size_t count, const void *record);
must_check int lines_put_text(struct buf *b, const char *key, struct span text);
/* The bytes of a value alone, escaped. */
must_check int lines_put_value(struct buf *b, struct span text);

/* A record back. Keys that the table does not know are passed over. 0 or -EUCLEAN; `record` may be
 * half filled then. */
must_check int lines_get_all(
	const struct lines_fact *facts, size_t count, struct span text, void *record);

/* The same in steps, for a record with a text that is in no table. lines_next takes a line off: 1,
 * 0 at the end, -EUCLEAN. lines_get: 0 or -EUCLEAN. */
must_check int lines_next(struct span *rest, struct span *ret_key, struct span *ret_value);
must_check int lines_get(const struct lines_fact *facts, size_t count, struct span key,
	struct span value, void *record);
/* Appends the bytes of a value. 0, -EUCLEAN, -ENOMEM, -EMSGSIZE. */
must_check int lines_get_text(struct span value, struct buf *into);

#endif
