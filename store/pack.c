/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pack: see the header. */
#include "store/pack.h"

void pack_bytes(struct pack *p, struct span bytes)
{
	if (p->failed || bytes.len > PACK_MAX - p->len) {
		p->failed = true;
		return;
	}
	if (bytes.len > 0)
		memcpy(p->bytes + p->len, bytes.ptr, bytes.len);
	p->len += bytes.len;
}

static void pack_number(struct pack *p, uint64_t value, unsigned width)
{
	if (p->failed || width > PACK_MAX - p->len) {
		p->failed = true;
		return;
	}
	for (unsigned shift = width * 8; shift > 0; shift -= 8)
		p->bytes[p->len++] = (unsigned char)(value >> (shift - 8));
}

void pack_u8(struct pack *p, uint8_t value)
{
	pack_number(p, value, 1);
}

void pack_u16(struct pack *p, uint16_t value)
{
	pack_number(p, value, 2);
}

void pack_u32(struct pack *p, uint32_t value)
{
	pack_number(p, value, 4);
}

void pack_u64(struct pack *p, uint64_t value)
{
	pack_number(p, value, 8);
}

void pack_text(struct pack *p, struct span text)
{
	/* A NUL inside would end the text early, and two identities could become one key. */
	if (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL)
		p->failed = true;
	pack_bytes(p, text);
	pack_number(p, 0, 1);
}

struct span unpack_bytes(struct unpack *u, size_t len)
{
	if (u->failed || len > u->rest.len) {
		u->failed = true;
		return span_of(NULL, 0);
	}
	struct span taken = span_of(u->rest.ptr, len);
	u->rest = span_of(u->rest.ptr + len, u->rest.len - len);
	return taken;
}

static uint64_t unpack_number(struct unpack *u, unsigned width)
{
	struct span bytes = unpack_bytes(u, width);
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.len; i++)
		value = value << 8 | (unsigned char)bytes.ptr[i];
	return value;
}

uint8_t unpack_u8(struct unpack *u)
{
	return (uint8_t)unpack_number(u, 1);
}

uint16_t unpack_u16(struct unpack *u)
{
	return (uint16_t)unpack_number(u, 2);
}

uint32_t unpack_u32(struct unpack *u)
{
	return (uint32_t)unpack_number(u, 4);
}

uint64_t unpack_u64(struct unpack *u)
{
	return unpack_number(u, 8);
}

struct span unpack_text(struct unpack *u)
{
	const char *end = NULL;

	if (!u->failed && u->rest.len > 0)
		end = memchr(u->rest.ptr, '\0', u->rest.len);
	if (end == NULL) {
		u->failed = true;
		return span_of(NULL, 0);
	}
	struct span text = unpack_bytes(u, (size_t)(end - u->rest.ptr));
	(void)unpack_bytes(u, 1);
	return text;
}
