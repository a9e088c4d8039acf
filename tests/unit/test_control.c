/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control: a device as text, and the readers' side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "store/command.h"
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
		.last_hello_us = 5,
		.last_poll_us = 6,
		.handshakes = 3,
		.polls = 4,
		.key_refused_us = 7,
		.key_good_us = 8,
		.key_refused_address = "192.0.2.8",
		.network_refused_us = 9,
		.network_refused_address = "2001:db8::9",
		.resend = RESEND_ATTLOG | RESEND_ATTPHOTO,
		.zone_told = ZONE_TOLD_BASE + 330,
		.zone_queued = ZONE_TOLD_BASE - 210,
		.set = {.error_delay_s = 60,
			.delay_s = 30,
			.trans_interval_min = SETTING_ZERO,
			.batch_bytes = 10240,
			.trans_times = "00:00;14:05",
			.trans_flags = "AttLog OpLog",
			.time_zone = "Asia/Kolkata",
			.realtime = -1,
			.remote = 1,
			.verify = -1,
			.alias = "Front door %\xc3\xa9",
			.site = "plant_2",
			.comm_key = "salt:hash",
			.networks = "192.0.2.0/24,2001:db8::/32",
			.charset = "gb18030",
			.direction = "out",
			.card_form = "decimal",
			.card_order = "high",
			.wake = "off",
			.zone_change = "reboot"}};
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
	assert_true(a->last_hello_us == b->last_hello_us && a->last_poll_us == b->last_poll_us);
	assert_true(a->key_refused_us == b->key_refused_us && a->key_good_us == b->key_good_us);
	assert_string_equal(a->key_refused_address, b->key_refused_address);
	assert_true(a->network_refused_us == b->network_refused_us);
	assert_string_equal(a->network_refused_address, b->network_refused_address);
	assert_int_equal(a->resend, b->resend);
	assert_true(a->zone_told == b->zone_told && a->zone_queued == b->zone_queued);
	assert_int_equal(a->set.error_delay_s, b->set.error_delay_s);
	assert_int_equal(a->set.delay_s, b->set.delay_s);
	assert_true(a->set.trans_interval_min == b->set.trans_interval_min);
	assert_int_equal(a->set.batch_bytes, b->set.batch_bytes);
	assert_string_equal(a->set.trans_times, b->set.trans_times);
	assert_string_equal(a->set.trans_flags, b->set.trans_flags);
	assert_string_equal(a->set.time_zone, b->set.time_zone);
	assert_int_equal(a->set.realtime, b->set.realtime);
	assert_int_equal(a->set.remote, b->set.remote);
	assert_int_equal(a->set.verify, b->set.verify);
	assert_string_equal(a->set.alias, b->set.alias);
	assert_string_equal(a->set.site, b->set.site);
	assert_string_equal(a->set.comm_key, b->set.comm_key);
	assert_string_equal(a->set.networks, b->set.networks);
	assert_string_equal(a->set.charset, b->set.charset);
	assert_string_equal(a->set.direction, b->set.direction);
	assert_string_equal(a->set.card_form, b->set.card_form);
	assert_string_equal(a->set.card_order, b->set.card_order);
	assert_string_equal(a->set.wake, b->set.wake);
	assert_string_equal(a->set.zone_change, b->set.zone_change);
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
		{"class=12345678\n", 0},
		{"class=12345678%\n", -EUCLEAN},
		{"set.realtime=-1\n", 0},
		{"set.delay_s=x\n", -EUCLEAN},
	};
	struct device d;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(control_get_device(span_str("S"), span_str(cases[i].text), &d),
			cases[i].rc);
	assert_int_equal(control_get_device(span_str("no/serial"), span_str(""), &d), -EUCLEAN);
}

