/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scan: see the header. */
#include "store/scan.h"

int scan_begin(struct records_reader *r, enum records_db db, struct scan *ret)
{
	struct scan s;
	int rc = env_begin_read(r->env, &s.txn);

	if (rc != 0)
		return rc;
	rc = mdb_cursor_open(s.txn, r->dbs[db], &s.cursor);
	if (rc != 0) {
		mdb_txn_abort(s.txn);
		return env_errno(rc);
	}
	*ret = s;
	return 0;
}

int scan_end(struct scan *s, int rc)
{
	mdb_cursor_close(s->cursor);
	mdb_txn_abort(s->txn);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int scan_to(struct scan *s, struct span from, MDB_val *key, MDB_val *value)
{
	*key = env_val(from);
	int rc = mdb_cursor_get(s->cursor, key, value, from.len > 0 ? MDB_SET_RANGE : MDB_FIRST);
	return rc == MDB_NOTFOUND ? rc : env_errno(rc);
}

int scan_next(struct scan *s, MDB_val *key, MDB_val *value)
{
	int rc = mdb_cursor_get(s->cursor, key, value, MDB_NEXT);
	return rc == MDB_NOTFOUND ? rc : env_errno(rc);
}

int scan_last(struct scan *s, MDB_val *key, MDB_val *value)
{
	int rc = mdb_cursor_get(s->cursor, key, value, MDB_LAST);
	return rc == MDB_NOTFOUND ? rc : env_errno(rc);
}
