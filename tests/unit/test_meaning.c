/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meaning: every Return of docs/PROTOCOL.md 4.1, in words and as good or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "command/meaning.h"

static void assert_means(const char *verb, int64_t code, const char *expected)
{
	const struct verb *v = verb ? verb_find(span_str(verb)) : NULL;
	char words[VERB_WHY_BYTES];

	if (verb)
		assert_non_null(v);
	meaning_put(v, code, words);
	assert_string_equal(words, expected);
}

static void test_any_verb(void **state)
{
	(void)state;
	assert_means("user.add", 0, "done");
	assert_means("user.add", -1, "wrong parameter");
	assert_means("user.add", -3, "the terminal could not store or read it");
	assert_means("finger.add", -9, "the template's size is wrong");
	assert_means("finger.add", -10, "no such PIN");
	assert_means("finger.add", -11, "the template is malformed");
	assert_means("finger.add", -12, "the template is invalid");
	assert_means("sync", -22, "the terminal does not know the command");
	assert_means("user.add", -1001, "the terminal is full, or refused the photo");
	assert_means("sync", -1002, "not supported by the terminal");
	assert_means("check", -1003, "timed out at the terminal");
	assert_means("check", -1004, "data and configuration of the terminal do not agree");
	assert_means("check", -1005, "the terminal is busy");
	assert_means(NULL, -2, "the photo's size is wrong, or no such file");
	assert_means(NULL, 0, "done");
	assert_means(NULL, 12, "code 12, no meaning known");
	assert_means("check", INT64_MIN, "code -9223372036854775808, no meaning known");
}

static void test_enroll(void **state)
{
	(void)state;
	assert_means("enroll", 0, "enrolled");
	assert_means("enroll", 2, "the user has a template of this finger");
	assert_means("enroll", 4, "enrolling failed");
	assert_means("enroll", 5, "the finger is known already");
	assert_means("enroll", 6, "cancelled at the terminal");
	assert_means("enroll", 3, "code 3, no meaning known");
}

static void test_faces_photos_files(void **state)
{
	(void)state;
	assert_means("face.add", -1, "failed, the terminal does not say why");
	assert_means("face.add", -2, "no such user");
	assert_means("face.rm", -1, "no such user");
	assert_means("face.rm", -2, "the user has no face");
	assert_means("photo.rm", -1, "no such user");
	assert_means("photo.rm", -2, "the user has no picture");
	assert_means("photo.add", -2, "the photo's size is wrong");
	assert_means("biophoto.add", -2, "the photo's size is wrong");
	assert_means("get-file", -2, "no such file");
	assert_means("put-file", -2, "no such file");
	assert_means("shell", -1, "the line could not be run");
	assert_means("shell", 127, "the line ended with 127");
}

static void test_counts(void **state)
{
	(void)state;
	assert_means("query.attlog", 12, "12 records");
	assert_means("user.query", 1, "1 record");
	assert_means("query.attlog", 0, "done");
	assert_means("account", 8095, "8095 records");
	assert_means("account", 0, "0 records");
	assert_means("sync", 2, "2 records");
	assert_means("get-file", 999, "999 bytes");
	assert_means("put-file", 1, "1 byte");
	assert_means("verify-sum", 1, "done (1)");
}

/* Whatever counts has words for it, and what does not has none. */
static void test_counts_are_those_of_the_table(void **state)
{
	char words[VERB_WHY_BYTES];

	(void)state;
	for (size_t i = 0; i < verb_count; i++) {
		meaning_put(&verbs[i], 77, words);
		bool unknown = strstr(words, "no meaning") != NULL;
		bool is_shell = strcmp(verbs[i].name, "shell") == 0;

		assert_int_equal(unknown || is_shell, !(verbs[i].traits & VERB_COUNTS));
	}
}

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < verb_count; i++) {
		const struct verb *v = &verbs[i];

		assert_true(meaning_good(v->traits, 0));
		assert_false(meaning_good(v->traits, -1));
		assert_int_equal(meaning_good(v->traits, 5), (v->traits & VERB_COUNTS) != 0);
	}
	assert_false(meaning_good(verb_find(span_str("enroll"))->traits, 2));
	assert_true(meaning_good(VERB_COUNTS, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_verb),
		cmocka_unit_test(test_enroll),
		cmocka_unit_test(test_faces_photos_files),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_counts_are_those_of_the_table),
		cmocka_unit_test(test_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
