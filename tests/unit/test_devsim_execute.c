/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated terminal: it does what a command says, and says of it what docs/PROTOCOL.md 4 and 5
 * say. What tests the product has to be right itself. Its sources are part of this file: it is not
 * one of the rooms that unit tests are linked with, and stays apart from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/devsim/answer.c"
#include "tests/devsim/bytes.c"
#include "tests/devsim/errand.c"
#include "tests/devsim/execute.c"
#include "tests/devsim/execute_data.c"
#include "tests/devsim/execute_file.c"
#include "tests/devsim/execute_query.c"
#include "tests/devsim/facts.c"
#include "tests/devsim/fields.c"
#include "tests/devsim/made.c"
#include "tests/devsim/model.c"
#include "tests/devsim/orders.c"
#include "tests/devsim/question.c"
#include "tests/devsim/results.c"
#include "tests/devsim/upload.c"
#include "tests/devsim/when.c"

struct settings settings;
struct run_options run_options;
struct run_totals run_totals;
static struct bytes executed;

bool ledger_wanted(void)
{
	return false;
}

void ledger_executed(const struct bytes *line)
{
	bytes_add(&executed, line->data, line->len);
}

uint32_t net_source(uint32_t source)
{
	return 1 + source;
}

static struct device device;
static struct machine machine;

/* A terminal with 100 punches, one a second. */
static int fresh(void **state)
{
	(void)state;
	settings = (struct settings){.serial_prefix = "SIM",
		.first_serial = 1,
		.users = 10,
		.per_second = 1,
		.exec_path = "log"};
	memcpy(settings.target.host, "127.0.0.1:1", sizeof("127.0.0.1:1"));
	assert_int_equal(when_parse("2026-01-05 08:00:00", &settings.start_when), 0);
	device = (struct device){.punches = 100};
	machine = (struct machine){.device = &device};
	faults = (struct faults){0};
	executed.len = 0;
	return 0;
}

static int done(void **state)
{
	(void)state;
	for (enum table table = 0; table < TABLES; table++) {
		model_drop(&machine.model, table, NULL);
	}
	free(machine.model.rows);
	free(machine.errand.target);
	return 0;
}

static int64_t returns(const char *command)
{
	struct result result;

	execute(&machine, text_of(command), &result);
	bytes_free(&result.more);
	return result.code;
}

/* The body of the next upload that the last command brings about; "" when there is none. */
static const char *uploads(void)
{
	static struct upload upload;
	const char *blank;

	if (!errand_upload(&machine, &upload)) {
		return "";
	}
	bytes_char(&upload.bytes, 0);
	blank = strstr(upload.bytes.data, "\r\n\r\n");
	return blank ? blank + 4 : "?";
}

