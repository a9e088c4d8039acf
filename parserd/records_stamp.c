/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_stamp: the stamp that came with data. */
#include <errno.h>

#include "lib/num.h"
#include "parserd/records_writer.h"

#define STAMP_DIGITS_MAX 20
#define DAY_US           ((uint64_t)24 * 3600 * 1000000)

static bool may_be_stored(struct span text)
{
	uint64_t value;

	/* Terminals read it as a number: 0, "None" and nothing at all mean "send everything". A
	 * longer one than any number could be is none, whatever its zeros. */
	return text.len <= STAMP_DIGITS_MAX && num_u64(text, 1, UINT64_MAX, &value) == 0;
}

/* < 0, 0, > 0: by receipt, then by entry. Packed, because packed entries sort by arrival. */
static int compare(const struct stamp *a, const struct stamp *b)
{
	struct pack left = {.len = 0};
	struct pack right = {.len = 0};

	pack_u64(&left, a->received_us);
	pack_u64(&right, b->received_us);
	entry_ref_pack(&left, &a->entry);
	entry_ref_pack(&right, &b->entry);
	return memcmp(left.bytes, right.bytes, left.len);
}

/* 1 when `stamp` may take the place of what is stored under `key`, 0 when not, or an errno. */
static int is_later(
	struct records_writer *w, struct span key, const struct stamp *stamp, uint64_t now_us)
{
	struct stamp stored;
	struct span value;
	int rc = records_get(&w->shared, w->dbs[RECORDS_STAMP], key, &value);

	if (rc <= 0)
		return rc == 0 ? 1 : rc;
	rc = stamp_unpack(value, &stored);
	if (rc != 0)
		return rc;
	return compare(stamp, &stored) > 0 || stored.received_us > now_us + DAY_US;
}

int records_set_stamp(struct records_writer *w, struct span serial, struct span table,
	const struct stamp *stamp, uint64_t now_us)
{
	struct pack key = {.len = 0};
	struct pack value = {.len = 0};

	if (!may_be_stored(stamp->text))
		return 0;
	stamp_pack_key(&key, serial, table);
	stamp_pack_value(&value, stamp);
	if (key.failed || value.failed)
		return -EINVAL;
	int rc = is_later(w, pack_span(&key), stamp, now_us);
	if (rc <= 0)
		return rc;
	rc = records_put(&w->shared, w->dbs[RECORDS_STAMP], pack_span(&key), &value);
	return rc == 0 ? 1 : rc;
}
