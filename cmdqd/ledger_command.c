/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_command: the commands, orders, stray results and facts in STATE/cmdqd/control. */
#include "cmdqd/ledger_command.h"

#include <errno.h>

#include "cmdqd/ledger_private.h"
#include "store/pack.h"

/* ---- commands ---- */

/* In the transaction that uses it: an id that was given to nobody may be given again. */
static int next_id(struct ledger *l, uint64_t *ret_id)
{
	struct span key = span_str(COMMAND_LAST_ID), value = {0};
	struct pack number = {.len = 0};
	uint64_t last = 0;
	int rc = ledger_fetch(l, CONTROL_META, key, &value);

	if (rc == 0)
		rc = command_unpack_id(value, &last);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (last >= COMMAND_ID_MAX)
		return -EOVERFLOW;
	command_pack_id(&number, last + 1);
	rc = ledger_store(l, CONTROL_META, key, pack_span(&number), 0);
	if (rc == 0)
		*ret_id = last + 1;
	return rc;
}

static int put_record(struct ledger *l, const struct command *c)
{
	struct pack key = {.len = 0};

	command_pack_id(&key, c->id);
	buf_clear(&l->text);
	int rc = control_put_command(&l->text, c);
	return rc < 0 ? rc
		      : ledger_store(l, CONTROL_COMMAND, pack_span(&key), buf_span(&l->text), 0);
}

static struct span marks_of(const struct command *c, bool urgent, unsigned char *byte)
{
	*byte = (unsigned char)((c->state == COMMAND_OFFERED ? OPEN_OFFERED : 0) |
				(urgent ? OPEN_URGENT : 0) | (c->expires_us ? OPEN_EXPIRES : 0));
	return span_of(byte, 1);
}

/* While the command is open its file may be fetched. */
static int mark_file(struct ledger *l, const struct command *c)
{
	struct pack id = {.len = 0}, wanted = {.len = 0};
	struct span token = span_str(c->file.token);

	if (token.len == 0)
		return 0;
	command_pack_id(&id, c->id);
	command_pack_wanted(&wanted, span_str(c->file.sha256), c->id);
	if (wanted.failed)
		return -EINVAL;
	const bool open = command_is_open(c->state);
	int rc = open ? ledger_store(l, CONTROL_TOKEN, token, pack_span(&id), 0)
		      : ledger_drop(l, CONTROL_TOKEN, token);
	if (rc < 0)
		return rc;
	return open ? ledger_store(l, CONTROL_WANTED, pack_span(&wanted), span_of("", 0), 0)
		    : ledger_drop(l, CONTROL_WANTED, pack_span(&wanted));
}

int ledger_find_token(struct ledger *l, struct span token, uint64_t *ret_id)
{
	struct span value = {0};
	int rc = token.len > 0 ? ledger_fetch(l, CONTROL_TOKEN, token, &value) : -ENOENT;

	return rc < 0 ? rc : command_unpack_id(value, ret_id);
}

static int begins_with(MDB_cursor *cursor, const struct pack *start)
{
	MDB_val key = env_val(pack_span(start)), value;
	int rc = env_errno(mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE));

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	return key.mv_size >= start->len && memcmp(key.mv_data, start->bytes, start->len) == 0;
}

int ledger_wants_file(struct ledger *l, struct span sha256)
{
	struct pack start = {.len = 0};
	MDB_cursor *cursor;

	command_pack_sha256(&start, sha256);
	if (start.failed)
		return -EINVAL;
	int rc = env_errno(mdb_cursor_open(l->txn, l->dbs[CONTROL_WANTED], &cursor));
	if (rc < 0)
		return rc;
	rc = begins_with(cursor, &start);
	mdb_cursor_close(cursor);
	return rc;
}

int ledger_put_command(struct ledger *l, const struct command *c, bool urgent)
{
	struct pack key = {.len = 0};
	unsigned char byte;

	command_pack_key(&key, span_str(c->serial), c->id);
	if (key.failed)
		return -EINVAL;
	int rc = put_record(l, c);
	if (rc == 0)
		rc = mark_file(l, c);
	if (rc < 0)
		return rc;
	if (!command_is_open(c->state)) {
		l->open.serial[0] = '\0'; /* it may have been over before */
		return ledger_drop(l, CONTROL_OPEN, pack_span(&key));
	}
	return ledger_store(l, CONTROL_OPEN, pack_span(&key), marks_of(c, urgent, &byte), 0);
}

int ledger_add_command(struct ledger *l, struct command *c, bool urgent)
{
	struct pack key = {.len = 0};
	int rc = next_id(l, &c->id);

	if (rc == 0)
		rc = ledger_put_command(l, c, urgent);
	if (rc < 0)
		return rc;
	if (strcmp(c->serial, l->open.serial) == 0)
		l->open.count++;
	command_pack_key(&key, span_str(c->serial), c->id);
	return ledger_store(l, CONTROL_HISTORY, pack_span(&key), span_of("", 0), 0);
}

int ledger_get_command(struct ledger *l, uint64_t id, struct buf *into, struct command *ret)
{
	struct pack key = {.len = 0};
	struct span text = {0};

	command_pack_id(&key, id);
	int rc = ledger_fetch(l, CONTROL_COMMAND, pack_span(&key), &text);
	return rc < 0 ? rc : control_get_command(id, text, into, ret);
}

/* ---- those that are open ---- */

