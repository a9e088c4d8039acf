/* SPDX-License-Identifier: GPL-2.0-or-later */
/* typed: commands from and to their text, what makes one whole, and that no secret is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "command/typed.h"

static struct typed get(const char *text)
{
	struct typed t;
	char why[VERB_WHY_BYTES] = "";

	if (typed_get(span_str(text), &t, why) < 0)
		fail_msg("%s: %s", text, why);
	return t;
}

static void assert_refused(const char *text, const char *expected)
{
	struct typed t = {.verb = &verbs[3]};
	char why[VERB_WHY_BYTES];

	assert_int_equal(typed_get(span_str(text), &t, why), -EINVAL);
	assert_string_equal(why, expected);
	assert_ptr_equal(t.verb, &verbs[3]);
}

typedef int put(struct buf *b, const struct typed *t);

static void assert_put(put *how, const char *text, const char *expected)
{
	struct typed t = get(text);
	struct buf b = buf_with_max(TYPED_MAX);

	assert_int_equal(how(&b, &t), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	assert_string_equal(b.ptr, expected);
	buf_free(&b);
}

#define ANNA                                                                                      \
	"verb: user.add\npin: 1001\nname: Anna: a = b \npassword: 1234\ncard: 123456789\ngroup: " \
	"\n"

static void test_there_and_back(void **state)
{
	(void)state;
	assert_put(typed_put, ANNA, ANNA);
	assert_put(typed_put, "verb: reboot", "verb: reboot\n");
	/* In the order of the table, whatever it was given in; a missing blank, CRLF. */
	assert_put(typed_put, "verb: finger.rm\r\nfid:3\r\npin:1\r\n",
		"verb: finger.rm\npin: 1\nfid: 3\n");
}

static void test_values(void **state)
{
	struct typed t = get(ANNA);

	(void)state;
	assert_ptr_equal(t.verb, verb_find(span_str("user.add")));
	assert_true(span_is(t.values[1], "Anna: a = b "));
	assert_true(t.given[5] && t.values[5].len == 0);
	assert_false(t.given[2] || t.given[6]);
}

static void test_masked(void **state)
{
	(void)state;
	assert_put(typed_put_masked, ANNA,
		"verb: user.add\npin: 1001\nname: Anna: a = b \npassword: (4 bytes)\ncard: (9 "
		"bytes)\ngroup: \n");
	assert_put(typed_put_line, "verb: user.add\npin: 1001\nname: Anna\ncard: 123456789\n",
		"user.add pin=1001 name=Anna card=(9 bytes)");
	/* That a secret was cleared is none. */
	assert_put(
		typed_put_line, "verb: user.add\npin: 1\npassword:\n", "user.add pin=1 password=");
	assert_put(typed_put_line, "verb: shell\nline: cat /etc/shadow\n", "shell line=(15 bytes)");
	assert_put(typed_put_line, "verb: raw\nline: LOG\n", "raw line=(3 bytes)");
	assert_put(typed_put_line, "verb: option.set\noption: VOLUME=60\n",
		"option.set option=VOLUME=60");
	assert_put(typed_put_line, "verb: option.set\noption: CommKey=123456\n",
		"option.set option=(14 bytes)");
	assert_put(typed_put_line, "verb: reboot\n", "reboot");
}

static void assert_mask(const char *text, const char *expected)
{
	struct buf b = buf_with_max(TYPED_MASKED_MAX);

	assert_int_equal(typed_mask(&b, span_str(text)), 0);
	assert_int_equal(b.len, strlen(expected));
	assert_memory_equal(b.ptr, expected, b.len);
	buf_free(&b);
}

/* Of one that is none of ours, or not any more, nothing is said but its verb. */
static void test_mask_of_any_text(void **state)
{
	(void)state;
	assert_mask("verb: user.add\npin: 1\npassword: 1234\n",
		"verb: user.add\npin: 1\npassword: (4 bytes)\n");
	assert_mask("verb: user.add\npin: 1\npassword: 1234\nkey: 5\n", "verb: user.add\n");
	assert_mask("verb: vault.open\ncode: 1234\n", "verb: vault.open\n");
	assert_mask("password: 1234\n", "verb: \n");
	assert_true(span_is(typed_name(span_str("verb: vault.open\ncode: 1234\n")), "vault.open"));
	assert_int_equal(typed_name(span_str("code: 1234\nverb: reboot\n")).len, 0);
	assert_int_equal(typed_name(span_str("")).len, 0);
}

static void test_refusals(void **state)
{
	(void)state;
	assert_refused("", "the first line does not name the verb");
	assert_refused("pin: 1\n", "the first line does not name the verb");
	assert_refused("verb: user.ad\n", "no verb \"user.ad\"");
	assert_refused("verb: \x1B[31m\n", "no verb \"\"");
	assert_refused("verb: user.add\n", "pin: is missing");
	assert_refused("verb: user.add\npin: 1\n\n", "a line is not \"field: value\"");
	assert_refused("verb: user.add\npin: 1\nnick: x\n", "user.add has no field \"nick\"");
	assert_refused("verb: photo.add\npin: 1\n: 4\n", "photo.add has no field \"\"");
	assert_refused("verb: user.add\npin: 1\npin: 1\n", "pin: given twice");
	assert_refused("verb: user.add\npin: 1\nverb: user.rm\n", "user.add has no field \"verb\"");
	assert_refused("verb: user.add\npin:  1\n", "pin: only letters, digits, - _ and .");
	assert_refused("verb: user.add\npin: 1\nname: a\rb\n", "name: holds a control character");
}

