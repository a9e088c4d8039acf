/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb: the table keeps its own rules, each kind of field takes and refuses what it should, and no
 * spelling of a raw line gets past what it needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "command/verb.h"
#include "lib/conf_key.h"

/* ---- the table ---- */

static void test_every_verb_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < verb_count; i++)
		assert_ptr_equal(verb_find(span_str(verbs[i].name)), &verbs[i]);
	assert_null(verb_find(span_str("user")));
	assert_null(verb_find(span_str("")));
	assert_null(verb_find(span_str("USER.ADD")));
}

static size_t count_kind(const struct verb *v, enum field_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < v->field_count; i++)
		count += v->fields[i].kind == kind;
	return count;
}

/* What nobody gives has a value of its own; sizes have something to measure. */
static void test_fields_make_sense(void **state)
{
	(void)state;
	for (size_t i = 0; i < verb_count; i++) {
		const struct verb *v = &verbs[i];

		assert_true(v->field_count <= VERB_FIELDS_MAX);
		assert_true(v->brief && v->brief[0]);
		assert_int_equal(count_kind(v, FIELD_SIZE) > 0,
			count_kind(v, FIELD_TEMPLATE) + count_kind(v, FIELD_BASE64) > 0 &&
				strcmp(v->name, "bio.add") != 0);
		for (size_t j = 0; j < v->field_count; j++) {
			const struct verb_field *f = &v->fields[j];

			assert_false(f->required && (f->preset || f->clears));
			if (f->name[0] == '\0') {
				assert_true(f->kind == FIELD_SIZE || f->preset);
				continue;
			}
			assert_true(f->brief && f->brief[0]);
			assert_int_equal(verb_field_find(v, span_str(f->name)), j);
		}
	}
}

/* What is sent unasked would be taken if it were given. */
static void test_presets_are_right(void **state)
{
	char why[VERB_WHY_BYTES];

	(void)state;
	for (size_t i = 0; i < verb_count; i++)
		for (size_t j = 0; j < verbs[i].field_count; j++) {
			const struct verb_field *f = &verbs[i].fields[j];

			if (f->preset && f->name[0])
				assert_int_equal(verb_field_check(f, span_str(f->preset), why), 0);
		}
}

static void test_secrets(void **state)
{
	static const char *const secret[][2] = {{"user.add", "password"}, {"user.add", "card"},
		{"finger.add", "template"}, {"face.add", "template"}, {"bio.add", "template"},
		{"photo.add", "content"}, {"biophoto.add", "content"}, {"shell", "line"},
		{"raw", "line"}};
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++) {
		const struct verb *v = verb_find(span_str(secret[i][0]));
		int at = verb_field_find(v, span_str(secret[i][1]));

		assert_true(at >= 0 && v->fields[at].secret);
	}
	for (size_t i = 0; i < verb_count; i++)
		for (size_t j = 0; j < verbs[i].field_count; j++)
			found += verbs[i].fields[j].secret;
	assert_int_equal(found, sizeof(secret) / sizeof(*secret));
}

static void assert_treated(
	const char *name, unsigned traits, unsigned allowances, uint64_t expires_ms)
{
	const struct verb *v = verb_find(span_str(name));

	assert_non_null(v);
	assert_int_equal(v->traits, traits);
	assert_int_equal(v->allowances, allowances);
	assert_int_equal(v->expires_ms, expires_ms);
}

