/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows on their way into the records: "TABLE|body". Every field comes out of an item's text as it
 * went in, no name or password becomes another line of it, and a deletion says one word that is
 * known. */
#include <errno.h>

#include "lib/utf8.h"
#include "parserd/keep_mark.h"
#include "parserd/keep_text.h"
#include "store/item.h"
#include "store/lines.h"
#include "tests/fuzz/rows.h"

#define TEXT_MAX (1024u * 1024)

static bool is_of(const struct row_field *f, enum keep_part part)
{
	return part & (f->secret ? KEEP_SECRET : KEEP_OPEN);
}

static const struct row_field *field_named(const struct row *row, struct span name)
{
	for (size_t i = 0; i < row->field_count; i++)
		if (span_eq(row->fields[i].name, name))
			return &row->fields[i];
	return NULL;
}

/* One line of a field: the name of one, and its value when that is UTF-8. */
static size_t check_field(const struct row *row, enum keep_part part, struct span key,
	struct span value, struct buf *into)
{
	const struct row_field *f = field_named(row, key);

	buf_clear(into);
	CHECK(lines_get_text(value, into) == 0 && utf8_valid(buf_span(into)));
	if (!f) {
		CHECK(key.len > 4 && span_is(span_from(key, key.len - 4), ".raw"));
		return 0;
	}
	CHECK(is_of(f, part));
	if (utf8_valid(f->value))
		CHECK(span_eq(buf_span(into), f->value));
	return 1;
}

static void check_part(const struct row *row, enum keep_part part)
{
	struct buf b = buf_with_max(TEXT_MAX), into = buf_with_max(TEXT_MAX);
	struct span rest, key, value, before = {NULL, 0};
	size_t fields = 0, wanted = 0;
	int rc = keep_text_fields(&b, row, part);

	CHECK(rc == 0 || rc == -EMSGSIZE);
	rest = buf_span(&b);
	while (rc == 0 && lines_next(&rest, &key, &value) > 0) {
		CHECK(before.len == 0 || span_order(before, key) < 0);
		fields += check_field(row, part, key, value, &into);
		before = key;
	}
	for (size_t i = 0; i < row->field_count; i++)
		wanted += is_of(&row->fields[i], part) && row->fields[i].value.len > 0;
	CHECK(rc < 0 || (rest.len == 0 && fields >= wanted));
	CHECK(rc < 0 || keep_text_has(row, part) || b.len == 0);
	buf_free(&into);
	buf_free(&b);
}

static void check_content(const struct row *row)
{
	struct buf b = buf_with_max(TEXT_MAX);
	bool decoded = false;

	CHECK(keep_text_content(&b, row, &decoded) == 0);
	if (!row->content_base64 || !decoded)
		CHECK(span_eq(buf_span(&b), row->content));
	else
		CHECK(b.len <= row->content.len / 4 * 3 && b.len + 3 > row->content.len / 4 * 3);
	buf_free(&b);
}

static void check_mark(const struct row *row)
{
	struct item user = {.kind = ITEM_USER, .id_count = 1};
	struct keep_mark m;

	if (row->kind != ROW_OPERATION || !keep_mark_of(row, &m))
		return;
	CHECK(memchr(m.what, '\0', sizeof(m.what)) && m.what[0] != '\0');
	CHECK(fuzz_inside(m.pin, row->line) && m.pin.len <= ROW_PIN_MAX);
	user.ids[0] = m.pin;
	(void)item_cleared_by(span_str(m.what), &user);
}

static void check_row(struct rows_seen *seen, const struct row *row)
{
	(void)seen;
	check_part(row, KEEP_OPEN);
	check_part(row, KEEP_SECRET);
	check_part(row, KEEP_ALL);
	check_content(row);
	check_mark(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of(data, size);
	struct body_source source = {
		.table = fuzz_piece(&body),
		.pin = span_str("7"),
		.number = span_str("6"),
		.received_us = ROWS_RECEIVED_US,
	};

	if (!body_knows(source.table))
		source.table = span_str("OPERLOG");
	(void)rows_parse(body, &source, UINT64_MAX, check_row);
	return 0;
}
