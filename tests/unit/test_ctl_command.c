/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command: from the words of the command line to the text of an order, and from the store to what
 * people see. */
#include "ctl/command.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/cmd.h"
#include "ctl/value.h"

#define WORDS(...)  ((char *[]){__VA_ARGS__})
#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static const struct verb *verb(const char *name)
{
	const struct verb *v = verb_find(span_str(name));
	assert_non_null(v);
	return v;
}

/* ---- which command ---- */

static void is_found(const char *noun, const char *word, const char *name)
{
	const struct verb *v = command_find(noun, word);
	assert_non_null(v);
	assert_string_equal(v->name, name);
}

static void finds_commands(void **state)
{
	(void)state;
	is_found("user", "add", "user.add");
	is_found("unlock", NULL, "unlock");
	is_found("unlock", "GATE1", "unlock");
	is_found("query", "attlog", "query.attlog");
	is_found("query", "user", "user.query");
	is_found("user", "query", "user.query");
	assert_null(command_find("user", NULL));
	assert_null(command_find("user", "unlock"));
	assert_null(command_find("user.add", NULL));
	assert_null(command_find("add", "user"));
	assert_null(command_find("raw", NULL));
	assert_true(command_is_noun("user"));
	assert_true(command_is_noun("unlock"));
	assert_false(command_is_noun("use"));
	assert_false(command_is_noun("raw"));
	assert_false(command_is_noun(""));
}

/* Whatever the table holds, each of its verbs can be said, and none hides a noun of ours. */
static void every_verb_can_be_said(void **state)
{
	static const char *const ours[] = {"punch", "device", "spool", "cmd", "status"};
	(void)state;
	for (size_t i = 0; i < verb_count; i++) {
		char noun[64], *dot;
		if (strcmp(verbs[i].name, "raw") == 0)
			continue;
		snprintf(noun, sizeof(noun), "%s", verbs[i].name);
		dot = strchr(noun, '.');
		if (dot)
			*dot = '\0';
		assert_ptr_equal(command_find(noun, dot ? dot + 1 : NULL), &verbs[i]);
		for (size_t j = 0; j < COUNT(ours); j++)
			assert_string_not_equal(noun, ours[j]);
	}
}

static void tells_names_from_fields(void **state)
{
	(void)state;
	assert_int_equal(command_names(verb("user.add"), WORDS("A", "@B", "pin=1", "C"), 4), 2);
	assert_int_equal(command_names(verb("unlock"), WORDS("A", "B"), 2), 2);
	assert_int_equal(command_names(verb("user.add"), WORDS("pin=1"), 1), 0);
	assert_int_equal(command_names(verb("shell"), WORDS("A", "B", "x=1 y"), 3), 2);
	assert_int_equal(command_names(verb("shell"), WORDS("x"), 1), 0);
	assert_int_equal(command_names(verb("shell"), NULL, 0), 0);
	assert_true(command_is_line(verb("get-file")));
	assert_false(command_is_line(verb("put-file")));
	assert_false(command_is_line(verb("option.set")));
}

/* ---- the text ---- */

static void makes(const char *name, char **words, size_t count, uint64_t expires_ms,
	const char *const *texts, size_t text_count)
{
	struct command_made m;
	assert_int_equal(command_make(verb(name), words, count, expires_ms, &m), EX_OK);
	assert_int_equal(m.count, text_count);
	for (size_t i = 0; i < text_count; i++) {
		assert_int_equal(m.texts[i].len, strlen(texts[i]));
		assert_memory_equal(m.texts[i].ptr, texts[i], m.texts[i].len);
	}
	command_made_free(&m);
}
#define MAKES(name, words, expires_ms, ...)                                         \
	makes(name, words, COUNT(words), expires_ms, (const char *[]){__VA_ARGS__}, \
		COUNT(((const char *[]){__VA_ARGS__})))