static void test_treatment(void **state)
{
	(void)state;
	assert_treated("user.add", 0, 0, 0);
	assert_treated("user.query", VERB_COUNTS, 0, 0);
	assert_treated("query.attlog", VERB_COUNTS, 0, 0);
	assert_treated("account", VERB_COUNTS, 0, 0);
	assert_treated("sync", VERB_COUNTS, 0, 0);
	assert_treated("verify-sum", VERB_COUNTS | VERB_CONTENT, 0, 0);
	assert_treated("unlock", VERB_NEVER_TWICE | VERB_URGENT, 0, 15000);
	assert_treated("unalarm", VERB_URGENT, 0, 60000);
	assert_treated("reboot", VERB_NEVER_TWICE | VERB_ENDS_BATCH, 0, 0);
	assert_treated("check", VERB_ENDS_BATCH, 0, 0);
	assert_treated("info", VERB_CONTENT | VERB_FACTS, 0, 0);
	assert_treated("enroll", VERB_NEVER_TWICE, 0, 0);
	assert_treated("clear.log", VERB_NEVER_TWICE, ALLOW_CLEAR, 0);
	assert_treated("clear.photo", VERB_NEVER_TWICE, ALLOW_CLEAR, 0);
	assert_treated("clear.data", VERB_NEVER_TWICE | VERB_ENDS_BATCH, ALLOW_CLEAR, 0);
	assert_treated("get-file", VERB_COUNTS | VERB_CONTENT, 0, 0);
	assert_treated("put-file", VERB_COUNTS | VERB_NEVER_TWICE, ALLOW_PUT_FILE, 0);
	assert_treated("shell", VERB_NEVER_TWICE | VERB_CONTENT, ALLOW_SHELL, 0);
}

static void test_allowance_keys(void **state)
{
	static const char *const keys[ALLOWANCES] = {"allow_shell", "allow_put_file", "allow_clear",
		"allow_server_options", "allow_raw"};

	(void)state;
	for (unsigned bit = 0; bit < ALLOWANCES; bit++)
		assert_string_equal(
			verb_allowance_key((enum verb_allowance)(1U << bit)), keys[bit]);
}

/* Each key of the configuration grants its own. */
static void test_granted(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < ALLOWANCES; bit++) {
		struct conf conf = {.allow_shell = false};
		const struct conf_key *k =
			conf_key_find(verb_allowance_key((enum verb_allowance)(1U << bit)));

		assert_non_null(k);
		assert_int_equal(verb_granted(&conf), 0);
		*(bool *)((char *)&conf + k->field) = true;
		assert_int_equal(verb_granted(&conf), 1U << bit);
	}
}

/* ---- the fields ---- */

static int check_of(const char *verb, const char *field, struct span value, char *ret_why)
{
	const struct verb *v = verb_find(span_str(verb));

	assert_non_null(v);
	int at = verb_field_find(v, span_str(field));
	assert_true(at >= 0);
	return verb_field_check(&v->fields[at], value, ret_why);
}

static void assert_good(const char *verb, const char *field, const char *value)
{
	char why[VERB_WHY_BYTES] = "";

	assert_int_equal(check_of(verb, field, span_str(value), why), 0);
	assert_string_equal(why, "");
}

static void assert_bytes_refused(
	const char *verb, const char *field, struct span value, const char *expected)
{
	char why[VERB_WHY_BYTES];

	assert_int_equal(check_of(verb, field, value, why), -EINVAL);
	assert_string_equal(why, expected);
}

static void assert_refused(
	const char *verb, const char *field, const char *value, const char *expected)
{
	assert_bytes_refused(verb, field, span_str(value), expected);
}

static void test_pin(void **state)
{
	(void)state;
	assert_good("user.add", "pin", "001");
	assert_good("user.add", "pin", "L1005M");
	assert_good("user.add", "pin", "a-b_c.d");
	assert_good("user.add", "pin", "123456789012345678901234");
	assert_refused("user.add", "pin", "1234567890123456789012345", "pin: 1 to 24 characters");
	assert_refused("user.add", "pin", "", "pin: empty");
	assert_refused("user.query", "pin", "", "pin: empty");
	assert_refused("user.add", "pin", "1 2", "pin: only letters, digits, - _ and .");
	assert_refused("user.add", "pin", "\xC3\xA9", "pin: only letters, digits, - _ and .");
}

