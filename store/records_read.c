/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records_read: opening the records to read them, and how much there is. Each question is one read
 * transaction, which ends with it: one that stays open keeps the writer from using old pages again.
 */
#include <errno.h>
#include <stdlib.h>

#include "store/item.h"
#include "store/scan.h"

int records_open_dbs(MDB_txn *txn, bool make, MDB_dbi ret[static RECORDS_DBS])
{
	static const char *const names[RECORDS_DBS] = {
		[RECORDS_PUNCH] = "punch",
		[RECORDS_JOURNAL] = "journal",
		[RECORDS_RAW] = "raw",
		[RECORDS_REFUSED] = "refused",
		[RECORDS_STAMP] = "stamp",
		[RECORDS_ITEM] = "item",
		[RECORDS_VERSION] = "version",
		[RECORDS_CONTENT] = "content",
		[RECORDS_USES] = "uses",
		[RECORDS_LOG] = "log",
		[RECORDS_PHOTO] = "photo",
		[RECORDS_META] = "meta",
	};
	static const struct schema schema = {names, RECORDS_DBS, RECORDS_DBS_FIRST, RECORDS_SCHEMA};
	return schema_open(txn, &schema, make, ret);
}

int private_open_dbs(MDB_txn *txn, bool make, MDB_dbi ret[static PRIVATE_DBS])
{
	static const char *const names[PRIVATE_DBS] = {
		[PRIVATE_ITEM] = "item",
		[PRIVATE_VERSION] = "version",
		[PRIVATE_CONTENT] = "content",
		[PRIVATE_USES] = "uses",
		[PRIVATE_RAW] = "raw",
		[PRIVATE_REFUSED] = "refused",
		[PRIVATE_ERASED] = "erased",
		[PRIVATE_AHEAD] = "ahead",
		[PRIVATE_KNOWN] = "known",
		[PRIVATE_META] = "meta",
	};
	static const struct schema schema = {names, PRIVATE_DBS, PRIVATE_DBS_FIRST, RECORDS_SCHEMA};
	return schema_open(txn, &schema, make, ret);
}

static int open_handles(
	MDB_env *env, int (*open_dbs)(MDB_txn *txn, bool make, MDB_dbi *ret), MDB_dbi *ret)
{
	MDB_txn *txn;
	int rc = env_begin_read(env, &txn);

	if (rc != 0)
		return rc;
	rc = open_dbs(txn, false, ret);
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
	r->private_error = -EACCES;
	int rc = env_open_reader(path, RECORDS_DBS, &r->env);
	if (rc == 0)
		rc = open_handles(r->env, records_open_dbs, r->dbs);
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
	if (r->private_env != NULL)
		mdb_env_close(r->private_env);
	if (r->env != NULL)
		mdb_env_close(r->env);
	free(r);
}

int records_open_private(struct records_reader *r, const char *private_path)
{
	MDB_env *env = NULL;
	int rc = r->private_env != NULL ? -EALREADY : 0;

	if (rc != 0)
		return rc;
	rc = env_open_reader(private_path, PRIVATE_DBS, &env);
	if (rc == 0)
		rc = open_handles(env, private_open_dbs, r->private_dbs);
	if (rc != 0) {
		if (env != NULL)
			mdb_env_close(env);
		env = NULL;
	}
	r->private_env = env;
	r->private_error = rc;
	return rc;
}

bool records_has_private(const struct records_reader *r)
{
	return r->private_env != NULL;
}

bool records_is_current(const struct records_reader *r)
{
	return env_is_current(r->env) && (r->private_env == NULL || env_is_current(r->private_env));
}

int items_open(const char *records_path, const char *private_path, struct records_reader **ret)
{
	struct records_reader *r;
	int rc = records_open(records_path, &r);

	if (rc != 0)
		return rc;
	rc = records_open_private(r, private_path);
	if (rc != 0 && rc != -EACCES && rc != -ENOENT) {
		records_close(r);
		return rc;
	}
	*ret = r;
	return 0;
}

/* ---- counts ---- */

static int count_db(MDB_txn *txn, MDB_dbi db, uint64_t *ret)
{
	MDB_stat stat = {.ms_entries = 0};
	int rc = db == SCHEMA_NO_DB ? 0 : mdb_stat(txn, db, &stat);

	if (rc == 0)
		*ret = stat.ms_entries;
	return env_errno(rc);
}

/* A database and where its count goes. */
struct counting {
	MDB_dbi db;
	uint64_t *ret;
};

static int count_bytes(MDB_env *env, uint64_t *ret_map, uint64_t *ret_used)
{
	MDB_envinfo info;
	MDB_stat stat;
	int rc = mdb_env_info(env, &info);

	if (rc == 0)
		rc = mdb_env_stat(env, &stat);
	if (rc != 0)
		return env_errno(rc);
	*ret_map = info.me_mapsize;
	*ret_used = (info.me_last_pgno + 1) * stat.ms_psize;
	return 0;
}

static int count_all(MDB_env *env, const struct counting *what, size_t count)
{
	MDB_txn *txn;
	int rc = env_begin_read(env, &txn);

	if (rc != 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = count_db(txn, what[i].db, what[i].ret);
	mdb_txn_abort(txn);
	return rc;
}
#define COUNT_ALL(env, ...)                                    \
	count_all(env, (const struct counting[]){__VA_ARGS__}, \
		sizeof((const struct counting[]){__VA_ARGS__}) / sizeof(struct counting))

static int count_public(const struct records_reader *r, struct records_counts *ret)
{
	int rc = COUNT_ALL(r->env, {r->dbs[RECORDS_PUNCH], &ret->punches},
		{r->dbs[RECORDS_RAW], &ret->raw}, {r->dbs[RECORDS_REFUSED], &ret->refused},
		{r->dbs[RECORDS_JOURNAL], &ret->journal}, {r->dbs[RECORDS_ITEM], &ret->items},
		{r->dbs[RECORDS_LOG], &ret->logged}, {r->dbs[RECORDS_PHOTO], &ret->photos});

	return rc == 0 ? count_bytes(r->env, &ret->map_bytes, &ret->used_bytes) : rc;
}

static int count_private(const struct records_reader *r, struct records_counts *ret)
{
	const MDB_dbi *dbs = r->private_dbs;
	int rc = COUNT_ALL(r->private_env, {dbs[PRIVATE_ITEM], &ret->private_items},
		{dbs[PRIVATE_RAW], &ret->private_raw},
		{dbs[PRIVATE_REFUSED], &ret->private_refused});

	return rc == 0 ? count_bytes(
				 r->private_env, &ret->private_map_bytes, &ret->private_used_bytes)
		       : rc;
}

int records_count(struct records_reader *r, struct records_counts *ret)
{
	struct records_counts c = {.has_private = records_has_private(r)};
	int rc = count_public(r, &c);

	if (rc == 0 && c.has_private)
		rc = count_private(r, &c);
	if (rc == 0)
		*ret = c;
	return rc;
}
