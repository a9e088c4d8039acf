/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outcome: what the results of one file of the spool "result" say, brought to the commands that
 * they answer; content goes to a file of its own, and what nobody asked for is kept and flagged. */
#ifndef PUNCHD_CMDQD_OUTCOME_H
#define PUNCHD_CMDQD_OUTCOME_H

#include "cmdqd/content.h"
#include "cmdqd/later.h"
#include "cmdqd/ledger.h"
#include "spool/spool.h"

/* In the body of one entry. A terminal has some hundred commands without a result at most. */
#define OUTCOME_RESULTS_MAX 10000 /* results and lines that are none; the rest is not read */
#define OUTCOME_STRAYS_MAX  256   /* kept; the last of them says that there were more */

struct outcome {
	struct ledger *ledger;
	struct content *content;
	struct later *later; /* gets the lines about what was done */
};

/* As obey_file. */
must_check int outcome_file(const struct outcome *o, const struct spool *results, const char *name,
	struct span bytes, const char **ret_why);

#endif