static void returns_what_the_protocol_says(void **state)
{
	static const struct {
		const char *command;
		int64_t code;
	} cases[] = {
		{"DATA UPDATE USERINFO PIN=1\tName=A", 0},
		{"DATA UPDATE USERINFO Name=A", RETURN_PARAMETER},
		{"DATA UPDATE USERINFO PIN=", RETURN_PARAMETER},
		{"DATA UPDATE USERINFO PIN=1\tPIN=2", RETURN_PARAMETER},
		{"DATA UPDATE USERINFO PIN=1\tName", RETURN_PARAMETER},
		{"DATA UPDATE USERINFO PIN=1\tPasswd=123456789", RETURN_PARAMETER},
		{"DATA UPDATE FINGERTMP PIN=1\tFID=0\tSize=4\tTMP=AAAA", 0},
		{"DATA UPDATE FINGERTMP PIN=1\tFID=0\tSize=5\tTMP=AAAA", RETURN_SIZE},
		{"DATA UPDATE FINGERTMP PIN=1\tFID=0\tSize=4\tTMP=AA*A", RETURN_MALFORMED},
		{"DATA UPDATE FINGERTMP PIN=1\tFID=0\tSize=4", RETURN_PARAMETER},
		{"DATA UPDATE FINGERTMP PIN=2\tFID=0\tSize=4\tTMP=AAAA", RETURN_NO_PIN},
		{"DATA UPDATE FACE PIN=2\tFID=0\tSIZE=4\tTMP=AAAA", RETURN_NOTHING},
		{"DATA UPDATE USERPIC PIN=1\tSize=5\tContent=AAAA", RETURN_NOTHING},
		{"DATA UPDATE NOSUCH PIN=1", RETURN_UNKNOWN},
		{"DATA DELETE USERINFO PIN=3", RETURN_NO_PIN},
		{"DATA DELETE FACE PIN=3", RETURN_PARAMETER},
		{"DATA DELETE FACE PIN=1", RETURN_NOTHING},
		{"DATA DELETE SMS UID=1", RETURN_NOTHING},
		{"DATA QUERY USERINFO", 1},
		{"DATA QUERY USERINFO PIN=2", 0},
		{"DATA QUERY FINGERTMP PIN=1\tFID=0", 1},
		{"DATA QUERY FINGERTMP FID=0", RETURN_PARAMETER},
		{"data query USERINFO", RETURN_UNKNOWN},
		{"DATA USER PIN=4", 0},
		{"DATA DEL_FP PIN=1\tFID=0", 0},
		{"DATA DEL_USER PIN=1", 0},
		{"SET OPTION A=1", 0},
		{"SET OPTION ~A=1", RETURN_PARAMETER},
		{"ENROLL_FP PIN=9\tFID=1", RETURN_NO_PIN},
		{"SHELL fail", RETURN_PARAMETER},
		{"GetFile /nowhere", RETURN_NOTHING},
		{"PutFile file/1", RETURN_PARAMETER},
		{"AC_UNLOCK", 0},
		{"AC_UNLOCK ", RETURN_UNKNOWN},
		{"", RETURN_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (returns(cases[i].command) != cases[i].code) {
			fail_msg("%s: not %lld", cases[i].command, (long long)cases[i].code);
		}
	}
	assert_int_equal(machine.doors, 1);
}

static void a_user_keeps_what_is_not_named(void **state)
{
	(void)state;
	returns("DATA UPDATE USERINFO PIN=1\tName=Anna\tCard=5");
	returns("DATA UPDATE USERINFO PIN=1\tCard=\tPri=14");
	assert_int_equal(returns("DATA QUERY USERINFO PIN=1"), 1);
	assert_string_equal(
		uploads(), "USER PIN=1\tName=Anna\tCard=\tPri=14\tPasswd=\tGrp=1\tTZ=\n");
	assert_string_equal(uploads(), "");
}

static void a_user_takes_his_fingers_along(void **state)
{
	(void)state;
	returns("DATA UPDATE USERINFO PIN=1");
	returns("DATA UPDATE USERINFO PIN=11");
	returns("DATA UPDATE FINGERTMP PIN=1\tFID=0\tSize=4\tTMP=AAAA");
	returns("DATA UPDATE FINGERTMP PIN=11\tFID=0\tSize=4\tTMP=BBBB");
	assert_int_equal(device.now.fingers, 2);
	returns("DATA DELETE USERINFO PIN=1");
	assert_int_equal(device.now.fingers, 1);
	assert_int_equal(returns("DATA QUERY FINGERTMP PIN=11"), 1);
	assert_string_equal(uploads(), "FP PIN=11\tFID=0\tSize=4\tTMP=BBBB\n");
}

static void punches_of_a_span(void **state)
{
	(void)state;
	assert_int_equal(returns("DATA QUERY ATTLOG StartTime=2026-01-05 08:00:98\t"
				 "EndTime=2026-01-05 09:00:00"),
		RETURN_PARAMETER);
	assert_int_equal(returns("DATA QUERY ATTLOG StartTime=2026-01-05 08:01:37\t"
				 "EndTime=2026-01-05 08:01:38"),
		2);
	assert_non_null(strstr(uploads(), "\t2026-01-05 08:01:37\t"));
	assert_int_equal(returns("ACCOUNT Start=2026-01-05\tEnd=2026-01-05\tCount=100"), 100);
	assert_string_equal(uploads(), "");
	assert_int_equal(returns("ACCOUNT Start=2026-01-05\tEnd=2026-01-05\tCount=99"), 100);
	assert_string_not_equal(uploads(), "");
	machine.errand.kind = ERRAND_NONE;
	assert_int_equal(returns("CLEAR LOG"), 0);
	assert_int_equal(returns("ACCOUNT Start=2026-01-05\tEnd=2026-01-05"), 0);
}

static void a_full_terminal_says_so(void **state)
{
	char command[64];
	int64_t code = 0;
	int users = 0;

	(void)state;
	machine.model.bytes = BYTES_MAX - 1000;
	for (; code == 0 && users < 1000; users++) {
		snprintf(command, sizeof(command), "DATA UPDATE USERINFO PIN=%d", users);
		code = returns(command);
	}
	assert_int_equal(code, RETURN_FULL);
	assert_in_range(users, 2, 100);
}

static void reads_a_poll(void **state)
{
	static const char reply[] = "C:1:INFO\nC:x9:SET OPTION A=\tb\\\x01\r\nOK\nC:1:INFO\nC:2:\n"
				    "C:12345678901234567:INFO\nC:3:LOG";
	struct orders orders = {0};
	struct results results = {0};
	struct order order;

	(void)state;
	assert_int_equal(orders_read(&orders, &results, text_of(reply), 42), 3);
	assert_int_equal(orders_left(&orders), 3);
	assert_true(orders_take(&orders, &order));
	assert_string_equal(order.id, "1");
	bytes_free(&order.command);
	assert_true(orders_take(&orders, &order));
	orders_log(&device, &order, -1);
	bytes_char(&executed, 0);
	assert_string_equal(
		executed.data, "SIM000001\tx9\t-1\tSET OPTION A=\\tb\\\\\\x01\\x0d\t42\n");
	bytes_free(&order.command);
	assert_int_equal(orders_lose(&orders), 1);
	assert_false(orders_take(&orders, &order));
}

static const char *posts(struct results *results)
{
	struct parcel parcel;

	results_post(results, &device, &parcel);
	bytes_char((struct bytes *)parcel.body, 0);
	return parcel.body->data;
}

static void writes_results(void **state)
{
	struct results results = {0};
	struct result line = {.id = "7", .echo = "DATA", .number = 1};
	struct result block = {
		.id = "8", .echo = "Shell", .number = 2, .form = RESULT_BLOCK, .filename = "f"};

	(void)state;
	bytes_text(&block.more, "a&b\n");
	results_add(&results, &line);
	results_add(&results, &line);
	results_add(&results, &block);
	assert_string_equal(posts(&results), "ID=7&Return=0&CMD=DATA\n");
	faults = (struct faults){
		.together = true, .no_echo = true, .crlf = true, .wrong_sn = "X", .wrong_id = ""};
	assert_string_equal(posts(&results), "ID=8&SN=X&Return=0\r\nID=8&SN=X&Return=0\r\n");
	assert_true(results_posted(&results, 1));
	assert_false(results_posted(&results, 2));
	results_acked(&results);
	faults = (struct faults){0};
	assert_string_equal(posts(&results),
		"ID=8\nSN=SIM000001\nReturn=0\nCMD=Shell\nFILENAME=f\nContent=a&b\n");
	results_acked(&results);
	assert_int_equal(results.count, 0);
	free(results.list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(returns_what_the_protocol_says, fresh, done),
		cmocka_unit_test_setup_teardown(a_user_keeps_what_is_not_named, fresh, done),
		cmocka_unit_test_setup_teardown(a_user_takes_his_fingers_along, fresh, done),
		cmocka_unit_test_setup_teardown(punches_of_a_span, fresh, done),
		cmocka_unit_test_setup_teardown(a_full_terminal_says_so, fresh, done),
		cmocka_unit_test_setup_teardown(reads_a_poll, fresh, done),
		cmocka_unit_test_setup_teardown(writes_results, fresh, done),
	};

	return cmocka_run_group_tests_name("devsim_execute", tests, NULL, NULL);
}
