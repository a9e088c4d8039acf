/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keep_text: see the header. */
#include "parserd/keep_text.h"

#include <errno.h>
#include <stdio.h>

#include "lib/base64.h"
#include "lib/charset.h"
#include "lib/utf8.h"
#include "store/lines.h"

#define NAME_BYTES   80 /* a row's name has at most 64, and then ".raw" */
#define NO_CHARACTER "\xef\xbf\xbd"

static bool is_of(const struct row_field *field, enum keep_part part)
{
	return (part & (field->secret ? KEEP_SECRET : KEEP_OPEN)) != 0;
}

bool keep_text_has(const struct row *row, enum keep_part part)
{
	for (size_t i = 0; i < row->field_count; i++)
		if (is_of(&row->fields[i], part))
			return true;
	return false;
}

/* ---- a field ---- */

/* What is no character of anything: U+FFFD for each byte that is none. */
static int put_replaced(struct buf *b, struct span text)
{
	uint32_t code;
	int rc = 0;

	for (size_t len; rc == 0 && text.len > 0; text = span_from(text, len > 0 ? len : 1)) {
		len = utf8_next(text, &code);
		rc = len > 0 ? buf_add(b, text.ptr, len) : buf_add_str(b, NO_CHARACTER);
	}
	return rc;
}

/* As UTF-8 by the first of three readings that fits: it is that already, it is GB18030, it is
 * neither. Which one was right, whoever knows the terminal's language tells by the raw bytes. */
static int put_converted(struct buf *b, struct span text)
{
	int rc = charset_put_utf8(b, text);

	return rc == -EILSEQ ? put_replaced(b, text) : rc;
}

static int put_hex(struct buf *b, struct span bytes)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < bytes.len; i++)
		rc = buf_printf(b, "%02x", (unsigned char)bytes.ptr[i]);
	return rc;
}

static int put_foreign(struct buf *b, char name[static NAME_BYTES], struct span value)
{
	struct buf text = buf_with_max(b->max);
	int rc = put_converted(&text, value);

	if (rc == 0)
		rc = lines_put_text(b, name, buf_span(&text));
	buf_free(&text);
	if (rc == 0)
		rc = buf_printf(b, "%s.raw=", name);
	if (rc == 0)
		rc = put_hex(b, value);
	return rc == 0 ? buf_add_str(b, "\n") : rc;
}

static int put_field(struct buf *b, const struct row_field *field)
{
	char name[NAME_BYTES];

	snprintf(name, sizeof(name), "%.*s", SPAN_ARG(field->name));
	return utf8_valid(field->value) ? lines_put_text(b, name, field->value)
					: put_foreign(b, name, field->value);
}

/* ---- all fields ---- */

/* Into a place of its own behind those that stand before it. */
static void insert(const struct row_field **sorted, size_t count, const struct row_field *field)
{
	for (; count > 0 && span_order(field->name, sorted[count - 1]->name) < 0; count--)
		sorted[count] = sorted[count - 1];
	sorted[count] = field;
}

/* "name.raw" keeps the order: no name has a character below the dot. */
int keep_text_fields(struct buf *b, const struct row *row, enum keep_part part)
{
	const struct row_field *sorted[ROW_FIELDS_MAX];
	size_t count = 0;
	int rc = 0;

	for (size_t i = 0; i < row->field_count; i++)
		if (is_of(&row->fields[i], part))
			insert(sorted, count++, &row->fields[i]);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = put_field(b, sorted[i]);
	return rc;
}

/* ---- content ---- */

int keep_text_content(struct buf *b, const struct row *row, bool *ret_decoded)
{
	int rc = row->content_base64 ? base64_get(b, row->content) : buf_add_span(b, row->content);

	*ret_decoded = rc != -EINVAL;
	return rc == -EINVAL ? buf_add_span(b, row->content) : rc;
}
