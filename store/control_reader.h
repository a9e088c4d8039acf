/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control_reader: what the readers of STATE/cmdqd/control share. */
#ifndef PUNCHD_STORE_CONTROL_READER_H
#define PUNCHD_STORE_CONTROL_READER_H

#include "store/env.h"
#include "store/schema.h"

struct control_reader {
	MDB_env *env;
	MDB_dbi dbs[CONTROL_DBS];
};

/* The value of one key of a database, and the transaction that it is read in; after a success
 * mdb_txn_abort ends it. 0; -ENOENT without the key, and while no writer has made the database;
 * other negative errno. */
must_check int control_get(struct control_reader *r, enum control_db db, struct span key,
	MDB_txn **ret_txn, struct span *ret_value);
/* The same with a cursor, which is closed before the transaction is ended. */
must_check int control_scan(
	struct control_reader *r, enum control_db db, MDB_txn **ret_txn, MDB_cursor **ret_cursor);

#endif
