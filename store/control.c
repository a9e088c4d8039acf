/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control: the readers' side of what cmdqd keeps. */
#include "store/control.h"

#include <errno.h>
#include <stdlib.h>

#include "store/control_reader.h"

int control_open_dbs(MDB_txn *txn, bool make, MDB_dbi ret[static CONTROL_DBS])
{
	static const char *const names[CONTROL_DBS] = {
		[CONTROL_DEVICE] = "device",
		[CONTROL_COMMAND] = "command",
		[CONTROL_HISTORY] = "history",
		[CONTROL_OPEN] = "open",
		[CONTROL_ORDER] = "order",
		[CONTROL_STRAY] = "stray",
		[CONTROL_FACT] = "fact",
		[CONTROL_AUDIT] = "audit",
		[CONTROL_LENT] = "lent",
		[CONTROL_DUE] = "due",
		[CONTROL_TOKEN] = "token",
		[CONTROL_WANTED] = "wanted",
		[CONTROL_META] = "meta",
	};
	static const struct schema schema = {names, CONTROL_DBS, CONTROL_DBS_FIRST, CONTROL_SCHEMA};
	return schema_open(txn, &schema, make, ret);
}

static int open_handles(struct control_reader *r)
{
	MDB_dbi dbs[CONTROL_DBS];
	MDB_txn *txn;
	int rc = env_begin_read(r->env, &txn);

	if (rc != 0)
		return rc;
	rc = control_open_dbs(txn, false, dbs);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	/* Committed, for the handles to outlive it. */
	rc = env_errno(mdb_txn_commit(txn));
	if (rc == 0)
		memcpy(r->dbs, dbs, sizeof(dbs));
	return rc;
}

int control_open(const char *path, struct control_reader **ret)
{
	struct control_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -ENOMEM;
	int rc = env_open_reader(path, CONTROL_DBS, &r->env);
	if (rc == 0)
		rc = open_handles(r);
	if (rc != 0) {
		control_close(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void control_close(struct control_reader *r)
{
	if (r == NULL)
		return;
	if (r->env != NULL)
		mdb_env_close(r->env);
	free(r);
}

static int begin(struct control_reader *r, enum control_db db, MDB_txn **ret)
{
	/* It may have been made since this reader looked. */
	int rc = r->dbs[db] == SCHEMA_NO_DB ? open_handles(r) : 0;

	if (rc == 0 && r->dbs[db] == SCHEMA_NO_DB)
		rc = -ENOENT;
	return rc == 0 ? env_begin_read(r->env, ret) : rc;
}

int control_get(struct control_reader *r, enum control_db db, struct span key, MDB_txn **ret_txn,
	struct span *ret_value)
{
	MDB_val k = env_val(key), value;
	MDB_txn *txn;
	int rc = begin(r, db, &txn);

	if (rc != 0)
		return rc;
	rc = env_errno(mdb_get(txn, r->dbs[db], &k, &value));
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	*ret_txn = txn;
	*ret_value = env_span(value);
	return 0;
}

int control_scan(
	struct control_reader *r, enum control_db db, MDB_txn **ret_txn, MDB_cursor **ret_cursor)
{
	MDB_txn *txn;
	int rc = begin(r, db, &txn);

	if (rc != 0)
		return rc;
	rc = env_errno(mdb_cursor_open(txn, r->dbs[db], ret_cursor));
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	*ret_txn = txn;
	return 0;
}

static int visit_all(MDB_cursor *cursor, device_visit *visit, void *context)
{
	struct device d;
	MDB_val serial, text;
	int rc;

	while ((rc = mdb_cursor_get(cursor, &serial, &text, MDB_NEXT)) == 0) {
		rc = control_get_device(env_span(serial), env_span(text), &d);
		if (rc == 0)
			rc = visit(context, &d);
		if (rc != 0)
			return rc;
	}
	return rc == MDB_NOTFOUND ? 0 : env_errno(rc);
}

int control_devices(struct control_reader *r, device_visit *visit, void *context)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	int rc = control_scan(r, CONTROL_DEVICE, &txn, &cursor);

	if (rc != 0)
		return rc;
	rc = visit_all(cursor, visit, context);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return rc;
}

int control_device(struct control_reader *r, struct span serial, struct device *ret)
{
	MDB_txn *txn;
	struct span text;
	int rc = serial_valid(serial) ? control_get(r, CONTROL_DEVICE, serial, &txn, &text)
				      : -ENOENT;

	if (rc != 0)
		return rc;
	rc = control_get_device(serial, text, ret);
	mdb_txn_abort(txn);
	return rc;
}
