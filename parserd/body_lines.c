/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body_lines: "KEYWORD key=value TAB key=value", kinds mixed. What the keywords and keys mean is in
 * row_table.c. */
#include "parserd/body_parsers.h"
#include "parserd/pairs.h"
#include "parserd/reading.h"
#include "parserd/repeats.h"

struct parsing {
	const struct body_source *source;
	const struct body_visitor *visitor;
	const struct row_form *table;      /* of lines without a keyword; NULL: they are unknown */
	struct repeats repeats[ROW_KINDS]; /* of the kinds that are logs */
	struct row row;
};

/* ---- OPLOG: bare values ---- */

static const char *read_operands(struct row *row, struct span rest)
{
	static const char *const names[] = {"o1", "o2", "o3", "o4"};
	struct span value;
	const char *why = NULL;

	for (size_t i = 0; why == NULL && i < 4; i++) {
		if (!span_next(&rest, '\t', &value))
			return NULL;
		why = row_fill_field(row, span_str(names[i]), value, false);
	}
	if (why == NULL && rest.len > 0)
		why = row_fill_field(row, span_str("extra"), rest, true);
	return why;
}

static const char *read_operation(struct row *row, uint64_t received_us)
{
	struct span rest = row->text, code, admin, time;

	if (!span_next(&rest, '\t', &code) || !span_next(&rest, '\t', &admin) ||
		!span_next(&rest, '\t', &time))
		return "fewer than three fields";
	if (code.len == 0)
		return "code is empty";
	if (clock_parse_local(time, &row->time) != 0)
		return "time is not YYYY-MM-DD HH:MM:SS";
	if (reading_is_absurd(&row->time, received_us))
		row->flags |= ROW_TIME_ABSURD;
	const char *why = row_fill_field(row, span_str("code"), code, false);
	if (why == NULL)
		why = row_fill_field(row, span_str("admin"), admin, false);
	return why == NULL ? read_operands(row, rest) : why;
}

/* ---- a line ---- */

static const char *read_line(struct parsing *p, const struct row_form *form)
{
	struct row_filling f;

	row_fill_begin(&f, &p->row, form, p->source->received_us);
	if (span_has(p->row.line, '\0'))
		return "NUL in the line";
	if (span_trim(p->row.text).len == 0)
		return "no field";
	if (form->kind == ROW_OPERATION)
		return read_operation(&p->row, p->source->received_us);
	const char *why = row_fill_pairs(&f, p->row.text, '\t');
	if (why == NULL)
		why = form->kind == ROW_PHOTO ? body_photo_end(&f) : row_fill_end(&f);
	return why;
}

static int one_line(struct parsing *p, struct span line)
{
	const struct body_visitor *v = p->visitor;
	struct span text = line, keyword = pairs_take_keyword(&text);
	const struct row_form *form = keyword.len > 0 ? row_form_of_keyword(keyword) : p->table;

	if (form == NULL)
		return v->unknown(v->context, line);
	p->row.line = line;
	p->row.text = text;
	const char *why = read_line(p, form);
	if (why != NULL)
		return v->refused(v->context, line, why);
	int rc = row_is_log(form->kind)
			 ? repeats_count(&p->repeats[form->kind], text, &p->row.ordinal)
			 : 0;
	return rc == 0 ? v->row(v->context, &p->row) : rc;
}

int body_lines_parse(
	struct span body, const struct body_source *source, const struct body_visitor *visitor)
{
	struct parsing p = {
		.source = source,
		.visitor = visitor,
		.table = row_form_of_table(source->table),
	};
	struct span line;
	int rc = 0;

	for (size_t i = 0; i < ROW_KINDS; i++)
		p.repeats[i] = repeats_of(body);
	while (rc == 0 && span_next_line(&body, &line))
		if (line.len > 0)
			rc = one_line(&p, line);
	for (size_t i = 0; i < ROW_KINDS; i++)
		repeats_free(&p.repeats[i]);
	return rc;
}
