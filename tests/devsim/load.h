/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The load generator: what it is told, and what it finds out. */
#ifndef PUNCHD_TESTS_DEVSIM_LOAD_H
#define PUNCHD_TESTS_DEVSIM_LOAD_H

#include "tests/devsim/devsim.h"

struct load_options {
	uint32_t connections, rate;
	uint64_t requests;
	uint64_t people; /* whom questions are about */
	bool lockstep, no_retry;
	enum kind kind;
	enum ask ask; /* KIND_QUESTION */
	struct crowd_options crowd;
};

struct load_totals {
	struct tally tally;
	uint64_t taken;    /* uploads begun */
	uint64_t requests; /* attempts that came to an end */
	uint64_t ok, failed, retried, records, shortages;
	uint64_t unacked; /* uploads given up, or open at the end */
	uint64_t rounds, worst_round_us;
	uint64_t start_us, end_us;
	double start_cpu;
};

extern struct load_options load_options;
extern struct load_totals load_totals;

/* Runs until the bounds are reached; the totals are complete then. */
void load_run(void);

#endif
