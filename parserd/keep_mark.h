/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keep_mark: which deletion an operation reports. Pure. docs/PROTOCOL.md 8 */
#ifndef PUNCHD_PARSERD_KEEP_MARK_H
#define PUNCHD_PARSERD_KEEP_MARK_H

#include "parserd/row.h"

struct keep_mark {
	char what[ROW_NUMBER_MAX + 16]; /* a word that item_cleared_by knows */
	struct span pin;                /* empty: of all */
};

/* False when it reports none, or one of a PIN that it does not name. */
bool keep_mark_of(const struct row *operation, struct keep_mark *ret);

#endif
