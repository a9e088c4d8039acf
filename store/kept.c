/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kept: everything but punches as keys and values: bodies kept whole, refused lines, stamps, and
 * the journal of all facts. */
#include <errno.h>
#include <stdio.h>

#include "store/records.h"

void kept_hex(
	const unsigned char digest[static KEPT_DIGEST_BYTES], char ret_hex[static KEPT_HEX_BYTES])
{
	for (size_t i = 0; i < KEPT_DIGEST_BYTES; i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}

bool kept_is_private(const struct kept *k)
{
	return !span_is(k->table, "ATTLOG") || span_has(k->bytes, '=');
}

void kept_pack_key(struct pack *k, const struct kept *f)
{
	pack_text(k, f->serial);
	pack_text(k, f->table);
	pack_bytes(k, span_of(f->digest, sizeof(f->digest)));
}

void kept_pack_head(struct pack *v, const struct kept *f)
{
	pack_u64(v, f->seq);
	pack_u64(v, f->received_us);
	entry_ref_pack(v, &f->entry);
	v->failed = v->failed || f->note.len > UINT16_MAX;
	pack_u16(v, (uint16_t)f->note.len);
}

int kept_unpack(struct span key, struct span value, struct kept *ret)
{
	struct unpack k = {.rest = key};
	struct unpack v = {.rest = value};
	struct kept f;

	f.serial = unpack_text(&k);
	f.table = unpack_text(&k);
	struct span digest = unpack_bytes(&k, sizeof(f.digest));
	f.seq = unpack_u64(&v);
	f.received_us = unpack_u64(&v);
	entry_ref_unpack(&v, &f.entry);
	f.note = unpack_bytes(&v, unpack_u16(&v));
	f.bytes = v.rest;
	if (k.failed || k.rest.len > 0 || v.failed)
		return -EUCLEAN;
	memcpy(f.digest, digest.ptr, sizeof(f.digest));
	*ret = f;
	return 0;
}

void stamp_pack_key(struct pack *k, struct span serial, struct span table)
{
	pack_text(k, serial);
	pack_text(k, table);
}

void stamp_pack_value(struct pack *v, const struct stamp *s)
{
	pack_u64(v, s->received_us);
	entry_ref_pack(v, &s->entry);
	pack_text(v, s->text);
}

int stamp_unpack(struct span value, struct stamp *ret)
{
	struct unpack v = {.rest = value};
	struct stamp s;

	s.received_us = unpack_u64(&v);
	entry_ref_unpack(&v, &s.entry);
	s.text = unpack_text(&v);
	if (v.failed)
		return -EUCLEAN;
	*ret = s;
	return 0;
}

void fact_pack_key(struct pack *k, uint64_t seq)
{
	pack_u64(k, seq);
}

void fact_pack_value(struct pack *v, enum fact_kind kind, struct span key)
{
	pack_u8(v, (uint8_t)kind);
	pack_bytes(v, key);
}

int fact_unpack(struct span key, struct span value, struct fact *ret)
{
	struct unpack k = {.rest = key};
	struct unpack v = {.rest = value};
	uint64_t seq = unpack_u64(&k);
	enum fact_kind kind = unpack_u8(&v);

	if (k.failed || v.failed)
		return -EUCLEAN;
	*ret = (struct fact){.seq = seq, .kind = kind, .key = v.rest};
	return 0;
}
