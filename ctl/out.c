/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out: three ways to write the same rows. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>

#include "ctl/out.h"
#include "ctl/text.h"

#define CELL_MAX_BYTES (64 * 1024 * 1024)
#define HELD_MAX_BYTES                                                                             \
	(1024 * 1024) /* a table's widths are those of so many bytes of rows; wider ones stand out \
		       */

void out_begin(struct out *o, FILE *to, enum out_format format, const struct out_column *columns,
	size_t column_count)
{
	*o = (struct out){
		.to = to, .format = format, .columns = columns, .column_count = column_count};
	o->held = buf_with_max(CELL_MAX_BYTES);
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

static int repaired(json_t *object, const char *key, struct span text)
{
	char hex_key[128];
	struct buf b = buf_with_max(CELL_MAX_BYTES);
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

int out_json_text(json_t *object, const char *key, struct span text)
{
	if (!text_is_utf8(text))
		return repaired(object, key, text);
	if (json_object_set_new(object, key, json_stringn(text.ptr ? text.ptr : "", text.len)) < 0)
		return -ENOMEM;
	return 0;
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

static int json_cell(json_t *object, const char *key, const struct out_cell *c)
{
	json_t *value = NULL;
	switch (c->kind) {
	case OUT_NONE:
		return 0;
	case OUT_TEXT:
		return out_json_text(object, key, c->text);
	case OUT_NUMBER:
		value = json_integer((json_int_t)(c->number > INT64_MAX ? INT64_MAX : c->number));
		break;
	case OUT_TRUTH:
		value = json_boolean(c->number != 0);
		break;
	case OUT_WORDS:
		value = json_words(c->text);
		break;
	}
	return json_object_set_new(object, key, value) < 0 ? -ENOMEM : 0;
}

int out_json(FILE *to, json_t *object)
{
	if (!object)
		return -ENOMEM;
	errno = 0;
	int rc = json_dumpf(object, to, JSON_COMPACT) < 0 || putc('\n', to) == EOF ? -EIO : 0;
	if (rc < 0 && errno)
		rc = -errno;
	json_decref(object);
	return rc;
}

json_t *out_json_cells(
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

/* ---- text, for CSV and for people ---- */

static struct span number_text(uint64_t number, char *room, size_t bytes)
{
	snprintf(room, bytes, "%" PRIu64, number);
	return span_str(room);
}

static struct span plain(const struct out_cell *c, char *room, size_t bytes)
{
	switch (c->kind) {
	case OUT_NONE:
		break;
	case OUT_TEXT:
	case OUT_WORDS:
		return c->text;
	case OUT_NUMBER:
		return number_text(c->number, room, bytes);
	case OUT_TRUTH:
		return span_str(c->number ? "yes" : "no");
	}
	return span_of(NULL, 0);
}

static int put(FILE *to, struct span s)
{
	if (s.len > 0 && fwrite(s.ptr, 1, s.len, to) != s.len)
		return errno ? -errno : -EIO;
	return 0;
}

static int csv_head(struct out *o)
{
	for (size_t i = 0; i < o->column_count; i++)
		if (fprintf(o->to, "%s%s", i ? "," : "", o->columns[i].key) < 0)
			return -EIO;
	return put(o->to, span_str("\r\n"));
}

static int csv_row(struct out *o, const struct out_cell *cells)
{
	char room[32];
	struct buf line = buf_with_max(CELL_MAX_BYTES);
	int rc = o->headed ? 0 : csv_head(o);
	o->headed = true;
	for (size_t i = 0; rc == 0 && i < o->column_count; i++) {
		rc = i ? buf_add_str(&line, ",") : 0;
		if (rc == 0)
			rc = text_csv(&line, plain(&cells[i], room, sizeof(room)));
	}
	if (rc == 0)
		rc = buf_add_str(&line, "\r\n");
	if (rc == 0)
		rc = put(o->to, buf_span(&line));
	buf_free(&line);
	return rc;
}

/* ---- the table ---- */

/* The cell as people get it, appended to `b` with a NUL behind it. */
static int show(struct buf *b, const struct out_cell *c)
{
	char room[32];
	struct span s = plain(c, room, sizeof(room));
	if (c->shown.ptr)
		s = c->shown;
	else if (c->kind == OUT_NUMBER && c->text.ptr)
		s = c->text;
	int rc = s.len > 0 ? text_escape(b, s, "") : buf_add_str(b, "-");
	return rc < 0 ? rc : buf_add(b, "", 1);
}

static int pad(FILE *to, size_t columns)
{
	for (size_t i = 0; i < columns; i++)
		if (putc(' ', to) == EOF)
			return errno ? -errno : -EIO;
	return 0;
}

/* One line of cells that each end with a NUL; blanks at its end are left out. Gives what is behind
 * it. */
static int table_line(struct out *o, const char *cell, const char **ret_behind)
{
	size_t owed = 0;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < o->column_count; i++) {
		if (!o->columns[i].heading)
			continue;
		struct span s = span_str(cell);
		size_t columns = text_columns(s),
		       room = o->widths[i] > columns ? o->widths[i] - columns : 0;
		bool right = o->columns[i].right;
		rc = pad(o->to, owed + (right ? room : 0));
		if (rc == 0)
			rc = put(o->to, s);
		owed = 2 + (right ? 0 : room);
		cell += s.len + 1;
	}
	*ret_behind = cell;
	return rc < 0 ? rc : put(o->to, span_str("\n"));
}

static int table_head(struct out *o)
{
	struct buf b = buf_with_max(CELL_MAX_BYTES);
	const char *behind;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < o->column_count; i++)
		if (o->columns[i].heading)
			rc = buf_add(&b, o->columns[i].heading, strlen(o->columns[i].heading) + 1);
	if (rc == 0)
		rc = table_line(o, b.ptr, &behind);
	buf_free(&b);
	return rc;
}

static int table_flush(struct out *o)
{
	int rc = o->headed ? 0 : table_head(o);
	o->headed = true;
	const char *at = o->held.ptr;
	for (size_t i = 0; rc == 0 && i < o->held_rows; i++)
		rc = table_line(o, at, &at);
	buf_clear(&o->held);
	o->held_rows = 0;
	return rc;
}

static int table_row(struct out *o, const struct out_cell *cells)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < o->column_count; i++) {
		size_t before = o->held.len;
		if (!o->columns[i].heading)
			continue;
		rc = show(&o->held, &cells[i]);
		size_t columns = rc < 0 ? 0 : text_columns(span_str(o->held.ptr + before));
		if (columns > o->widths[i])
			o->widths[i] = columns;
	}
	o->held_rows++;
	if (rc == 0 && (o->at_once || o->held.len > HELD_MAX_BYTES))
		rc = table_flush(o);
	return rc;
}

