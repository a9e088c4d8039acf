/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proxy_head: both versions, whole, cut and longer than they may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "ingestd/proxy_head.h"
#include "lib/network.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define TEXT(s)                    \
	{                          \
		(s), sizeof(s) - 1 \
	}
/* A head of version 2 around `rest`, whose length is below 256. */
#define BINARY(command, kind, length, rest) TEXT(SIGNATURE command kind "\0" length rest)

#define FOUR "\xc0\0\x02\x07\xc0\0\x02\x01\x9c\x40\x01\xbb" /* 192.0.2.7:40000 to 192.0.2.1:443 */
#define SIX                                                                      \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0" \
	"\0\0\0\0\0\x01\x9c\x40\x01\xbb"

static const struct proxy_head untouched = {.len = 4711};

/* The client's address as text, "-" for none. All that follows the head is left alone. */
static void assert_reads(struct span head, const char *client)
{
	char bytes[PROXY_HEAD_MAX + 32], text[NETWORK_TEXT_BYTES];
	struct proxy_head h = untouched;

	memcpy(bytes, head.ptr, head.len);
	memcpy(bytes + head.len, "GET / HTTP/1.1\r\n\r\n", 18);
	assert_int_equal(proxy_head_read(span_of(bytes, head.len + 18), &h), 0);
	assert_int_equal(h.len, head.len);
	assert_int_equal(h.named, client[0] != '-');
	if (!h.named)
		return;
	network_text((const struct sockaddr *)&h.client, text);
	assert_string_equal(text, client);
	assert_int_equal(ntohs(h.client.sin6_port), 40000);
}

/* Every beginning of it asks for more. */
static void assert_grows(struct span head)
{
	for (size_t len = 0; len < head.len; len++) {
		struct proxy_head h = untouched;
		if (proxy_head_read(span_of(head.ptr, len), &h) != -EAGAIN || h.len != 4711)
			fail_msg("%zu bytes of it", len);
	}
}

