/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scan: see the header. */
#include "store/scan.h"

int scan_within(MDB_txn *txn, MDB_dbi db, struct scan *ret)
{
	struct scan s = {.txn = txn};
	int rc = db == SCHEMA_NO_DB ? 0 : mdb_cursor_open(txn, db, &s.cursor);

	if (rc == 0)
		*ret = s;
	return env_errno(rc);
}

static int begin(MDB_env *env, MDB_dbi db, struct scan *ret)
{
	MDB_txn *txn;
	int rc = env_begin_read(env, &txn);

	if (rc != 0)
		return rc;
	rc = scan_within(txn, db, ret);
	if (rc != 0)
		mdb_txn_abort(txn);
	return rc;
}

int scan_begin(struct records_reader *r, enum records_db db, struct scan *ret)
{
	return begin(r->env, r->dbs[db], ret);
}

int scan_begin_private(struct records_reader *r, enum private_db db, struct scan *ret)
{
	if (r->private_env == NULL)
		return r->private_error;
	return begin(r->private_env, r->private_dbs[db], ret);
}

int scan_end_within(struct scan *s, int rc)
{
	if (s->cursor != NULL)
		mdb_cursor_close(s->cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int scan_end(struct scan *s, int rc)
{
	rc = scan_end_within(s, rc);
	mdb_txn_abort(s->txn);
	return rc;
}

static int get(struct scan *s, MDB_val *key, MDB_val *value, MDB_cursor_op op)
{
	int rc = s->cursor == NULL ? MDB_NOTFOUND : mdb_cursor_get(s->cursor, key, value, op);

	return rc == MDB_NOTFOUND ? rc : env_errno(rc);
}

int scan_to(struct scan *s, struct span from, MDB_val *key, MDB_val *value)
{
	*key = env_val(from);
	return get(s, key, value, from.len > 0 ? MDB_SET_RANGE : MDB_FIRST);
}

int scan_before(struct scan *s, struct span from, MDB_val *key, MDB_val *value)
{
	int rc = scan_to(s, from, key, value);

	/* LMDB's code is negative too. */
	if (rc < 0 && rc != MDB_NOTFOUND)
		return rc;
	return get(s, key, value, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
}

int scan_next(struct scan *s, MDB_val *key, MDB_val *value)
{
	return get(s, key, value, MDB_NEXT);
}

int scan_prev(struct scan *s, MDB_val *key, MDB_val *value)
{
	return get(s, key, value, MDB_PREV);
}

int scan_last(struct scan *s, MDB_val *key, MDB_val *value)
{
	return get(s, key, value, MDB_LAST);
}
