/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sha256: see the header. */
#include "lib/sha256.h"

#include <sodium.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(struct sha256), "no room for the state");
_Static_assert(SHA256_BYTES == crypto_hash_sha256_BYTES, "another length");

/* A struct sha256 is as large and as aligned as theirs. */
static crypto_hash_sha256_state *state_of(struct sha256 *s)
{
	return (crypto_hash_sha256_state *)(void *)s->state;
}

void sha256_begin(struct sha256 *s)
{
	crypto_hash_sha256_init(state_of(s));
}

void sha256_add(struct sha256 *s, struct span bytes)
{
	crypto_hash_sha256_update(state_of(s), (const unsigned char *)bytes.ptr, bytes.len);
}

void sha256_end(struct sha256 *s, char ret_hex[static SHA256_HEX_BYTES])
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_final(state_of(s), digest);
	sodium_bin2hex(ret_hex, SHA256_HEX_BYTES, digest, sizeof(digest));
}

void sha256_of(struct span bytes, unsigned char ret[static SHA256_BYTES])
{
	(void)crypto_hash_sha256(ret, (const unsigned char *)bytes.ptr, bytes.len);
}
