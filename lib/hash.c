/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hash: see the header. */
#include "lib/hash.h"

static uint64_t fnv_1a(uint64_t hash, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.ptr[i]) * 0x100000001b3;
	return hash;
}

uint64_t hash_bytes(struct span bytes)
{
	return fnv_1a(0xcbf29ce484222325, bytes);
}

unsigned hash_bucket(uint64_t seed, struct span bytes, unsigned buckets)
{
	uint64_t hash = fnv_1a(seed, bytes);

	return (unsigned)((hash ^ hash >> 32) * 0x9e3779b97f4a7c15 >> 40) % buckets;
}
