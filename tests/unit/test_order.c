/* SPDX-License-Identifier: GPL-2.0-or-later */
/* order: what an order may say, and everything that it may not. What becomes of it is in
 * test_obey.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "cmdqd/order.h"

static struct order parse(const char *body)
{
	char why[ORDER_WHY_BYTES];
	struct order o;

	if (order_parse(span_str(body), &o, why) != 0)
		fail_msg("refused: %s", why);
	return o;
}

static void test_approve_and_refuse(void **state)
{
	struct order o = parse("order: device.approve\nserial: ABCD250100001\n");

	(void)state;
	assert_int_equal(o.kind, ORDER_DEVICE_APPROVE);
	assert_true(span_is(o.serial, "ABCD250100001"));
	assert_int_equal(o.setting_count, 0);
	o = parse("order:device.refuse\nserial:\tA_-9 \n");
	assert_int_equal(o.kind, ORDER_DEVICE_REFUSE);
	assert_true(span_is(o.serial, "A_-9"));
	/* The last LF may be missing. */
	o = parse("order: device.approve\nserial: A");
	assert_true(span_is(o.serial, "A"));
}

static void test_set_everything(void **state)
{
	struct order o = parse("order: device.set\nserial: A\nerror_delay: 45 s\ndelay: 1 "
			       "min\ntrans_interval: 1 h\n"
			       "trans_times: 08:00;23:59\ntrans_flags: AttLog BioPhoto\n"
			       "time_zone: Asia/Kolkata\nrealtime: no\n");
	struct device_settings own = {0};

	(void)state;
	/* Twice is as good as once. */
	for (int i = 0; i < 2; i++) {
		order_apply(&o, &own);
		assert_int_equal(own.error_delay_s, 45);
		assert_int_equal(own.delay_s, 60);
		assert_int_equal(own.trans_interval_min, 60);
		assert_string_equal(own.trans_times, "08:00;23:59");
		assert_string_equal(own.trans_flags, "AttLog BioPhoto");
		assert_string_equal(own.time_zone, "Asia/Kolkata");
		assert_int_equal(own.realtime, -1);
	}
}

static void test_empty_goes_back_to_the_default(void **state)
{
	struct device_settings own = {.error_delay_s = 45,
		.delay_s = 5,
		.trans_interval_min = 7,
		.trans_times = "1",
		.trans_flags = "2",
		.time_zone = "3",
		.realtime = 1};
	struct order o =
		parse("order: device.set\nserial: A\nerror_delay:\ntrans_interval: \ntrans_times:\n"
		      "trans_flags:\ntime_zone:\nrealtime:\n");
	const struct device_settings expected = {.delay_s = 5};

	(void)state;
	order_apply(&o, &own);
	assert_memory_equal(&own, &expected, sizeof(own));
}

#define SET     "order: device.set\nserial: A\n"
#define RESEND  "order: device.resend\nserial: A\n"
#define COMMAND "order: command\nserial: A\n"
#define CANCEL  "order: command.cancel\n"

static void test_remove_and_resend(void **state)
{
	struct order o = parse("order: device.remove\nserial: A\n");

	(void)state;
	assert_int_equal(o.kind, ORDER_DEVICE_REMOVE);
	o = parse(RESEND "tables:  ATTPHOTO  ATTLOG \n");
	assert_int_equal(o.kind, ORDER_DEVICE_RESEND);
	assert_int_equal(o.tables, RESEND_ATTLOG | RESEND_ATTPHOTO);
	o = parse(RESEND "tables: OPERLOG\n");
	assert_int_equal(o.tables, RESEND_OPERLOG);
}

static void test_a_command_is_what_follows_its_verb(void **state)
{
	struct order o = parse(COMMAND "verb: user.add\npin: 1001\nname: Anna B: C\n");

	(void)state;
	assert_int_equal(o.kind, ORDER_COMMAND);
	assert_true(span_is(o.serial, "A"));
	assert_false(o.has_expires);
	assert_ptr_equal(o.command.verb, verb_find(span_str("user.add")));
	int name = verb_field_find(o.command.verb, span_str("name"));
	assert_true(o.command.given[name]);
	assert_true(span_is(o.command.values[name], "Anna B: C"));
	o = parse("order: command\nexpires: 30 s\nserial: A\nverb: unlock");
	assert_true(o.has_expires);
	assert_int_equal(o.expires_ms, 30000);
	assert_string_equal(o.command.verb->name, "unlock");
}

