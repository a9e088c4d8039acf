/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_read: opening the records to read them, and how much there is. Each question is one read
 * transaction, which ends with it: one that stays open keeps the writer from using old pages again.
 */
#include <errno.h>
#include <stdlib.h>

#include "store/scan.h"

int records_open_dbs(MDB_txn *txn, bool make, MDB_dbi ret[static RECORDS_DBS])
{
	static const char *const names[RECORDS_DBS] = {
		[RECORDS_PUNCH] = "punch",
		[RECORDS_JOURNAL] = "journal",
		[RECORDS_RAW] = "raw",
		[RECORDS_REFUSED] = "refused",
		[RECORDS_STAMP] = "stamp",
		[RECORDS_META] = "meta",
	};
	static const struct schema schema = {names, RECORDS_DBS, RECORDS_DBS, RECORDS_SCHEMA};
	return schema_open(txn, &schema, make, ret);
}

static int open_handles(struct records_reader *r)
{
	MDB_txn *txn;
	int rc = env_begin_read(r->env, &txn);

	if (rc != 0)
		return rc;
	rc = records_open_dbs(txn, false, r->dbs);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	/* Committed, for the handles to outlive it. */
	return env_errno(mdb_txn_commit(txn));
}

int records_open(const char *path, struct records_reader **ret)
{
	struct records_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -ENOMEM;
	int rc = env_open_reader(path, RECORDS_DBS, &r->env);
	if (rc == 0)
		rc = open_handles(r);
	if (rc != 0) {
		records_close(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void records_close(struct records_reader *r)
{
	if (r == NULL)
		return;
	if (r->env != NULL)
		mdb_env_close(r->env);
	free(r);
}

/* ---- counts ---- */

static int count_db(MDB_txn *txn, MDB_dbi db, uint64_t *ret)
{
	MDB_stat stat;
	int rc = mdb_stat(txn, db, &stat);

	if (rc == 0)
		*ret = stat.ms_entries;
	return env_errno(rc);
}

static int count_bytes(MDB_env *env, struct records_counts *ret)
{
	MDB_envinfo info;
	MDB_stat stat;
	int rc = mdb_env_info(env, &info);

	if (rc == 0)
		rc = mdb_env_stat(env, &stat);
	if (rc != 0)
		return env_errno(rc);
	ret->map_bytes = info.me_mapsize;
	ret->used_bytes = (info.me_last_pgno + 1) * stat.ms_psize;
	return 0;
}

int records_count(struct records_reader *r, struct records_counts *ret)
{
	struct records_counts c = {.punches = 0};
	MDB_txn *txn;
	int rc = env_begin_read(r->env, &txn);

	if (rc != 0)
		return rc;
	rc = count_db(txn, r->dbs[RECORDS_PUNCH], &c.punches);
	if (rc == 0)
		rc = count_db(txn, r->dbs[RECORDS_RAW], &c.raw);
	if (rc == 0)
		rc = count_db(txn, r->dbs[RECORDS_REFUSED], &c.refused);
	if (rc == 0)
		rc = count_db(txn, r->dbs[RECORDS_JOURNAL], &c.journal);
	if (rc == 0)
		rc = count_bytes(r->env, &c);
	mdb_txn_abort(txn);
	if (rc == 0)
		*ret = c;
	return rc;
}
