/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rows_json TARGET: a body on standard input, which came to this request target; what parserd makes
 * of it on standard output, one JSON object a line. For run.sh. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/target.h"
#include "parserd/body.h"

#define BODY_MAX    ((size_t)1 << 20)
#define RECEIVED_US ((uint64_t)1798761600 * 1000000) /* 2027-01-01: the same on every day */
#define SHOWN_BYTES 24                               /* of a content */

/* Bytes that are no UTF-8 cannot stand in JSON; they are shown as text of hex digits. */
static json_t *text(struct span s)
{
	json_t *value = json_stringn(s.len ? s.ptr : "", s.len);
	struct buf hex = buf_with_max(BODY_MAX);
	int rc = 0;

	if (value != NULL)
		return value;
	rc = buf_add_str(&hex, "hex:");
	for (size_t i = 0; rc == 0 && i < s.len; i++)
		rc = buf_printf(&hex, "%02x", (unsigned char)s.ptr[i]);
	value = rc == 0 ? json_stringn(hex.ptr, hex.len) : NULL;
	buf_free(&hex);
	return value;
}

static int print_object(json_t *object)
{
	int rc = json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);

	putchar('\n');
	json_decref(object);
	return rc;
}

/* Without what is not there. */
static void add(json_t *object, const char *name, json_t *value, bool there)
{
	if (there)
		json_object_set_new(object, name, value);
	else
		json_decref(value);
}

static json_t *ids_of(const struct row *row)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < row->id_count; i++)
		json_array_append_new(ids, text(row->ids[i]));
	return ids;
}

static json_t *fields_of(const struct row *row, bool secret)
{
	json_t *fields = json_object();

	for (size_t i = 0; i < row->field_count; i++) {
		const struct row_field *f = &row->fields[i];

		if (f->secret == secret)
			json_object_setn_new_nocheck(
				fields, f->name.ptr, f->name.len, text(f->value));
	}
	return fields;
}

static json_t *flags_of(const struct row *row)
{
	static const char *const names[] = {
		"size wrong", "short", "not base64", "time absurd", "live", "refused face"};
	json_t *flags = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (row->flags & 1U << i)
			json_array_append_new(flags, json_string(names[i]));
	return flags;
}

static json_t *content_of(const struct row *row)
{
	size_t shown = row->content.len < SHOWN_BYTES ? row->content.len : SHOWN_BYTES;

	return json_pack("{s:I, s:o, s:b}", "bytes", (json_int_t)row->content.len, "begins",
		text(span_of(row->content.ptr, shown)), "base64", row->content_base64);
}

static int print_row(void *context, const struct row *row)
{
	static const char *const kinds[ROW_KINDS] = {"user", "template", "picture", "operation",
		"error", "event", "message", "message-user", "workcode", "idcard", "option",
		"photo", "image"};
	const struct clock_local *t = &row->time;
	json_t *object = json_pack("{s:s, s:o}", "kind", kinds[row->kind], "ids", ids_of(row));
	json_t *fields = fields_of(row, false), *secret = fields_of(row, true);
	json_t *flags = flags_of(row);

	(void)context;
	add(object, "time",
		json_sprintf("%04u-%02u-%02u %02u:%02u:%02u", t->year, t->month, t->day, t->hour,
			t->minute, t->second),
		t->month != 0);
	add(object, "fields", fields, json_object_size(fields) > 0);
	add(object, "secret", secret, json_object_size(secret) > 0);
	add(object, "content", content_of(row), row->content.ptr != NULL);
	add(object, "flags", flags, json_array_size(flags) > 0);
	add(object, "ordinal", json_integer(row->ordinal), row->ordinal > 0);
	return print_object(object);
}

static json_t *beginning(struct span line)
{
	return text(span_of(line.ptr, line.len < 80 ? line.len : 80));
}

static int print_refused(void *context, struct span line, const char *why)
{
	(void)context;
	return print_object(json_pack("{s:s, s:o}", "refused", why, "line", beginning(line)));
}

static int print_unknown(void *context, struct span line)
{
	(void)context;
	return print_object(json_pack("{s:o}", "unknown", beginning(line)));
}

static int print_rows(const char *request, struct span body)
{
	static struct target target;
	struct target_upload upload;
	struct body_source source = {.received_us = RECEIVED_US};
	struct body_visitor v = {NULL, print_row, print_refused, print_unknown};

	if (target_parse(span_str(request), &target) != 0 || target_upload(&target, &upload) != 0)
		return 1;
	source.table = span_str(upload.table);
	(void)target_param(&target, "PIN", &source.pin);
	(void)target_param(&target, "FID", &source.number);
	return body_knows(source.table) ? body_parse(body, &source, &v) : puts("whole") < 0;
}

int main(int argc, char **argv)
{
	struct buf body = buf_with_max(BODY_MAX);

	if (argc != 2 || io_read_all(STDIN_FILENO, &body) != 0)
		return 1;
	int rc = print_rows(argv[1], buf_span(&body));
	buf_free(&body);
	return rc == 0 ? 0 : 1;
}