static int read_place(MDB_val key, MDB_val value, struct open_place *ret)
{
	struct open_place at = {.marks = 0};
	struct unpack marks = {.rest = env_span(value)};
	struct span serial;
	int rc = command_unpack_key(env_span(key), &serial, &at.id);

	if (rc < 0)
		return rc;
	at.marks = unpack_u8(&marks);
	if (marks.failed)
		return -EUCLEAN;
	memcpy(at.serial, serial.ptr, serial.len);
	*ret = at;
	return 0;
}

static int open_cursor(struct ledger *l, MDB_cursor **ret)
{
	return env_errno(mdb_cursor_open(l->txn, l->dbs[CONTROL_OPEN], ret));
}

static int go(MDB_cursor *cursor, MDB_cursor_op where, MDB_val key, struct open_place *ret)
{
	MDB_val value;
	int rc = env_errno(mdb_cursor_get(cursor, &key, &value, where));

	return rc < 0 ? rc : read_place(key, value, ret);
}

/* To the first key that is not below (serial, id). */
static int seek(MDB_cursor *cursor, const char *serial, uint64_t id, struct open_place *ret)
{
	struct pack from = {.len = 0};

	if (*serial == '\0')
		return go(cursor, MDB_FIRST, (MDB_val){0}, ret);
	command_pack_key(&from, span_str(serial), id);
	return from.failed ? -EINVAL : go(cursor, MDB_SET_RANGE, env_val(pack_span(&from)), ret);
}

static int seek_once(struct ledger *l, const char *serial, uint64_t id, struct open_place *ret)
{
	MDB_cursor *cursor;
	int rc = open_cursor(l, &cursor);

	if (rc < 0)
		return rc;
	rc = seek(cursor, serial, id, ret);
	mdb_cursor_close(cursor);
	return rc;
}

int ledger_next_open(struct ledger *l, struct open_place *at)
{
	return seek_once(l, at->serial, at->id + 1, at);
}

int ledger_next_open_device(struct ledger *l, struct open_place *at)
{
	return seek_once(l, at->serial, UINT64_MAX, at);
}

/* Many are passed over, so the cursor goes step by step. */
int ledger_next_open_of(struct ledger *l, struct open_place *at, unsigned mask, unsigned wanted)
{
	struct open_place next;
	MDB_cursor *cursor;
	int rc = open_cursor(l, &cursor);

	if (rc < 0)
		return rc;
	rc = seek(cursor, at->serial, at->id + 1, &next);
	while (rc == 0 && strcmp(next.serial, at->serial) == 0 && (next.marks & mask) != wanted)
		rc = go(cursor, MDB_NEXT, (MDB_val){0}, &next);
	mdb_cursor_close(cursor);
	if (rc == 0 && strcmp(next.serial, at->serial) != 0)
		rc = -ENOENT;
	if (rc == 0)
		*at = next;
	return rc;
}

/* Keys alone are looked at, at what it costs to step over them. */
static int count_from(MDB_cursor *cursor, const struct pack *device)
{
	MDB_val key = env_val(pack_span(device)), value;
	unsigned count = 0;
	int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);

	while (rc == 0 && key.mv_size >= device->len &&
		memcmp(key.mv_data, device->bytes, device->len) == 0) {
		count++;
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	return rc == 0 || rc == MDB_NOTFOUND ? (int)count : env_errno(rc);
}

static int count_open(struct ledger *l, struct span serial)
{
	struct pack device = {.len = 0};
	MDB_cursor *cursor;

	command_pack_serial(&device, serial);
	if (device.failed)
		return -EINVAL;
	int rc = open_cursor(l, &cursor);
	if (rc < 0)
		return rc;
	rc = count_from(cursor, &device);
	mdb_cursor_close(cursor);
	return rc;
}

int ledger_count_open(struct ledger *l, struct span serial)
{
	if (serial.len > 0 && span_is(serial, l->open.serial))
		return (int)l->open.count;
	int count = count_open(l, serial);
	if (count < 0)
		return count;
	memset(l->open.serial, '\0', sizeof(l->open.serial));
	memcpy(l->open.serial, serial.ptr, serial.len);
	l->open.count = (unsigned)count;
	return count;
}

/* ---- orders, stray results, facts ---- */

int ledger_put_ordered(struct ledger *l, const char *entry, const struct ordered *o)
{
	buf_clear(&l->text);
	int rc = control_put_ordered(&l->text, o);
	return rc < 0 ? rc : ledger_store(l, CONTROL_ORDER, span_str(entry), buf_span(&l->text), 0);
}

int ledger_get_ordered(struct ledger *l, const char *entry, struct ordered *ret)
{
	struct span text = {0};
	int rc = ledger_fetch(l, CONTROL_ORDER, span_str(entry), &text);

	return rc < 0 ? rc : control_get_ordered(text, ret);
}

int ledger_put_stray(struct ledger *l, const struct stray *s, unsigned ordinal)
{
	struct pack key = {.len = 0};

	stray_pack_key(&key, s->entry, ordinal);
	if (key.failed)
		return -EINVAL;
	buf_clear(&l->text);
	int rc = control_put_stray(&l->text, s);
	if (rc == 0)
		rc = ledger_store(
			l, CONTROL_STRAY, pack_span(&key), buf_span(&l->text), MDB_NOOVERWRITE);
	return rc == -EEXIST ? 0 : rc;
}

int ledger_put_facts(struct ledger *l, struct span serial, struct span lines)
{
	return ledger_store(l, CONTROL_FACT, serial, lines, 0);
}

int ledger_get_facts(struct ledger *l, struct span serial, struct buf *into)
{
	struct span lines = {0};

	buf_clear(into);
	int rc = ledger_fetch(l, CONTROL_FACT, serial, &lines);
	return rc < 0 ? rc : buf_add_span(into, lines);
}
