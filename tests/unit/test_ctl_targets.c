/* SPDX-License-Identifier: GPL-2.0-or-later */
/* targets: who is meant by a serial, an alias, a site, or all; and who is not. */
#include "ctl/targets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void know(struct targets *t, const char *serial, const char *alias, const char *site,
	enum device_state state)
{
	struct device d = {.state = state};
	snprintf(d.serial, sizeof(d.serial), "%s", serial);
	snprintf(d.set.alias, sizeof(d.set.alias), "%s", alias);
	snprintf(d.set.site, sizeof(d.set.site), "%s", site);
	assert_int_equal(targets_note(t, &d), 0);
}

static struct targets some(void)
{
	struct targets t = {.readable = true};
	know(&t, "GATE1", "Main gate", "Pune", DEVICE_APPROVED);
	know(&t, "GATE2", "", "Pune", DEVICE_PENDING);
	know(&t, "GATE3", "Côté nord", "Pune", DEVICE_APPROVED);
	know(&t, "GATE4", "GATE5", "Basel", DEVICE_APPROVED);
	know(&t, "GATE5", "", "", DEVICE_REFUSED);
	return t;
}

static void add(struct targets *t, const char *word, enum targets_use use)
{
	char why[TARGETS_WHY_BYTES];
	assert_int_equal(targets_add(t, span_str(word), use, why), 0);
}

static void refuses(struct targets *t, const char *word, enum targets_use use, const char *part)
{
	char why[TARGETS_WHY_BYTES] = "";
	size_t before = t->count;
	assert_int_equal(targets_add(t, span_str(word), use, why), -ENOENT);
	assert_non_null(strstr(why, part));
	assert_int_equal(t->count, before);
}

static void are(const struct targets *t, const char *expected)
{
	char all[512] = "";
	for (size_t i = 0; i < t->count; i++) {
		size_t len = strlen(all);
		snprintf(all + len, sizeof(all) - len, "%s%s", i ? " " : "", t->serials[i]);
	}
	assert_string_equal(all, expected);
}

static void finds_serials_and_aliases(void **state)
{
	struct targets t = some();
	(void)state;
	add(&t, "GATE2", TARGETS_KNOWN);
	add(&t, "Main gate", TARGETS_KNOWN);
	add(&t, "Côté nord", TARGETS_KNOWN);
	are(&t, "GATE2 GATE1 GATE3");
	targets_free(&t);
}

static void takes_none_twice(void **state)
{
	struct targets t = some();
	(void)state;
	add(&t, "GATE3", TARGETS_KNOWN);
	add(&t, "@Pune", TARGETS_KNOWN);
	add(&t, "Main gate", TARGETS_KNOWN);
	add(&t, "NEW1", TARGETS_ANY);
	add(&t, "NEW1", TARGETS_ANY);
	are(&t, "GATE3 GATE1 NEW1");
	targets_free(&t);
}

/* A site, and all, are those that are served; who is not has to be named. */
static void sites_and_all_are_the_approved(void **state)
{
	char why[TARGETS_WHY_BYTES];
	struct targets t = some();
	(void)state;
	assert_int_equal(targets_add_approved(&t, why), 0);
	are(&t, "GATE1 GATE3 GATE4");
	targets_free(&t);

	t = some();
	add(&t, "@Pune", TARGETS_KNOWN);
	are(&t, "GATE1 GATE3");
	refuses(&t, "@Nowhere", TARGETS_ANY, "Nowhere");
	refuses(&t, "@", TARGETS_ANY, "@");
	targets_free(&t);

	struct targets none = {.readable = true};
	know(&none, "GATE2", "", "Pune", DEVICE_PENDING);
	assert_int_equal(targets_add_approved(&none, why), -ENOENT);
	refuses(&none, "@Pune", TARGETS_ANY, "Pune");
	targets_free(&none);
}

static void refuses_the_unknown(void **state)
{
	struct targets t = some();
	(void)state;
	refuses(&t, "GATE9", TARGETS_KNOWN, "GATE9");
	refuses(&t, "gate1", TARGETS_KNOWN, "gate1");
	refuses(&t, "Main", TARGETS_KNOWN, "Main");
	refuses(&t, "", TARGETS_KNOWN, "''");
	/* It may be decided about before it speaks, but it has to be a serial. */
	add(&t, "GATE9", TARGETS_ANY);
	refuses(&t, "Side gate", TARGETS_ANY, "Side gate");
	are(&t, "GATE9");
	targets_free(&t);
}

/* GATE4 is called GATE5: nobody can tell which of the two is meant. */
static void refuses_the_ambiguous(void **state)
{
	struct targets t = some();
	(void)state;
	refuses(&t, "GATE5", TARGETS_ANY, "two devices");
	targets_free(&t);
}

static void takes_serials_without_a_store(void **state)
{
	struct targets t = {.readable = false};
	(void)state;
	add(&t, "GATE9", TARGETS_KNOWN);
	refuses(&t, "Main gate", TARGETS_KNOWN, "Main gate");
	are(&t, "GATE9");
	targets_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_serials_and_aliases),
		cmocka_unit_test(takes_none_twice),
		cmocka_unit_test(sites_and_all_are_the_approved),
		cmocka_unit_test(refuses_the_unknown),
		cmocka_unit_test(refuses_the_ambiguous),
		cmocka_unit_test(takes_serials_without_a_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
