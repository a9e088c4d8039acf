/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_private: what the parts of the ledger share. For cmdqd/ledger.c, cmdqd/ledger_command.c
 * and cmdqd/audit.c alone: nobody else in cmdqd knows LMDB. */
#ifndef PUNCHD_CMDQD_LEDGER_PRIVATE_H
#define PUNCHD_CMDQD_LEDGER_PRIVATE_H

#include "cmdqd/ledger.h"
#include "store/env.h"
#include "store/schema.h"

struct ledger {
	MDB_env *env;
	MDB_dbi dbs[CONTROL_DBS];
	MDB_txn *txn;    /* NULL outside of a transaction */
	struct buf text; /* of the record that is being written */
	/* The open commands of one device, as far as the transaction has come; "": of none. So that
	 * a file with thousands of orders for it does not count thousands of times. */
	struct {
		char serial[SERIAL_MAX + 1];
		unsigned count;
	} open;
};

/* Within the transaction. 0 or a negative errno. */
static inline int ledger_store(
	struct ledger *l, enum control_db db, struct span key, struct span value, unsigned flags)
{
	MDB_val k = env_val(key), v = env_val(value);

	return env_errno(mdb_put(l->txn, l->dbs[db], &k, &v, flags));
}

/* The span is the store's own and lasts until the next change. 0, -ENOENT, … */
static inline int ledger_fetch(
	struct ledger *l, enum control_db db, struct span key, struct span *ret_value)
{
	MDB_val k = env_val(key), v;
	int rc = env_errno(mdb_get(l->txn, l->dbs[db], &k, &v));

	if (rc == 0)
		*ret_value = env_span(v);
	return rc;
}

/* What is not there is as good as dropped. */
static inline int ledger_drop(struct ledger *l, enum control_db db, struct span key)
{
	MDB_val k = env_val(key);
	int rc = env_errno(mdb_del(l->txn, l->dbs[db], &k, NULL));

	return rc == -ENOENT ? 0 : rc;
}

#endif
