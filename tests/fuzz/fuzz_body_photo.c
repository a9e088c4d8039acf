/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Photos and images: "PIN of the target|FID of the target|body". A body is shown once and whole,
 * but for one of ATTPHOTO lines; no byte behind the NUL is missing. */
#include "tests/fuzz/rows.h"

/* One in a line has base64 to the next TAB; a body of one is a head, NUL, and all that is left. */
static void check_content(const struct rows_seen *seen, const struct row *row)
{
	size_t head = (size_t)(row->content.ptr - row->line.ptr);
	bool in_line = head > 0 && row->line.ptr[head - 1] == '=';

	if (in_line)
		return;
	CHECK(span_eq(row->line, seen->body));
	CHECK(head == 0 || row->line.ptr[head - 1] == '\0');
	CHECK(head + row->content.len == row->line.len);
}

static void check_photo(struct rows_seen *seen, const struct row *row)
{
	if (row->kind != ROW_PHOTO)
		return; /* a line among lines */
	CHECK(row->id_count == 1);
	CHECK((row->ids[0].len == 0) == ((row->flags & ROW_REFUSED_FACE) != 0));
	check_content(seen, row);
}

static void check_image(struct rows_seen *seen, const struct row *row)
{
	CHECK(row->kind == ROW_IMAGE && row->id_count == 2 && row->ids[0].len > 0);
	CHECK(span_eq(row->content, seen->body) && !row->content_base64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of(data, size);
	struct body_source source = {
		.table = span_str("ATTPHOTO"),
		.pin = fuzz_piece(&body),
		.number = fuzz_piece(&body),
		.received_us = ROWS_RECEIVED_US,
	};
	struct rows_seen seen = rows_check(body, &source, check_photo);
	struct span keyword = body, first = pairs_take_keyword(&keyword);

	if (!span_is_nocase(first, "ATTPHOTO"))
		CHECK(rows_total(&seen) == (body.len > 0) && seen.unknown == 0);
	source.table = span_str("FPIMAGE");
	seen = rows_check(body, &source, check_image);
	CHECK(rows_total(&seen) == (body.len > 0) && seen.unknown == 0);
	return 0;
}
