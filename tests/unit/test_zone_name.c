/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zone_name: what may be looked up in the zone database. */
#include "lib/zone_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_names(void **state)
{
	static const char *const good[] = {"UTC", "Asia/Kolkata", "America/Argentina/Rio_Gallegos",
		"Etc/GMT+11", "Etc/GMT-5", "America/Port-au-Prince", "EST5EDT"};
	static const char *const bad[] = {"", "/", "/UTC", ":UTC", "..", "../UTC", "Asia/../UTC",
		"Asia/Kolkata ", "Asia/Kolkata\n", "<-03>3,M10", "zone.tab", "K\xc3\xb6ln"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(zone_name_valid(span_str(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(zone_name_valid(span_str(bad[i])));
	assert_false(zone_name_valid(span_of("UTC\0", 4)));
	assert_false(zone_name_valid((struct span){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
