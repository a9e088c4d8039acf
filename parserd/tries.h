/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tries: how often parserd was at work on a file when it died. A file that kills it would do so for
 * ever; this is what makes an end of that. */
#ifndef PUNCHD_PARSERD_TRIES_H
#define PUNCHD_PARSERD_TRIES_H

#include "spool/spool.h"

/* Deaths in a row after which a file is refused. A good one may be in work when parserd is killed
 * for other reasons, so not at the third one; each costs only a restart. */
#define TRIES_MAX 10

/* Counts one more try at cur/NAME, durably, in the length of cur/NAME.try. How many there were
 * before it, or a negative errno. */
must_check int tries_count(const struct spool *s, const char *name);
/* The file did not kill us. */
void tries_forget(const struct spool *s, const char *name);

#endif
