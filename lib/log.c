/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log: an event becomes one line on stderr or one entry of the journal. Nothing is allocated, so
 * that "out of memory" can be logged, and nothing is kept between calls, so that threads need no
 * lock. */
#ifndef PUNCHD_NO_SYSTEMD
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#undef LOG_ERR /* syslog's, which comes along */
#endif

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/num.h"

#define FIELDS_MAX 24 /* that the journal gets; parserd's "stored" has 21 */

static const char *speaker = "punchd";
static enum log_level loudest = LOG_LEVEL_INFO;
static bool to_journal;

/* Text that is cut when it is full. PIPE_BUF, because longer writes to a pipe may be torn apart by
 * another writer. */
struct line {
	size_t len;
	char bytes[PIPE_BUF];
};

static void put(struct line *l, const char *ptr, size_t len)
{
	size_t room = sizeof(l->bytes) - l->len;

	if (len > room)
		len = room;
	if (len > 0)
		memcpy(l->bytes + l->len, ptr, len);
	l->len += len;
}

static void put_str(struct line *l, const char *text)
{
	put(l, text, strlen(text));
}

static void put_number(struct line *l, int64_t number)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)number);

	put(l, digits, (size_t)len);
}

/* ---- values ---- */

/* Not so are characters that a screen obeys instead of showing: controls, line ends, changes of
 * direction; and what is no character at all. */
static bool is_shown(uint32_t c)
{
	if (c < 0x80)
		return c >= ' ' && c != 0x7f;
	return c >= 0xa0 && c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff) &&
	       !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

