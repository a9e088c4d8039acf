/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log: one event a line, the same words on stderr and in the journal. docs/STYLE.md "Logs" */
#ifndef PUNCHD_LIB_LOG_H
#define PUNCHD_LIB_LOG_H

#include <stdint.h>

#include "lib/span.h"

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

enum log_kind { LOG_KIND_TEXT, LOG_KIND_NUMBER, LOG_KIND_ERRNO };

struct log_field {
	const char *key; /* lower case; the journal's field is PUNCHD_KEY, in upper case */
	enum log_kind kind;
	struct span text;
	int64_t number;
};

/* clang-format off */
#define LOG_TEXT(k, s) {.key = (k), .kind = LOG_KIND_TEXT, .text = span_str(s)}
#define LOG_SPAN(k, s) {.key = (k), .kind = LOG_KIND_TEXT, .text = (s)}
#define LOG_NUM(k, n)  {.key = (k), .kind = LOG_KIND_NUMBER, .number = (int64_t)(n)}
/* A negative (or positive) errno, written in words under the key "error"; 0 is passed over. */
#define LOG_ERR(e)     {.key = "error", .kind = LOG_KIND_ERRNO, .number = (e)}
/* clang-format on */

/* log_error("commit failed", LOG_SPAN("entry", name), LOG_ERR(rc)); the event is a constant in our
 * words. */
#define log_at(level, event, ...)                                                         \
	log_event(level, event, (const struct log_field[]){{.key = NULL}, ##__VA_ARGS__}, \
		sizeof((const struct log_field[]){{.key = NULL}, ##__VA_ARGS__}) /        \
			sizeof(struct log_field))
#define log_error(event, ...)   log_at(LOG_LEVEL_ERROR, event, ##__VA_ARGS__)
#define log_warning(event, ...) log_at(LOG_LEVEL_WARNING, event, ##__VA_ARGS__)
#define log_notice(event, ...)  log_at(LOG_LEVEL_NOTICE, event, ##__VA_ARGS__)
#define log_info(event, ...)    log_at(LOG_LEVEL_INFO, event, ##__VA_ARGS__)

/* Who is speaking ("parserd") and from which level down lines are dropped. To the journal when
 * stderr is the journal's stream, else to stderr. Call once, first. */
void log_open(const char *program, enum log_level most);

#define LOG_VALUE_MAX 256 /* bytes of a text value that are written */

/* Fields with a NULL key are passed over. Text values are escaped: printable ASCII and UTF-8 stay,
 * the rest is \xNN; a value with blanks or quotes is quoted; at most
 * LOG_VALUE_MAX bytes of a value are written. */
void log_event(enum log_level level, const char *event, const struct log_field *fields,
	size_t field_count);

/* At most `burst` lines per `window_ms` for one event that clients can cause. */
struct log_limit {
	unsigned burst;
	uint64_t window_ms;
	/* private */
	uint64_t window_began_ms;
	unsigned written;
	uint64_t dropped;
};

/* May the line be written now? `*ret_dropped` gets how many lines were kept back since the last one
 * that was (for a field "dropped"), 0 mostly. Not for several threads. */
bool log_allow(struct log_limit *limit, uint64_t now_ms, uint64_t *ret_dropped);

#endif
