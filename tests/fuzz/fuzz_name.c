/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of spool files: the spool and the records agree on what is one, and a name that was
 * packed into a record comes back. */
#include "spool/spool.h"
#include "store/records.h"
#include "tests/fuzz/fuzz.h"

static void check_packed(struct span name, bool valid)
{
	struct entry_ref entry = {.number = 7}, back;
	struct pack p = {.len = 0};
	struct unpack u;

	if (name.len >= sizeof(entry.name) || span_has(name, '\0'))
		return;
	if (name.len > 0)
		memcpy(entry.name, name.ptr, name.len);
	entry_ref_pack(&p, &entry);
	CHECK(p.failed == !valid);
	if (p.failed)
		return;
	CHECK(p.len == 24);
	u = (struct unpack){.rest = pack_span(&p)};
	entry_ref_unpack(&u, &back);
	CHECK(!u.failed && u.rest.len == 0);
	CHECK(strcmp(back.name, entry.name) == 0 && back.number == 7);
}

/* Names sort as their times do, and a part sorts behind its file. */
static void check_valid(struct span name, uint64_t wall_us)
{
	char time[20];

	CHECK(name.len >= 33 && name.len < SPOOL_NAME_BYTES);
	CHECK(!fuzz_has_control(name) && !span_has(name, '/') && name.ptr[0] != '.');
	snprintf(time, sizeof(time), "%016llx", (unsigned long long)wall_us);
	CHECK(span_starts(name, time));
}

static void check_made(uint64_t wall_us)
{
	char first[SPOOL_NAME_BYTES], second[SPOOL_NAME_BYTES];
	uint64_t first_us, second_us;

	spool_name_make(wall_us, first);
	spool_name_make(wall_us, second);
	CHECK(spool_name_valid(span_str(first), &first_us) && first_us >= wall_us);
	CHECK(spool_name_valid(span_str(second), &second_us) && second_us > first_us);
	CHECK(strcmp(first, second) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span name = span_of(data, size);
	uint64_t wall_us = 0;
	bool valid = spool_name_valid(name, &wall_us);

	CHECK(valid == spool_name_valid(name, NULL));
	if (valid)
		check_valid(name, wall_us);
	check_packed(name, valid);
	/* Within some 140 years, for names only ever rise. */
	check_made(fuzz_hash(name) >> 12);
	return 0;
}
