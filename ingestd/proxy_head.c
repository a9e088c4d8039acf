/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proxy_head: see proxy_head.h. */
#include "ingestd/proxy_head.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>

#include "lib/network.h"
#include "lib/num.h"

#define TEXT_HEAD_MAX 107 /* with CR and LF */

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n"; /* and a NUL that is not of it */
#define SIGNATURE_BYTES (sizeof(signature) - 1)
#define FIXED_BYTES     (SIGNATURE_BYTES + 4)

static const char text_signature[] = "PROXY ";
#define TEXT_SIGNATURE_BYTES (sizeof(text_signature) - 1)

/* Do the bytes begin with `start`, or are they the beginning of it? */
static bool may_be(struct span bytes, const char *start, size_t start_len)
{
	return memcmp(bytes.ptr, start, bytes.len < start_len ? bytes.len : start_len) == 0;
}

static void name_client(struct proxy_head *h,
	const unsigned char address[static NETWORK_ADDRESS_BYTES], in_port_t port)
{
	h->named = true;
	h->client = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
	memcpy(&h->client.sin6_addr, address, NETWORK_ADDRESS_BYTES);
}

/* ---- version 1: a line ---- */

static bool read_address(
	struct span text, bool six, unsigned char ret[static NETWORK_ADDRESS_BYTES])
{
	return span_has(text, ':') == six && network_read_address(text, ret);
}

/* "TCP4 192.0.2.7 192.0.2.1 40000 443". */
static int read_words(struct span line, struct proxy_head *h)
{
	enum { KIND, FROM, TO, FROM_PORT, TO_PORT, WORDS };
	struct span words[WORDS];
	unsigned char from[NETWORK_ADDRESS_BYTES], to[NETWORK_ADDRESS_BYTES];
	uint64_t from_port, to_port;
	for (size_t i = 0; i < WORDS; i++)
		if (!span_next(&line, ' ', &words[i]))
			return -EBADMSG;
	bool six = span_is(words[KIND], "TCP6");
	if (line.ptr || (!six && !span_is(words[KIND], "TCP4")) ||
		!read_address(words[FROM], six, from) || !read_address(words[TO], six, to) ||
		num_u64(words[FROM_PORT], 0, UINT16_MAX, &from_port) < 0 ||
		num_u64(words[TO_PORT], 0, UINT16_MAX, &to_port) < 0)
		return -EBADMSG;
	name_client(h, from, htons((uint16_t)from_port));
	return 0;
}

static int read_text(struct span bytes, struct proxy_head *h)
{
	size_t most = bytes.len < TEXT_HEAD_MAX ? bytes.len : TEXT_HEAD_MAX;
	const char *end = memmem(bytes.ptr, most, "\r\n", 2);
	if (!end)
		return bytes.len < TEXT_HEAD_MAX ? -EAGAIN : -EBADMSG;
	struct span line =
		span_from(span_of(bytes.ptr, (size_t)(end - bytes.ptr)), TEXT_SIGNATURE_BYTES);
	h->len = (size_t)(end - bytes.ptr) + 2;
	if (span_is(line, "UNKNOWN") || span_starts(line, "UNKNOWN "))
		return 0;
	return read_words(line, h);
}

/* ---- version 2: bytes ---- */

enum command { COMMAND_LOCAL = 0x20, COMMAND_PROXY = 0x21 };
enum kind { KIND_UNKNOWN = 0x00, KIND_TCP4 = 0x11, KIND_TCP6 = 0x21 };

static in_port_t port_at(const char *bytes)
{
	in_port_t port; /* in the network's order on both sides */
	memcpy(&port, bytes, sizeof(port));
	return port;
}

/* Both addresses, then both ports; what follows is passed over. */
static int read_addresses(unsigned kind, struct span a, struct proxy_head *h)
{
	unsigned char address[NETWORK_ADDRESS_BYTES] = {[10] = 0xff, [11] = 0xff};
	if (kind == KIND_TCP4 && a.len >= 12) {
		memcpy(address + 12, a.ptr, 4);
		name_client(h, address, port_at(a.ptr + 8));
	} else if (kind == KIND_TCP6 && a.len >= 36) {
		memcpy(address, a.ptr, sizeof(address));
		name_client(h, address, port_at(a.ptr + 32));
	} else if (kind != KIND_UNKNOWN) {
		return -EBADMSG;
	}
	return 0;
}

static int read_binary(struct span bytes, struct proxy_head *h)
{
	const unsigned char *b = (const void *)bytes.ptr;
	if (bytes.len < FIXED_BYTES)
		return -EAGAIN;
	unsigned command = b[12], kind = b[13];
	h->len = FIXED_BYTES + ((size_t)b[14] << 8) + b[15];
	if ((command != COMMAND_LOCAL && command != COMMAND_PROXY) || h->len > PROXY_HEAD_MAX)
		return -EBADMSG;
	if (bytes.len < h->len)
		return -EAGAIN;
	if (command == COMMAND_PROXY)
		return read_addresses(
			kind, span_of(bytes.ptr + FIXED_BYTES, h->len - FIXED_BYTES), h);
	return 0;
}

int proxy_head_read(struct span bytes, struct proxy_head *ret)
{
	struct proxy_head h = {.named = false};
	int rc = -EBADMSG;
	if (bytes.len == 0)
		return -EAGAIN;
	if (may_be(bytes, signature, SIGNATURE_BYTES))
		rc = read_binary(bytes, &h);
	else if (may_be(bytes, text_signature, TEXT_SIGNATURE_BYTES))
		rc = read_text(bytes, &h);
	if (rc == 0)
		*ret = h;
	return rc;
}
