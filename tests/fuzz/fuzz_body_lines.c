/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bodies of lines with keywords: "TABLE|body". Every line that is not empty is shown once, as a
 * row, refused or unknown; equal lines of a log are numbered as counting them one by one does. */
#include "tests/fuzz/rows.h"

/* How many lines with this text, read as this kind, stand before it. */
struct earlier {
	const struct row *row;
	uint32_t count;
};

static int count_earlier(void *context, const struct row *row)
{
	struct earlier *e = context;

	if (row->line.ptr == e->row->line.ptr)
		return ROWS_ENOUGH;
	e->count += row->kind == e->row->kind && span_eq(row->text, e->row->text);
	return 0;
}

static int ignore_refused(void *context, struct span line, const char *why)
{
	(void)context, (void)line, (void)why;
	return 0;
}

static int ignore_unknown(void *context, struct span line)
{
	(void)context, (void)line;
	return 0;
}

static bool is_log(const struct row *row)
{
	return row->kind == ROW_OPERATION || row->kind == ROW_ERROR || row->kind == ROW_EVENT;
}

#define COUNTED_BYTES 300 /* of a body in which it is counted one by one */

static void check_row(struct rows_seen *seen, const struct row *row)
{
	struct earlier e = {row, 0};
	struct body_visitor v = {&e, count_earlier, ignore_refused, ignore_unknown};

	CHECK(!span_has(row->line, '\0') && !span_has(row->line, '\n'));
	CHECK(row->kind == ROW_PHOTO || row->flags < ROW_LIVE);
	CHECK(is_log(row) || row->ordinal == 0);
	CHECK(row->kind != ROW_OPERATION || row->field_count >= 2);
	if (is_log(row) && seen->body.len <= COUNTED_BYTES) {
		CHECK(body_parse(seen->body, seen->source, &v) == ROWS_ENOUGH);
		CHECK(e.count == row->ordinal);
	}
}

static uint64_t lines_of(struct span body)
{
	struct span line;
	uint64_t count = 0;

	while (span_next_line(&body, &line))
		count += line.len > 0;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of(data, size);
	struct body_source source = {
		.table = fuzz_piece(&body),
		.received_us = ROWS_RECEIVED_US,
	};

	if (span_is(source.table, "ATTPHOTO") || span_is(source.table, "OPTIONS") ||
		span_starts(source.table, "FPIMAG") || !body_knows(source.table))
		source.table = span_str("OPERLOG");
	struct rows_seen seen = rows_check(body, &source, check_row);
	CHECK(rows_total(&seen) == lines_of(body));
	return 0;
}
