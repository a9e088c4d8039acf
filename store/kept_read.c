/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kept_read: bodies kept whole, refused lines and stamps. */
#include <errno.h>

#include "store/scan.h"

/* ---- bodies kept whole and refused lines ---- */

static int show_all(struct scan *s, const struct pack *from, kept_visit *visit, void *context)
{
	struct kept k;
	MDB_val key, value;
	int rc = scan_to(s, pack_span(from), &key, &value);

	while (rc == 0 && pack_begins(env_span(key), from)) {
		rc = kept_unpack(env_span(key), env_span(value), &k);
		if (rc == 0)
			rc = visit(context, &k);
		if (rc == 0)
			rc = scan_next(s, &key, &value);
	}
	return scan_end(s, rc);
}

int records_kept(struct records_reader *r, enum fact_kind kind, struct span serial,
	kept_visit *visit, void *context)
{
	struct pack from = {.len = 0};
	struct scan s;

	if (kind != FACT_RAW && kind != FACT_REFUSED)
		return -EINVAL;
	if (serial.len > 0)
		pack_text(&from, serial);
	int rc = from.failed ? -EINVAL
			     : scan_begin(r, kind == FACT_RAW ? RECORDS_RAW : RECORDS_REFUSED, &s);
	if (rc == 0)
		rc = show_all(&s, &from, visit, context);
	if (rc != 0 || !records_has_private(r))
		return rc;
	rc = scan_begin_private(r, kind == FACT_RAW ? PRIVATE_RAW : PRIVATE_REFUSED, &s);
	return rc == 0 ? show_all(&s, &from, visit, context) : rc;
}

/* ---- stamps ---- */

int records_stamp(struct records_reader *r, struct span serial, const char *table, struct buf *into)
{
	struct pack k = {.len = 0};
	struct stamp stamp;
	MDB_txn *txn;
	MDB_val value;

	stamp_pack_key(&k, serial, span_str(table));
	int rc = k.failed ? -EINVAL : env_begin_read(r->env, &txn);
	if (rc != 0)
		return rc;
	MDB_val key = env_val(pack_span(&k));
	rc = env_errno(mdb_get(txn, r->dbs[RECORDS_STAMP], &key, &value));
	if (rc == 0)
		rc = stamp_unpack(env_span(value), &stamp);
	if (rc == 0) {
		buf_clear(into);
		rc = buf_add_span(into, stamp.text);
	}
	mdb_txn_abort(txn);
	return rc;
}

static int show_stamp(MDB_val key, MDB_val value, stamp_visit *visit, void *context)
{
	struct unpack k = {.rest = env_span(key)};
	struct stamp stamp;

	(void)unpack_text(&k); /* the serial that was asked for */
	struct span table = unpack_text(&k);
	int rc = k.failed ? -EUCLEAN : stamp_unpack(env_span(value), &stamp);
	return rc == 0 ? visit(context, table, stamp.text, stamp.received_us) : rc;
}

int records_stamps(struct records_reader *r, struct span serial, stamp_visit *visit, void *context)
{
	struct pack from = {.len = 0};
	struct scan s;
	MDB_val key, value;

	pack_text(&from, serial);
	int rc = from.failed ? -EINVAL : scan_begin(r, RECORDS_STAMP, &s);
	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(&from), &key, &value);
	while (rc == 0 && pack_begins(env_span(key), &from)) {
		rc = show_stamp(key, value, visit, context);
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end(&s, rc);
}