static void test_no_field_holds_a_separator(void **state)
{
	(void)state;
	for (size_t i = 0; i < verb_count; i++)
		for (size_t j = 0; j < verbs[i].field_count; j++) {
			const struct verb_field *f = &verbs[i].fields[j];
			char why[VERB_WHY_BYTES];

			assert_int_equal(verb_field_check(f, span_of("1\n1", 3), why), -EINVAL);
			assert_int_equal(verb_field_check(f, span_of("1\r1", 3), why), -EINVAL);
			assert_int_equal(verb_field_check(f, span_of("1\0001", 3), why), -EINVAL);
			assert_int_equal(verb_field_check(f,
						 span_of("1\x1B"
							 "1",
							 3),
						 why),
				-EINVAL);
			assert_int_equal(verb_field_check(f, span_of("1\x7F", 2), why), -EINVAL);
			assert_int_equal(verb_field_check(f, span_of("1\t1", 3), why),
				f->kind == FIELD_LINE ? 0 : -EINVAL);
			assert_int_equal(verb_field_check(f, span_of("1\xC3", 2), why), -EINVAL);
		}
	assert_refused("user.add", "name", "a\tb", "name: holds a control character");
	assert_refused("user.add", "name", "\xD5\xC5", "name: is not UTF-8");
}

static void test_text_and_name(void **state)
{
	(void)state;
	assert_good("user.add", "password", "12345678");
	assert_good("user.add", "password", "");
	/* 8 bytes in GB18030, 12 in UTF-8: the device decides. */
	assert_good("user.add", "password", "\xE5\xBC\xA0\xE5\xBC\xA0\xE5\xBC\xA0\xE5\xBC\xA0");
	assert_refused("user.add", "password", "123456789", "password: at most 8 bytes");
	assert_refused("user.add", "password", "1\xE5\xBC\xA0\xE5\xBC\xA0\xE5\xBC\xA0\xE5\xBC\xA0",
		"password: at most 8 bytes");
	assert_good("user.add", "name", "a name that is longer than any terminal can show");
	assert_good("user.add", "name", "");
	assert_refused("workcode.add", "name", "", "name: empty");
}

static void test_numbers(void **state)
{
	(void)state;
	assert_good("user.add", "privilege", "14");
	assert_good("user.add", "privilege", "");
	assert_refused("user.add", "privilege", "15", "privilege: a number from 0 to 14");
	assert_refused("user.add", "privilege", "-1", "privilege: a number from 0 to 14");
	assert_refused("user.add", "privilege", "1x", "privilege: a number from 0 to 14");
	/* An empty number would be 0 to a terminal: finger 0 is a finger. */
	assert_refused("finger.rm", "fid", "", "fid: empty");
	assert_refused("finger.rm", "fid", "10", "fid: a number from 0 to 9");
	assert_refused("sms.add", "tag", "252", "tag: a number from 253 to 254");
	assert_refused("bio.add", "type", "0", "type: a number from 1 to 10");
	assert_good("user.add", "timezones", "0000000100000000");
	assert_refused(
		"user.add", "timezones", "00000001000000000", "timezones: at most 16 digits");
	assert_refused("user.add", "timezones", "1 2", "timezones: at most 16 digits");
}

static void test_card(void **state)
{
	(void)state;
	assert_good("user.add", "card", "123456789");
	assert_good("user.add", "card", "");
	assert_refused(
		"user.add", "card", "[15CD5B0700]", "card: the decimal number of a card, or empty");
	assert_refused("user.add", "card", "18446744073709551616",
		"card: the decimal number of a card, or empty");
}

