/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dump_env DIR [PREFIX]: every named database of an LMDB environment, every key and value in hex, a
 * line each, in order: two dumps are equal exactly when the environments hold the same. PREFIX
 * stands before the names of the databases. It knows nothing of what the store means. */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

static void must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "dump_env: %s: %s\n", what, mdb_strerror(rc));
	exit(1);
}

static void put_hex(const MDB_val *v)
{
	const unsigned char *bytes = v->mv_data;

	for (size_t i = 0; i < v->mv_size; i++) {
		putchar("0123456789abcdef"[bytes[i] >> 4]);
		putchar("0123456789abcdef"[bytes[i] & 15]);
	}
}

static void dump(MDB_txn *txn, const char *prefix, const char *name)
{
	MDB_dbi dbi;
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc;

	printf("[%s%s]\n", prefix, name);
	must(mdb_dbi_open(txn, name, 0, &dbi), name);
	must(mdb_cursor_open(txn, dbi, &cursor), name);
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		put_hex(&key);
		putchar('=');
		put_hex(&value);
		putchar('\n');
	}
	if (rc != MDB_NOTFOUND)
		must(rc, name);
	mdb_cursor_close(cursor);
}

int main(int argc, char **argv)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi all;
	MDB_cursor *cursor;
	MDB_val name, value;
	char names[64][128];
	int count = 0;

	if (argc != 2 && argc != 3) {
		fputs("usage: dump_env DIR [PREFIX]\n", stderr);
		return 64;
	}
	must(mdb_env_create(&env), argv[1]);
	must(mdb_env_set_maxdbs(env, 64), argv[1]);
	must(mdb_env_open(env, argv[1], MDB_RDONLY, 0), argv[1]);
	must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), argv[1]);
	/* The unnamed database holds the names of the others. */
	must(mdb_dbi_open(txn, NULL, 0, &all), "the names");
	must(mdb_cursor_open(txn, all, &cursor), "the names");
	while (count < 64 && mdb_cursor_get(cursor, &name, &value, MDB_NEXT) == 0)
		snprintf(names[count++], sizeof(names[0]), "%.*s", (int)name.mv_size,
			(const char *)name.mv_data);
	mdb_cursor_close(cursor);
	for (int i = 0; i < count; i++)
		dump(txn, argc == 3 ? argv[2] : "", names[i]);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return fflush(stdout) == 0 ? 0 : 1;
}
