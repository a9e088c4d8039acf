/* SPDX-License-Identifier: GPL-2.0-or-later */
/* later: lines for the log about what is not durable yet. They are written after the commit; when
 * the transaction is given up they are dropped, for what they tell of will be done again. */
#ifndef PUNCHD_CMDQD_LATER_H
#define PUNCHD_CMDQD_LATER_H

#include "lib/log.h"

#define LATER_MOST       10000 /* lines that are kept */
#define LATER_FIELDS_MAX 8     /* of a line; those with a NULL key do not count */

/* Starts zeroed. */
struct later {
	struct later_line *first, *last;
	size_t count;
};

/* Keeps a line; the texts are copied, event and keys are constants. With a `limit` (else NULL) it
 * is held to that when it is written. One for which there is no room is written at once: it may
 * come again then, but none is lost. */
void later_keep(struct later *later, struct log_limit *limit, enum log_level level,
	const char *event, const struct log_field *fields, size_t field_count);

/* later_log(&l, NULL, LOG_LEVEL_NOTICE, "order taken", LOG_TEXT("entry", name)); */
#define later_log(later, limit, level, event, ...)                                      \
	later_keep(later, limit, level, event, (const struct log_field[]){__VA_ARGS__}, \
		sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

/* Writes them, in their order. */
void later_write(struct later *later);
void later_drop(struct later *later);

#endif
