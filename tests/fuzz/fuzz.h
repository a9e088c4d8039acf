/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz: what every fuzz_NAME.c is made of. One of them is one target: it takes any bytes and checks
 * what the headers promise for them. */
#ifndef PUNCHD_TESTS_FUZZ_H
#define PUNCHD_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/buf.h"
#include "lib/hash.h"
#include "lib/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise. Straight to the descriptor, for a target may have taken stderr away. */
#define CHECK(promise)                                                                     \
	do {                                                                               \
		if (!(promise)) {                                                          \
			dprintf(2, "%s:%d: not kept: %s\n", __FILE__, __LINE__, #promise); \
			abort();                                                           \
		}                                                                          \
	} while (0)

/* Is it a part of these very bytes? An empty one may point anywhere. */
static inline bool fuzz_inside(struct span part, struct span whole)
{
	return part.len == 0 ||
	       (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static inline bool fuzz_has_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			return true;
	return false;
}

/* The next piece of an input that is made of several with '|' between; empty when none is left. */
static inline struct span fuzz_piece(struct span *rest)
{
	struct span piece = {NULL, 0};

	(void)span_next(rest, '|', &piece);
	return piece;
}

/* A number that depends on all bytes of the input: for choices that must be the same at every
 * replay. */
static inline uint64_t fuzz_hash(struct span s)
{
	uint64_t hash = hash_bytes(s);

	return hash ^ hash >> 29;
}

#endif
