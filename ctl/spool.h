/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spool: what the files of the noun "spool" share. */
#ifndef PUNCHD_CTL_SPOOL_H
#define PUNCHD_CTL_SPOOL_H

#include "ctl/ask.h"
#include "ctl/place.h"

/* The verbs that have a file of their own. Each gives the exit code. */
int spool_verb_show(struct ask *a);
int spool_verb_check(struct ask *a);
int spool_verb_hold(struct ask *a);
int spool_verb_release(struct ask *a);
int spool_verb_replay(struct ask *a);
int spool_verb_discard(struct ask *a);

/* Takes the name of a spool off the front of the words; false, and nothing is taken, when it is
 * none. */
bool spool_take_kind(struct ask *a, enum place_kind *ret);

#endif
