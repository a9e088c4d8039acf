/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audit_read: the readers' side of the audit. An environment that an older cmdqd made has none. */
#include <errno.h>

#include "store/audit.h"
#include "store/control_reader.h"
#include "store/scan.h"

static bool is_meant(const struct audit_query *q, const struct audit *a)
{
	return (q->serial.len == 0 || span_is(q->serial, a->serial)) &&
	       (q->pin.len == 0 || span_is(q->pin, a->pin)) &&
	       (q->kinds == 0 || q->kinds & 1u << a->what) && !(q->refused && a->granted);
}

static int read_one(MDB_val key, MDB_val value, struct audit *ret)
{
	uint64_t at_us;
	uint32_t number;
	int rc = audit_unpack_key(env_span(key), &at_us, &number);

	return rc < 0 ? rc : control_get_audit(at_us, number, env_span(value), ret);
}

static int to_newest(struct scan *s, const struct audit_query *q, MDB_val *key, MDB_val *value)
{
	struct pack end = {.len = 0};

	if (q->until_us == 0)
		return scan_last(s, key, value);
	audit_pack_key(&end, q->until_us, 0);
	return scan_before(s, pack_span(&end), key, value);
}

static int walk(struct scan *s, const struct audit_query *q, audit_visit *visit, void *context)
{
	MDB_val key, value;
	struct audit a;
	uint64_t count = 0;
	int rc = to_newest(s, q, &key, &value);

	for (; rc == 0; rc = scan_prev(s, &key, &value)) {
		rc = read_one(key, value, &a);
		if (rc < 0 || a.at_us < q->since_us)
			return rc;
		if (!is_meant(q, &a))
			continue;
		rc = visit(context, &a);
		if (rc != 0 || ++count == q->limit)
			return rc;
	}
	return rc;
}

int control_audits(
	struct control_reader *r, const struct audit_query *q, audit_visit *visit, void *context)
{
	struct scan s;
	int rc = control_scan(r, CONTROL_AUDIT, &s.txn, &s.cursor);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	return scan_end(&s, walk(&s, q, visit, context));
}