static void test_too_long(void **state)
{
	struct buf b = buf_with_max(2 * TYPED_MAX);
	struct typed t;
	char why[VERB_WHY_BYTES], expected[VERB_WHY_BYTES];

	(void)state;
	assert_int_equal(buf_add_str(&b, "verb: photo.add\npin: 1\ncontent: "), 0);
	while (b.len + 4 <= TYPED_MAX)
		assert_int_equal(buf_add_str(&b, "AAAA"), 0);
	assert_int_equal(typed_get(buf_span(&b), &t, why), 0);
	assert_int_equal(buf_add_str(&b, "AAAA"), 0);
	assert_int_equal(typed_get(buf_span(&b), &t, why), -EINVAL);
	snprintf(expected, sizeof(expected), "%zu bytes, at most 49152 are a command", b.len);
	assert_string_equal(why, expected);
	buf_free(&b);
}

static void test_what_makes_sense_together(void **state)
{
	(void)state;
	assert_refused(
		"verb: query.attlog\nsince: 2026-02-01 00:00:00\nuntil: 2026-01-31 23:59:59\n",
		"since: later than until");
	assert_refused(
		"verb: query.attlog\nsince: 2100-01-01 00:00:00\n", "since: later than until");
	assert_refused(
		"verb: account\nsince: 2010-05-02\nuntil: 2010-05-01\n", "since: later than until");
	assert_refused("verb: account\nsince: 2010-05-01 12:00:00\nuntil: 2010-05-01 11:59:59\n",
		"since: later than until");
	(void)get("verb: account\nsince: 2010-05-01\nuntil: 2010-05-01\n");
	(void)get("verb: account\nsince: 2010-05-01 12:00:00\nuntil: 2010-05-01\n");
	(void)get("verb: query.attlog\nsince: 2010-05-01 12:00:00\nuntil: 2010-05-01 12:00:00\n");
	assert_refused("verb: put-file\nfile: user.dat\n", "path: only a .tgz goes without it");
	(void)get("verb: put-file\nfile: MAIN.TGZ\n");
	static const char *const names[] = {"http://192.0.2.1/a.tgz", "file/a.tgz", "../a.tgz",
		"/a.tgz", ".a.tgz", "a b.tgz", "a\\b.tgz"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char text[128];
		snprintf(text, sizeof(text), "verb: put-file\nfile: %s\n", names[i]);
		assert_refused(text,
			"file: 1 to 64 letters, digits, . _ + and -, not beginning with "
			"a dot; no path and no address");
	}
	assert_refused(
		"verb: put-file\nfile: a.tgz\nsha256: AB\n", "sha256: 64 hex digits, a to f small");
	(void)get("verb: put-file\nfile: user.dat\npath: /mnt/user.dat\n");
}

static void test_set_by_hand(void **state)
{
	struct typed t = {.verb = verb_find(span_str("finger.rm"))};
	char why[VERB_WHY_BYTES];

	(void)state;
	assert_int_equal(typed_set(&t, span_str("fid"), span_str("10"), why), -EINVAL);
	assert_false(t.given[1]);
	assert_int_equal(typed_set(&t, span_str("fid"), span_str("1"), why), 0);
	assert_int_equal(typed_check(&t, why), -EINVAL);
	assert_string_equal(why, "pin: is missing");
	assert_int_equal(typed_set(&t, span_str("pin"), span_str("1"), why), 0);
	assert_int_equal(typed_check(&t, why), 0);
}

static void test_no_room(void **state)
{
	struct typed t = get(ANNA);
	struct buf b = buf_with_max(20);

	(void)state;
	assert_int_equal(buf_add_str(&b, "kept"), 0);
	assert_int_equal(typed_put(&b, &t), -EMSGSIZE);
	assert_true(span_is(buf_span(&b), "kept"));
	buf_free(&b);
}

static void assert_treated(
	const char *text, unsigned traits, unsigned allowances, uint64_t expires_ms)
{
	struct typed t = get(text);

	assert_int_equal(typed_traits(&t), traits);
	assert_int_equal(typed_allowances(&t), allowances);
	assert_int_equal(typed_expires_ms(&t), expires_ms);
}

static void test_treatment(void **state)
{
	(void)state;
	assert_treated("verb: reboot\n", VERB_NEVER_TWICE | VERB_ENDS_BATCH, 0, 0);
	assert_treated(
		"verb: shell\nline: CHECK\n", VERB_NEVER_TWICE | VERB_CONTENT, ALLOW_SHELL, 0);
	assert_treated("verb: unlock\n", VERB_NEVER_TWICE | VERB_URGENT, 0, 15000);
	assert_treated("verb: option.set\noption: VOLUME=1\n", 0, 0, 0);
	assert_treated("verb: option.set\noption: VOLUME=WebServerIP\n", 0, 0, 0);
	assert_treated("verb: option.set\noption: webserverip=1\n", 0, ALLOW_SERVER_OPTIONS, 0);
	assert_treated(
		"verb: raw\nline:  shell ls\n", VERB_NEVER_TWICE | VERB_CONTENT, ALLOW_SHELL, 0);
	assert_treated("verb: raw\nline: ac_unlock\n", VERB_NEVER_TWICE | VERB_URGENT, 0, 15000);
	assert_treated("verb: raw\nline: FLY\n", VERB_NEVER_TWICE | VERB_CONTENT, ALLOW_RAW, 0);
	/* Whatever parts them, where a terminal may see a second option. */
	assert_treated(
		"verb: option.set\noption: VOLUME=1;WebServerIP=1\n", 0, ALLOW_SERVER_OPTIONS, 0);
	assert_treated(
		"verb: option.set\noption: VOLUME=1 WebServerIP=1\n", 0, ALLOW_SERVER_OPTIONS, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_masked),
		cmocka_unit_test(test_mask_of_any_text),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_what_makes_sense_together),
		cmocka_unit_test(test_set_by_hand),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_treatment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
