/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body: which parser for which table. */
#include "parserd/body.h"

#include <errno.h>

#include "parserd/body_parsers.h"

typedef int parser(
	struct span body, const struct body_source *source, const struct body_visitor *visitor);

static parser *parser_of(struct span table)
{
	static const struct {
		const char *table;
		parser *parse;
	} parsers[] = {
		{"OPERLOG", body_lines_parse},
		{"ATTPHOTO", body_photo_parse},
		{"OPTIONS", body_options_parse},
		{"FPIMAGE", body_image_parse},
		{"FPIMAG", body_image_parse},
	};

	for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++)
		if (span_is(table, parsers[i].table))
			return parsers[i].parse;
	return row_form_of_table(table) != NULL ? body_lines_parse : NULL;
}

bool body_knows(struct span table)
{
	return parser_of(table) != NULL;
}

int body_parse(
	struct span body, const struct body_source *source, const struct body_visitor *visitor)
{
	parser *parse = parser_of(source->table);

	if (parse == NULL)
		return -ENOENT;
	return body.len > 0 ? parse(body, source, visitor) : 0;
}
