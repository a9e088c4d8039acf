/* SPDX-License-Identifier: GPL-2.0-or-later */
/* later: see the header. */
#include "cmdqd/later.h"

#include <stdlib.h>

#include "lib/clock.h"

struct later_line {
	struct later_line *next;
	struct log_limit *limit;
	enum log_level level;
	const char *event;
	size_t field_count;
	struct log_field fields[LATER_FIELDS_MAX];
	char texts[]; /* of the fields, one behind the other */
};

static void write_line(struct log_limit *limit, enum log_level level, const char *event,
	const struct log_field *fields, size_t field_count)
{
	struct log_field with_dropped[LATER_FIELDS_MAX + 1];
	uint64_t dropped = 0;

	if (limit && !log_allow(limit, clock_mono_ms(), &dropped))
		return;
	memcpy(with_dropped, fields, field_count * sizeof(*fields));
	with_dropped[field_count] = (struct log_field)LOG_NUM(dropped ? "dropped" : NULL, dropped);
	log_event(level, event, with_dropped, field_count + 1);
}

/* ---- kept ---- */

/* One byte more than is ever written of a text, so that the log sees that there was more. */
static size_t kept_bytes(const struct log_field *f)
{
	return f->text.len <= LOG_VALUE_MAX ? f->text.len : LOG_VALUE_MAX + 1;
}

static void copy_fields(struct later_line *line, const struct log_field *fields, size_t field_count)
{
	char *text = line->texts;

	for (const struct log_field *f = fields; f < fields + field_count; f++) {
		struct log_field *copy = &line->fields[line->field_count++];
		*copy = *f;
		copy->text = span_of(text, kept_bytes(f));
		if (copy->text.len > 0)
			memcpy(text, f->text.ptr, copy->text.len);
		text += copy->text.len;
	}
}

static struct later_line *copy_of(const struct log_field *fields, size_t field_count)
{
	struct later_line *line;
	size_t bytes = sizeof(*line);

	for (size_t i = 0; i < field_count; i++)
		bytes += kept_bytes(&fields[i]);
	line = malloc(bytes);
	if (!line)
		return NULL;
	line->field_count = 0;
	copy_fields(line, fields, field_count);
	return line;
}

static void append(struct later *later, struct later_line *line)
{
	line->next = NULL;
	if (later->last)
		later->last->next = line;
	else
		later->first = line;
	later->last = line;
	later->count++;
}

void later_keep(struct later *later, struct log_limit *limit, enum log_level level,
	const char *event, const struct log_field *fields, size_t field_count)
{
	struct log_field used[LATER_FIELDS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < field_count && count < LATER_FIELDS_MAX; i++)
		if (fields[i].key)
			used[count++] = fields[i];
	struct later_line *line = later->count < LATER_MOST ? copy_of(used, count) : NULL;
	if (!line) {
		write_line(limit, level, event, used, count);
		return;
	}
	line->limit = limit;
	line->level = level;
	line->event = event;
	append(later, line);
}

/* ---- and over ---- */

static void empty(struct later *later, bool write)
{
	struct later_line *next;

	for (struct later_line *line = later->first; line; line = next) {
		next = line->next;
		if (write)
			write_line(line->limit, line->level, line->event, line->fields,
				line->field_count);
		free(line);
	}
	*later = (struct later){.count = 0};
}

void later_write(struct later *later)
{
	empty(later, true);
}

void later_drop(struct later *later)
{
	empty(later, false);
}
