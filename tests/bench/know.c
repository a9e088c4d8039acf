/* SPDX-License-Identifier: GPL-2.0-or-later */
/* know STATE: drops the index of who is known, as if an older parserd had made these records, and
 * says how long a start takes that makes it anew, 16384 versions a transaction as parserd does. */
#include <lmdb.h>

#include "lib/conf.h"
#include "parserd/records.h"
#include "store/known.h"
#include "tests/bench/bench.h"

#define MOST      16384
#define MAP_BYTES (1ull << 30)

static void must(int rc, const char *what)
{
	if (rc == 0)
		return;
	errno = rc < 0 ? -rc : EIO;
	bench_die(what);
}

static void drop(const char *private_path)
{
	MDB_val key = {strlen(KNOWN_META), (void *)(uintptr_t)KNOWN_META};
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi known, meta;

	must(mdb_env_create(&env), "lmdb");
	must(mdb_env_set_maxdbs(env, 16), "lmdb");
	must(mdb_env_open(env, private_path, 0, 0), private_path);
	must(mdb_txn_begin(env, NULL, 0, &txn), private_path);
	must(mdb_dbi_open(txn, "known", 0, &known), "known");
	must(mdb_dbi_open(txn, "meta", 0, &meta), "meta");
	must(mdb_drop(txn, known, 1), "known");
	must(mdb_del(txn, meta, &key, NULL), "meta");
	must(mdb_txn_commit(txn), private_path);
	mdb_env_close(env);
}

int main(int argc, char **argv)
{
	char path[4096], private_path[4096];
	struct records_writer *w;
	uint64_t versions = 0;
	int rc;

	if (argc != 2)
		return EX_USAGE;
	snprintf(path, sizeof(path), "%s/" CONF_RECORDS, argv[1]);
	snprintf(private_path, sizeof(private_path), "%s/" CONF_PRIVATE, argv[1]);
	drop(private_path);
	must(records_writer_open(path, private_path, MAP_BYTES, &w), path);
	uint64_t from_us = bench_now_us();
	while ((rc = records_know_old(w, MOST)) > 0 || rc == -EXFULL) {
		versions += rc > 0 ? (uint64_t)rc : 0;
		if (rc == -EXFULL)
			must(records_grow(w), "grow");
	}
	must(rc, "the index");
	printf("{\"versions\": %lu, \"seconds\": %.2f}\n", (unsigned long)versions,
		(double)(bench_now_us() - from_us) / 1e6);
	records_writer_close(w);
	return EX_OK;
}
