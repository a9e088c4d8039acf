/* SPDX-License-Identifier: GPL-2.0-or-later */
/* validity: from when until when somebody may come in, as terminals say it of a user. Pure.
 * docs/PROTOCOL.md 3.2 */
#ifndef PUNCHD_CMDQD_VALIDITY_H
#define PUNCHD_CMDQD_VALIDITY_H

#include "lib/clock.h"

/* NULL when it holds by that clock, else why not, in words. A bound that is empty, or zeros, is
 * none; what cannot be read holds never. */
const char *validity_objection(struct span start, struct span end, const struct clock_local *now);
/* Is there a bound, so that the clock matters? */
bool validity_limited(struct span start, struct span end);

#endif
