/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hash: FNV-1a of 64 bits, for tables and for names of our own; nothing here keeps a secret. Pure.
 */
#ifndef PUNCHD_LIB_HASH_H
#define PUNCHD_LIB_HASH_H

#include <stdint.h>

#include "lib/span.h"

/* The same for ever: names on the disk are made of it. */
uint64_t hash_bytes(struct span bytes);

/* Which of `buckets` (1 to 2^24) of a table it belongs to. From a secret, random `seed`, and
 * stirred, so that nobody outside can tell what shares a bucket. */
unsigned hash_bucket(uint64_t seed, struct span bytes, unsigned buckets);

#endif
