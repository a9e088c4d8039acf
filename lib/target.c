/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target: one pass over a copy of the target; values are decoded where they stand, which only ever
 * makes them shorter. */
#include "lib/target.h"

#include <errno.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %XX becomes its byte; a '%' that begins no such thing is a '%': terminals send values that nobody
 * encoded. */
static size_t decode(char *text, size_t len)
{
	size_t to = 0;

	for (size_t from = 0; from < len; from++) {
		int high = text[from] == '%' && from + 2 < len ? hex_digit(text[from + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[from + 2]) : -1;

		if (low >= 0) {
			text[to++] = (char)(high << 4 | low);
			from += 2;
		} else {
			text[to++] = text[from];
		}
	}
	return to;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* The last segment is the page; it is rooted when all before it are "iclock". Empty segments do not
 * count. */
static void read_path(char *path, size_t len, struct target *ret)
{
	struct span rest = span_of(path, len), segment, page = span_of(path, 0);
	const char *dot;

	ret->rooted = true;
	while (span_next(&rest, '/', &segment)) {
		if (segment.len == 0)
			continue;
		if (page.len > 0 && !span_is_nocase(page, "iclock"))
			ret->rooted = false;
		page = segment;
	}
	dot = page.len > 0 ? memrchr(page.ptr, '.', page.len) : NULL;
	if (dot)
		page.len = (size_t)(dot - page.ptr);
	for (size_t i = 0, at = (size_t)(page.ptr - path); i < page.len; i++)
		path[at + i] = lower(path[at + i]);
	ret->page = page;
}

/* "name=value" or "name". */
static void read_param(char *text, size_t len, struct target_param *ret)
{
	char *equals = memchr(text, '=', len);
	size_t name_len = equals ? (size_t)(equals - text) : len;
	char *value = equals ? equals + 1 : text + len;

	ret->name = span_of(text, name_len);
	ret->value = span_of(value, decode(value, len - (size_t)(value - text)));
}

static int read_query(char *query, size_t len, struct target *ret)
{
	struct span rest = span_of(query, len), piece;

	ret->param_count = 0;
	while (span_next(&rest, '&', &piece)) {
		if (piece.len == 0)
			continue;
		if (ret->param_count == TARGET_PARAMS_MAX)
			return -EMSGSIZE;
		read_param(
			query + (piece.ptr - query), piece.len, &ret->params[ret->param_count++]);
	}
	return 0;
}

int target_parse(struct span text, struct target *ret)
{
	char *mark;
	size_t path_len;

	if (text.len > TARGET_MAX)
		return -EMSGSIZE;
	if (text.len == 0 || text.ptr[0] != '/')
		return -EINVAL;
	memcpy(ret->text, text.ptr, text.len);
	ret->text[text.len] = '\0';
	mark = memchr(ret->text, '?', text.len);
	path_len = mark ? (size_t)(mark - ret->text) : text.len;
	read_path(ret->text, path_len, ret);
	if (mark)
		path_len++;
	return read_query(ret->text + path_len, text.len - path_len, ret);
}

bool target_param(const struct target *t, const char *name, struct span *ret_value)
{
	for (size_t i = 0; i < t->param_count; i++) {
		if (span_is_nocase(t->params[i].name, name)) {
			*ret_value = t->params[i].value;
			return true;
		}
	}
	return false;
}

/* ---- which table ---- */

static bool in_table_name(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static int set_table(struct span name, struct target_upload *ret)
{
	if (name.len > TARGET_TABLE_MAX)
		return -EINVAL;
	for (size_t i = 0; i < name.len; i++) {
		char c = upper(name.ptr[i]);

		if (!in_table_name(c))
			return -EINVAL;
		ret->table[i] = c;
	}
	ret->table[name.len] = '\0';
	return 0;
}

/* Firmware that names no table. A page of its own says more than a stamp: a photo's bytes are never
 * punches. */
static const char *implied_table(const struct target *t)
{
	static const struct {
		const char *page, *param, *table;
	} hints[] = {
		{"fdata", NULL, "ATTPHOTO"},
		{"event", NULL, "EVENT"},
		{"querydata", NULL, "QUERYDATA"},
		{NULL, "Stamp", "ATTLOG"},
		{NULL, "OpStamp", "OPERLOG"},
		{NULL, "PhotoStamp", "ATTPHOTO"},
		{NULL, "FPImage", "FPIMAGE"},
	};
	struct span unused;

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].page ? span_is(t->page, hints[i].page)
				  : target_param(t, hints[i].param, &unused))
			return hints[i].table;
	return "";
}

static struct span find_stamp(const struct target *t)
{
	static const char *const names[] = {"Stamp", "OpStamp", "PhotoStamp"};
	struct span value;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (target_param(t, names[i], &value))
			return span_trim(value);
	return span_of(NULL, 0);
}

int target_upload(const struct target *t, struct target_upload *ret)
{
	struct target_upload upload = {.stamp = find_stamp(t)};
	struct span table = span_of(NULL, 0);
	int rc;

	if (target_param(t, "table", &table))
		table = span_trim(table);
	rc = set_table(table.len > 0 ? table : span_str(implied_table(t)), &upload);
	if (rc < 0)
		return rc;
	*ret = upload;
	return 0;
}