int out_row(struct out *o, const struct out_cell *cells)
{
	int rc = 0;
	errno = 0;
	switch (o->format) {
	case OUT_TABLE:
		rc = table_row(o, cells);
		break;
	case OUT_CSV:
		rc = csv_row(o, cells);
		break;
	case OUT_JSON:
		rc = out_json(o->to, out_json_cells(o->columns, o->column_count, cells));
		break;
	}
	if (rc == 0 && o->at_once)
		rc = out_flushed(o->to);
	return rc;
}

int out_end(struct out *o)
{
	int rc = 0;
	errno = 0;
	if (o->format == OUT_TABLE)
		rc = table_flush(o);
	else if (o->format == OUT_CSV && !o->headed)
		rc = csv_head(o);
	buf_free(&o->held);
	return rc < 0 ? rc : out_flushed(o->to);
}

int out_card(struct out *o, const struct out_cell *cells)
{
	int rc = 0;
	size_t widest = 0;
	if (o->format != OUT_TABLE)
		return out_row(o, cells);
	for (size_t i = 0; i < o->column_count; i++)
		if (o->columns[i].heading && strlen(o->columns[i].heading) > widest)
			widest = strlen(o->columns[i].heading);
	errno = 0;
	for (size_t i = 0; rc == 0 && i < o->column_count; i++) {
		if (!o->columns[i].heading)
			continue;
		buf_clear(&o->held);
		rc = show(&o->held, &cells[i]);
		if (rc == 0 && fprintf(o->to, "%-*s  %s\n", (int)widest, o->columns[i].heading,
				       o->held.ptr) < 0)
			rc = errno ? -errno : -EIO;
	}
	buf_clear(&o->held);
	o->headed = true;
	return rc;
}
