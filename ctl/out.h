/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out: rows for people (an aligned table with a heading), for spreadsheets (CSV, RFC 4180) and for
 * programs (JSON, one object a line). Whatever came from outside is escaped in the first two. In
 * JSON, bytes that are not UTF-8 become U+FFFD and a member "<key>_hex" beside it has them exactly.
 */
#ifndef PUNCHD_CTL_OUT_H
#define PUNCHD_CTL_OUT_H

#include <stdint.h>
#include <stdio.h>

#include "lib/buf.h"

enum out_format { OUT_TABLE, OUT_CSV, OUT_JSON };

#define OUT_COLUMNS_MAX 48

struct out_column {
	const char *key;     /* of JSON and CSV */
	const char *heading; /* of the table; NULL when people do not get the column */
	size_t width;        /* of the table, at least */
	bool right;          /* numbers stand at the right */
};

enum out_kind {
	OUT_NONE,    /* nothing to say: no member, an empty field, "-" */
	OUT_UNKNOWN, /* cannot be told: null, an empty field, "-" */
	OUT_TEXT,    /* bytes from anywhere */
	OUT_NUMBER,
	OUT_SIGNED, /* the same, with the bits of an int64_t */
	OUT_TRUTH,  /* `number` is 0 or 1 */
	OUT_WORDS,  /* words with one blank between; a list in JSON */
	OUT_OBJECT, /* one row inside; in JSON alone */
	OUT_LIST,   /* a list of rows inside; in JSON alone */
};

struct out_cell {
	enum out_kind kind;
	struct span text;
	uint64_t number;
	struct span shown; /* where set, what people get in place of it: a shorter spelling */
	const struct out_rows *rows;
};

struct out_rows {
	const struct out_column *columns;
	size_t column_count;
	const struct out_cell *cells; /* row after row */
	size_t row_count;
};

static inline struct out_cell out_text(struct span s)
{
	return (struct out_cell){.kind = OUT_TEXT, .text = s};
}

/* Where the text is empty there is nothing to say. */
static inline struct out_cell out_text_if_any(struct span s)
{
	return s.len > 0 ? out_text(s) : (struct out_cell){.kind = OUT_NONE};
}

static inline struct out_cell out_number(uint64_t number)
{
	return (struct out_cell){.kind = OUT_NUMBER, .number = number};
}

static inline struct out_cell out_signed(int64_t number)
{
	return (struct out_cell){.kind = OUT_SIGNED, .number = (uint64_t)number};
}

static inline struct out_cell out_truth(bool truth)
{
	return (struct out_cell){.kind = OUT_TRUTH, .number = truth};
}

struct out {
	FILE *to;
	enum out_format format;
	const struct out_column *columns;
	size_t column_count;
	bool ascii;   /* JSON with \uXXXX for all that is not ASCII: nothing in it can steer a
			 terminal; set where the output is one */
	bool at_once; /* every row is written as it comes; else a table holds rows back to find its
			 widths */
	/* private */
	bool headed;
	size_t widths[OUT_COLUMNS_MAX];
	struct buf held;
	size_t held_rows;
};

/* Begins. Nothing is written before the first row, or the end. */
void out_begin(struct out *o, FILE *to, enum out_format format, const struct out_column *columns,
	size_t column_count);
/* One row of `column_count` cells. 0, or a negative errno, of which -EPIPE means that nobody reads
 * any more. */
must_check int out_row(struct out *o, const struct out_cell *cells);
/* One thing alone: in a table a line for each cell, its heading before it. */
must_check int out_card(struct out *o, const struct out_cell *cells);
/* Writes what was held back, and the heading when there was no row at all. */
must_check int out_end(struct out *o);

/* All of it for one row. */
must_check int out_one(FILE *to, enum out_format format, const struct out_column *columns,
	size_t column_count, const struct out_cell *cells);

/* One line to standard output, with every byte escaped that could steer a terminal. Whether it was
 * written is known at the end, by out_flushed. */
void out_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Has the reader of a pipe or a terminal gone? */
bool out_unread(FILE *to);

/* The state of a stream that was written to: flushes it; 0, -EPIPE or another negative errno. */
must_check int out_flushed(FILE *to);

#endif