static void makes_texts(void **state)
{
	(void)state;
	/* In the order of the table, whatever that of the words. */
	MAKES("user.add", WORDS("name=Anna Ray", "pin=1001"), 0,
		"verb: user.add\npin: 1001\nname: Anna Ray\n");
	MAKES("user.add", WORDS("pin=1001", "name="), 30000,
		"expires: 30000 ms\nverb: user.add\npin: 1001\nname: \n");
	MAKES("shell", WORDS("@ls -l | grep x=1"), 0, "verb: shell\nline: @ls -l | grep x=1\n");
	MAKES("option.set", WORDS("VOLUME=50", "DelRecord=0"), 0,
		"verb: option.set\noption: VOLUME=50\n", "verb: option.set\noption: DelRecord=0\n");
	makes("unlock", NULL, 0, 0, (const char *[]){"verb: unlock\n"}, 1);
}

static void refuses(const char *name, char **words, size_t count)
{
	struct command_made m;
	assert_int_not_equal(command_make(verb(name), words, count, 0, &m), EX_OK);
	command_made_free(&m);
}

static void refuses_what_is_wrong(void **state)
{
	(void)state;
	refuses("user.add", NULL, 0);
	refuses("user.add", WORDS("name=Anna"), 1);
	refuses("user.add", WORDS("pin=1", "pin=2"), 2);
	refuses("user.add", WORDS("pin=1", "colour=red"), 2);
	refuses("user.add", WORDS("pin=1", "GATE2"), 2);
	refuses("user.add", WORDS("pin=1\n2"), 1);
	refuses("user.add", WORDS("pin=1", "=x"), 2);
	refuses("finger.add", WORDS("pin=1", "fid=0", "template=no base64!"), 3);
	refuses("finger.add", WORDS("pin=1", "fid=0", "template=@/nonexistent/file"), 3);
	refuses("finger.add", WORDS("pin=1", "fid=0", "template=@"), 3);
	refuses("unlock", WORDS("pin=1"), 1);
	refuses("shell", NULL, 0);
	refuses("shell", WORDS(""), 1);
	refuses("option.set", NULL, 0);
	refuses("option.set", WORDS("VOLUME=1", "~DeviceName=x"), 2);
	refuses("query.attlog", WORDS("since=2026-02-30 00:00:00"), 1);
}

static void collects_allowances(void **state)
{
	struct command_made m;
	(void)state;
	assert_int_equal(command_make(verb("option.set"),
				 WORDS("VOLUME=1", "WebServerIP=192.0.2.1"), 2, 0, &m),
		EX_OK);
	assert_int_equal(m.allowances, ALLOW_SERVER_OPTIONS);
	command_made_free(&m);
	assert_int_equal(command_make(verb("raw"), WORDS("SHELL ls"), 1, 0, &m), EX_OK);
	assert_int_equal(m.allowances, ALLOW_SHELL);
	command_made_free(&m);
}

/* ---- values ---- */

static const struct verb_field *field(const char *name, const char *field_name)
{
	const struct verb *v = verb(name);
	int i = verb_field_find(v, span_str(field_name));
	assert_true(i >= 0);
	return &v->fields[i];
}

static void becomes(
	const char *name, const char *field_name, struct span bytes, const char *expected)
{
	struct buf b = buf_with_max(TYPED_MAX);
	assert_int_equal(value_put_bytes(field(name, field_name), bytes, &b), 0);
	assert_int_equal(b.len, strlen(expected));
	assert_memory_equal(b.ptr, expected, b.len);
	buf_free(&b);
}

static void files_become_values(void **state)
{
	(void)state;
	becomes("photo.add", "content", span_of("\xFF\xD8\0\x10", 4), "/9gAEA==");
	becomes("photo.add", "content", span_of("a\n", 2), "YQo=");
	becomes("photo.add", "content", span_str("/9gA\nEA==\n"), "/9gAEA==");
	becomes("photo.add", "content", span_str("/9gAEA==\r\n"), "/9gAEA==");
	/* A final end of line is the editor's, a second one somebody's. */
	becomes("sms.add", "text", span_str("Good day\n"), "Good day");
	becomes("sms.add", "text", span_str("Good day\r\n"), "Good day");
	becomes("sms.add", "text", span_str("Good day\n\n"), "Good day\n");
	becomes("sms.add", "text", span_str(""), "");
}