static void test_times(void **state)
{
	const char *why = "since: an existing time, as 2026-01-31 08:00:00";

	(void)state;
	assert_good("query.attlog", "since", "2028-02-29 23:59:59");
	assert_refused("query.attlog", "since", "2026-02-29 00:00:00", why);
	assert_refused("query.attlog", "since", "2026-01-31", why);
	assert_refused("query.attlog", "since", "2026-01-31 24:00:00", why);
	assert_refused("query.attlog", "since", "2026-1-31 08:00:00", why);
	assert_refused("query.attlog", "since", "2026-01-31 08:00:00 ", why);
	assert_refused("query.attlog", "since", "", "since: empty");
	assert_good("account", "since", "2010-05-01");
	assert_good("account", "since", "2010-05-01 12:00:00");
	assert_refused("account", "since", "2010-05-32",
		"since: an existing day or time, as 2026-01-31 or 2026-01-31 08:00:00");
	assert_refused("account", "since", "2010-05-01 12:00",
		"since: an existing day or time, as 2026-01-31 or 2026-01-31 08:00:00");
}

static void test_base64(void **state)
{
	(void)state;
	assert_good("finger.add", "template", "AAAA");
	assert_good("finger.add", "template", "AB+/ab09AA==");
	assert_good("photo.add", "content", "AAA=");
	assert_refused("photo.add", "content", "", "content: empty");
	assert_refused("photo.add", "content", "AAA", "content: not whole base64");
	assert_refused("photo.add", "content", "A===", "content: not whole base64");
	assert_refused("photo.add", "content", "AA=A", "content: not whole base64");
	assert_refused("photo.add", "content", "AA A", "content: not whole base64");
	assert_refused("photo.add", "content", "AA-_", "content: not whole base64");
}

static void test_option(void **state)
{
	(void)state;
	assert_good("option.set", "option", "VOLUME=60");
	assert_good("option.set", "option", "Name=");
	assert_good("option.set", "option", "WebServerURL=http://192.0.2.1/?a=b");
	assert_good("option.set", "option", "Title=one, two");
	assert_refused("option.set", "option", "VOLUME", "option: KEY=VALUE");
	assert_refused("option.set", "option", "=60", "option: KEY=VALUE");
	assert_good("biophoto.add", "filename", "1001.jpg");
	assert_refused("biophoto.add", "filename", "../a.sh", "filename: a name, not a path");
	assert_refused("biophoto.add", "filename", "a/b.jpg", "filename: a name, not a path");
	assert_refused("biophoto.add", "filename", "a\\b.jpg", "filename: a name, not a path");
	assert_refused("option.set", "option", "~SerialNumber=1",
		"option: one that begins with ~ is the terminal's own");
	assert_refused("option.set", "option", " ~A=1",
		"option: only letters, digits and _ in an option's name");
	assert_refused("option.set", "option", "VOLUME=60,~SerialNumber=1",
		"option: one that begins with ~ is the terminal's own");
	assert_refused("option.set", "option", "VOLUME=60;~A=1",
		"option: one that begins with ~ is the terminal's own");
	assert_refused("option.set", "option", "VOLUME=60,x,A=1", "option: one option at a time");
}

static void test_line(void **state)
{
	(void)state;
	assert_good("raw", "line", "DATA UPDATE USERINFO PIN=1\tName=Anna");
	assert_good("shell", "line", "ls -l /mnt");
	assert_refused("raw", "line", "  \t ", "line: blank");
	assert_refused("raw", "line", " c:1:REBOOT",
		"line: the command alone, \"C:\" and the id are put before it");
	assert_refused("raw", "line", "LOG\nC:2:SHELL ls", "line: holds a control character");
	assert_refused("raw", "line", "set  options a=1,~SerialNumber=x",
		"line: an option that begins with ~ is the terminal's own");
}

static void test_nobody_gives_a_size(void **state)
{
	const struct verb *v = verb_find(span_str("photo.add"));
	char why[VERB_WHY_BYTES];

	(void)state;
	assert_int_equal(verb_field_find(v, span_str("")), -1);
	assert_int_equal(verb_field_find(v, span_str("size")), -1);
	assert_int_equal(v->fields[1].kind, FIELD_SIZE);
	assert_int_equal(verb_field_check(&v->fields[1], span_str("4"), why), -EINVAL);
}

