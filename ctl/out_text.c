/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out_text: what came from outside reaches a terminal escaped only. */
#include "ctl/out_text.h"

#include <errno.h>
#include <inttypes.h>

#include "ctl/text.h"

/* A table's widths are those of so many bytes of rows; wider ones that come later stand out. */
#define HELD_MAX_BYTES ((size_t)1024 * 1024)

static struct span number_text(uint64_t number, char *room, size_t bytes)
{
	snprintf(room, bytes, "%" PRIu64, number);
	return span_str(room);
}

static struct span plain(const struct out_cell *c, char *room, size_t bytes)
{
	switch (c->kind) {
	case OUT_NONE:
	case OUT_UNKNOWN:
	case OUT_OBJECT:
	case OUT_LIST:
		break;
	case OUT_TEXT:
	case OUT_WORDS:
		return c->text;
	case OUT_NUMBER:
		return number_text(c->number, room, bytes);
	case OUT_SIGNED:
		snprintf(room, bytes, "%" PRId64, (int64_t)c->number);
		return span_str(room);
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

int out_csv_head(struct out *o)
{
	for (size_t i = 0; i < o->column_count; i++)
		if (fprintf(o->to, "%s%s", i ? "," : "", o->columns[i].key) < 0)
			return -EIO;
	return put(o->to, span_str("\r\n"));
}

int out_csv_row(struct out *o, const struct out_cell *cells)
{
	char room[32];
	struct buf line = buf_with_max(OUT_CELL_MAX_BYTES);
	int rc = o->headed ? 0 : out_csv_head(o);
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
	struct buf b = buf_with_max(OUT_CELL_MAX_BYTES);
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

int out_table_flush(struct out *o)
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

int out_table_row(struct out *o, const struct out_cell *cells)
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
		rc = out_table_flush(o);
	return rc;
}

int out_table_card(struct out *o, const struct out_cell *cells)
{
	int rc = 0;
	size_t widest = 0;
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
