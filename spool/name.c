/* SPDX-License-Identifier: GPL-2.0-or-later */
/* name: names that sort by arrival and hold nothing that a client sent. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "lib/num.h"
#include "spool/spool.h"

#define HEX_DIGITS 16
#define PLAIN      (HEX_DIGITS + 1 + HEX_DIGITS)

/* Arrival never goes back within a process, whatever the wall clock does. */
static uint64_t rising(uint64_t wall_us)
{
	static _Atomic uint64_t last_us;
	uint64_t last = atomic_load(&last_us), next;
	do {
		next = wall_us > last ? wall_us : last + 1;
	} while (!atomic_compare_exchange_weak(&last_us, &last, next));
	return next;
}

void spool_name_make(uint64_t wall_us, char ret_name[static SPOOL_NAME_BYTES])
{
	uint64_t random;
	/* The kernel's generator gives eight bytes or the machine is beyond help. */
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		abort();
	snprintf(ret_name, SPOOL_NAME_BYTES, "%016" PRIx64 "-%016" PRIx64, rising(wall_us), random);
}

bool spool_name_valid(struct span name, uint64_t *ret_wall_us)
{
	uint64_t wall_us, number;
	if (name.len < PLAIN || name.len >= SPOOL_NAME_BYTES || name.ptr[HEX_DIGITS] != '-')
		return false;
	if (num_hex(span_of(name.ptr, HEX_DIGITS), HEX_DIGITS, &wall_us) < 0 ||
		num_hex(span_of(name.ptr + HEX_DIGITS + 1, HEX_DIGITS), HEX_DIGITS, &number) < 0)
		return false;
	struct span part = span_from(name, PLAIN);
	if (part.len > 0 && (part.len < 2 || part.ptr[0] != '.' || part.ptr[1] == '0' ||
				    num_u64(span_from(part, 1), 1, UINT32_MAX, &number) < 0))
		return false;
	if (ret_wall_us)
		*ret_wall_us = wall_us;
	return true;
}
