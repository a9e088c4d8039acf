/* SPDX-License-Identifier: GPL-2.0-or-later */
/* repeats: see the header. A table with open places, at least a third of them free. */
#include "parserd/repeats.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#define SLOTS_FIRST 64

struct repeat {
	uint32_t at;         /* in the body */
	uint32_t len, count; /* count 0: free */
	uint32_t hash;       /* so that most lines are not looked at again */
};

_Static_assert(sizeof(((struct repeats *)0)->key) == crypto_shorthash_KEYBYTES, "SipHash's key");

struct repeats repeats_of(struct span body)
{
	return (struct repeats){.body = body};
}

void repeats_free(struct repeats *r)
{
	free(r->slots);
	r->slots = NULL;
	r->slot_count = 0;
	r->used = 0;
}

static uint32_t hash_of(const struct repeats *r, struct span line)
{
	unsigned char bytes[crypto_shorthash_BYTES];
	uint32_t hash;

	(void)crypto_shorthash(bytes, (const unsigned char *)line.ptr, line.len, r->key);
	memcpy(&hash, bytes, sizeof(hash));
	return hash;
}

/* The place of what is like `line`, or the free one where it belongs. */
static struct repeat *find(const struct repeats *r, uint32_t hash, struct span line)
{
	for (size_t at = hash;; at++) {
		struct repeat *slot = &r->slots[at & (r->slot_count - 1)];

		if (slot->count == 0)
			return slot;
		if (slot->hash == hash && slot->len == line.len &&
			memcmp(r->body.ptr + slot->at, line.ptr, line.len) == 0)
			return slot;
	}
}

/* No two of a table are alike. */
static struct repeat *find_free(const struct repeats *r, uint32_t hash)
{
	size_t at = hash;

	while (r->slots[at & (r->slot_count - 1)].count > 0)
		at++;
	return &r->slots[at & (r->slot_count - 1)];
}

/* The key is made of the body, so that the same body is always read alike, and nobody can choose
 * lines that all want the same place: with each line the places of all of them change. */
static void make_key(struct repeats *r)
{
	(void)crypto_generichash(
		r->key, sizeof(r->key), (const unsigned char *)r->body.ptr, r->body.len, NULL, 0);
}

static int grow(struct repeats *r)
{
	if (r->slot_count == 0)
		make_key(r);
	struct repeats larger = *r;
	larger.slot_count = r->slot_count ? 2 * r->slot_count : SLOTS_FIRST;
	larger.slots = calloc(larger.slot_count, sizeof(*larger.slots));
	if (larger.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < r->slot_count; i++)
		if (r->slots[i].count > 0)
			*find_free(&larger, r->slots[i].hash) = r->slots[i];
	free(r->slots);
	*r = larger;
	return 0;
}

int repeats_count(struct repeats *r, struct span line, uint32_t *ret_ordinal)
{
	int rc = 3 * r->used < 2 * r->slot_count ? 0 : grow(r);

	if (rc == 0 && r->body.len > UINT32_MAX)
		rc = -EMSGSIZE;
	if (rc != 0)
		return rc;
	uint32_t hash = hash_of(r, line);
	struct repeat *slot = find(r, hash, line);
	if (slot->count == 0) {
		*slot = (struct repeat){
			.at = (uint32_t)(line.ptr - r->body.ptr),
			.len = (uint32_t)line.len,
			.hash = hash,
		};
		r->used++;
	}
	*ret_ordinal = slot->count++;
	return 0;
}
