/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trans_flag: names, places and lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/trans_flag.h"

/* docs/PROTOCOL.md 1.5, place by place. */
static void test_places(void **state)
{
	static const char *const names[TRANS_FLAGS] = {"AttLog", "OpLog", "AttPhoto", "EnrollFP",
		"EnrollUser", "FPImag", "ChgUser", "ChgFP", "FACE", "UserPic", "WORKCODE",
		"BioPhoto"};

	(void)state;
	for (int i = 0; i < TRANS_FLAGS; i++) {
		assert_string_equal(trans_flag_name((enum trans_flag)i), names[i]);
		assert_int_equal(trans_flag_of(span_str(names[i])), i);
	}
}

static void test_any_case(void **state)
{
	(void)state;
	assert_int_equal(trans_flag_of(span_str("attlog")), 0);
	assert_int_equal(trans_flag_of(span_str("BIOPHOTO")), 11);
	assert_int_equal(trans_flag_of(span_str("AttLo")), TRANS_FLAG_NONE);
	assert_int_equal(trans_flag_of(span_str("AttLogs")), TRANS_FLAG_NONE);
	assert_int_equal(trans_flag_of(span_str("")), TRANS_FLAG_NONE);
	assert_int_equal(trans_flag_of(span_of("FACE\0", 5)), TRANS_FLAG_NONE);
}

static void test_next(void **state)
{
	struct span rest = span_str("  AttLog   other "), word = span_str("kept");

	(void)state;
	assert_true(trans_flag_next(&rest, &word));
	assert_true(span_is(word, "AttLog"));
	assert_true(trans_flag_next(&rest, &word));
	assert_true(span_is(word, "other"));
	assert_false(trans_flag_next(&rest, &word));
	assert_true(span_is(word, "other"));
}

static void test_lists(void **state)
{
	static const char *const good[] = {
		TRANS_FLAG_NAMES, "", " ", "FACE", " AttLog  OpLog ", "AttLog AttLog"};
	static const char *const bad[] = {
		"attlog", "AttLog,OpLog", "AttLog\tOpLog", "AttLog nothing", "AttLog\n", "1"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(trans_flag_list_valid(span_str(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(trans_flag_list_valid(span_str(bad[i])));
}

/* The list of all names has each once. */
static void test_all_names(void **state)
{
	struct span rest = span_str(TRANS_FLAG_NAMES), word;
	unsigned seen = 0;

	(void)state;
	while (trans_flag_next(&rest, &word)) {
		unsigned bit = 1u << trans_flag_of(word);
		assert_false(seen & bit);
		seen |= bit;
	}
	assert_int_equal(seen, (1u << TRANS_FLAGS) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_any_case),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_all_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