/* ---- raw lines ---- */

static void assert_raw(const char *line, unsigned traits, unsigned allowances)
{
	unsigned got_traits = 0, got_allowances = 0;

	verb_classify_raw(span_str(line), &got_traits, &got_allowances);
	assert_int_equal(got_traits, traits);
	assert_int_equal(got_allowances, allowances);
}

#define UNKNOWN (VERB_NEVER_TWICE | VERB_CONTENT)

/* Every verb is known again from its own words, whatever their case and blanks. */
static void test_raw_spells_verbs(void **state)
{
	char line[128];

	(void)state;
	for (size_t i = 0; i < verb_count; i++) {
		size_t len = 0;

		if (verbs[i].wire[0] == '\0')
			continue;
		assert_ptr_equal(verb_of_raw(span_str(verbs[i].wire)), &verbs[i]);
		line[len++] = ' ';
		for (const char *c = verbs[i].wire; *c; c++) {
			line[len++] = *c == ' ' ? '\t' : (char)(*c ^ (*c >= 'A' ? 0x20 : 0));
			if (*c == ' ')
				line[len++] = ' ';
		}
		line[len++] = '\t';
		line[len++] = 'x';
		if (!strchr(verbs[i].wire, '_')) /* 0x20 makes another character of it */
			assert_ptr_equal(verb_of_raw(span_of(line, len)), &verbs[i]);
		if (verbs[i].old_wire)
			assert_ptr_equal(verb_of_raw(span_str(verbs[i].old_wire)), &verbs[i]);
	}
	assert_null(verb_of_raw(span_str("")));
	assert_null(verb_of_raw(span_str("LOGS")));
	assert_null(verb_of_raw(span_str("DATA")));
	assert_null(verb_of_raw(span_str("DATA USERINFO PIN=1")));
}

static void test_raw_traits(void **state)
{
	(void)state;
	assert_raw("CHECK", VERB_ENDS_BATCH, 0);
	assert_raw("reboot", VERB_NEVER_TWICE | VERB_ENDS_BATCH, 0);
	assert_raw("Ac_Unlock", VERB_NEVER_TWICE | VERB_URGENT, 0);
	assert_raw("ENROLL_FP PIN=1\tFID=1", VERB_NEVER_TWICE, 0);
	assert_raw("DATA QUERY USERINFO", VERB_COUNTS, 0);
	assert_raw("DATA QUERY WORKCODE", VERB_COUNTS, 0);
	assert_raw("CONTROL DEVICE 01010105", UNKNOWN, ALLOW_RAW);
	assert_raw("", UNKNOWN, ALLOW_RAW);
}

static void test_raw_gets_past_no_allowance(void **state)
{
	static const char *const shells[] = {"SHELL ls", "shell ls", " \t sHeLl\tls", "SHELL"};
	static const char *const puts[] = {
		"PutFile a", "putfile a", "PUTFILE\ta\tb", "  putFILE a"};
	static const char *const clears[] = {"CLEAR LOG", "clear  log", "CLEAR\tPHOTO"};

	(void)state;
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		assert_raw(shells[i], VERB_NEVER_TWICE | VERB_CONTENT, ALLOW_SHELL);
	for (size_t i = 0; i < sizeof(puts) / sizeof(*puts); i++)
		assert_raw(puts[i], VERB_NEVER_TWICE | VERB_COUNTS, ALLOW_PUT_FILE);
	for (size_t i = 0; i < sizeof(clears) / sizeof(*clears); i++)
		assert_raw(clears[i], VERB_NEVER_TWICE, ALLOW_CLEAR);
	assert_raw("clear data", VERB_NEVER_TWICE | VERB_ENDS_BATCH, ALLOW_CLEAR);
	/* A lenient terminal compares the beginning alone. */
	assert_raw("SHELLls", UNKNOWN, ALLOW_SHELL | ALLOW_RAW);
	assert_raw("PutFiles a", UNKNOWN, ALLOW_PUT_FILE | ALLOW_RAW);
	assert_raw("CLEAR", UNKNOWN, ALLOW_CLEAR | ALLOW_RAW);
	assert_raw("CLEAR BIODATA", UNKNOWN, ALLOW_CLEAR | ALLOW_RAW);
	assert_raw("CLEARLOG", UNKNOWN, ALLOW_CLEAR | ALLOW_RAW);
}

