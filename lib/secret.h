/* SPDX-License-Identifier: GPL-2.0-or-later */
/* secret: is what somebody says the secret that is stored? In a time that tells nothing of either.
 * Pure. */
#ifndef PUNCHD_LIB_SECRET_H
#define PUNCHD_LIB_SECRET_H

#include "lib/span.h"

#define SECRET_MAX 64 /* bytes of the longest that can be right */

/* False when nothing is stored, whatever is said. */
bool secret_is(struct span stored, struct span said);

#endif
