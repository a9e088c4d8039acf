/* SPDX-License-Identifier: GPL-2.0-or-later */
/* repeats: see the header. A table with open places, at least a third of them free. */
#include "parserd/repeats.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#define SLOTS_FIRST 64

struct repeat {
	const char *ptr; /* NULL: free */
	uint32_t len, count;
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

/* The place of `line`, or the free one where it belongs. */
static struct repeat *find(const struct repeats *r, struct span line)
{
	unsigned char hash[crypto_shorthash_BYTES];
	uint64_t at;

	(void)crypto_shorthash(hash, (const unsigned char *)line.ptr, line.len, r->key);
	memcpy(&at, hash, sizeof(at));
	for (;; at++) {
		struct repeat *slot = &r->slots[at & (r->slot_count - 1)];

		if (slot->ptr == NULL || span_eq(span_of(slot->ptr, slot->len), line))
			return slot;
	}
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
		if (r->slots[i].ptr != NULL)
			*find(&larger, span_of(r->slots[i].ptr, r->slots[i].len)) = r->slots[i];
	free(r->slots);
	*r = larger;
	return 0;
}

int repeats_count(struct repeats *r, struct span line, uint32_t *ret_ordinal)
{
	int rc = 3 * r->used < 2 * r->slot_count ? 0 : grow(r);

	if (rc != 0)
		return rc;
	struct repeat *slot = find(r, line);
	if (slot->ptr == NULL) {
		*slot = (struct repeat){.ptr = line.ptr, .len = (uint32_t)line.len};
		r->used++;
	}
	*ret_ordinal = slot->count++;
	return 0;
}
