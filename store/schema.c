/* SPDX-License-Identifier: GPL-2.0-or-later */
/* schema: see the header. */
#include "store/schema.h"

#include <errno.h>

#include "store/env.h"
#include "store/pack.h"

static int put_schema(MDB_txn *txn, MDB_dbi meta, MDB_val key, uint32_t schema)
{
	struct pack number = {.len = 0};

	pack_u32(&number, schema);
	MDB_val value = env_val(pack_span(&number));
	return env_errno(mdb_put(txn, meta, &key, &value, 0));
}

static int check_schema(MDB_txn *txn, MDB_dbi meta, uint32_t schema, bool make)
{
	MDB_val key = env_val(span_str("schema"));
	MDB_val value;
	int rc = mdb_get(txn, meta, &key, &value);

	if (rc == MDB_NOTFOUND && make)
		return put_schema(txn, meta, key, schema);
	if (rc != 0)
		return env_errno(rc);
	struct unpack number = {.rest = env_span(value)};
	return unpack_u32(&number) == schema && !number.failed ? 0 : -EPROTONOSUPPORT;
}

static int open_one(MDB_txn *txn, const struct schema *s, unsigned i, bool make, MDB_dbi *ret)
{
	int rc = env_errno(mdb_dbi_open(txn, s->names[i], make ? MDB_CREATE : 0, &ret[i]));

	if (rc != -ENOENT || make || i < s->needed)
		return rc;
	ret[i] = SCHEMA_NO_DB;
	return 0;
}

int schema_open(MDB_txn *txn, const struct schema *s, bool make, MDB_dbi *ret)
{
	unsigned meta = s->count - 1;
	/* "meta" first: what another schema calls its databases is not for us to touch. */
	int rc = env_errno(mdb_dbi_open(txn, s->names[meta], make ? MDB_CREATE : 0, &ret[meta]));

	if (rc == 0)
		rc = check_schema(txn, ret[meta], s->number, make);
	for (unsigned i = 0; rc == 0 && i < meta; i++)
		rc = open_one(txn, s, i, make, ret);
	return rc;
}
