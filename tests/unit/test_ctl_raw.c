/* SPDX-License-Identifier: GPL-2.0-or-later */
/* raw: who may not read what is private gets none of it, wherever an older version put it. */
#include <fcntl.h>
#include <lmdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/ask.h"
#include "parserd/records.h"
#include "store/env.h"
#include "tests/unit/scratch.h"

#define ENTRY "0000000000000001-0000000000000001"

/* As a version did that kept everything where all may read it. */
static void put_old(MDB_txn *txn, const char *db, const char *table, const char *bytes)
{
	struct pack key = {.len = 0}, head = {.len = 0};
	struct kept k = {.serial = span_str("GATE1"),
		.table = span_str(table),
		.entry = {.name = ENTRY, .number = 1},
		.note = span_str("why"),
		.bytes = span_str(bytes)};
	char value[512];
	MDB_dbi facts;
	records_digest(k.bytes, k.digest);
	kept_pack_key(&key, &k);
	kept_pack_head(&head, &k);
	snprintf(value + head.len, sizeof(value) - head.len, "why%s", bytes);
	memcpy(value, head.bytes, head.len);
	MDB_val kv = env_val(pack_span(&key)),
		vv = {.mv_data = value, .mv_size = head.len + 3 + strlen(bytes)};
	assert_int_equal(mdb_dbi_open(txn, db, 0, &facts), 0);
	assert_int_equal(mdb_put(txn, facts, &kv, &vv, 0), 0);
}

static void make_old_store(void **state)
{
	struct records_writer *w;
	char records[SCRATCH_BYTES + 64], private_path[SCRATCH_BYTES + 64];
	MDB_env *env;
	MDB_txn *txn;
	snprintf(records, sizeof(records), "%s/parserd", (const char *)*state);
	snprintf(private_path, sizeof(private_path), "%s/private", (const char *)*state);
	assert_int_equal(mkdir(records, 0750), 0);
	assert_int_equal(mkdir(private_path, 0750), 0);
	snprintf(records, sizeof(records), "%s/" CONF_RECORDS, (const char *)*state);
	snprintf(private_path, sizeof(private_path), "%s/" CONF_PRIVATE, (const char *)*state);
	assert_int_equal(records_writer_open(records, private_path, 1 << 20, &w), 0);
	records_writer_close(w);
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 32), 0);
	assert_int_equal(mdb_env_open(env, records, 0, 0640), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	put_old(txn, "raw", "OPERLOG", "OPAQUE SECRET1");
	put_old(txn, "refused", "ATTLOG", "USER PIN=1\tPasswd=SECRET2");
	put_old(txn, "refused", "ATTLOG", "half a punch");
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

/* What the verb writes to standard output; its exit code. */
static int run(void **state, const char *verb, char *word, char ret_text[static 4096])
{
	struct ask a = {.format = OUT_JSON, .reveal = true, .words = &word, .word_count = 1};
	const struct ask_verb *v = noun_raw.verbs;
	const char *path = scratch_path(state, "stdout");
	a.conf.state_dir = *state;
	while (strcmp(v->name, verb) != 0)
		v++;
	fflush(stdout);
	int kept = dup(STDOUT_FILENO),
	    to = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(kept >= 0 && to >= 0 && dup2(to, STDOUT_FILENO) >= 0);
	int code = v->run(&a);
	fflush(stdout);
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	ssize_t len = pread(to, ret_text, 4095, 0);
	assert_true(len >= 0);
	ret_text[len] = '\0';
	close(kept);
	close(to);
	return code;
}

static void id_of(const char *bytes, char ret_id[static KEPT_HEX_BYTES])
{
	unsigned char digest[KEPT_DIGEST_BYTES];
	records_digest(span_str(bytes), digest);
	kept_hex(digest, ret_id);
}

static void older_rows_are_for_those_who_may_see_what_is_private(void **state)
{
	char text[4096], plain[KEPT_HEX_BYTES], secret[KEPT_HEX_BYTES], line[KEPT_HEX_BYTES];
	make_old_store(state);
	id_of("half a punch", plain);
	id_of("OPAQUE SECRET1", secret);
	id_of("USER PIN=1\tPasswd=SECRET2", line);
	assert_int_equal(run(state, "ls", NULL, text), EX_OK);
	assert_non_null(strstr(text, plain));
	assert_non_null(strstr(text, secret));
	assert_int_equal(run(state, "show", secret, text), EX_OK);
	assert_string_equal(text, "OPAQUE SECRET1");

	char away[SCRATCH_BYTES + 128];
	snprintf(away, sizeof(away), "%s", scratch_path(state, "away"));
	assert_int_equal(rename(scratch_path(state, "private"), away), 0);
	assert_int_equal(run(state, "ls", NULL, text), EX_OK);
	assert_non_null(strstr(text, plain));
	assert_null(strstr(text, secret));
	assert_null(strstr(text, line));
	assert_int_equal(run(state, "show", plain, text), EX_OK);
	assert_string_equal(text, "half a punch");
	assert_int_equal(run(state, "show", secret, text), EX_NOINPUT);
	assert_string_equal(text, "");
	assert_int_equal(run(state, "show", line, text), EX_NOINPUT);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			older_rows_are_for_those_who_may_see_what_is_private, scratch_make,
			scratch_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
