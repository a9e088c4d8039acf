/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admit: which serials are let in, and from where. cmdqd writes the list, ingestd only reads it, so
 * intake goes on while cmdqd is down. */
#ifndef PUNCHD_INGESTD_ADMIT_H
#define PUNCHD_INGESTD_ADMIT_H

#include "lib/span.h"

struct admit;

enum admit_verdict {
	ADMIT_IN,
	ADMIT_UNKNOWN,   /* the serial is not on the list */
	ADMIT_ELSEWHERE, /* it is, but not from this address */
};

/* `any`: everybody is let in and no list is looked at. `path` is the list's; it need not be there
 * yet: then nobody is let in. 0 or a negative errno. */
must_check int admit_open(const char *path, bool any, struct admit **ret);
/* Reads the list again if it was replaced. 1 when it was, 0 when it is as it was, or a negative
 * errno: then the list of before goes on. */
must_check int admit_refresh(struct admit *a);
/* May it be let in from `peer`, an address? */
must_check enum admit_verdict admit_ask(
	const struct admit *a, const char *serial, const char *peer);
size_t admit_count(const struct admit *a);
void admit_close(struct admit *a);

#endif
