/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_read: the readers' side of the commands. An environment that a cmdqd without commands
 * made has none. */
#include <errno.h>

#include "store/command.h"
#include "store/control_reader.h"

#define TEXT_MAX ((size_t)1024 * 1024) /* of one command; a writer's are far below it */

/* ---- commands ---- */

struct walk {
	struct control_reader *reader;
	const struct command_query *query;
	command_visit *visit;
	void *context;
	MDB_txn *txn;
	MDB_cursor *cursor; /* of history when the query names a serial, else of command */
	struct buf text;
	uint64_t count;
};

/* To the newest. A device's last key is the one before (serial, the highest id of all), which is
 * never given out. LMDB's code. */
static int step_first(struct walk *w, MDB_val *key, MDB_val *value)
{
	struct pack end = {.len = 0};

	if (w->query->serial.len == 0)
		return mdb_cursor_get(w->cursor, key, value, MDB_LAST);
	command_pack_key(&end, w->query->serial, UINT64_MAX);
	*key = env_val(pack_span(&end));
	int rc = mdb_cursor_get(w->cursor, key, value, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND)
		return mdb_cursor_get(w->cursor, key, value, MDB_LAST);
	return rc == 0 ? mdb_cursor_get(w->cursor, key, value, MDB_PREV) : rc;
}

/* 0 for a key of history that is another device's. */
static int id_of(const struct walk *w, struct span key, uint64_t *ret_id)
{
	struct span serial, wanted = w->query->serial;

	if (wanted.len == 0)
		return command_unpack_id(key, ret_id);
	int rc = command_unpack_key(key, &serial, ret_id);
	if (rc == 0 && !span_eq(serial, wanted))
		*ret_id = 0;
	return rc;
}

/* What history names and command lacks is damage. */
static int look_up(const struct walk *w, uint64_t id, MDB_val *ret_value)
{
	struct pack k = {.len = 0};

	command_pack_id(&k, id);
	MDB_val key = env_val(pack_span(&k));
	int rc = mdb_get(w->txn, w->reader->dbs[CONTROL_COMMAND], &key, ret_value);
	return rc == MDB_NOTFOUND ? -EUCLEAN : env_errno(rc);
}

static int show(struct walk *w, uint64_t id, MDB_val value)
{
	unsigned states = w->query->states;
	struct command c;
	int rc = w->query->serial.len > 0 ? look_up(w, id, &value) : 0;

	if (rc == 0)
		rc = control_get_command(id, env_span(value), &w->text, &c);
	if (rc != 0 || (states != 0 && !(states & 1u << c.state)))
		return rc;
	w->count++;
	return w->visit(w->context, &c);
}

static int walk_all(struct walk *w)
{
	const struct command_query *q = w->query;
	MDB_val key, value;
	uint64_t id;
	int rc = step_first(w, &key, &value);

	for (; rc == 0; rc = mdb_cursor_get(w->cursor, &key, &value, MDB_PREV)) {
		rc = id_of(w, env_span(key), &id);
		if (rc < 0)
			return rc;
		if (id <= q->after || (q->limit > 0 && w->count == q->limit))
			return 0;
		rc = show(w, id, value);
		if (rc != 0)
			return rc;
	}
	return rc == MDB_NOTFOUND ? 0 : env_errno(rc);
}

int control_commands(struct control_reader *r, const struct command_query *q, command_visit *visit,
	void *context)
{
	struct walk w = {.reader = r,
		.query = q,
		.visit = visit,
		.context = context,
		.text = buf_with_max(TEXT_MAX)};

	if (q->serial.len > 0 && !serial_valid(q->serial))
		return -EINVAL;
	int rc = control_scan(
		r, q->serial.len > 0 ? CONTROL_HISTORY : CONTROL_COMMAND, &w.txn, &w.cursor);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	rc = walk_all(&w);
	mdb_cursor_close(w.cursor);
	mdb_txn_abort(w.txn);
	buf_free(&w.text);
	return rc;
}

int control_command(struct control_reader *r, uint64_t id, struct buf *into, struct command *ret)
{
	struct pack key = {.len = 0};
	struct span text;
	MDB_txn *txn;

	command_pack_id(&key, id);
	int rc = control_get(r, CONTROL_COMMAND, pack_span(&key), &txn, &text);
	if (rc < 0)
		return rc;
	rc = control_get_command(id, text, into, ret);
	mdb_txn_abort(txn);
	return rc;
}

/* ---- what is beside them ---- */

int control_ordered(struct control_reader *r, const char *entry, struct ordered *ret)
{
	struct span text, key = span_str(entry);
	MDB_txn *txn;

	if (key.len == 0 || key.len >= COMMAND_ORDER_BYTES)
		return -ENOENT;
	int rc = control_get(r, CONTROL_ORDER, key, &txn, &text);
	if (rc < 0)
		return rc;
	rc = control_get_ordered(text, ret);
	mdb_txn_abort(txn);
	return rc;
}

int control_facts(struct control_reader *r, struct span serial, struct buf *into)
{
	struct span text;
	MDB_txn *txn;
	int rc = serial_valid(serial) ? control_get(r, CONTROL_FACT, serial, &txn, &text) : -ENOENT;

	if (rc < 0)
		return rc;
	buf_clear(into);
	rc = buf_add_span(into, text);
	mdb_txn_abort(txn);
	return rc;
}

static int visit_strays(MDB_cursor *cursor, stray_visit *visit, void *context)
{
	struct stray s;
	MDB_val key, text;
	int rc;

	while ((rc = mdb_cursor_get(cursor, &key, &text, MDB_NEXT)) == 0) {
		rc = control_get_stray(env_span(text), &s);
		if (rc == 0)
			rc = visit(context, &s);
		if (rc != 0)
			return rc;
	}
	return rc == MDB_NOTFOUND ? 0 : env_errno(rc);
}

int control_strays(struct control_reader *r, stray_visit *visit, void *context)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	int rc = control_scan(r, CONTROL_STRAY, &txn, &cursor);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	rc = visit_strays(cursor, visit, context);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return rc;
}
