/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entry: the bytes of a spool file, written and read. Pure. The format is in docs/SPOOL.md. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <zlib.h>

#include "lib/clock.h"
#include "lib/num.h"
#include "lib/serial.h"
#include "spool/spool.h"

#define MAGIC "punchd-spool 1"

/* ---- reading ---- */

static uint32_t crc_of(uint32_t crc, struct span s)
{
	return (uint32_t)crc32_z(crc, (const Bytef *)s.ptr, s.len);
}

/* One line of bytes that LF ends. Unlike span_next_line it takes no line without LF and drops no
 * CR: this format is ours. */
static bool take_line(struct span *rest, struct span *ret_line)
{
	const char *lf = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
	if (!lf)
		return false;
	*ret_line = span_of(rest->ptr, (size_t)(lf - rest->ptr));
	*rest = span_from(*rest, ret_line->len + 1);
	return true;
}

/* The head's lines that this program knows. */
struct head {
	struct span received, kind, serial, peer, target, length;
};

static struct span *head_slot(struct head *h, struct span key)
{
	const struct {
		const char *key;
		struct span *slot;
	} known[] = {
		{"received", &h->received},
		{"kind", &h->kind},
		{"serial", &h->serial},
		{"peer", &h->peer},
		{"target", &h->target},
		{"length", &h->length},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (span_is(key, known[i].key))
			return known[i].slot;
	return NULL;
}

/* A target is the terminal's own bytes from its '/' on, a blank at its end too. */
static struct span from_blanks_on(struct span value)
{
	while (span_starts(value, " "))
		value = span_from(value, 1);
	return value;
}

/* Reads "key: value" lines up to the blank line and moves `*rest` behind it. NULL or why it is
 * broken. */
static const char *read_head(struct span *rest, struct head *h)
{
	struct span all = rest->len > SPOOL_HEAD_MAX ? span_of(rest->ptr, SPOOL_HEAD_MAX) : *rest;
	struct span scan = all, line, key;
	if (!take_line(&scan, &line) || !span_is(line, MAGIC))
		return "does not begin with \"" MAGIC "\"";
	for (unsigned lines = 0; take_line(&scan, &line); lines++) {
		if (line.len == 0) {
			*rest = span_from(*rest, (size_t)(scan.ptr - rest->ptr));
			return NULL;
		}
		if (span_has_control(line))
			return "a head line holds a control character";
		struct span value = line;
		if (!span_next(&value, ':', &key) || !value.ptr)
			return "a head line is not \"key: value\"";
		struct span *slot = head_slot(h, key);
		if (slot && slot->ptr)
			return "a head line stands twice";
		if (slot)
			*slot = slot == &h->target ? from_blanks_on(value) : span_trim(value);
		if (lines >= SPOOL_HEAD_LINES_MAX)
			break;
	}
	return "the head does not end, or is too long";
}

/* Takes the body, its LF and the end line off `*rest`. NULL or why the frame is broken. */
static const char *read_body(
	struct span *rest, uint64_t length, struct span *ret_body, struct span *ret_end)
{
	if (length >= rest->len)
		return "the file ends before the body does";
	*ret_body = span_of(rest->ptr, (size_t)length);
	*rest = span_from(*rest, (size_t)length);
	if (rest->ptr[0] != '\n')
		return "the body is longer than its length says";
	*rest = span_from(*rest, 1);
	if (!take_line(rest, ret_end)) {
		/* The very last LF of a file may be missing. */
		*ret_end = *rest;
		*rest = span_from(*rest, rest->len);
	}
	if (!span_is(*ret_end, "end") && !span_starts(*ret_end, "end "))
		return "the end line is missing where the length says it is";
	return NULL;
}

/* `covered` is all of the entry before the end line. */
static const char *check_end(struct span end, struct span covered, bool *ret_checked)
{
	uint64_t crc;
	*ret_checked = false;
	if (span_is(end, "end"))
		return NULL;
	if (num_hex(span_from(end, 4), 8, &crc) < 0)
		return "the end line's checksum is not 8 hex digits";
	if (crc != crc_of(0, covered))
		return "the checksum is wrong";
	*ret_checked = true;
	return NULL;
}

/* What concerns no one device. */
static bool is_for_us(struct span kind)
{
	return span_is(kind, "order") || span_is(kind, "erase");
}

static const char *check_head(const struct head *h, struct span kind, struct spool_entry *e)
{
	if (!span_eq(h->kind, kind))
		return "its kind is not what this spool takes";
	if (h->received.ptr && clock_parse_utc(h->received, &e->received_us) < 0)
		return "received is not a time like 2026-01-05T08:00:00.000000Z";
	bool for_us = is_for_us(kind);
	if (!serial_valid(h->serial) && !(for_us && h->serial.len == 0))
		return "the serial is missing or is not 1 to 32 of A-Z a-z 0-9 _ -";
	if (!for_us && !span_starts(h->target, "/"))
		return "the target is missing or does not begin with /";
	e->kind = h->kind;
	e->serial = h->serial;
	e->peer = h->peer;
	e->target = h->target;
	return NULL;
}

enum spool_verdict spool_entry_next(struct span file, struct span kind, size_t *offset,
	unsigned *number, struct spool_entry *ret, struct span *ret_part, const char **ret_why)
{
	struct span rest = span_from(file, *offset), end;
	struct span start = rest;
	struct head h = {0};
	uint64_t length;
	if (rest.len == 0)
		return SPOOL_FILE_ENDED;
	struct spool_entry e = {.number = ++*number};
	const char *why = read_head(&rest, &h);
	if (!why && num_u64(h.length, 0, INT64_MAX, &length) < 0)
		why = "length is missing or is not a number of bytes";
	if (!why)
		why = read_body(&rest, length, &e.body, &end);
	if (why) {
		*offset = file.len;
		*ret_part = start;
		*ret_why = why;
		return SPOOL_REST_BAD;
	}
	*offset = file.len - rest.len;
	*ret_part = span_of(start.ptr, start.len - rest.len);
	why = check_end(end, span_of(start.ptr, (size_t)(end.ptr - start.ptr)), &e.checked);
	if (!why)
		why = check_head(&h, kind, &e);
	if (why) {
		*ret_why = why;
		return SPOOL_ENTRY_BAD;
	}
	*ret = e;
	return SPOOL_ENTRY;
}

/* ---- writing ---- */

#define LENGTH_DIGITS \
	10 /* always: the head is as long before the body's length is known as after */
#define LENGTH_MOST UINT64_C(9999999999)

static int put_line(struct buf *b, const char *key, struct span value)
{
	int rc = buf_add_str(b, key);
	if (rc == 0)
		rc = buf_add_span(b, value);
	return rc < 0 ? rc : buf_add_str(b, "\n");
}

static int put_lines(struct buf *b, const struct spool_entry *e)
{
	char received[CLOCK_UTC_BYTES];
	clock_format_utc(e->received_us, received);
	int rc = put_line(b, MAGIC "\nreceived: ", span_str(received));
	if (rc == 0)
		rc = put_line(b, "kind: ", e->kind);
	if (rc == 0 && e->serial.len)
		rc = put_line(b, "serial: ", e->serial);
	if (rc == 0 && e->peer.len)
		rc = put_line(b, "peer: ", e->peer);
	if (rc == 0 && e->target.len)
		rc = put_line(b, "target: ", e->target);
	return rc < 0 ? rc : buf_add_str(b, "length: 0000000000\n\n");
}

int spool_entry_put_head(struct buf *b, const struct spool_entry *e)
{
	if (span_has_control(e->kind) || span_has_control(e->peer) || span_has_control(e->target))
		return -EINVAL;
	if (!serial_valid(e->serial) && !(is_for_us(e->kind) && e->serial.len == 0))
		return -EINVAL;
	size_t before = b->len;
	int rc = put_lines(b, e);
	if (rc == 0 && b->len - before > SPOOL_HEAD_MAX)
		rc = -EMSGSIZE;
	if (rc < 0)
		b->len = before;
	return rc;
}

int spool_entry_set_length(char *head, size_t head_bytes, uint64_t body_bytes)
{
	if (body_bytes > LENGTH_MOST)
		return -EMSGSIZE;
	char *end = head + head_bytes - strlen("\n\n");
	for (char *digit = end; digit-- > end - LENGTH_DIGITS; body_bytes /= 10)
		*digit = (char)('0' + body_bytes % 10);
	return 0;
}

int spool_entry_put_tail(struct buf *b, uint32_t crc)
{
	return buf_printf(b, "\nend %08" PRIx32 "\n", crc_of(crc, span_str("\n")));
}

int spool_entry_put(struct buf *b, const struct spool_entry *e)
{
	size_t before = b->len;
	int rc = spool_entry_put_head(b, e);
	if (rc == 0)
		rc = spool_entry_set_length(b->ptr + before, b->len - before, e->body.len);
	if (rc == 0)
		rc = buf_add_span(b, e->body);
	if (rc == 0)
		rc = spool_entry_put_tail(b, crc_of(0, span_of(b->ptr + before, b->len - before)));
	if (rc < 0)
		b->len = before;
	return rc;
}

void spool_entry_id(const char *name, unsigned number, char ret_id[static SPOOL_ENTRY_ID_BYTES])
{
	snprintf(ret_id, SPOOL_ENTRY_ID_BYTES, "%.*s.%u", SPOOL_NAME_BYTES - 1, name, number);
}
