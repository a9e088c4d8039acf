/* SPDX-License-Identifier: GPL-2.0-or-later */
/* schema: the named databases of the stores, and the number that says how they are laid out. For
 * those who hold transactions; everybody else needs only records.h and control.h. */
#ifndef PUNCHD_STORE_SCHEMA_H
#define PUNCHD_STORE_SCHEMA_H

#include <lmdb.h>
#include <stdint.h>

#include "lib/span.h"

/* The names of a store's `count` databases. The last one is "meta", which holds the schema's
 * number; the first `needed` ones are as old as that. */
struct schema {
	const char *const *names;
	unsigned count, needed;
	uint32_t number;
};

#define SCHEMA_NO_DB 0 /* no handle of a named database has this value */

/* Opens the handles in the order of the names. `make`: makes what is missing; else the handle of a
 * younger database that nobody has made yet is SCHEMA_NO_DB. 0; -ENOENT when it was never made;
 * -EPROTONOSUPPORT for another schema; other negative errno. */
must_check int schema_open(MDB_txn *txn, const struct schema *schema, bool make, MDB_dbi *ret);

/* What they hold: records.h, item.h and logbook.h. */
enum records_db {
	RECORDS_PUNCH,
	RECORDS_JOURNAL,
	RECORDS_RAW,
	RECORDS_REFUSED,
	RECORDS_STAMP,
	RECORDS_ITEM,
	RECORDS_VERSION,
	RECORDS_CONTENT,
	RECORDS_USES,
	RECORDS_LOG,
	RECORDS_PHOTO,
	RECORDS_META,
	RECORDS_DBS,
};
#define RECORDS_DBS_FIRST (RECORDS_STAMP + 1) /* those that the first parserd made */

/* Of the private environment: item.h, known.h. */
enum private_db {
	PRIVATE_ITEM,
	PRIVATE_VERSION,
	PRIVATE_CONTENT,
	PRIVATE_USES,
	PRIVATE_RAW,
	PRIVATE_REFUSED,
	PRIVATE_ERASED,
	PRIVATE_AHEAD,
	PRIVATE_KNOWN,
	PRIVATE_META,
	PRIVATE_DBS,
};
#define PRIVATE_DBS_FIRST (PRIVATE_ERASED + 1) /* those that the first one had */
#define PRIVATE_SEQ       "seq"                /* in its meta */

/* What they hold: control.h, command.h and audit.h. */
enum control_db {
	CONTROL_DEVICE,
	CONTROL_COMMAND,
	CONTROL_HISTORY,
	CONTROL_OPEN,
	CONTROL_ORDER,
	CONTROL_STRAY,
	CONTROL_FACT,
	CONTROL_AUDIT,
	CONTROL_LENT,
	CONTROL_DUE,
	CONTROL_TOKEN,
	CONTROL_WANTED,
	CONTROL_META,
	CONTROL_DBS,
};
#define CONTROL_DBS_FIRST (CONTROL_DEVICE + 1) /* those that the first cmdqd made */

/* The handles of all databases of a store, opened within `txn`, which must be committed for them to
 * last; otherwise as schema_open. */
must_check int records_open_dbs(MDB_txn *txn, bool make, MDB_dbi ret[static RECORDS_DBS]);
must_check int private_open_dbs(MDB_txn *txn, bool make, MDB_dbi ret[static PRIVATE_DBS]);
must_check int control_open_dbs(MDB_txn *txn, bool make, MDB_dbi ret[static CONTROL_DBS]);

#endif
