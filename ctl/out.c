/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out: three ways to write the same rows; the only file that knows jansson. */
#include "ctl/out.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <unistd.h>

#include "ctl/out_text.h"
#include "ctl/text.h"
#include "lib/utf8.h"

void out_begin(struct out *o, FILE *to, enum out_format format, const struct out_column *columns,
	size_t column_count)
{
	*o = (struct out){
		.to = to, .format = format, .columns = columns, .column_count = column_count};
	o->ascii = fileno(to) >= 0 && isatty(fileno(to));
	o->held = buf_with_max(OUT_CELL_MAX_BYTES);
	for (size_t i = 0; i < column_count; i++) {
		size_t heading = columns[i].heading ? strlen(columns[i].heading) : 0;
		o->widths[i] = columns[i].width > heading ? columns[i].width : heading;
	}
}

bool out_unread(FILE *to)
{
	struct pollfd p = {.fd = fileno(to)};
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP | POLLNVAL));
}

int out_flushed(FILE *to)
{
	errno = 0;
	if (fflush(to) != EOF && !ferror(to))
		return 0;
	if (errno)
		return -errno;
	/* It failed before, and why is forgotten. */
	return out_unread(to) ? -EPIPE : -EIO;
}

void out_say(const char *format, ...)
{
	char line[8192];
	struct buf shown = buf_with_max(4 * sizeof(line));
	va_list arguments;
	va_start(arguments, format);
	int len = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (len >= 0 && text_escape(&shown, span_str(line), "\\") == 0)
		printf("%.*s\n", SPAN_ARG(buf_span(&shown)));
	buf_free(&shown);
}

/* ---- JSON ---- */

static json_t *json_row(
	const struct out_column *columns, size_t column_count, const struct out_cell *cells);

/* Adds "<key>" with U+FFFD where it is not UTF-8, and "<key>_hex". */
static int json_repaired(json_t *object, const char *key, struct span text)
{
	char hex_key[128];
	struct buf b = buf_with_max(OUT_CELL_MAX_BYTES);
	snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
	int rc = text_repair(&b, text);
	if (rc == 0 && json_object_set_new(object, key, json_stringn(b.ptr, b.len)) < 0)
		rc = -ENOMEM;
	buf_clear(&b);
	if (rc == 0)
		rc = text_hex(&b, text);
	if (rc == 0 && json_object_set_new(object, hex_key, json_stringn(b.ptr, b.len)) < 0)
		rc = -ENOMEM;
	buf_free(&b);
	return rc;
}

static json_t *json_words(struct span words)
{
	json_t *list = json_array();
	struct span word;
	while (list && words.len > 0 && span_next(&words, ' ', &word))
		if (json_array_append_new(list, json_stringn(word.ptr, word.len)) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *json_list(const struct out_rows *rows)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < rows->row_count; i++)
		if (json_array_append_new(list, json_row(rows->columns, rows->column_count,
							rows->cells + i * rows->column_count)) <
			0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *json_value(const struct out_cell *c)
{
	switch (c->kind) {
	case OUT_NONE:
	case OUT_UNKNOWN:
		break;
	case OUT_TEXT:
		return json_stringn(c->text.ptr ? c->text.ptr : "", c->text.len);
	case OUT_NUMBER:
		return json_integer((json_int_t)(c->number > INT64_MAX ? INT64_MAX : c->number));
	case OUT_SIGNED:
		return json_integer((json_int_t)c->number);
	case OUT_TRUTH:
		return json_boolean(c->number != 0);
	case OUT_WORDS:
		return json_words(c->text);
	case OUT_OBJECT:
		return json_row(c->rows->columns, c->rows->column_count, c->rows->cells);
	case OUT_LIST:
		return json_list(c->rows);
	}
	return json_null();
}

static int json_cell(json_t *object, const char *key, const struct out_cell *c)
{
	if (c->kind == OUT_NONE)
		return 0;
	if (c->kind == OUT_TEXT && !utf8_valid(c->text))
		return json_repaired(object, key, c->text);
	return json_object_set_new(object, key, json_value(c)) < 0 ? -ENOMEM : 0;
}

/* NULL when there is no memory. */
static json_t *json_row(
	const struct out_column *columns, size_t column_count, const struct out_cell *cells)
{
	json_t *object = json_object();
	for (size_t i = 0; object && i < column_count; i++)
		if (json_cell(object, columns[i].key, &cells[i]) < 0) {
			json_decref(object);
			return NULL;
		}
	return object;
}

static int json_line(struct out *o, const struct out_cell *cells)
{
	json_t *object = json_row(o->columns, o->column_count, cells);
	if (!object)
		return -ENOMEM;
	size_t how = JSON_COMPACT | (o->ascii ? JSON_ENSURE_ASCII : 0);
	int rc = json_dumpf(object, o->to, how) < 0 || putc('\n', o->to) == EOF ? -EIO : 0;
	if (rc < 0 && errno)
		rc = -errno;
	json_decref(object);
	return rc;
}

/* ---- all three ---- */

int out_row(struct out *o, const struct out_cell *cells)
{
	int rc = 0;
	errno = 0;
	switch (o->format) {
	case OUT_TABLE:
		rc = out_table_row(o, cells);
		break;
	case OUT_CSV:
		rc = out_csv_row(o, cells);
		break;
	case OUT_JSON:
		rc = json_line(o, cells);
		break;
	}
	if (rc == 0 && o->at_once)
		rc = out_flushed(o->to);
	return rc;
}

int out_card(struct out *o, const struct out_cell *cells)
{
	errno = 0;
	return o->format == OUT_TABLE ? out_table_card(o, cells) : out_row(o, cells);
}

int out_end(struct out *o)
{
	int rc = 0;
	errno = 0;
	if (o->format == OUT_TABLE)
		rc = out_table_flush(o);
	else if (o->format == OUT_CSV && !o->headed)
		rc = out_csv_head(o);
	buf_free(&o->held);
	return rc < 0 ? rc : out_flushed(o->to);
}

int out_one(FILE *to, enum out_format format, const struct out_column *columns, size_t column_count,
	const struct out_cell *cells)
{
	struct out o;
	out_begin(&o, to, format, columns, column_count);
	int rc = out_row(&o, cells);
	int end_rc = out_end(&o);
	return rc < 0 ? rc : end_rc;
}
