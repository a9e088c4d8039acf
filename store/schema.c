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

int schema_open(MDB_txn *txn, const char *const *names, unsigned count, uint32_t schema, bool make,
	MDB_dbi *ret)
{
	unsigned meta = count - 1;
	unsigned flags = make ? MDB_CREATE : 0;
	/* "meta" first: what another schema calls its databases is not for us to touch. */
	int rc = env_errno(mdb_dbi_open(txn, names[meta], flags, &ret[meta]));

	if (rc == 0)
		rc = check_schema(txn, ret[meta], schema, make);
	for (unsigned i = 0; rc == 0 && i < meta; i++)
		rc = env_errno(mdb_dbi_open(txn, names[i], flags, &ret[i]));
	return rc;
}
