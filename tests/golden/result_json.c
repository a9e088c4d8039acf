/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result_json: a body of devicecmd on standard input, the results that cmdqd finds in it on
 * standard output, one JSON object a line. What was not said is not there. For results.sh. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "cmdqd/result.h"
#include "lib/io.h"

#define BODY_MAX ((size_t)1 << 20)

/* Bytes that are no UTF-8 cannot stand in JSON, and NUL would be hard to see: they are shown as
 * text of hex digits. */
static json_t *text(struct span s)
{
	json_t *value = span_has(s, '\0') ? NULL : json_stringn(s.len ? s.ptr : "", s.len);
	struct buf hex = buf_with_max(2 * BODY_MAX + 4);
	int rc = value ? 0 : buf_add_str(&hex, "hex:");

	if (value)
		return value;
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

static int add_text(json_t *object, const char *key, bool there, struct span value)
{
	return there ? json_object_set_new(object, key, text(value)) : 0;
}

static int print_result(const struct result *r)
{
	json_t *o = json_object();
	uint64_t id;
	int rc = add_text(o, "id", true, r->id);

	if (rc == 0 && result_id_number(r->id, &id))
		rc = json_object_set_new(o, "number", json_integer((json_int_t)id));
	if (rc == 0)
		rc = add_text(o, "serial", r->serial.len > 0, r->serial);
	if (rc == 0)
		rc = add_text(o, "name", r->name.len > 0, r->name);
	if (rc == 0)
		rc = add_text(o, "file", r->file.len > 0, r->file);
	if (rc == 0 && r->has_code)
		rc = json_object_set_new(o, "return", json_integer(r->code));
	if (rc == 0)
		rc = add_text(o, "content", r->has_content, r->content);
	return rc == 0 ? print_object(o) : rc;
}

static int print_refused(const struct result *r, const char *why)
{
	return print_object(json_pack("{s:s, s:o}", "refused", why, "text", text(r->text)));
}

int main(void)
{
	struct buf body = buf_with_max(BODY_MAX);
	const char *why = NULL;
	struct result r;
	int found, rc = io_read_all(STDIN_FILENO, &body);
	struct span rest = buf_span(&body);

	while (rc == 0 && (found = result_next(&rest, &r, &why)) != 0)
		rc = found < 0 ? print_refused(&r, why) : print_result(&r);
	buf_free(&body);
	return rc == 0 ? 0 : 1;
}
