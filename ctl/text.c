/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text: what came from outside is shown, never obeyed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <wchar.h>

#include "ctl/text.h"
#include "lib/utf8.h"

/* Characters that steer a terminal, hide, or change the order in which others are read. */
static bool steers(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1F}, {0x7F, 0x9F}, /* C0, DEL, C1 */
		{0xAD, 0xAD}, {0x61C, 0x61C}, {0x180E, 0x180E},
		{0x200B, 0x200F}, /* soft hyphen … right-to-left mark */
		{0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF},
		{0xFFF0, 0xFFFB},   /* separators, overrides, isolates */
		{0xE0000, 0xE0FFF}, /* tags */
	};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

int text_escape(struct buf *b, struct span s, const char *keep)
{
	int rc = 0;
	uint32_t code = 0;
	for (size_t len; rc == 0 && s.len > 0; s = span_from(s, len)) {
		len = utf8_next(s, &code);
		bool kept = len == 1 && s.ptr[0] != '\0' && strchr(keep, s.ptr[0]);
		if (kept || (len > 0 && code != '\\' && !steers(code)))
			rc = buf_add(b, s.ptr, len);
		else if (len == 1 && code == '\\')
			rc = buf_add_str(b, "\\\\");
		else
			for (size_t i = 0; rc == 0 && i < (len ? len : 1); i++)
				rc = buf_printf(b, "\\x%02x", (unsigned char)s.ptr[i]);
		if (len == 0)
			len = 1;
	}
	return rc;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes one byte off; false when a backslash begins nothing. */
static bool next_byte(struct span *escaped, char *ret)
{
	const char *p = escaped->ptr;
	size_t len = 1;
	*ret = p[0];
	if (p[0] == '\\' && escaped->len >= 2 && p[1] == '\\') {
		len = 2;
	} else if (p[0] == '\\') {
		if (escaped->len < 4 || p[1] != 'x' || digit(p[2]) < 0 || digit(p[3]) < 0)
			return false;
		*ret = (char)(digit(p[2]) << 4 | digit(p[3]));
		len = 4;
	}
	*escaped = span_from(*escaped, len);
	return true;
}

int text_unescape(struct buf *b, struct span escaped)
{
	size_t len = b->len;
	int rc = 0;
	char byte;
	while (rc == 0 && escaped.len > 0)
		rc = next_byte(&escaped, &byte) ? buf_add(b, &byte, 1) : -EBADMSG;
	if (rc < 0)
		b->len = len;
	return rc;
}

static int quote(struct buf *b, struct span s)
{
	int rc = buf_add_str(b, "\"");
	for (size_t i = 0; rc == 0 && i < s.len; i++)
		rc = s.ptr[i] == '"' ? buf_add_str(b, "\"\"") : buf_add(b, &s.ptr[i], 1);
	return rc < 0 ? rc : buf_add_str(b, "\"");
}

int text_csv(struct buf *b, struct span s)
{
	struct buf escaped = buf_with_max(4 * s.len);
	int rc = text_escape(&escaped, s, "\t\r\n");
	struct span e = buf_span(&escaped);
	if (rc == 0 &&
		(span_has(e, ',') || span_has(e, '"') || span_has(e, '\r') || span_has(e, '\n')))
		rc = quote(b, e);
	else if (rc == 0)
		rc = buf_add_span(b, e);
	buf_free(&escaped);
	return rc;
}

static bool is_plain_word(struct span s)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789/._-+:,@";
	for (size_t i = 0; i < s.len; i++)
		if (!memchr(good, s.ptr[i], sizeof(good) - 1))
			return false;
	return s.len > 0;
}

/* Between single quotes all is meant as it stands, but for a single quote. */
int text_word(struct buf *b, struct span s)
{
	if (is_plain_word(s))
		return buf_add_span(b, s);
	int rc = buf_add_str(b, "'");
	for (size_t i = 0; rc == 0 && i < s.len; i++)
		rc = s.ptr[i] == '\'' ? buf_add_str(b, "'\\''") : buf_add(b, &s.ptr[i], 1);
	return rc < 0 ? rc : buf_add_str(b, "'");
}

int text_repair(struct buf *b, struct span s)
{
	int rc = 0;
	uint32_t code;
	for (size_t len; rc == 0 && s.len > 0; s = span_from(s, len)) {
		len = utf8_next(s, &code);
		rc = len > 0 ? buf_add(b, s.ptr, len) : buf_add_str(b, "\xEF\xBF\xBD");
		if (len == 0)
			len = 1;
	}
	return rc;
}

int text_hex(struct buf *b, struct span s)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < s.len; i++)
		rc = buf_printf(b, "%02x", (unsigned char)s.ptr[i]);
	return rc;
}

int text_file_part(struct buf *b, struct span text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_-";
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < text.len; i++) {
		char c = text.ptr[i];
		bool as_it_is = c != '\0' && (strchr(plain, c) || (c == '.' && i > 0));
		rc = as_it_is ? buf_add(b, &c, 1) : buf_printf(b, "%%%02X", (unsigned char)c);
	}
	return rc;
}

size_t text_columns(struct span s)
{
	size_t columns = 0;
	uint32_t code = 0;
	for (size_t len; s.len > 0; s = span_from(s, len ? len : 1)) {
		len = utf8_next(s, &code);
		int wide = len > 1 ? wcwidth((wchar_t)code) : 1;
		columns += wide < 0 ? 1 : (size_t)wide;
	}
	return columns;
}

void text_age(uint64_t age_us, char ret_text[static TEXT_AGE_BYTES])
{
	uint64_t s = age_us / 1000000;
	if (s < 60)
		snprintf(ret_text, TEXT_AGE_BYTES, "%" PRIu64 " s", s);
	else if (s < 3600)
		snprintf(ret_text, TEXT_AGE_BYTES, "%" PRIu64 " min", s / 60);
	else if (s < 172800)
		snprintf(ret_text, TEXT_AGE_BYTES, "%" PRIu64 " h", s / 3600);
	else
		snprintf(ret_text, TEXT_AGE_BYTES, "%" PRIu64 " days", s / 86400);
}

void text_size(uint64_t bytes, char ret_text[static TEXT_SIZE_BYTES])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	uint64_t tenths = bytes * 10;
	size_t unit = 0;
	if (bytes > UINT64_MAX / 10)
		tenths = UINT64_MAX;
	for (; tenths >= 10240 && unit + 1 < sizeof(units) / sizeof(*units); unit++)
		tenths /= 1024;
	if (unit == 0)
		snprintf(ret_text, TEXT_SIZE_BYTES, "%" PRIu64 " B", bytes);
	else
		snprintf(ret_text, TEXT_SIZE_BYTES, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10,
			tenths % 10, units[unit]);
}
