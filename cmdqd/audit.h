/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audit: the side of store/audit.h that writes. All within the ledger's transaction, which they
 * begin when none is open; nothing is kept before ledger_commit (so an answer that is audited is
 * held at the desk until then). */
#ifndef PUNCHD_CMDQD_AUDIT_H
#define PUNCHD_CMDQD_AUDIT_H

#include "cmdqd/ledger.h"
#include "store/audit.h"

/* Enters it; its number is set here. 0 or a negative errno. */
must_check int audit_add(struct ledger *l, struct audit *a);
/* What is in the store since then, in order of time, for those who count failures: within the
 * transaction too. 0, what `visit` returned, or a negative errno. */
must_check int audit_since(struct ledger *l, uint64_t since_us, audit_visit *visit, void *context);
/* Takes out the oldest from before that time, at most `most`. How many, or a negative errno. */
must_check int audit_purge(struct ledger *l, uint64_t before_us, unsigned most);

/* This device was told of this user and is to delete him at `due_us` (again: the later time holds).
 * 0 or a negative errno. */
must_check int audit_lend(struct ledger *l, struct span serial, struct span pin, uint64_t due_us);
/* The first one that is due by now: 1 and who; 0 when none is; negative errno. */
struct lent {
	char serial[SERIAL_MAX + 1];
	char pin[PUNCH_PIN_MAX + 1];
	uint64_t due_us;
};
must_check int audit_next_due(struct ledger *l, uint64_t now_us, struct lent *ret);
/* It is no longer lent: 0, also when it was not; negative errno. */
must_check int audit_lent_over(struct ledger *l, struct span serial, struct span pin);

#endif