static void words_become_values(void **state)
{
	char path[] = "/tmp/test_ctl_command.XXXXXX", word[64];
	(void)state;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "Anna\n", 5), 5);
	assert_int_equal(close(fd), 0);
	snprintf(word, sizeof(word), "name=@%s", path);
	MAKES("user.add", WORDS("pin=1", word), 0, "verb: user.add\npin: 1\nname: Anna\n");
	unlink(path);
	MAKES("user.add", WORDS("pin=1", "name=@@home"), 0,
		"verb: user.add\npin: 1\nname: @home\n");
	/* What is no secret is never asked for. */
	MAKES("user.add", WORDS("pin=1", "name=-"), 0, "verb: user.add\npin: 1\nname: -\n");
}

/* ---- the order ---- */

static void puts_orders(void **state)
{
	struct orders o = {0};
	struct buf b = buf_with_max(4096);
	(void)state;
	assert_int_equal(orders_add(&o, "command", span_str("GATE1"), span_str("verb: log\n")), 0);
	assert_int_equal(
		orders_add(&o, "command.cancel", span_of(NULL, 0), span_str("id: 17\n")), 0);
	assert_int_equal(orders_put_body(&b, &o.items[0]), 0);
	assert_int_equal(orders_put_body(&b, &o.items[1]), 0);
	const char *expected = "order: command\nserial: GATE1\nverb: log\n"
			       "order: command.cancel\nid: 17\n";
	assert_int_equal(b.len, strlen(expected));
	assert_memory_equal(b.ptr, expected, b.len);
	assert_string_equal(o.items[0].subject, "GATE1");
	buf_free(&b);
	orders_free(&o);
}

/* ---- from the store ---- */

static void shows(enum command_state command_state, const char *text, const char *expected)
{
	struct command c = {.state = command_state, .text = span_str(text)};
	struct buf b = buf_with_max(4096);
	assert_int_equal(cmd_put_line(&b, &c), 0);
	assert_int_equal(b.len, strlen(expected));
	assert_memory_equal(b.ptr, expected, b.len);
	buf_free(&b);
}

static void masks_what_is_secret(void **state)
{
	(void)state;
	shows(COMMAND_QUEUED, "verb: user.add\npin: 1\npassword: 4711\ncard: 123456\n",
		"user.add pin=1 password=(4 bytes) card=(6 bytes)");
	/* It is masked already, and must be neither refused nor masked once more. */
	shows(COMMAND_DONE, "verb: user.add\npin: 1\npassword: (4 bytes)\ncard: (6 bytes)\n",
		"user.add pin=1 password=(4 bytes) card=(6 bytes)");
	/* Another version's words: nobody knows what in them is secret. */
	shows(COMMAND_OFFERED, "verb: user.add\npin: 1\niris: 4711\n", "user.add");
	shows(COMMAND_OFFERED, "verb: iris.add\npin: 1\n", "iris.add");
	shows(COMMAND_QUEUED, "", "");
}

static void tells_the_outcome(void **state)
{
	char words[CMD_OUTCOME_BYTES];
	struct command c = {.state = COMMAND_DONE,
		.text = span_str("verb: get-file\npath: /x\n"),
		.has_return = true,
		.return_code = 12};
	(void)state;
	cmd_outcome(&c, words);
	assert_string_equal(words, "12 bytes");
	snprintf(c.why, sizeof(c.why), "it expired");
	cmd_outcome(&c, words);
	assert_string_equal(words, "it expired");
	c = (struct command){.state = COMMAND_QUEUED};
	cmd_outcome(&c, words);
	assert_string_equal(words, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_commands),
		cmocka_unit_test(every_verb_can_be_said),
		cmocka_unit_test(tells_names_from_fields),
		cmocka_unit_test(makes_texts),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(collects_allowances),
		cmocka_unit_test(files_become_values),
		cmocka_unit_test(words_become_values),
		cmocka_unit_test(puts_orders),
		cmocka_unit_test(masks_what_is_secret),
		cmocka_unit_test(tells_the_outcome),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
