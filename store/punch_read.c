/* SPDX-License-Identifier: GPL-2.0-or-later */
/* punch_read: questions about punches, in order of time or of the journal. */
#include <errno.h>

#include "store/filter.h"
#include "store/scan.h"

static int show(struct filter *f, MDB_val key, MDB_val value, punch_visit *visit, void *context)
{
	struct punch p;
	int rc = punch_unpack(env_span(key), env_span(value), &p);

	f->left--;
	return rc == 0 ? visit(context, &p) : rc;
}

int records_punches(
	struct records_reader *r, const struct punch_query *q, punch_visit *visit, void *context)
{
	struct filter f;
	struct scan s;
	MDB_val key, value;
	int rc = filter_make(q, &f);

	if (rc == 0)
		rc = scan_begin(r, RECORDS_PUNCH, &s);
	if (rc != 0)
		return rc;
	rc = scan_to(&s, pack_span(&f.since), &key, &value);
	while (rc == 0 && f.left > 0 && !filter_past(&f, env_span(key))) {
		if (filter_takes(&f, env_span(key), PUNCH_TIME_BYTES))
			rc = show(&f, key, value, visit, context);
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end(&s, rc);
}

/* ---- the journal ---- */

static bool follows(const struct filter *f, const struct fact *fact)
{
	return fact->kind == FACT_PUNCH && !filter_past(f, fact->key) &&
	       !filter_before(f, fact->key) && filter_takes(f, fact->key, PUNCH_TIME_BYTES);
}

static int show_fact(struct records_reader *r, MDB_txn *txn, struct filter *f,
	const struct fact *fact, punch_visit *visit, void *context)
{
	MDB_val key = env_val(fact->key);
	MDB_val value;
	int rc = mdb_get(txn, r->dbs[RECORDS_PUNCH], &key, &value);

	if (rc == MDB_NOTFOUND)
		return 0; /* an operator's tool took the punch out; the journal still counts it */
	return rc == 0 ? show(f, key, value, visit, context) : env_errno(rc);
}

int records_follow(struct records_reader *r, uint64_t after, const struct punch_query *q,
	punch_visit *visit, void *context)
{
	struct filter f;
	struct scan s;
	struct fact fact;
	struct pack from = {.len = 0};
	MDB_val key, value;
	int rc = filter_make(q, &f);

	if (rc != 0 || after == UINT64_MAX)
		return rc;
	rc = scan_begin(r, RECORDS_JOURNAL, &s);
	if (rc != 0)
		return rc;
	fact_pack_key(&from, after + 1);
	rc = scan_to(&s, pack_span(&from), &key, &value);
	while (rc == 0 && f.left > 0) {
		rc = fact_unpack(env_span(key), env_span(value), &fact);
		if (rc == 0 && follows(&f, &fact))
			rc = show_fact(r, s.txn, &f, &fact, visit, context);
		if (rc == 0)
			rc = scan_next(&s, &key, &value);
	}
	return scan_end(&s, rc);
}

int records_last_seq(struct records_reader *r, uint64_t *ret_seq)
{
	struct scan s;
	struct fact last = {.seq = 0};
	MDB_val key, value;
	int rc = scan_begin(r, RECORDS_JOURNAL, &s);

	if (rc != 0)
		return rc;
	rc = scan_last(&s, &key, &value);
	if (rc == 0)
		rc = fact_unpack(env_span(key), env_span(value), &last);
	rc = scan_end(&s, rc);
	if (rc == 0)
		*ret_seq = last.seq;
	return rc;
}
