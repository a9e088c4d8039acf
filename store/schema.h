/* SPDX-License-Identifier: GPL-2.0-or-later */
/* schema: the named databases of a store, and the number that says how they are laid out. */
#ifndef PUNCHD_STORE_SCHEMA_H
#define PUNCHD_STORE_SCHEMA_H

#include <lmdb.h>
#include <stdint.h>

#include "lib/span.h"

/* Opens the handles of `count` databases in the order of `names`; the last one is "meta", which
 * holds the schema's number. `make`: makes what is missing. 0; -ENOENT when it was never made;
 * -EPROTONOSUPPORT for another schema; other negative errno. */
must_check int schema_open(MDB_txn *txn, const char *const *names, unsigned count, uint32_t schema,
	bool make, MDB_dbi *ret);

#endif
