/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of the log: one line whatever the bytes, and every value can be read out of it again. An
 * input is VALUE|VALUE. */
#include <sys/mman.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/num.h"
#include "tests/fuzz/fuzz.h"

#define VALUE_MAX 256 /* bytes of a value that are written: lib/log.h */

static char line[64 * 1024];

/* What log_event writes to stderr. */
static struct span logged(struct span first, struct span second)
{
	static int file_fd = -1, stderr_fd = -1;
	ssize_t len;

	if (file_fd < 0) {
		file_fd = memfd_create("log", MFD_CLOEXEC);
		stderr_fd = dup(STDERR_FILENO);
	}
	CHECK(file_fd >= 0 && stderr_fd >= 0 && ftruncate(file_fd, 0) == 0);
	CHECK(lseek(file_fd, 0, SEEK_SET) == 0 && dup2(file_fd, STDERR_FILENO) >= 0);
	log_notice("event", LOG_SPAN("first", first), LOG_NUM(NULL, 1), LOG_SPAN("second", second),
		LOG_NUM("third", -3), LOG_ERR(-(int)(first.len % 140)));
	CHECK(dup2(stderr_fd, STDERR_FILENO) >= 0);
	len = pread(file_fd, line, sizeof(line), 0);
	CHECK(len > 0 && (size_t)len < sizeof(line));
	return span_of(line, (size_t)len);
}

static struct span take(struct span text, const char *prefix)
{
	CHECK(span_starts(text, prefix));
	return span_from(text, strlen(prefix));
}

/* One byte that was escaped, or stands for itself. */
static char read_byte(struct span *text)
{
	char c = *text->ptr;
	uint64_t byte;

	*text = span_from(*text, 1);
	if (c != '\\')
		return c;
	CHECK(text->len > 0);
	c = *text->ptr;
	if (c != 'x') {
		CHECK(c == '\\' || c == '"');
		*text = span_from(*text, 1);
		return c;
	}
	CHECK(text->len >= 3);
	byte = strtoul((char[]){text->ptr[1], text->ptr[2], '\0'}, NULL, 16);
	*text = span_from(*text, 3);
	return (char)byte;
}

/* Takes a value off, up to the blank or the closing quote, and compares. */
static struct span take_value(struct span text, struct span value)
{
	bool quoted = span_starts(text, "\"");
	size_t shown = value.len < VALUE_MAX ? value.len : VALUE_MAX;

	CHECK(quoted == (value.len == 0 || span_has(value, ' ') || span_has(value, '"')));
	text = span_from(text, quoted ? 1 : 0);
	for (size_t i = 0; i < shown; i++) {
		CHECK(text.len > 0 && (quoted ? *text.ptr != '"' : *text.ptr != ' '));
		CHECK(read_byte(&text) == value.ptr[i]);
	}
	if (value.len > VALUE_MAX)
		text = take(text, "...");
	return quoted ? take(text, "\"") : text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span second = span_of(data, size), first = fuzz_piece(&second);
	struct span text = logged(first, second);

	CHECK(text.ptr[text.len - 1] == '\n');
	text.len--;
	CHECK(!fuzz_has_control(text));
	text = take(text, "punchd: event first=");
	text = take_value(text, first);
	text = take(text, " second=");
	text = take_value(text, second);
	text = take(text, " third=-3");
	CHECK((text.len > 0) == (first.len % 140 != 0));
	CHECK(text.len == 0 || span_starts(text, " error="));
	return 0;
}