/* A record of the first cmdqd, word by word. */
static void test_an_old_record(void **state)
{
	static const char text[] =
		"state=approved\nfirst_seen_us=1\nlast_seen_us=2\naddress=192.0.2.7\nclass=att\n"
		"push_version=2.4.1\nlanguage=69\nfirmware=Ver 8\ninfo=Ver 8,1\nhandshakes=3\n"
		"polls=4\nset.error_delay_s=60\nset.delay_s=30\nset.trans_interval_min=2\n"
		"set.trans_times=00:00;14:05\nset.trans_flags=AttLog OpLog\n"
		"set.time_zone=Asia/Kolkata\nset.realtime=-1\n";
	struct device d, expected = {.serial = "S",
				 .state = DEVICE_APPROVED,
				 .first_seen_us = 1,
				 .last_seen_us = 2,
				 .address = "192.0.2.7",
				 .class = "att",
				 .push_version = "2.4.1",
				 .language = "69",
				 .firmware = "Ver 8",
				 .info = "Ver 8,1",
				 .handshakes = 3,
				 .polls = 4,
				 .set = {.error_delay_s = 60,
					 .delay_s = 30,
					 .trans_interval_min = 2,
					 .trans_times = "00:00;14:05",
					 .trans_flags = "AttLog OpLog",
					 .time_zone = "Asia/Kolkata",
					 .realtime = -1}};

	(void)state;
	assert_int_equal(control_get_device(span_str("S"), span_str(text), &d), 0);
	assert_device(&d, &expected);
}

/* "KEY=" and so many letters: what comes of it. */
static int get_long(const char *key, size_t letters, struct device *ret)
{
	struct buf b = buf_with_max(1024);

	assert_int_equal(buf_printf(&b, "state=approved\n%s=", key), 0);
	for (size_t i = 0; i < letters; i++)
		assert_int_equal(buf_add_str(&b, "x"), 0);
	int rc = control_get_device(span_str("S"), buf_span(&b), ret);
	buf_free(&b);
	return rc;
}

/* Fields were longer once. Half a comm key or half of the networks would open a door. */
static void test_texts_too_long(void **state)
{
	struct device d;

	(void)state;
	assert_int_equal(get_long("address", sizeof(d.address) + 9, &d), 0);
	assert_int_equal(strlen(d.address), sizeof(d.address) - 1);
	assert_int_equal(d.state, DEVICE_APPROVED);
	assert_int_equal(get_long("set.trans_flags", sizeof(d.set.trans_flags) - 1, &d), 0);
	assert_int_equal(strlen(d.set.trans_flags), sizeof(d.set.trans_flags) - 1);
	assert_int_equal(get_long("set.trans_flags", sizeof(d.set.trans_flags), &d), 0);
	assert_string_equal(d.set.trans_flags, "");
	assert_int_equal(d.state, DEVICE_APPROVED);
	assert_int_equal(get_long("set.time_zone", 63, &d), 0);
	assert_string_equal(d.set.time_zone, "");
	assert_int_equal(get_long("set.comm_key", sizeof(d.set.comm_key) - 1, &d), 0);
	assert_int_equal(get_long("set.comm_key", sizeof(d.set.comm_key), &d), -EUCLEAN);
	assert_int_equal(get_long("set.networks", sizeof(d.set.networks) - 1, &d), 0);
	assert_int_equal(get_long("set.networks", sizeof(d.set.networks), &d), -EUCLEAN);
}

static void test_an_interval_of_nothing(void **state)
{
	struct device d = {.serial = "S", .set = {.trans_interval_min = SETTING_ZERO}};
	struct buf b = buf_with_max(256);

	(void)state;
	assert_int_equal(control_put_device(&b, &d), 0);
	assert_true(span_is(buf_span(&b), "state=pending\nset.trans_interval_min=0\n"));
	buf_free(&b);
}

static void test_online(void **state)
{
	struct device d = {.last_poll_us = 0};
	uint64_t polled = 1000000000, patience = (3 * 10 + 30) * 1000000;

	(void)state;
	assert_false(device_online(&d, 10, polled));
	d.last_poll_us = polled;
	assert_true(device_online(&d, 10, polled));
	assert_true(device_online(&d, 10, polled + patience));
	assert_false(device_online(&d, 10, polled + patience + 1));
	assert_true(device_online(&d, 11, polled + patience + 1));
	assert_true(device_online(&d, 10, polled - 1)); /* the clock was put back */
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

/* What the first cmdqd left behind: no database but these two. */
static void store_old(const char *path, const char *serial)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi device, meta;
	MDB_val key = env_val(span_str("schema")), number = env_val(span_of("\0\0\0\1", 4));
	MDB_val name = env_val(span_str(serial)), text = env_val(span_str("state=approved\n"));

	assert_int_equal(env_make(path), 0);
	assert_int_equal(env_open_writer(path, 1 << 20, 2, &env), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "meta", MDB_CREATE, &meta), 0);
	assert_int_equal(mdb_dbi_open(txn, "device", MDB_CREATE, &device), 0);
	assert_int_equal(mdb_put(txn, meta, &key, &number, 0), 0);
	assert_int_equal(mdb_put(txn, device, &name, &text, 0), 0);
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

