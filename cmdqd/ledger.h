/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger: the side of STATE/cmdqd/control that writes. Only cmdqd has it open; the schema is
 * store/control.h. */
#ifndef PUNCHD_CMDQD_LEDGER_H
#define PUNCHD_CMDQD_LEDGER_H

#include "lib/span.h"
#include "store/control.h"

struct ledger;

/* Makes the environment when it is missing. 0; -EPROTONOSUPPORT when it has another schema; other
 * negative errno. */
must_check int ledger_open(const char *path, struct ledger **ret);
/* A transaction that is open is given up. */
void ledger_close(struct ledger *l);

/* Calls `visit` for each device, in order of serial. 0, what `visit` returned, or a negative errno;
 * -EUCLEAN for a record that cannot be read, which is logged. */
must_check int ledger_read(struct ledger *l, device_visit *visit, void *context);

/* One transaction: begin, any number of changes, commit; nothing is kept before ledger_commit
 * returned 0, and all of it is durable then. After a change that failed, and a commit that did,
 * ledger_give_up. */
must_check int ledger_begin(struct ledger *l);
/* Begins one unless it is open already. */
must_check int ledger_need(struct ledger *l);
bool ledger_is_open(const struct ledger *l);
/* Aborts after `rc`, and grows the map when it was -EXFULL: then -EAGAIN, or what growing met; any
 * other `rc` as it is. */
must_check int ledger_give_up(struct ledger *l, int rc);
must_check int ledger_put(struct ledger *l, const struct device *d);
/* With its facts. A device that is not there is as good as deleted. */
must_check int ledger_delete(struct ledger *l, struct span serial);
must_check int ledger_commit(struct ledger *l);
void ledger_abort(struct ledger *l);

#endif
