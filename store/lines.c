/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines: see the header. */
#include "store/lines.h"

#include <errno.h>

#include "lib/num.h"
#include "store/control.h"

/* ---- to text ---- */

static int put_byte(struct buf *b, char byte)
{
	unsigned char c = (unsigned char)byte;

	return c < ' ' || c == 0x7f || c == '%' ? buf_printf(b, "%%%02x", c) : buf_add(b, &byte, 1);
}

int lines_put_value(struct buf *b, struct span text)
{
	size_t len = b->len;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < text.len; i++)
		rc = put_byte(b, text.ptr[i]);
	if (rc < 0)
		b->len = len;
	return rc;
}

int lines_put_text(struct buf *b, const char *key, struct span text)
{
	size_t len = b->len;
	int rc = buf_printf(b, "%s=", key);

	if (rc == 0)
		rc = lines_put_value(b, text);
	if (rc == 0)
		rc = buf_add_str(b, "\n");
	if (rc < 0)
		b->len = len;
	return rc;
}

static int put_number(struct buf *b, const char *key, uint64_t number)
{
	return number == 0 ? 0 : buf_printf(b, "%s=%llu\n", key, (unsigned long long)number);
}

static int put_amount(struct buf *b, const char *key, uint64_t amount)
{
	return amount == SETTING_ZERO ? buf_printf(b, "%s=0\n", key) : put_number(b, key, amount);
}

static int put_fact(struct buf *b, const struct lines_fact *f, const char *record)
{
	const void *member = record + f->at;

	switch (f->kind) {
	case LINES_TEXT:
	case LINES_CUT:
	case LINES_LOOSE:
		return *(const char *)member ? lines_put_text(b, f->key, span_str(member)) : 0;
	case LINES_NUMBER:
		return put_number(b, f->key, *(const uint64_t *)member);
	case LINES_AMOUNT:
		return put_amount(b, f->key, *(const uint64_t *)member);
	case LINES_CHOICE:
		return *(const int8_t *)member
			       ? buf_printf(b, "%s=%d\n", f->key, *(const int8_t *)member)
			       : 0;
	case LINES_TRUTH:
		return put_number(b, f->key, *(const bool *)member);
	case LINES_WORD:
		return buf_printf(b, "%s=%s\n", f->key, f->words[*(const unsigned *)member]);
	case LINES_CODE:
		return *(const bool *)(record + f->has_at)
			       ? buf_printf(b, "%s=%lld\n", f->key,
					 (long long)*(const int64_t *)member)
			       : 0;
	}
	return -EINVAL;
}

int lines_put(struct buf *b, const struct lines_fact *facts, size_t count, const void *record)
{
	size_t len = b->len;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = put_fact(b, &facts[i], record);
	if (rc < 0)
		b->len = len;
	return rc;
}

/* ---- from text ---- */

int lines_next(struct span *rest, struct span *ret_key, struct span *ret_value)
{
	struct span line;

	if (!span_next_line(rest, &line))
		return 0;
	if (!span_has(line, '='))
		return -EUCLEAN;
	(void)span_next(&line, '=', ret_key);
	*ret_value = line;
	return 1;
}

/* Takes one byte off; NUL is never written. */
static int next_byte(struct span *value, char *ret)
{
	uint64_t byte = (unsigned char)value->ptr[0];
	bool escaped = byte == '%';

	if (escaped && (value->len < 3 || num_hex(span_of(value->ptr + 1, 2), 2, &byte) < 0))
		return -EUCLEAN;
	if (byte == '\0')
		return -EUCLEAN;
	*value = span_from(*value, escaped ? 3 : 1);
	*ret = (char)byte;
	return 0;
}

int lines_get_text(struct span value, struct buf *into)
{
	size_t len = into->len;
	int rc = 0;
	char byte;

	while (rc == 0 && value.len > 0) {
		rc = next_byte(&value, &byte);
		if (rc == 0)
			rc = buf_add(into, &byte, 1);
	}
	if (rc < 0)
		into->len = len;
	return rc;
}

/* What does not fit is looked at as well. */
static int get_text(const struct lines_fact *f, struct span value, char *text)
{
	size_t len = 0;
	char byte;

	memset(text, '\0', f->room);
	for (; value.len > 0; len++) {
		if (next_byte(&value, &byte) < 0)
			return -EUCLEAN;
		if (len + 1 < f->room)
			text[len] = byte;
	}
	if (len < f->room)
		return 0;
	if (f->kind == LINES_LOOSE)
		memset(text, '\0', f->room);
	return f->kind == LINES_TEXT ? -EUCLEAN : 0;
}

static int get_amount(struct span value, uint64_t *ret)
{
	if (num_u64(value, 0, UINT64_MAX, ret) < 0)
		return -EUCLEAN;
	if (*ret == 0)
		*ret = SETTING_ZERO;
	return 0;
}

static int get_choice(struct span value, int8_t *ret)
{
	int64_t choice;

	if (num_i64(value, -1, 1, &choice) < 0)
		return -EUCLEAN;
	*ret = (int8_t)choice;
	return 0;
}

static int get_truth(struct span value, bool *ret)
{
	uint64_t truth;

	if (num_u64(value, 0, 1, &truth) < 0)
		return -EUCLEAN;
	*ret = truth == 1;
	return 0;
}

static int get_word(struct span value, const char *const *words, unsigned *ret)
{
	for (unsigned i = 0; words[i]; i++)
		if (span_is(value, words[i])) {
			*ret = i;
			return 0;
		}
	return -EUCLEAN;
}

static int get_fact(const struct lines_fact *f, struct span value, char *record)
{
	void *member = record + f->at;

	switch (f->kind) {
	case LINES_TEXT:
	case LINES_CUT:
	case LINES_LOOSE:
		return get_text(f, value, member);
	case LINES_NUMBER:
		return num_u64(value, 0, UINT64_MAX, member) < 0 ? -EUCLEAN : 0;
	case LINES_AMOUNT:
		return get_amount(value, member);
	case LINES_CHOICE:
		return get_choice(value, member);
	case LINES_TRUTH:
		return get_truth(value, member);
	case LINES_WORD:
		return get_word(value, f->words, member);
	case LINES_CODE:
		*(bool *)(record + f->has_at) = true;
		return num_i64(value, INT64_MIN, INT64_MAX, member) < 0 ? -EUCLEAN : 0;
	}
	return -EUCLEAN;
}

int lines_get(const struct lines_fact *facts, size_t count, struct span key, struct span value,
	void *record)
{
	for (size_t i = 0; i < count; i++)
		if (span_is(key, facts[i].key))
			return get_fact(&facts[i], value, record);
	return 0; /* a newer program's */
}

int lines_get_all(const struct lines_fact *facts, size_t count, struct span text, void *record)
{
	struct span key, value;
	int rc;

	while ((rc = lines_next(&text, &key, &value)) > 0) {
		rc = lines_get(facts, count, key, value, record);
		if (rc < 0)
			return rc;
	}
	return rc;
}
