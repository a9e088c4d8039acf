/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The growing buffer, and how this program ends when it cannot go on. */
#include "tests/devsim/devsim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static void complain(const char *format, va_list args)
{
	char line[1024];

	vsnprintf(line, sizeof(line), format, args);
	fprintf(stderr, "devsim: %s\n", line);
}

void die(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	exit(code);
}

void warn_once(bool *warned, const char *format, ...)
{
	va_list args;

	if (*warned) {
		return;
	}
	*warned = true;
	va_start(args, format);
	complain(format, args);
	va_end(args);
}

void *must_alloc(size_t count, size_t size)
{
	void *got = calloc(count ? count : 1, size);

	if (!got) {
		die(EX_OSERR, "out of memory");
	}
	return got;
}

/* Makes room for `more` bytes and returns where they go; the caller adds to len what it used. */
char *bytes_reserve(struct bytes *b, size_t more)
{
	if (more > b->cap - b->len) {
		size_t cap = b->cap ? b->cap : 512;
		char *data;

		while (cap - b->len < more) {
			cap *= 2;
		}
		data = realloc(b->data, cap);
		if (!data) {
			die(EX_OSERR, "out of memory");
		}
		b->data = data;
		b->cap = cap;
	}
	return b->data + b->len;
}

void bytes_add(struct bytes *b, const void *data, size_t len)
{
	if (len > 0) {
		memcpy(bytes_reserve(b, len), data, len);
		b->len += len;
	}
}

void bytes_text(struct bytes *b, const char *text)
{
	bytes_add(b, text, strlen(text));
}

void bytes_char(struct bytes *b, char c)
{
	*bytes_reserve(b, 1) = c;
	b->len++;
}

/* Decimal, with leading zeros up to min_digits. By hand: it runs several million times a second. */
void bytes_number(struct bytes *b, uint64_t n, unsigned int min_digits)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0 || sizeof(digits) - at < min_digits);
	bytes_add(b, digits + at, sizeof(digits) - at);
}

void bytes_format(struct bytes *b, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		die(EX_SOFTWARE, "cannot format a line");
	}
	bytes_reserve(b, (size_t)len + 1);
	va_start(args, format);
	vsnprintf(b->data + b->len, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
}

void bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){0};
}
