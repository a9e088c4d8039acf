/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entry_ref: a spool entry's name in 20 bytes instead of 38; there is one in every record. */
#include "lib/num.h"
#include "store/records.h"

#define HEX_DIGITS 16
#define NAME_LEN   (HEX_DIGITS + 1 + HEX_DIGITS) /* docs/SPOOL.md "Names" */

void entry_ref_pack(struct pack *p, const struct entry_ref *entry)
{
	struct span name = span_str(entry->name);
	uint64_t time, random;

	if (name.len != NAME_LEN || name.ptr[HEX_DIGITS] != '-' ||
		num_hex(span_of(name.ptr, HEX_DIGITS), HEX_DIGITS, &time) != 0 ||
		num_hex(span_from(name, HEX_DIGITS + 1), HEX_DIGITS, &random) != 0) {
		p->failed = true;
		return;
	}
	pack_u64(p, time);
	pack_u64(p, random);
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
	ret->name[NAME_LEN] = '\0';
	ret->number = unpack_u32(u);
}
