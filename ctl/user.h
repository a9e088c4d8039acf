/* SPDX-License-Identifier: GPL-2.0-or-later */
/* user: what the files of the noun "user" share. */
#ifndef PUNCHD_CTL_USER_H
#define PUNCHD_CTL_USER_H

#include "ctl/ask.h"

/* The verbs that have a file of their own. Each gives the exit code. */
int user_verb_show(struct ask *a);
int user_verb_erase(struct ask *a);

#endif
