/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lmdb_batches DIR COUNT UPLOAD TERMINALS: punches into a bare LMDB tree, 4096 a transaction, each
 * committed with full sync (G7). Keys and values are those of the product; they come in the order
 * in which TERMINALS upload UPLOAD of them in turn. No journal, no parsing, no spool. */
#include <lmdb.h>

#include "store/records.h"
#include "tests/bench/bench.h"

#define BATCH     4096
#define MAP_BYTES (64ull << 30)
#define FIRST_S   1767600000 /* 2026-01-05 08:00:00 */

static void check(int rc)
{
	if (rc == 0)
		return;
	fprintf(stderr, "lmdb: %s\n", mdb_strerror(rc));
	exit(EX_OSERR);
}

/* The n-th punch that arrives. */
static void make(uint64_t n, uint64_t upload, uint64_t terminals, struct pack *k, struct pack *v)
{
	uint64_t round = n / (upload * terminals), within = n % (upload * terminals);
	uint64_t nth = round * upload + within % upload; /* of its terminal */
	char serial[16], pin[16];
	int serial_len = snprintf(serial, sizeof(serial), "SIM%06u", (unsigned)(within / upload));
	int pin_len = snprintf(pin, sizeof(pin), "%u", (unsigned)(1 + nth % 1000));
	struct punch p = {
		.time = clock_local_from_seconds(FIRST_S + (int64_t)nth),
		.serial = span_of(serial, (size_t)serial_len),
		.pin = span_of(pin, (size_t)pin_len),
		.status = span_str("0"),
		.verify = span_str("1"),
		.workcode = span_str("0"),
		.extra = span_str("\t0\t0\t0\t0\t0"),
		.seq = n + 1,
		.received_us = FIRST_S * 1000000ull + n,
		.entry = {.name = "000647d2d1a53a00-0123456789abcdef", .number = 1},
	};
	pack_clear(k);
	pack_clear(v);
	punch_pack_key(k, &p);
	punch_pack_value(v, &p);
	if (k->failed || v->failed)
		bench_die("pack");
}

static void put(MDB_txn *txn, MDB_dbi dbi, const struct pack *k, const struct pack *v)
{
	MDB_val key = {k->len, (void *)(uintptr_t)k->bytes};
	MDB_val value = {v->len, (void *)(uintptr_t)v->bytes};
	check(mdb_put(txn, dbi, &key, &value, MDB_NOOVERWRITE));
}

int main(int argc, char **argv)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	struct pack k = {.len = 0}, v = {.len = 0};
	if (argc != 5)
		return EX_USAGE;
	uint64_t count = bench_number(argv[2]), upload = bench_number(argv[3]);
	uint64_t terminals = bench_number(argv[4]);
	check(mdb_env_create(&env));
	check(mdb_env_set_mapsize(env, MAP_BYTES));
	check(mdb_env_open(env, argv[1], 0, 0600));
	uint64_t from_us = bench_now_us(), cpu_us = bench_cpu_us();
	for (uint64_t n = 0; n < count;) {
		check(mdb_txn_begin(env, NULL, 0, &txn));
		check(mdb_dbi_open(txn, NULL, 0, &dbi));
		for (uint64_t end = n + BATCH; n < end && n < count; n++) {
			make(n, upload, terminals, &k, &v);
			put(txn, dbi, &k, &v);
		}
		check(mdb_txn_commit(txn));
	}
	double s = (double)(bench_now_us() - from_us) / 1e6;
	cpu_us = bench_cpu_us() - cpu_us;
	printf("{\"records_per_s\": %.0f, \"cpu_us\": %.3f, \"key_bytes\": %zu, \"value_bytes\": "
	       "%zu}\n",
		(double)count / s, (double)cpu_us / (double)count, k.len, v.len);
	mdb_env_close(env);
	return EX_OK;
}