static int no_command(void *context, const struct command *c)
{
	(void)context, (void)c;
	return 1;
}

static int no_stray(void *context, const struct stray *s)
{
	(void)context, (void)s;
	return 1;
}

static void assert_no_commands(struct control_reader *r)
{
	struct command_query all = {.limit = 0}, one = {.serial = span_str("OLD")};
	struct buf b = buf_with_max(64);
	struct command c;
	struct ordered o;

	assert_int_equal(control_commands(r, &all, no_command, NULL), 0);
	assert_int_equal(control_commands(r, &one, no_command, NULL), 0);
	assert_int_equal(control_strays(r, no_stray, NULL), 0);
	assert_int_equal(control_command(r, 1, &b, &c), -ENOENT);
	assert_int_equal(control_ordered(r, "x.1", &o), -ENOENT);
	assert_int_equal(control_facts(r, span_str("OLD"), &b), -ENOENT);
	buf_free(&b);
}

/* A reader may be there before the writer that makes what is missing, and goes on after it. */
static void test_an_old_environment(void **state)
{
	const char *path = scratch_path(state, "control");
	struct control_reader *r;
	struct device d;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbs[CONTROL_DBS];
	MDB_val key = env_val(span_str("x.1")), text = env_val(span_str("id=7\n"));
	struct ordered o;

	store_old(path, "OLD");
	assert_int_equal(control_open(path, &r), 0);
	assert_int_equal(control_device(r, span_str("OLD"), &d), 0);
	assert_no_commands(r);
	assert_int_equal(env_open_writer(path, 1 << 20, CONTROL_DBS, &env), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(control_open_dbs(txn, true, dbs), 0);
	assert_int_equal(mdb_put(txn, dbs[CONTROL_ORDER], &key, &text, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	assert_int_equal(control_ordered(r, "x.1", &o), 0);
	assert_int_equal(o.id, 7);
	assert_int_equal(control_device(r, span_str("OLD"), &d), 0);
	control_close(r);
	mdb_env_close(env);
}

/* "device" is as old as the schema: without it something is damaged. */
static void test_without_devices(void **state)
{
	const char *path = scratch_path(state, "control");
	struct control_reader *r;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi device;

	store_old(path, "OLD");
	assert_int_equal(env_open_writer(path, 1 << 20, 2, &env), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "device", 0, &device), 0);
	assert_int_equal(mdb_drop(txn, device, 1), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	assert_int_equal(control_open(path, &r), -ENOENT);
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

static void assert_resend(uint64_t tables, const char *names, const char *words)
{
	struct buf b = buf_with_max(64);

	assert_int_equal(resend_put_names(&b, tables), 0);
	assert_true(span_is(buf_span(&b), names));
	buf_clear(&b);
	assert_int_equal(resend_put_words(&b, tables), 0);
	assert_true(span_is(buf_span(&b), words));
	buf_free(&b);
}

static void test_resend(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RESEND_TABLES; i++) {
		assert_int_equal(resend_tables[i].bit, 1u << i);
		assert_int_equal(resend_bit(span_str(resend_tables[i].name)), 1u << i);
		assert_int_equal(resend_bit(span_str(resend_tables[i].word)), 0);
	}
	assert_int_equal(resend_bit(span_str("OPERLOG")), RESEND_OPERLOG);
	assert_int_equal(resend_bit(span_str("")), 0);
	assert_resend(0, "", "");
	assert_resend(RESEND_OPERLOG, "OPERLOG", "operlog");
	assert_resend(RESEND_ATTLOG | RESEND_ATTPHOTO, "ATTLOG ATTPHOTO", "attlog attphoto");
	assert_resend(UINT64_MAX, "ATTLOG OPERLOG ATTPHOTO", "attlog operlog attphoto");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_device_comes_back),
		cmocka_unit_test(test_a_terminal_writes_no_line_of_its_own),
		cmocka_unit_test(test_other_texts),
		cmocka_unit_test(test_an_old_record),
		cmocka_unit_test(test_texts_too_long),
		cmocka_unit_test(test_an_interval_of_nothing),
		cmocka_unit_test(test_online),
		cmocka_unit_test(test_resend),
		cmocka_unit_test(test_too_long_leaves_the_buffer_as_it_was),
		TEST(test_reading),
		TEST(test_an_old_environment),
		TEST(test_without_devices),
		TEST(test_another_schema),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