static void test_raw_options(void **state)
{
	(void)state;
	assert_raw("SET OPTION VOLUME=60", 0, 0);
	assert_raw("SET OPTION WebServerIP=192.0.2.1", 0, ALLOW_SERVER_OPTIONS);
	assert_raw("set\toption  webserverip=192.0.2.1", 0, ALLOW_SERVER_OPTIONS);
	assert_raw("SET OPTIONS a=1,WebServerPort=2", UNKNOWN, ALLOW_SERVER_OPTIONS | ALLOW_RAW);
	assert_raw(
		"SET OPTIONS a=1, b=2,iclocksvrurl=x", UNKNOWN, ALLOW_SERVER_OPTIONS | ALLOW_RAW);
	assert_raw("SET OPTION a=1\tProxyServerIP=x", 0, ALLOW_SERVER_OPTIONS);
	assert_raw("SET OPTIONWebServerIP=x", UNKNOWN, ALLOW_SERVER_OPTIONS | ALLOW_RAW);
	assert_raw("SET OPTIONS a=1,b=2", UNKNOWN, ALLOW_RAW);
	assert_true(verb_raw_reserved(span_str("SET OPTION ~SerialNumber=1")));
	assert_true(verb_raw_reserved(span_str(" set\toptions a=1,~b=2")));
	assert_false(verb_raw_reserved(span_str("SET OPTION Title=a~b")));
	assert_false(verb_raw_reserved(span_str("SHELL ls ~root")));
}

static void test_options(void **state)
{
	static const char *const of_server[] = {"WebServerIP", "webserverport", "WEBSERVERURL",
		"WebServerURLModel", "ICLOCKSVRURL", "IclockSvrIP", "ProxyServerIP",
		"EnableProxyServer", "AuthServerEnabled", "AuthServerCheckMode", "DNS"};
	static const char *const harmless[] = {
		"VOLUME", "IPAddress", "LockOn", "AutoPowerOff", "WorkCode", "DelRecord", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(of_server) / sizeof(*of_server); i++)
		assert_true(verb_option_of_server(span_str(of_server[i])));
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++) {
		assert_false(verb_option_of_server(span_str(harmless[i])));
		assert_false(verb_option_secret(span_str(harmless[i])));
		assert_false(verb_option_reserved(span_str(harmless[i])));
	}
	assert_true(verb_option_reserved(span_str("~SerialNumber")));
	assert_true(verb_option_secret(span_str("CardKey")));
	assert_true(verb_option_secret(span_str("COMMKEY")));
	assert_true(verb_option_secret(span_str("AdminPassword")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_verb_is_found),
		cmocka_unit_test(test_fields_make_sense),
		cmocka_unit_test(test_presets_are_right),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_treatment),
		cmocka_unit_test(test_allowance_keys),
		cmocka_unit_test(test_granted),
		cmocka_unit_test(test_pin),
		cmocka_unit_test(test_no_field_holds_a_separator),
		cmocka_unit_test(test_text_and_name),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_card),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_option),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_nobody_gives_a_size),
		cmocka_unit_test(test_raw_spells_verbs),
		cmocka_unit_test(test_raw_traits),
		cmocka_unit_test(test_raw_gets_past_no_allowance),
		cmocka_unit_test(test_raw_options),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
