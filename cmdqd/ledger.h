/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger: the side of STATE/control that writes. Only cmdqd has it open; the schema is
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
 * returned 0, and all of it is durable then. A change that fails leaves the transaction to
 * ledger_abort; -EXFULL: call ledger_grow after that and begin again. */
must_check int ledger_begin(struct ledger *l);
must_check int ledger_put(struct ledger *l, const struct device *d);
/* A device that is not there is as good as deleted. */
must_check int ledger_delete(struct ledger *l, struct span serial);
must_check int ledger_commit(struct ledger *l);
void ledger_abort(struct ledger *l);
must_check int ledger_grow(struct ledger *l);

#endif
