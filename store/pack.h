/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pack: keys and values of the stores, byte by byte: big-endian numbers, so that keys sort as their
 * numbers do, and text ended by NUL, so that a shorter text sorts first. Pure. */
#ifndef PUNCHD_STORE_PACK_H
#define PUNCHD_STORE_PACK_H

#include <stdint.h>

#include "lib/span.h"

/* A pack of at most 511 bytes (LMDB's longest key) on the stack; `failed` is set when something did
 * not fit or a text held NUL, and stays set. */
#define PACK_MAX 511
struct pack {
	unsigned char bytes[PACK_MAX];
	size_t len;
	bool failed;
};

void pack_u8(struct pack *p, uint8_t value);
void pack_u16(struct pack *p, uint16_t value);
void pack_u32(struct pack *p, uint32_t value);
void pack_u64(struct pack *p, uint64_t value);
void pack_text(struct pack *p, struct span text);
void pack_bytes(struct pack *p, struct span bytes);
static inline struct span pack_span(const struct pack *p)
{
	return span_of(p->bytes, p->len);
}

/* Takes values off the front of a span; `failed` as above, and then every further value is 0 or
 * empty. */
struct unpack {
	struct span rest;
	bool failed;
};

uint8_t unpack_u8(struct unpack *u);
uint16_t unpack_u16(struct unpack *u);
uint32_t unpack_u32(struct unpack *u);
uint64_t unpack_u64(struct unpack *u);
struct span unpack_text(struct unpack *u);
struct span unpack_bytes(struct unpack *u, size_t len);

#endif
