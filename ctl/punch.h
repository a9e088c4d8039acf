/* SPDX-License-Identifier: GPL-2.0-or-later */
/* punch: what the two files of the noun "punch" share. */
#ifndef PUNCHD_CTL_PUNCH_H
#define PUNCHD_CTL_PUNCH_H

#include "ctl/ask.h"
#include "store/records.h"

/* Opens the records. An exit code, said; EX_UNAVAILABLE while parserd has never run. */
int punch_open(const struct ask *a, struct records_reader **ret);

/* Is --after within the journal? A reader that resumes behind its end would wait for numbers that
 * come a second time. An exit code, said. */
int punch_check_after(struct records_reader *r, const struct ask *a);

/* The verb "follow". */
int punch_follow(struct ask *a);

#endif
