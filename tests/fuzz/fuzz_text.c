/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operator gets to see: whatever bytes a terminal sent, they are shown and not obeyed, and
 * can be told from what is shown. UTF-8 is held against libc's. */
#include <errno.h>
#include <iconv.h>

#include "ctl/text.h"
#include "lib/num.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

static bool is_utf8_by_libc(struct span s)
{
	static iconv_t conversion;
	char *from = (char *)(uintptr_t)s.ptr;
	size_t from_len = s.len, room = 4 * s.len + 4;
	char *codes = malloc(room), *to = codes;
	bool good;

	if (!conversion)
		conversion = iconv_open("UTF-32LE", "UTF-8");
	CHECK(conversion != (iconv_t)-1 && codes);
	(void)iconv(conversion, NULL, NULL, NULL, NULL);
	good = iconv(conversion, &from, &from_len, &to, &room) != (size_t)-1 && from_len == 0;
	free(codes);
	return good;
}

/* \\ and \xNN back into bytes. */
static void unescape(struct span s, struct buf *ret)
{
	uint64_t byte;

	for (; s.len > 0; s = span_from(s, 1)) {
		char c = *s.ptr;

		if (c == '\\' && span_starts(s, "\\\\")) {
			s = span_from(s, 1);
		} else if (c == '\\') {
			CHECK(span_starts(s, "\\x") && s.len >= 4);
			CHECK(num_hex(span_of(s.ptr + 2, 2), 2, &byte) == 0);
			c = (char)byte;
			s = span_from(s, 3);
		}
		CHECK(buf_add(ret, &c, 1) == 0);
	}
}

static void check_harmless(struct span s, const char *keep)
{
	uint32_t code;

	for (size_t len; s.len > 0; s = span_from(s, len)) {
		len = utf8_next(s, &code);
		CHECK(len > 0);
		if (code && code < 0x80 && strchr(keep, (int)code))
			continue;
		CHECK(code >= 0x20 && !(code >= 0x7f && code <= 0x9f));
		CHECK(!(code >= 0x200b && code <= 0x200f) && !(code >= 0x2028 && code <= 0x202e));
		CHECK(!(code >= 0x2066 && code <= 0x2069) && code != 0xfeff);
	}
}

static void check_escaped(struct span s, const char *keep)
{
	struct buf escaped = buf_with_max(4 * s.len), back = buf_with_max(4 * s.len);

	CHECK(text_escape(&escaped, s, keep) == 0);
	check_harmless(buf_span(&escaped), keep);
	unescape(buf_span(&escaped), &back);
	CHECK(span_eq(buf_span(&back), s));
	buf_free(&escaped);
	buf_free(&back);
}

/* A field as a reader of RFC 4180 takes it, with its quotes off. */
static void read_csv(struct span field, struct buf *ret)
{
	bool quoted = span_starts(field, "\"");

	if (quoted) {
		CHECK(field.len >= 2 && field.ptr[field.len - 1] == '"');
		field = span_of(field.ptr + 1, field.len - 2);
	}
	for (size_t i = 0; i < field.len; i++) {
		char c = field.ptr[i];

		CHECK(quoted || (c != ',' && c != '"' && c != '\r' && c != '\n'));
		if (c == '"')
			CHECK(++i < field.len && field.ptr[i] == '"');
		CHECK(buf_add(ret, &c, 1) == 0);
	}
}

static void check_csv(struct span s)
{
	size_t max = 8 * s.len + 2;
	struct buf field = buf_with_max(max), content = buf_with_max(max);
	struct buf back = buf_with_max(max);

	CHECK(text_csv(&field, s) == 0);
	read_csv(buf_span(&field), &content);
	check_harmless(buf_span(&content), "\t\r\n");
	unescape(buf_span(&content), &back);
	CHECK(span_eq(buf_span(&back), s));
	buf_free(&field);
	buf_free(&content);
	buf_free(&back);
}

/* Whatever has the form of an escaped text is bytes, and these escaped are it again but for what
 * may stand for itself. */
static void check_unescaped(struct span s)
{
	struct buf bytes = buf_with_max(s.len), wanted = buf_with_max(s.len),
		   again = buf_with_max(4 * s.len);
	int rc = text_unescape(&bytes, s);

	CHECK(rc == 0 || (rc == -EBADMSG && bytes.len == 0));
	if (rc == 0) {
		CHECK(text_escape(&again, buf_span(&bytes), "") == 0);
		CHECK(text_unescape(&wanted, buf_span(&again)) == 0);
		CHECK(span_eq(buf_span(&wanted), buf_span(&bytes)));
	}
	buf_free(&bytes);
	buf_free(&wanted);
	buf_free(&again);
}

static void check_file_part(struct span s)
{
	struct buf b = buf_with_max(3 * s.len);

	CHECK(text_file_part(&b, s) == 0 && b.len >= s.len);
	CHECK(b.len == 0 || b.ptr[0] != '.');
	CHECK(!span_has(buf_span(&b), '/') && !span_has(buf_span(&b), '\0'));
	for (size_t i = 0; i < b.len; i++)
		CHECK((unsigned char)b.ptr[i] > ' ' && (unsigned char)b.ptr[i] < 0x7f);
	buf_free(&b);
}

static void check_for_people(uint64_t number)
{
	char age[TEXT_AGE_BYTES], bytes[TEXT_SIZE_BYTES];

	text_age(number, age);
	text_size(number, bytes);
	CHECK(strtoull(age, NULL, 10) <= number && strchr(age, ' '));
	CHECK(strtoull(bytes, NULL, 10) <= number && strchr(bytes, ' '));
}

static void check_repaired(struct span s)
{
	struct buf repaired = buf_with_max(3 * s.len);

	CHECK(text_repair(&repaired, s) == 0);
	CHECK(utf8_valid(buf_span(&repaired)));
	CHECK(span_eq(buf_span(&repaired), s) == utf8_valid(s));
	buf_free(&repaired);
}

static void check_hex(struct span s)
{
	struct buf hex = buf_with_max(2 * s.len);
	uint64_t byte;

	CHECK(text_hex(&hex, s) == 0 && hex.len == 2 * s.len);
	for (size_t i = 0; i < s.len; i++) {
		CHECK(num_hex(span_of(hex.ptr + 2 * i, 2), 2, &byte) == 0);
		CHECK((unsigned char)s.ptr[i] == byte);
	}
	buf_free(&hex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of(data, size);

	CHECK(utf8_valid(s) == is_utf8_by_libc(s));
	check_escaped(s, "");
	check_escaped(s, "\t\n");
	check_csv(s);
	check_repaired(s);
	check_hex(s);
	check_unescaped(s);
	check_file_part(s);
	CHECK(text_columns(s) <= 2 * s.len);
	check_for_people(fuzz_hash(s) >> (s.len * 7 & 63));
	return 0;
}
