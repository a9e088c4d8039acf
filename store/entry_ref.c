/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entry_ref: a spool entry's name in 24 bytes instead of up to 48; there is one in every record. */
#include <stdio.h>

#include "lib/num.h"
#include "store/records.h"

/* docs/SPOOL.md "Names": "<16 hex>-<16 hex>", and ".<n>" behind it for a part set aside. */
#define HEX_DIGITS 16
#define PLAIN_LEN  (HEX_DIGITS + 1 + HEX_DIGITS)

struct name_numbers {
	uint64_t time, random, part; /* part 0: a whole file */
};

static bool take_apart(struct span name, struct name_numbers *ret)
{
	ret->part = 0;
	return name.len >= PLAIN_LEN && name.ptr[HEX_DIGITS] == '-' &&
	       num_hex(span_of(name.ptr, HEX_DIGITS), HEX_DIGITS, &ret->time) == 0 &&
	       num_hex(span_of(name.ptr + HEX_DIGITS + 1, HEX_DIGITS), HEX_DIGITS, &ret->random) ==
		       0 &&
	       (name.len == PLAIN_LEN ||
		       (name.ptr[PLAIN_LEN] == '.' && name.ptr[PLAIN_LEN + 1] != '0' &&
			       num_u64(span_from(name, PLAIN_LEN + 1), 1, UINT32_MAX, &ret->part) ==
				       0));
}

void entry_ref_pack(struct pack *p, const struct entry_ref *entry)
{
	struct name_numbers n;

	if (!take_apart(span_str(entry->name), &n)) {
		p->failed = true;
		return;
	}
	pack_u64(p, n.time);
	pack_u64(p, n.random);
	pack_u32(p, (uint32_t)n.part);
	pack_u32(p, entry->number);
}

/* By hand: printf would take most of the time that a long scan needs. */
static void put_hex(uint64_t value, char text[static HEX_DIGITS])
{
	for (int i = HEX_DIGITS - 1; i >= 0; i--, value >>= 4)
		text[i] = "0123456789abcdef"[value & 15];
}

void entry_ref_unpack(struct unpack *u, struct entry_ref *ret)
{
	put_hex(unpack_u64(u), ret->name);
	ret->name[HEX_DIGITS] = '-';
	put_hex(unpack_u64(u), ret->name + HEX_DIGITS + 1);
	ret->name[PLAIN_LEN] = '\0';
	uint32_t part = unpack_u32(u);
	if (part > 0)
		snprintf(ret->name + PLAIN_LEN, sizeof(ret->name) - PLAIN_LEN, ".%u", part);
	ret->number = unpack_u32(u);
}
