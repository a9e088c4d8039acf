/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rows: what a body becomes, as text: "KIND id,id name=value *secret=value {content} +flag
 * #ordinal",
 * "! why (bytes)", "? (bytes)". For the tests of the body parsers. */
#ifndef PUNCHD_TESTS_UNIT_ROWS_H
#define PUNCHD_TESTS_UNIT_ROWS_H

#include <stdio.h>
#include <stdlib.h>

#include "lib/buf.h"
#include "parserd/body.h"

/* 2026-11-22 10:00:00 UTC */
#define ROWS_RECEIVED_US ((uint64_t)1795341600 * 1000000)

struct rows_text {
	struct buf out;
	unsigned rows, refused, unknown;
	unsigned stop_after; /* of what is shown; 0: never */
};

static inline int rows_shown(struct rows_text *t)
{
	return t->rows + t->refused + t->unknown == t->stop_after ? 7 : 0;
}

static inline int rows_write_row(void *context, const struct row *row)
{
	static const char *const kinds[ROW_KINDS] = {"USER", "TEMPLATE", "PICTURE", "OPERATION",
		"ERROR", "EVENT", "MESSAGE", "MESSAGE_USER", "WORKCODE", "IDCARD", "OPTION",
		"PHOTO", "IMAGE"};
	static const char *const flags[] = {"size", "short", "not64", "absurd", "live", "face"};
	struct rows_text *t = context;
	int rc = buf_add_str(&t->out, kinds[row->kind]);

	for (size_t i = 0; i < row->id_count; i++)
		rc |= buf_printf(&t->out, "%s%.*s", i ? "," : " ", SPAN_ARG(row->ids[i]));
	if (row->time.month != 0)
		rc |= buf_printf(&t->out, " @%u-%u-%u %u:%u:%u", row->time.year, row->time.month,
			row->time.day, row->time.hour, row->time.minute, row->time.second);
	for (size_t i = 0; i < row->field_count; i++)
		rc |= buf_printf(&t->out, " %s%.*s=%.*s", row->fields[i].secret ? "*" : "",
			SPAN_ARG(row->fields[i].name), SPAN_ARG(row->fields[i].value));
	if (row->content.ptr != NULL)
		rc |= buf_printf(&t->out, " {%zu%s}", row->content.len,
			row->content_base64 ? " base64" : "");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (row->flags & 1U << i)
			rc |= buf_printf(&t->out, " +%s", flags[i]);
	if (row->ordinal > 0)
		rc |= buf_printf(&t->out, " #%u", row->ordinal);
	rc |= buf_add_str(&t->out, "\n");
	t->rows++;
	return rc ? rc : rows_shown(t);
}

static inline int rows_write_refused(void *context, struct span line, const char *why)
{
	struct rows_text *t = context;

	t->refused++;
	int rc = buf_printf(&t->out, "! %s (%zu)\n", why, line.len);
	return rc ? rc : rows_shown(t);
}

static inline int rows_write_unknown(void *context, struct span line)
{
	struct rows_text *t = context;

	t->unknown++;
	int rc = buf_printf(&t->out, "? (%zu)\n", line.len);
	return rc ? rc : rows_shown(t);
}

/* From memory of exactly its size, so that the sanitizer sees a byte too far. */
static inline int rows_read(struct span body, const struct body_source *source, struct rows_text *t)
{
	struct body_visitor v = {t, rows_write_row, rows_write_refused, rows_write_unknown};
	char *exact = malloc(body.len ? body.len : 1);

	t->out = buf_with_max((size_t)64 << 20);
	if (body.len > 0)
		memcpy(exact, body.ptr, body.len);
	int rc = body_parse(span_of(exact, body.len), source, &v);
	assert_int_equal(buf_add(&t->out, "", 1), 0);
	free(exact);
	return rc;
}

static inline void rows_assert(
	struct span body, const struct body_source *source, const char *wanted)
{
	struct rows_text t = {.rows = 0};

	assert_int_equal(rows_read(body, source, &t), 0);
	assert_string_equal(t.out.ptr, wanted);
	buf_free(&t.out);
}

#endif
