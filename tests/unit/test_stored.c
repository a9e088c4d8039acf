/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stored: what is logged of a transaction, and that it is the last one's. */
#include "parserd/stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "tests/unit/caught.h"

static struct stored stored;

static void add(unsigned number, uint64_t punches, uint64_t refused)
{
	const struct tally t = {.punches = punches, .refused = refused};
	struct upload u = {.serial = span_str("GATE"), .entry.number = number};

	snprintf(u.entry.name, sizeof(u.entry.name), "NAME");
	snprintf(u.says.table, sizeof(u.says.table), "ATTLOG");
	stored_add(&stored, &u, &t);
}

static const char *logged(void)
{
	caught_begin();
	stored_log(&stored);
	return caught_end();
}

static unsigned count(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		n++;
	}
	return n;
}

static void what_is_stored_is_said(void **state)
{
	const char *text;

	(void)state;
	stored_begin(&stored);
	add(1, 5, 0);
	add(2, 3, 2);
	stored.files = 1;
	text = logged();
	assert_int_equal(count(text, "lines refused"), 1);
	assert_non_null(strstr(text, "lines refused entry=NAME.2 serial=GATE table=ATTLOG "
				     "records=3 duplicates=0 bad=2\n"));
	assert_non_null(strstr(
		text, "stored files=1 entries=2 records=8 duplicates=0 bad=2 raw=0 empty=0"));
}

static void what_was_begun_anew_is_not_said(void **state)
{
	(void)state;
	stored_begin(&stored);
	add(1, 5, 1);
	stored.files = 1;
	stored_begin(&stored);
	assert_string_equal(logged(), "");
}

static void notices_are_bounded_and_the_sum_is_not(void **state)
{
	const char *text;

	(void)state;
	stored_begin(&stored);
	for (unsigned i = 0; i < STORED_NOTICES_MAX + 1; i++)
		add(i, 0, 1);
	stored.files = 1;
	text = logged();
	assert_int_equal(count(text, "lines refused"), STORED_NOTICES_MAX);
	assert_non_null(strstr(text, "entries=33 records=0 duplicates=0 bad=33 "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_stored_is_said),
		cmocka_unit_test(what_was_begun_anew_is_not_said),
		cmocka_unit_test(notices_are_bounded_and_the_sum_is_not),
	};

	return cmocka_run_group_tests_name("stored", tests, NULL, NULL);
}
