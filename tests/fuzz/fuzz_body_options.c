/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options: what is between the pairs is commas and ends of lines, and nothing else is lost. */
#include "tests/fuzz/rows.h"

/* A pair is its name, '=' and its value; no comma in the value has a key behind it. */
static void check_option(struct rows_seen *seen, const struct row *row)
{
	struct span value = row->fields[0].value;

	(void)seen;
	CHECK(row->kind == ROW_OPTION && row->id_count == 1 && row->field_count == 1);
	CHECK(span_is(row->fields[0].name, "value") && row->ids[0].len > 0);
	CHECK(value.ptr == row->ids[0].ptr + row->ids[0].len + 1);
	CHECK(value.ptr + value.len == row->line.ptr + row->line.len);
	for (size_t i = 0; i < value.len; i++)
		CHECK(value.ptr[i] != ',' || pairs_key_len(span_from(value, i + 1)) == 0);
}

struct rest {
	struct span body;
	uint64_t bytes; /* that were shown */
};

static int add_row(void *context, const struct row *row)
{
	((struct rest *)context)->bytes += row->line.len;
	return 0;
}

static int add_refused(void *context, struct span line, const char *why)
{
	(void)why;
	((struct rest *)context)->bytes += line.len;
	return 0;
}

static int no_unknown(void *context, struct span line)
{
	(void)context, (void)line;
	CHECK(false);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rest rest = {span_of(data, size), 0};
	struct body_source source = {.table = span_str("OPTIONS")};
	struct body_visitor v = {&rest, add_row, add_refused, no_unknown};
	uint64_t between = 0;

	(void)rows_check(rest.body, &source, check_option);
	CHECK(body_parse(rest.body, &source, &v) == 0);
	for (size_t i = 0; i < size; i++)
		between += data[i] == ',' || data[i] == '\n' || data[i] == '\r';
	CHECK(rest.bytes <= size && rest.bytes + between >= size);
	return 0;
}
