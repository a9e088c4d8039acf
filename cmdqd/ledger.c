/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger: the side of STATE/cmdqd/control that writes. */
#include "cmdqd/ledger.h"

#include <errno.h>
#include <stdlib.h>

#include "cmdqd/ledger_private.h"
#include "command/typed.h"
#include "lib/log.h"

#define LEDGER_MAP_BYTES (64UL << 20)
/* Of one record: a device, or a command, each byte of whose text may be escaped as three. */
#define LEDGER_TEXT_MAX (3 * TYPED_MAX + 8192)

static int open_databases(struct ledger *l)
{
	int rc = ledger_begin(l);

	if (rc < 0)
		return rc;
	rc = control_open_dbs(l->txn, true, l->dbs);
	if (rc == 0)
		return ledger_commit(l);
	ledger_abort(l);
	return rc;
}

int ledger_open(const char *path, struct ledger **ret)
{
	struct ledger *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->text = buf_with_max(LEDGER_TEXT_MAX);

	int rc = env_make(path);
	if (rc == 0)
		rc = env_open_writer(path, LEDGER_MAP_BYTES, CONTROL_DBS, &l->env);
	if (rc == 0)
		rc = open_databases(l);
	if (rc < 0) {
		ledger_close(l);
		return rc;
	}
	*ret = l;
	return 0;
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	ledger_abort(l);
	if (l->env)
		mdb_env_close(l->env);
	buf_free(&l->text);
	free(l);
}

/* Passing it over would take an approved device off the admission list. */
static int read_one(MDB_val key, MDB_val value, device_visit *visit, void *context)
{
	struct device d;
	int rc = control_get_device(env_span(key), env_span(value), &d);

	if (rc == 0)
		return visit(context, &d);
	log_error("device record cannot be read", LOG_SPAN("serial", env_span(key)), LOG_ERR(rc));
	return rc;
}

static int read_all(MDB_cursor *cursor, device_visit *visit, void *context)
{
	MDB_val key, value;
	int rc;

	while ((rc = env_errno(mdb_cursor_get(cursor, &key, &value, MDB_NEXT))) == 0) {
		rc = read_one(key, value, visit, context);
		if (rc != 0)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

int ledger_read(struct ledger *l, device_visit *visit, void *context)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	int rc = env_begin_read(l->env, &txn);

	if (rc < 0)
		return rc;
	rc = env_errno(mdb_cursor_open(txn, l->dbs[CONTROL_DEVICE], &cursor));
	if (rc == 0) {
		rc = read_all(cursor, visit, context);
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	return rc;
}

int ledger_begin(struct ledger *l)
{
	l->open.serial[0] = '\0';
	return env_errno(mdb_txn_begin(l->env, NULL, 0, &l->txn));
}

int ledger_need(struct ledger *l)
{
	return l->txn ? 0 : ledger_begin(l);
}

bool ledger_is_open(const struct ledger *l)
{
	return l->txn != NULL;
}

int ledger_put(struct ledger *l, const struct device *d)
{
	buf_clear(&l->text);
	int rc = control_put_device(&l->text, d);
	return rc < 0 ? rc
		      : ledger_store(l, CONTROL_DEVICE, span_str(d->serial), buf_span(&l->text), 0);
}

int ledger_delete(struct ledger *l, struct span serial)
{
	int rc = ledger_drop(l, CONTROL_DEVICE, serial);

	return rc < 0 ? rc : ledger_drop(l, CONTROL_FACT, serial);
}

int ledger_commit(struct ledger *l)
{
	MDB_txn *txn = l->txn;

	l->txn = NULL;
	/* Durability: LMDB syncs data and meta page before it returns; the environment is opened
	 * without MDB_NOSYNC. */
	return env_errno(mdb_txn_commit(txn));
}

void ledger_abort(struct ledger *l)
{
	if (l->txn)
		mdb_txn_abort(l->txn);
	l->txn = NULL;
}

int ledger_give_up(struct ledger *l, int rc)
{
	ledger_abort(l);
	if (rc != -EXFULL)
		return rc;
	rc = env_grow(l->env);
	return rc < 0 ? rc : -EAGAIN;
}
