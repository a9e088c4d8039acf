/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control: a device as text, and the readers' side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "store/control.h"
#include "store/env.h"
#include "store/schema.h"
#include "tests/unit/scratch.h"

static struct device full_device(void)
{
	return (struct device){.serial = "ABCD250100001",
		.state = DEVICE_APPROVED,
		.first_seen_us = 1,
		.last_seen_us = UINT64_MAX,
		.address = "192.0.2.7",
		.class = "att",
		.push_version = "2.4.1",
		.language = "69",
		.firmware = "Ver 8.0.4.2=x",
		.info = "Ver 8,1%,\ttab\nstate=approved\n\x7f\xc3\xa9",
		.handshakes = 3,
		.polls = 4,
		.set = {.error_delay_s = 60,
			.delay_s = 30,
			.trans_interval_min = 2,
			.trans_times = "00:00;14:05",
			.trans_flags = "AttLog OpLog",
			.time_zone = "Asia/Kolkata",
			.realtime = -1}};
}

static void assert_device(const struct device *a, const struct device *b)
{
	assert_string_equal(a->serial, b->serial);
	assert_int_equal(a->state, b->state);
	assert_true(a->first_seen_us == b->first_seen_us && a->last_seen_us == b->last_seen_us);
	assert_string_equal(a->address, b->address);
	assert_string_equal(a->class, b->class);
	assert_string_equal(a->push_version, b->push_version);
	assert_string_equal(a->language, b->language);
	assert_string_equal(a->firmware, b->firmware);
	assert_string_equal(a->info, b->info);
	assert_true(a->handshakes == b->handshakes && a->polls == b->polls);
	assert_int_equal(a->set.error_delay_s, b->set.error_delay_s);
	assert_int_equal(a->set.delay_s, b->set.delay_s);
	assert_int_equal(a->set.trans_interval_min, b->set.trans_interval_min);
	assert_string_equal(a->set.trans_times, b->set.trans_times);
	assert_string_equal(a->set.trans_flags, b->set.trans_flags);
	assert_string_equal(a->set.time_zone, b->set.time_zone);
	assert_int_equal(a->set.realtime, b->set.realtime);
}

static void round_trip(const struct device *d)
{
	struct buf b = buf_with_max(4096);
	struct device got;

	assert_int_equal(control_put_device(&b, d), 0);
	assert_int_equal(control_get_device(span_str(d->serial), buf_span(&b), &got), 0);
	assert_device(&got, d);
	buf_free(&b);
}

static void test_a_device_comes_back(void **state)
{
	struct device full = full_device();
	struct device bare = {.serial = "S"};

	(void)state;
	round_trip(&full);
	round_trip(&bare);
}

static void test_a_terminal_writes_no_line_of_its_own(void **state)
{
	struct device d = {.serial = "S", .info = "a\nset.time_zone=UTC\nstate=approved"};
	struct buf b = buf_with_max(4096);

	(void)state;
	assert_int_equal(control_put_device(&b, &d), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	assert_string_equal(b.ptr, "state=pending\ninfo=a%0aset.time_zone=UTC%0astate=approved\n");
	buf_free(&b);
}

static void test_other_texts(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{"", 0},
		{"state=approved\n", 0},
		{"state=approved", 0},
		{"of.a.newer.version=1\nstate=refused\n", 0},
		{"no equals sign\n", -EUCLEAN},
		{"state=neither\n", -EUCLEAN},
		{"polls=x\n", -EUCLEAN},
		{"polls=18446744073709551616\n", -EUCLEAN},
		{"set.realtime=2\n", -EUCLEAN},
		{"class=%\n", -EUCLEAN},
		{"class=%4\n", -EUCLEAN},
		{"class=%zz\n", -EUCLEAN},
		{"class=%00\n", -EUCLEAN},
		{"class=1234567\n", 0},
		{"class=12345678\n", -EUCLEAN},
	};
	struct device d;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(control_get_device(span_str("S"), span_str(cases[i].text), &d),
			cases[i].rc);
	assert_int_equal(control_get_device(span_str("no/serial"), span_str(""), &d), -EUCLEAN);
}

static void test_too_long_leaves_the_buffer_as_it_was(void **state)
{
	struct device d = full_device();
	struct buf b = buf_with_max(64);

	(void)state;
	assert_int_equal(buf_add_str(&b, "before"), 0);
	assert_int_equal(control_put_device(&b, &d), -EMSGSIZE);
	assert_int_equal(b.len, 6);
	buf_free(&b);
}

static void store_devices(const char *path, const char *const *serials, unsigned count)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbs[CONTROL_DBS];

	assert_int_equal(env_make(path), 0);
	assert_int_equal(env_open_writer(path, 1 << 20, CONTROL_DBS, &env), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(control_open_dbs(txn, true, dbs), 0);
	for (unsigned i = 0; i < count; i++) {
		MDB_val key = env_val(span_str(serials[i]));
		MDB_val text = env_val(span_str("state=approved\n"));
		assert_int_equal(mdb_put(txn, dbs[CONTROL_DEVICE], &key, &text, 0), 0);
	}
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static int add_serial(void *context, const struct device *d)
{
	return buf_printf(context, "%s ", d->serial);
}

static int stop_at_once(void *context, const struct device *d)
{
	(void)context, (void)d;
	return 7;
}

static void test_reading(void **state)
{
	static const char *const serials[] = {"B", "A", "AB"};
	const char *path = scratch_path(state, "control");
	struct buf seen = buf_with_max(64);
	struct control_reader *r;
	struct device d;

	assert_int_equal(control_open(path, &r), -ENOENT);
	assert_int_equal(env_make(path), 0);
	assert_int_equal(control_open(path, &r), -ENOENT); /* made, but never written */
	store_devices(path, serials, 3);
	assert_int_equal(control_open(path, &r), 0);
	assert_int_equal(control_devices(r, add_serial, &seen), 0);
	assert_memory_equal(seen.ptr, "A AB B ", 7);
	assert_int_equal(control_devices(r, stop_at_once, NULL), 7);
	assert_int_equal(control_device(r, span_str("AB"), &d), 0);
	assert_string_equal(d.serial, "AB");
	assert_int_equal(d.state, DEVICE_APPROVED);
	assert_int_equal(control_device(r, span_str("C"), &d), -ENOENT);
	assert_int_equal(control_device(r, span_of(NULL, 0), &d), -ENOENT);
	control_close(r);
	buf_free(&seen);
}

static void test_another_schema(void **state)
{
	const char *path = scratch_path(state, "control");
	struct control_reader *r;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi meta;
	MDB_val key = env_val(span_str("schema"));
	MDB_val two = env_val(span_of("\0\0\0\2", 4));

	store_devices(path, NULL, 0);
	assert_int_equal(env_open_writer(path, 0, CONTROL_DBS, &env), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "meta", 0, &meta), 0);
	assert_int_equal(mdb_put(txn, meta, &key, &two, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	assert_int_equal(control_open(path, &r), -EPROTONOSUPPORT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_device_comes_back),
		cmocka_unit_test(test_a_terminal_writes_no_line_of_its_own),
		cmocka_unit_test(test_other_texts),
		cmocka_unit_test(test_too_long_leaves_the_buffer_as_it_was),
		TEST(test_reading),
		TEST(test_another_schema),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
