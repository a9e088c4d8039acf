/* SPDX-License-Identifier: GPL-2.0-or-later */
/* comm_key: the secret that a terminal shows at its handshake, as the store keeps it. */
#include <assert.h>
#include <errno.h>
#include <sodium.h>

#include "store/setting.h"

#define SALT_BYTES 16
#define HASH_BYTES 32
#define HASH_AT    (2 * SALT_BYTES + 1) /* behind the colon */

static_assert(COMM_KEY_BYTES == HASH_AT + 2 * HASH_BYTES + 1, "salt, colon, hash, NUL");

/* The salt goes in first: it has one length, so salt and key cannot be taken for another pair. */
static int digest(const unsigned char *salt, struct span key, unsigned char *ret_hash)
{
	crypto_generichash_state state;

	if (crypto_generichash_init(&state, NULL, 0, HASH_BYTES) < 0 ||
		crypto_generichash_update(&state, salt, SALT_BYTES) < 0 ||
		crypto_generichash_update(&state, (const unsigned char *)key.ptr, key.len) < 0 ||
		crypto_generichash_final(&state, ret_hash, HASH_BYTES) < 0)
		return -EIO;
	return 0;
}

int comm_key_hash(struct span key, char ret_text[static COMM_KEY_BYTES])
{
	unsigned char salt[SALT_BYTES], hash[HASH_BYTES];

	if (sodium_init() < 0)
		return -ENOSYS;
	randombytes_buf(salt, sizeof(salt));
	if (digest(salt, key, hash) < 0)
		return -EIO;
	sodium_bin2hex(ret_text, HASH_AT, salt, sizeof(salt));
	ret_text[HASH_AT - 1] = ':';
	sodium_bin2hex(ret_text + HASH_AT, 2 * HASH_BYTES + 1, hash, sizeof(hash));
	return 0;
}

static bool read_hex(struct span text, unsigned char *ret_bytes, size_t bytes)
{
	size_t len;

	return text.len == 2 * bytes &&
	       sodium_hex2bin(ret_bytes, bytes, text.ptr, text.len, NULL, &len, NULL) == 0 &&
	       len == bytes;
}

/* Salt and hash out of the stored text. */
static bool read_stored(struct span text, unsigned char *ret_salt, unsigned char *ret_hash)
{
	return text.len == COMM_KEY_BYTES - 1 && text.ptr[HASH_AT - 1] == ':' &&
	       read_hex(span_of(text.ptr, HASH_AT - 1), ret_salt, SALT_BYTES) &&
	       read_hex(span_from(text, HASH_AT), ret_hash, HASH_BYTES);
}

bool comm_key_is_hash(struct span text)
{
	unsigned char salt[SALT_BYTES], hash[HASH_BYTES];

	return read_stored(text, salt, hash);
}

bool comm_key_is(const char *stored, struct span key)
{
	unsigned char salt[SALT_BYTES], wanted[HASH_BYTES], hash[HASH_BYTES];

	return read_stored(span_str(stored), salt, wanted) && digest(salt, key, hash) == 0 &&
	       sodium_memcmp(hash, wanted, sizeof(hash)) == 0;
}
