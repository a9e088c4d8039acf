/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and values of the records, as a damaged file might hold them: whatever can be read at all
 * stays within the bytes, and packed again it is the same bytes. An input is the key's length in
 * one byte, the key, the value. */
#include <errno.h>

#include "store/records.h"
#include "tests/fuzz/fuzz.h"

static void check_repacked(const struct pack *p, struct span bytes)
{
	CHECK(p->failed || span_eq(pack_span(p), bytes));
}

static void check_punch(struct span key, struct span value)
{
	struct pack k = {.len = 0}, v = {.len = 0};
	struct punch p;

	if (punch_unpack(key, value, &p) != 0)
		return;
	CHECK(fuzz_inside(p.serial, key) && fuzz_inside(p.pin, key));
	CHECK(fuzz_inside(p.status, key) && fuzz_inside(p.verify, key));
	CHECK(fuzz_inside(p.workcode, key) && fuzz_inside(p.extra, value));
	punch_pack_key(&k, &p);
	punch_pack_value(&v, &p);
	/* Only what is too long to have been packed fails. */
	CHECK(!k.failed || key.len > PUNCH_TIME_BYTES + 5 + PUNCH_CODE_MAX);
	CHECK(v.failed == (p.extra.len > PUNCH_EXTRA_MAX));
	check_repacked(&k, key);
	check_repacked(&v, value);
}

static void check_kept(struct span key, struct span value)
{
	struct pack k = {.len = 0}, v = {.len = 0};
	struct kept f;

	if (kept_unpack(key, value, &f) != 0)
		return;
	CHECK(fuzz_inside(f.serial, key) && fuzz_inside(f.table, key));
	CHECK(fuzz_inside(f.note, value) && fuzz_inside(f.bytes, value));
	kept_pack_key(&k, &f);
	kept_pack_head(&v, &f);
	CHECK(!k.failed && !v.failed);
	check_repacked(&k, key);
	pack_bytes(&v, f.note);
	pack_bytes(&v, f.bytes);
	check_repacked(&v, value);
}

static void check_stamp(struct span value)
{
	struct pack v = {.len = 0};
	struct stamp s;

	if (stamp_unpack(value, &s) != 0)
		return;
	CHECK(fuzz_inside(s.text, value));
	stamp_pack_value(&v, &s);
	if (!v.failed)
		check_repacked(&v, span_of(value.ptr, v.len));
}

static void check_fact(struct span key, struct span value)
{
	struct pack k = {.len = 0}, v = {.len = 0};
	struct fact f;

	if (fact_unpack(key, value, &f) != 0)
		return;
	CHECK(fuzz_inside(f.key, value));
	fact_pack_key(&k, f.seq);
	fact_pack_value(&v, f.kind, f.key);
	check_repacked(&k, span_of(key.ptr, k.len));
	check_repacked(&v, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = span_of(data, size), key, value;
	size_t key_len = size > 0 ? data[0] : 0;

	all = span_from(all, 1);
	key = span_of(all.ptr, key_len < all.len ? key_len : all.len);
	value = span_from(all, key.len);
	check_punch(key, value);
	check_kept(key, value);
	check_stamp(value);
	check_fact(key, value);
	return 0;
}