/* By the first byte of a character; 0 for a byte that begins none. */
static size_t utf8_bytes(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* How many bytes at the start are one character that may stand in a log; 0 when the first byte must
 * be escaped. */
static size_t shown_bytes(struct span s)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* by length; else forged */
	size_t len = utf8_bytes((unsigned char)s.ptr[0]);
	uint32_t c;

	if (len == 0 || len > s.len)
		return 0;
	c = (unsigned char)s.ptr[0] & (0x7fU >> (len - 1));
	for (size_t i = 1; i < len; i++) {
		if ((s.ptr[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s.ptr[i] & 0x3f);
	}
	return c >= least[len] && is_shown(c) ? len : 0;
}

static void put_hex(struct line *l, char byte)
{
	char text[8];
	int len = snprintf(text, sizeof(text), "\\x%02X", (unsigned char)byte);

	put(l, text, (size_t)len);
}

static void put_escaped(struct line *l, struct span text)
{
	bool cut = text.len > LOG_VALUE_MAX;

	if (cut)
		text.len = LOG_VALUE_MAX;
	while (text.len > 0) {
		size_t len = shown_bytes(text);

		if (len == 0)
			put_hex(l, *text.ptr);
		else if (*text.ptr == '"' || *text.ptr == '\\')
			put_str(l, *text.ptr == '"' ? "\\\"" : "\\\\");
		else
			put(l, text.ptr, len);
		text = span_from(text, len > 0 ? len : 1);
	}
	if (cut)
		put_str(l, "...");
}

static void put_errno(struct line *l, int64_t number)
{
	const char *words = strerrordesc_np((int)(number < 0 ? -number : number));

	if (words)
		put_str(l, words);
	else
		put_number(l, number);
}

/* The value alone, as the journal gets it. */
static void put_value(struct line *l, const struct log_field *f)
{
	if (f->kind == LOG_KIND_NUMBER)
		put_number(l, f->number);
	else if (f->kind == LOG_KIND_ERRNO)
		put_errno(l, f->number);
	else
		put_escaped(l, f->text);
}

static bool needs_quotes(const struct log_field *f)
{
	if (f->kind == LOG_KIND_TEXT)
		return f->text.len == 0 || span_has(f->text, ' ') || span_has(f->text, '"');
	return f->kind == LOG_KIND_ERRNO;
}

static void put_fields(struct line *l, const struct log_field *fields, size_t field_count)
{
	for (const struct log_field *f = fields; f < fields + field_count; f++) {
		const char *quote = f->key && needs_quotes(f) ? "\"" : "";

		if (!f->key || (f->kind == LOG_KIND_ERRNO && f->number == 0))
			continue;
		put_str(l, " ");
		put_str(l, f->key);
		put_str(l, "=");
		put_str(l, quote);
		put_value(l, f);
		put_str(l, quote);
	}
}

/* ---- stderr ---- */

static void write_line(
	enum log_level level, const char *event, const struct log_field *fields, size_t field_count)
{
	struct line l = {.len = 0};

	put_str(&l, speaker);
	put_str(&l, level <= LOG_LEVEL_ERROR     ? ": error: "
		    : level == LOG_LEVEL_WARNING ? ": warning: "
						 : ": ");
	put_str(&l, event);
	put_fields(&l, fields, field_count);
	if (l.len == sizeof(l.bytes))
		l.len--;
	put_str(&l, "\n");
	/* One write, so that lines of several processes stay whole. Where it fails there is nobody
	 * left to tell. */
	while (write(STDERR_FILENO, l.bytes, l.len) < 0 && errno == EINTR)
		;
}

/* ---- the journal ---- */

#ifdef PUNCHD_NO_SYSTEMD

static bool stderr_is_journal(void)
{
	return false;
}

static int send_entry(
	enum log_level level, const char *event, const struct log_field *fields, size_t field_count)
{
	(void)level;
	(void)event;
	(void)fields;
	(void)field_count;
	return -ENOSYS;
}

#else

/* $JOURNAL_STREAM is "device:inode" of the journal's stream; stderr may have been pointed elsewhere
 * since. */
static bool stderr_is_journal(void)
{
	struct span rest = span_str(getenv("JOURNAL_STREAM")), device_text, inode_text;
	uint64_t device, inode;
	struct stat st;

	if (!span_next(&rest, ':', &device_text) || !span_next(&rest, ':', &inode_text))
		return false;
	if (num_u64(device_text, 0, UINT64_MAX, &device) < 0 ||
		num_u64(inode_text, 0, UINT64_MAX, &inode) < 0)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* All fields stand in one line, one behind the other; a piece is the part of it since `from`. */
struct entry {
	struct line text;
	struct iovec parts[4 + FIELDS_MAX];
	int part_count;
};

static void end_part(struct entry *e, size_t from)
{
	e->parts[e->part_count++] =
		(struct iovec){.iov_base = e->text.bytes + from, .iov_len = e->text.len - from};
}

static void put_part(struct entry *e, const char *key_and_equals, const char *value)
{
	size_t from = e->text.len;

	put_str(&e->text, key_and_equals);
	put_str(&e->text, value);
	end_part(e, from);
}

static void put_field(struct entry *e, const struct log_field *f)
{
	size_t from = e->text.len;

	put_str(&e->text, "PUNCHD_");
	for (const char *c = f->key; *c; c++)
		put(&e->text, &(char){*c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c}, 1);
	put_str(&e->text, "=");
	put_value(&e->text, f);
	end_part(e, from);
}

static int send_entry(
	enum log_level level, const char *event, const struct log_field *fields, size_t field_count)
{
	struct entry e = {.part_count = 0};
	struct line message = {.len = 0};

	put_part(&e, "PRIORITY=", (const char[]){(char)('0' + level), '\0'});
	put_part(&e, "SYSLOG_IDENTIFIER=", speaker);
	put_str(&message, "MESSAGE=");
	put_str(&message, event);
	put_fields(&message, fields, field_count);
	e.parts[e.part_count++] = (struct iovec){.iov_base = message.bytes, .iov_len = message.len};
	for (size_t i = 0; i < field_count && e.part_count < 4 + FIELDS_MAX; i++)
		if (fields[i].key)
			put_field(&e, &fields[i]);
	return sd_journal_sendv(e.parts, e.part_count);
}

#endif

/* ---- what the others call ---- */

void log_open(const char *program, enum log_level most)
{
	speaker = program;
	loudest = most;
	to_journal = stderr_is_journal();
}

void log_event(
	enum log_level level, const char *event, const struct log_field *fields, size_t field_count)
{
	int kept = errno;

	if (level <= loudest && (!to_journal || send_entry(level, event, fields, field_count) < 0))
		write_line(level, event, fields, field_count);
	errno = kept;
}

bool log_allow(struct log_limit *limit, uint64_t now_ms, uint64_t *ret_dropped)
{
	if (now_ms - limit->window_began_ms >= limit->window_ms) {
		limit->window_began_ms = now_ms;
		limit->written = 0;
	}
	if (limit->written >= limit->burst) {
		limit->dropped++;
		return false;
	}
	limit->written++;
	*ret_dropped = limit->dropped;
	limit->dropped = 0;
	return true;
}
