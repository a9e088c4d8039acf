/* SPDX-License-Identifier: GPL-2.0-or-later */
/* schema: the named databases of the stores, and the number that says how they are laid out. For
 * those who hold transactions; everybody else needs only records.h and control.h. */
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

enum records_db {
	RECORDS_PUNCH,
	RECORDS_JOURNAL,
	RECORDS_RAW,
	RECORDS_REFUSED,
	RECORDS_STAMP,
	RECORDS_META,
	RECORDS_DBS,
};

enum control_db { CONTROL_DEVICE, CONTROL_META, CONTROL_DBS };

/* The handles of all databases of a store, opened within `txn`, which must be committed for them to
 * last; otherwise as schema_open. */
must_check int records_open_dbs(MDB_txn *txn, bool make, MDB_dbi ret[static RECORDS_DBS]);
must_check int control_open_dbs(MDB_txn *txn, bool make, MDB_dbi ret[static CONTROL_DBS]);

#endif