static void test_cancel(void **state)
{
	struct order o = parse(CANCEL "id: 9999999999999999\n");

	(void)state;
	assert_int_equal(o.kind, ORDER_COMMAND_CANCEL);
	assert_int_equal(o.id, 9999999999999999);
	assert_int_equal(o.serial.len, 0);
}

/* There is room for all that may be set. */
static void test_every_setting_at_once(void **state)
{
	struct buf b = buf_with_max(8192);
	char why[ORDER_WHY_BYTES] = "";
	struct order o;

	(void)state;
	assert_true(settings_count <= ORDER_SETTINGS_MAX);
	assert_int_equal(buf_add_str(&b, SET), 0);
	for (size_t i = 0; i < settings_count; i++)
		assert_int_equal(buf_printf(&b, "%s:\n", settings_table[i].key), 0);
	assert_int_equal(order_parse(buf_span(&b), &o, why), 0);
	assert_int_equal(o.setting_count, settings_count);
	buf_free(&b);
}

static void test_bad_orders(void **state)
{
	static const struct {
		const char *body, *why;
	} bad[] = {
		{"", "empty"},
		{"\n", "the first line"},
		{"serial: A\norder: device.approve\n", "the first line"},
		{"Order: device.approve\nserial: A\n", "the first line"},
		{"order device.approve\nserial: A\n", "the first line"},
		{"order: device.delete\nserial: A\n", "no such order"},
		{"order: \nserial: A\n", "no such order"},
		{"order: device.approve\n", "no serial"},
		{"order: device.approve\nserial:\n", "the serial is not one"},
		{"order: device.approve\nserial: A B\n", "the serial is not one"},
		{"order: device.approve\nserial: ../A\n", "the serial is not one"},
		{"order: device.approve\nserial: 123456789012345678901234567890123\n",
			"the serial is not one"},
		{"order: device.approve\nserial: A\nserial: A\n", "two serials"},
		{"order: device.approve\nserial: A\ndelay: 10 s\n", "this order does not have"},
		{"order: device.approve\nserial: A\n\n", "not \"key: value\""},
		{"order: device.approve\nserial: A\nx\n", "not \"key: value\""},
		{"order: device.approve\nserial: A\n: x\n", "not \"key: value\""},
		{SET, "nothing to set"},
		{SET "colour: red\n", "a key is not known"},
		{SET "order: device.approve\n", "a key is not known"},
		{SET "Delay: 10 s\n", "a key is not known"},
		{SET "delay: 10 s\ndelay: 10 s\n", "given twice"},
		{SET "delay: 10\n", "delay has to be"},
		{SET "delay: 1 s\n", "delay has to be"},
		{SET "delay: 61 s\n", "delay has to be"},
		{SET "delay: 2500 ms\n", "delay has to be"},
		{SET "delay: -3 s\n", "delay has to be"},
		{SET "error_delay: 29 s\n", "error_delay has to be"},
		{SET "error_delay: 301 s\n", "error_delay has to be"},
		{SET "trans_interval: -1 min\n", "trans_interval has to be"},
		{SET "trans_interval: 90 s\n", "trans_interval has to be"},
		{SET "trans_interval: 1441 min\n", "trans_interval has to be"},
		{SET "trans_times: 24:00\n", "trans_times has to be"},
		{SET "trans_times: 12:60\n", "trans_times has to be"},
		{SET "trans_times: 8:00\n", "trans_times has to be"},
		{SET "trans_times: 08:00;\n", "trans_times has to be"},
		{SET "trans_times: 08:00 09:00\n", "trans_times has to be"},
		{SET "trans_times: 08:00\rX=1\n", "trans_times has to be"},
		{SET "trans_times: "
		     "00:00;01:00;02:00;03:00;04:00;05:00;06:00;07:00;08:00;09:00;10:00\n",
			"trans_times has to be"},
		{SET "trans_flags: AttLog,OpLog\n", "trans_flags has to be"},
		{SET "trans_flags: AttLog\tOpLog\n", "trans_flags has to be"},
		{SET "trans_flags: all\n", "trans_flags has to be"},
		{SET "time_zone: Asia/Kol kata\n", "time_zone has to be"},
		{SET "time_zone: "
		     "1234567890123456789012345678901234567890123456789012345678901234\n",
			"time_zone has to be"},
		{SET "realtime: maybe\n", "realtime has to be"},
		{SET "realtime: true!\n", "realtime has to be"},
		{SET "comm_key: 123456\n", "punchctl device set"},
		{SET "comm_key: 00:00\n", "punchctl device set"},
		{SET "batch_max: 41 KiB\n", "batch_max has to be"},
		{SET "networks: 192.0.2.1/24\n", "networks has to be"},
		{SET "tables: ATTLOG\n", "a key is not known"},
		{SET "id: 5\n", "a key is not known"},
		{"order: device.remove\n", "no serial"},
		{"order: device.remove\nserial: A\ndelay: 10 s\n", "this order does not have"},
		{RESEND, "no tables"},
		{RESEND "tables:\n", "no tables"},
		{RESEND "tables: ATTLOG,OPERLOG\n", "tables are"},
		{RESEND "tables: attlog\n", "tables are"},
		{RESEND "tables: ATTLOG\ntables: OPERLOG\n", "tables is given twice"},
		{"order: device.resend\ntables: ATTLOG\n", "no serial"},
		{COMMAND, "no verb"},
		{COMMAND "expires: 30 s\n", "no verb"},
		{COMMAND "expires: 30\nverb: unlock\n", "expires is not"},
		{COMMAND "expires: 0 s\nverb: unlock\n", "expires is not"},
		{COMMAND "expires: 367 days\nverb: unlock\n", "expires is not"},
		{COMMAND "expires: 30 s\nexpires: 30 s\nverb: unlock\n", "expires is given twice"},
		{COMMAND "pin: 7\nverb: user.del\n", "this order does not have"},
		{COMMAND "verb: explode\n", "explode"},
		{COMMAND "verb: unlock\nverb: unlock\n", "verb"},
		{COMMAND "verb: unlock\nserial: B\n", "serial"},
		{COMMAND "verb: unlock\nexpires: 30 s\n", "expires"},
		{COMMAND "verb: user.add\n", "pin"},
		{"order: command\nverb: unlock\n", "no serial"},
		{CANCEL, "no id"},
		{CANCEL "id:\n", "the id is not"},
		{CANCEL "id: 0\n", "the id is not"},
		{CANCEL "id: 10000000000000000\n", "the id is not"},
		{CANCEL "id: 5\nid: 5\n", "two ids"},
		{CANCEL "serial: A\nid: 5\n", "this order does not have"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct order o = {.setting_count = 99};
		char why[ORDER_WHY_BYTES] = "";
		if (order_parse(span_str(bad[i].body), &o, why) != -EBADMSG)
			fail_msg("taken: %s", bad[i].body);
		if (!strstr(why, bad[i].why))
			fail_msg("%s refused for \"%s\"", bad[i].body, why);
		assert_int_equal(o.setting_count, 99);
	}
}

static void test_nul_is_refused(void **state)
{
	static const char body[] = "order: device.set\nserial: A\ntime_zone: A\0B\n";
	char why[ORDER_WHY_BYTES];
	struct order o;

	(void)state;
	assert_int_equal(order_parse(span_of(body, sizeof(body) - 1), &o, why), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_approve_and_refuse),
		cmocka_unit_test(test_set_everything),
		cmocka_unit_test(test_empty_goes_back_to_the_default),
		cmocka_unit_test(test_remove_and_resend),
		cmocka_unit_test(test_a_command_is_what_follows_its_verb),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_every_setting_at_once),
		cmocka_unit_test(test_bad_orders),
		cmocka_unit_test(test_nul_is_refused),
	};
	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
