/* SPDX-License-Identifier: GPL-2.0-or-later */
/* site: names, lists of them, and who is in one. */
#include "lib/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void takes_names_and_lists(void **state)
{
	(void)state;
	assert_true(site_name_valid(span_str("plant-2_a.B")));
	assert_true(site_name_valid(span_str("")));
	assert_false(site_name_valid(span_str("plant 2")));
	assert_false(site_name_valid(span_str("*")));
	assert_true(site_list_valid(span_str("")));
	assert_true(site_list_valid(span_str("*")));
	assert_true(site_list_valid(span_str("a  b -")));
	assert_false(site_list_valid(span_str("a, b")));
	assert_false(site_list_valid(span_str("a *")));
}

static void finds_a_site_in_a_list(void **state)
{
	(void)state;
	assert_true(site_in_list(span_str("b"), span_str("a b")));
	assert_true(site_in_list(span_str("b"), span_str("*")));
	assert_true(site_in_list(span_str(""), span_str("*")));
	assert_true(site_in_list(span_str(""), span_str("a -")));
	assert_false(site_in_list(span_str(""), span_str("a  b")));
	assert_false(site_in_list(span_str(""), span_str("")));
	assert_false(site_in_list(span_str("b"), span_str("")));
	assert_false(site_in_list(span_str("b"), span_str("ab bb")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_names_and_lists),
		cmocka_unit_test(finds_a_site_in_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
