/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audit: what is asked about people, and whom a device was told of, in STATE/cmdqd/control. */
#include "cmdqd/audit.h"

#include <errno.h>

#include "cmdqd/ledger_private.h"
#include "store/scan.h"

/* ---- the audit ---- */

static int scan_audit(struct ledger *l, struct scan *ret)
{
	int rc = ledger_need(l);

	return rc < 0 ? rc : scan_within(l->txn, l->dbs[CONTROL_AUDIT], ret);
}

/* The number behind the last one of that µs. */
static int find_number(struct scan *s, uint64_t at_us, uint32_t *ret)
{
	struct pack end = {.len = 0};
	MDB_val key, value;
	uint64_t last_us;
	uint32_t last;

	audit_pack_key(&end, at_us, UINT32_MAX);
	int rc = scan_before(s, pack_span(&end), &key, &value);
	if (rc == 0)
		rc = audit_unpack_key(env_span(key), &last_us, &last);
	if (rc == 0)
		*ret = last_us == at_us ? last + 1 : 0;
	return rc;
}

static int number_of(struct ledger *l, uint64_t at_us, uint32_t *ret)
{
	struct scan s;
	uint32_t number = 0;
	int rc = scan_audit(l, &s);

	if (rc == 0)
		rc = scan_end_within(&s, find_number(&s, at_us, &number));
	if (rc == 0)
		*ret = number;
	return rc;
}

int audit_add(struct ledger *l, struct audit *a)
{
	struct pack key = {.len = 0};
	int rc = serial_valid(span_str(a->serial)) ? number_of(l, a->at_us, &a->number) : -EINVAL;

	if (rc < 0)
		return rc;
	audit_pack_key(&key, a->at_us, a->number);
	buf_clear(&l->text);
	rc = control_put_audit(&l->text, a);
	return rc < 0 ? rc
		      : ledger_store(l, CONTROL_AUDIT, pack_span(&key), buf_span(&l->text),
				MDB_NOOVERWRITE);
}

static int visit_one(MDB_val key, MDB_val value, audit_visit *visit, void *context)
{
	struct audit a;
	uint64_t at_us;
	uint32_t number;
	int rc = audit_unpack_key(env_span(key), &at_us, &number);

	if (rc == 0)
		rc = control_get_audit(at_us, number, env_span(value), &a);
	return rc < 0 ? rc : visit(context, &a);
}

static int visit_since(struct scan *s, uint64_t since_us, audit_visit *visit, void *context)
{
	struct pack from = {.len = 0};
	MDB_val key, value;

	audit_pack_key(&from, since_us, 0);
	int rc = scan_to(s, pack_span(&from), &key, &value);
	for (; rc == 0; rc = scan_next(s, &key, &value)) {
		rc = visit_one(key, value, visit, context);
		if (rc != 0)
			return rc;
	}
	return rc;
}

int audit_since(struct ledger *l, uint64_t since_us, audit_visit *visit, void *context)
{
	struct scan s;
	int rc = scan_audit(l, &s);

	return rc < 0 ? rc : scan_end_within(&s, visit_since(&s, since_us, visit, context));
}

/* 1 when it is gone, 0 when the oldest is not from before that time. */
static int purge_oldest(struct scan *s, uint64_t before_us)
{
	MDB_val key, value;
	uint64_t at_us;
	uint32_t number;
	int rc = scan_to(s, (struct span){0}, &key, &value);

	if (rc == 0)
		rc = audit_unpack_key(env_span(key), &at_us, &number);
	if (rc != 0 || at_us >= before_us)
		return rc;
	rc = env_errno(mdb_cursor_del(s->cursor, 0));
	return rc < 0 ? rc : 1;
}

int audit_purge(struct ledger *l, uint64_t before_us, unsigned most)
{
	struct scan s;
	unsigned count = 0;
	int rc = scan_audit(l, &s);

	if (rc < 0)
		return rc;
	while (count < most && (rc = purge_oldest(&s, before_us)) == 1)
		count++;
	rc = scan_end_within(&s, rc);
	return rc < 0 ? rc : (int)count;
}

/* ---- who was lent ---- */

static int due_of(struct ledger *l, const struct pack *lent, uint64_t *ret)
{
	struct span value = {0};
	int rc = ledger_need(l);

	if (rc == 0)
		rc = ledger_fetch(l, CONTROL_LENT, pack_span(lent), &value);
	if (rc < 0)
		return rc;
	struct unpack due = {.rest = value};
	uint64_t due_us = unpack_u64(&due);
	if (due.failed || due.rest.len > 0)
		return -EUCLEAN;
	*ret = due_us;
	return 0;
}

static struct pack due_key(uint64_t due_us, const struct pack *lent)
{
	struct pack key = {.len = 0};

	pack_u64(&key, due_us);
	pack_bytes(&key, pack_span(lent));
	return key;
}

static int forget(struct ledger *l, const struct pack *lent, uint64_t due_us)
{
	struct pack key = due_key(due_us, lent);
	int rc = ledger_drop(l, CONTROL_DUE, pack_span(&key));

	return rc < 0 ? rc : ledger_drop(l, CONTROL_LENT, pack_span(lent));
}

static int remember(struct ledger *l, const struct pack *lent, uint64_t due_us)
{
	struct pack value = {.len = 0}, key = due_key(due_us, lent);

	pack_u64(&value, due_us);
	int rc = ledger_store(l, CONTROL_LENT, pack_span(lent), pack_span(&value), 0);
	return rc < 0 ? rc : ledger_store(l, CONTROL_DUE, pack_span(&key), span_of("", 0), 0);
}

int audit_lend(struct ledger *l, struct span serial, struct span pin, uint64_t due_us)
{
	struct pack lent = {.len = 0};
	uint64_t before_us = 0;

	audit_pack_lent(&lent, serial, pin);
	if (lent.failed)
		return -EINVAL;
	int rc = due_of(l, &lent, &before_us);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (rc == 0 && before_us >= due_us)
		return 0;
	if (rc == 0)
		rc = forget(l, &lent, before_us);
	return rc < 0 && rc != -ENOENT ? rc : remember(l, &lent, due_us);
}

int audit_lent_over(struct ledger *l, struct span serial, struct span pin)
{
	struct pack lent = {.len = 0};
	uint64_t due_us;

	audit_pack_lent(&lent, serial, pin);
	if (lent.failed)
		return -EINVAL;
	int rc = due_of(l, &lent, &due_us);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	return forget(l, &lent, due_us);
}

static int first_due(struct ledger *l, MDB_val *key)
{
	struct scan s;
	MDB_val value;
	int rc = ledger_need(l);

	if (rc == 0)
		rc = scan_within(l->txn, l->dbs[CONTROL_DUE], &s);
	if (rc < 0)
		return rc;
	rc = scan_to(&s, (struct span){0}, key, &value);
	(void)scan_end_within(&s, 0);
	return rc == MDB_NOTFOUND ? -ENOENT : rc;
}

int audit_next_due(struct ledger *l, uint64_t now_us, struct lent *ret)
{
	struct lent lent = {.due_us = 0};
	struct span serial, pin;
	MDB_val key;
	int rc = first_due(l, &key);

	if (rc == 0)
		rc = audit_unpack_due(env_span(key), &lent.due_us, &serial, &pin);
	if (rc != 0)
		return rc == -ENOENT ? 0 : rc;
	if (lent.due_us > now_us)
		return 0;
	memcpy(lent.serial, serial.ptr, serial.len);
	memcpy(lent.pin, pin.ptr, pin.len);
	*ret = lent;
	return 1;
}
