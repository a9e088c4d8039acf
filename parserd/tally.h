/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tally: what became of the lines and bodies of uploads, in numbers. */
#ifndef PUNCHD_PARSERD_TALLY_H
#define PUNCHD_PARSERD_TALLY_H

#include <stdint.h>

#include "parserd/row.h"

/* Each line that is not empty counts once, and so does each option, and each body that is not made
 * of lines: as a record, a duplicate, raw or refused. */
struct tally {
	uint64_t punches;         /* new ones */
	uint64_t rows[ROW_KINDS]; /* new ones of other tables */
	uint64_t raw;             /* new bodies and lines that nobody can read */
	uint64_t duplicates;      /* of all of these, those that were known */
	uint64_t refused;         /* lines, known or not */
	uint64_t empty;           /* bodies without a byte */
};

void tally_add(struct tally *sum, const struct tally *t);
/* Punches and rows. */
uint64_t tally_records(const struct tally *t);
/* The log line of what is committed; what there was none of is not in it, but for the sums. */
void tally_log(const struct tally *sum, uint64_t files, uint64_t entries);

#endif
