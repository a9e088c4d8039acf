/* SPDX-License-Identifier: GPL-2.0-or-later */
/* people: whom fill_people makes. */
#ifndef PUNCHD_TESTS_BENCH_PEOPLE_H
#define PUNCHD_TESTS_BENCH_PEOPLE_H

#include <stdint.h>

static inline uint64_t people_pin(uint64_t n)
{
	return 1000001 + n;
}

/* Of 32 bits, never 0, each once, and in no order. */
static inline uint64_t people_card(uint64_t n)
{
	return (n + 1) * UINT64_C(2654435761) & UINT32_MAX;
}

#endif
