/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rows: what holds for every row and every body, whatever the table: for the fuzz targets of the
 * body parsers. */
#ifndef PUNCHD_TESTS_FUZZ_ROWS_H
#define PUNCHD_TESTS_FUZZ_ROWS_H

#include "parserd/body.h"
#include "parserd/pairs.h"
#include "tests/fuzz/fuzz.h"

#define ROWS_RECEIVED_US 1795341600000000 /* 2026-11-22 10:00 */
#define ROWS_ENOUGH      (-77)

struct rows_seen {
	struct span body;
	const struct body_source *source;
	struct span last; /* the line that was shown last */
	uint64_t rows, refused, unknown, most;
	uint64_t digest;                                              /* of all that was shown */
	void (*check)(struct rows_seen *seen, const struct row *row); /* may be NULL */
};

static inline uint64_t rows_total(const struct rows_seen *s)
{
	return s->rows + s->refused + s->unknown;
}

/* Every line once, in the order of the body. */
static inline int rows_shown(struct rows_seen *s, struct span line)
{
	CHECK(line.len > 0 && fuzz_inside(line, s->body));
	CHECK(s->last.ptr == NULL || line.ptr >= s->last.ptr + s->last.len);
	s->last = line;
	s->digest = s->digest * 31 + fuzz_hash(line);
	return rows_total(s) == s->most ? ROWS_ENOUGH : 0;
}

static inline bool rows_points_right(
	const struct rows_seen *s, const struct row *row, struct span part)
{
	struct span own = span_of(row->card_text, sizeof(row->card_text));

	return fuzz_inside(part, row->line) || fuzz_inside(part, own) ||
	       fuzz_inside(part, s->source->pin) || fuzz_inside(part, s->source->number);
}

static inline void rows_check_ids(const struct row *row)
{
	size_t bytes = 0;

	CHECK(row->id_count <= ROW_IDS_MAX);
	for (size_t i = 0; i < row->id_count; i++) {
		CHECK(row->ids[i].len <= ROW_PIN_MAX && !span_has(row->ids[i], '\0'));
		bytes += row->ids[i].len + 1;
	}
	CHECK(bytes <= 160);
}

static inline void rows_check_fields(const struct rows_seen *s, const struct row *row)
{
	CHECK(row->field_count <= ROW_FIELDS_MAX);
	for (size_t i = 0; i < row->field_count; i++) {
		const struct row_field *f = &row->fields[i];
		bool card = span_is(f->name, "card") || span_is(f->name, "vice_card");
		bool duress = span_is(f->name, "duress") && span_is(f->value, "1");

		CHECK(f->name.len > 0 && f->name.len <= PAIRS_KEY_MAX && !span_has(f->name, '='));
		CHECK(!span_has(f->value, '\0') && !span_has(f->value, '\n'));
		CHECK(duress || rows_points_right(s, row, f->value));
		CHECK(!card || (row->kind != ROW_USER || f->secret));
		CHECK(!fuzz_inside(f->name, row->line) || row->kind == ROW_OPTION || f->secret);
		for (size_t j = 0; j < i; j++)
			CHECK(!span_eq_nocase(row->fields[j].name, f->name));
	}
}

static inline int rows_on_row(void *context, const struct row *row)
{
	struct rows_seen *s = context;

	s->rows++;
	CHECK(row->kind < ROW_KINDS);
	CHECK(fuzz_inside(row->text, row->line) && fuzz_inside(row->content, row->line));
	CHECK(!(row->content_base64 && row->flags & ROW_NOT_BASE64));
	CHECK(!row->content_base64 || row->content.len % 4 == 0);
	rows_check_ids(row);
	rows_check_fields(s, row);
	if (s->check != NULL)
		s->check(s, row);
	s->digest = s->digest * 31 + row->kind + 16 * row->flags + 4096 * row->ordinal;
	return rows_shown(s, row->line);
}

static inline int rows_on_refused(void *context, struct span line, const char *why)
{
	struct rows_seen *s = context;

	CHECK(why != NULL && *why != '\0');
	s->refused++;
	return rows_shown(s, line);
}

static inline int rows_on_unknown(void *context, struct span line)
{
	struct rows_seen *s = context;

	s->unknown++;
	return rows_shown(s, line);
}

static inline struct rows_seen rows_parse(struct span body, const struct body_source *source,
	uint64_t most, void (*check)(struct rows_seen *, const struct row *))
{
	struct rows_seen s = {.body = body, .source = source, .most = most, .check = check};
	struct body_visitor v = {&s, rows_on_row, rows_on_refused, rows_on_unknown};
	int rc = body_parse(body, source, &v);

	CHECK(rc == (rows_total(&s) == most ? ROWS_ENOUGH : 0));
	return s;
}

/* The same every time, and a visitor that has had enough is asked no more. How many were shown. */
static inline struct rows_seen rows_check(struct span body, const struct body_source *source,
	void (*check)(struct rows_seen *, const struct row *))
{
	struct rows_seen all = rows_parse(body, source, UINT64_MAX, check);
	struct rows_seen again = rows_parse(body, source, UINT64_MAX, check);
	uint64_t some = rows_total(&all) / 2 + 1;

	CHECK(again.digest == all.digest && rows_total(&again) == rows_total(&all));
	if (rows_total(&all) > 0) {
		again = rows_parse(body, source, some, check);
		CHECK(rows_total(&again) == some);
	}
	return all;
}

#endif
