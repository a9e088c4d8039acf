/* SPDX-License-Identifier: GPL-2.0-or-later */
/* erase_order: what is to be taken out of the records, read from the body of an entry of the spool
 * "erase". Pure. The body is lines "key: value", the first of them "erase: WHAT":
 *
 *   erase: pin      pin: 1001                      all of this PIN on all devices
 *   erase: photos   before: 2026-01-01 00:00:00    photos of punches from before that local time
 *   erase: oplog    before: 2026-01-01 00:00:00    operations, errors and events from before it
 *
 * In a PIN '%' and control characters, which terminals do send, are %XX, as in store/lines.h. */
#ifndef PUNCHD_PARSERD_ERASE_ORDER_H
#define PUNCHD_PARSERD_ERASE_ORDER_H

#include "lib/clock.h"
#include "lib/span.h"
#include "store/records.h"

enum erase_what { ERASE_PIN, ERASE_PHOTOS, ERASE_OPLOG, ERASE_WHATS };

/* "pin", … */
const char *erase_what_name(enum erase_what what);

struct erase_order {
	enum erase_what what;
	char pin[PUNCH_PIN_MAX + 1]; /* only of ERASE_PIN: the bytes themselves */
	struct clock_local before;   /* of the others: an existing one */
};

/* 0, or -EBADMSG with the reason. */
must_check int erase_order_parse(struct span body, struct erase_order *ret, const char **ret_why);

#endif
