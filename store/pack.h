/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pack: keys and values of the stores, byte by byte: big-endian numbers, so that keys sort as
 * their numbers do, and text ended by NUL, so that a shorter text sorts first. Pure. */
#ifndef PUNCHD_STORE_PACK_H
#define PUNCHD_STORE_PACK_H

#include <stdint.h>

#include "lib/span.h"

/* A pack of at most 511 bytes (LMDB's longest key) on the stack; `failed` is set when something
 * did not fit or a text held NUL, and stays set. Start it with `= {.len = 0}`, or with
 * pack_clear where filling 511 bytes with zeros for every record would be felt. */
#define PACK_MAX 511
struct pack {
	size_t len;
	bool failed;
	unsigned char bytes[PACK_MAX];
};

static inline void pack_clear(struct pack *p)
{
	p->len = 0;
	p->failed = false;
}

void pack_u8(struct pack *p, uint8_t value);
void pack_u16(struct pack *p, uint16_t value);
void pack_u32(struct pack *p, uint32_t value);
void pack_u64(struct pack *p, uint64_t value);
void pack_text(struct pack *p, struct span text);
/* The bytes alone, without a length or an end. */
void pack_bytes(struct pack *p, struct span bytes);
static inline struct span pack_span(const struct pack *p)
{
	return span_of(p->bytes, p->len);
}
static inline bool pack_begins(struct span key, const struct pack *with)
{
	return key.len >= with->len && memcmp(key.ptr, with->bytes, with->len) == 0;
}

/* Takes values off the front of a span; `failed` is set when one is not there, and then every
 * further value is 0 or empty. Texts and bytes point into the span. */
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