static void reads_lines(void **state)
{
	static const struct {
		struct span head;
		const char *client;
	} cases[] = {
		{TEXT("PROXY TCP4 192.0.2.7 192.0.2.1 40000 443\r\n"), "192.0.2.7"},
		{TEXT("PROXY TCP6 2001:db8::7 2001:db8::1 40000 443\r\n"), "2001:db8::7"},
		{TEXT("PROXY TCP6 ::ffff:192.0.2.7 ::1 40000 443\r\n"), "192.0.2.7"},
		{TEXT("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 40000 65535\r\n"),
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{TEXT("PROXY UNKNOWN\r\n"), "-"},
		{TEXT("PROXY UNKNOWN ffff:: what it likes 1\r\n"), "-"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_reads(cases[i].head, cases[i].client);
		assert_grows(cases[i].head);
	}
}

static void reads_bytes(void **state)
{
	static const struct {
		struct span head;
		const char *client;
	} cases[] = {
		{BINARY("\x21", "\x11", "\x0c", FOUR), "192.0.2.7"},
		{BINARY("\x21", "\x21", "\x24", SIX), "2001:db8::7"},
		{BINARY("\x21", "\x11", "\x13", FOUR "\x02\0\4host"), "192.0.2.7"}, /* with a TLV */
		{BINARY("\x21", "\x11", "\x0e", FOUR "\xff\xff"), "192.0.2.7"}, /* a broken one */
		{BINARY("\x20", "\0", "\0", ""), "-"},
		{BINARY("\x20", "\x11", "\x0c", FOUR), "-"}, /* LOCAL: whatever it says besides */
		{BINARY("\x20", "\x77", "\x03", "abc"), "-"},
		{BINARY("\x21", "\0", "\x03", "abc"), "-"}, /* UNKNOWN */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_reads(cases[i].head, cases[i].client);
		assert_grows(cases[i].head);
	}
}

static void refuses_what_is_none(void **state)
{
	static const struct span bad[] = {
		TEXT("G"), TEXT("GET /iclock/ping?SN=A HTTP/1.1\r\n\r\n"), TEXT("\r\n\r\n\r\n"),
		TEXT("PROXY\r\n"), TEXT("PROXY \r\n"),
		TEXT("proxy TCP4 192.0.2.7 192.0.2.1 40000 443\r\n"),
		TEXT("PROXY TCP5 192.0.2.7 192.0.2.1 40000 443\r\n"), TEXT("PROXY UNKNOWNS\r\n"),
		TEXT("PROXY TCP4\r\n"), TEXT("PROXY TCP4 192.0.2.7 192.0.2.1 40000\r\n"),
		TEXT("PROXY TCP4 192.0.2.7 192.0.2.1 40000 443 \r\n"),
		TEXT("PROXY TCP4  192.0.2.7 192.0.2.1 40000 443\r\n"),
		TEXT("PROXY TCP4 192.0.2.7 192.0.2.1 40000 443\n\r\n"),
		TEXT("PROXY TCP4 192.0.2.7 192.0.2.1 40000 65536\r\n"),
		TEXT("PROXY TCP4 192.0.2.7 192.0.2.1 -1 443\r\n"),
		TEXT("PROXY TCP4 192.0.2.256 192.0.2.1 40000 443\r\n"),
		TEXT("PROXY TCP4 192.0.2.7\0 192.0.2.1 40000 443\r\n"),
		TEXT("PROXY TCP4 2001:db8::7 192.0.2.1 40000 443\r\n"),
		TEXT("PROXY TCP6 192.0.2.7 2001:db8::1 40000 443\r\n"),
		TEXT("PROXY TCP6 2001:db8::7 x 40000 443\r\n"),
		BINARY("\x22", "\x11", "\x0c", FOUR), /* no such command */
		BINARY("\x11", "\x11", "\x0c", FOUR), /* no such version */
		BINARY("\x21", "\x11", "\x0b", FOUR), /* too short for its addresses */
		BINARY("\x21", "\x21", "\x0c", FOUR),
		BINARY("\x21", "\x12", "\x0c", FOUR), /* UDP */
		BINARY("\x21", "\x31", "\x0c", FOUR), /* AF_UNIX */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct proxy_head h = untouched;
		if (proxy_head_read(bad[i], &h) != -EBADMSG || h.len != 4711)
			fail_msg("case %zu: \"%.*s\"", i, SPAN_ARG(bad[i]));
	}
}

static void has_an_end(void **state)
{
	char bytes[PROXY_HEAD_MAX + 1];
	struct proxy_head h;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "PROXY UNKNOWN ", 14);
	assert_int_equal(proxy_head_read(span_of(bytes, 106), &h), -EAGAIN);
	assert_int_equal(proxy_head_read(span_of(bytes, 107), &h), -EBADMSG);
	memcpy(bytes + 105, "\r\n", 2);
	assert_int_equal(proxy_head_read(span_of(bytes, 107), &h), 0);
	memcpy(bytes + 105, "x\r\n", 3); /* one byte too long */
	assert_int_equal(proxy_head_read(span_of(bytes, 108), &h), -EBADMSG);

	memcpy(bytes, SIGNATURE "\x21\0\x03\xf0", 16);
	assert_int_equal(proxy_head_read(span_of(bytes, PROXY_HEAD_MAX - 1), &h), -EAGAIN);
	assert_int_equal(proxy_head_read(span_of(bytes, PROXY_HEAD_MAX), &h), 0);
	assert_int_equal(h.len, PROXY_HEAD_MAX);
	bytes[15]++; /* refused as soon as its length is known */
	assert_int_equal(proxy_head_read(span_of(bytes, 16), &h), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lines),
		cmocka_unit_test(reads_bytes),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(has_an_end),
	};

	return cmocka_run_group_tests_name("proxy_head", tests, NULL, NULL);
}
