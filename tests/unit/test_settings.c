/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings: a device's own counts, else the configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmdqd/settings.h"

static const struct conf defaults = {.error_delay_s = 30,
	.delay_s = 10,
	.trans_interval_min = 1,
	.trans_times = (char *)"00:00",
	.trans_flags = (char *)"AttLog",
	.time_zone = (char *)"UTC",
	.realtime = true,
	.batch_bytes = 40960};

static void test_defaults(void **state)
{
	struct device_settings own = {.realtime = 0};
	struct settings s = settings_effective(&defaults, &own);

	(void)state;
	assert_int_equal(s.error_delay_s, 30);
	assert_int_equal(s.delay_s, 10);
	assert_int_equal(s.trans_interval_min, 1);
	assert_int_equal(s.batch_bytes, 40960);
	assert_string_equal(s.trans_times, "00:00");
	assert_string_equal(s.trans_flags, "AttLog");
	assert_string_equal(s.time_zone, "UTC");
	assert_true(s.realtime);
}

static void test_own(void **state)
{
	struct device_settings own = {.error_delay_s = 60,
		.delay_s = 20,
		.trans_interval_min = SETTING_ZERO,
		.batch_bytes = 10240,
		.trans_times = "12:00",
		.trans_flags = "FACE",
		.time_zone = "Asia/Kolkata",
		.realtime = -1};
	struct settings s = settings_effective(&defaults, &own);

	(void)state;
	assert_int_equal(s.error_delay_s, 60);
	assert_int_equal(s.delay_s, 20);
	assert_int_equal(s.trans_interval_min, 0);
	assert_int_equal(s.batch_bytes, 10240);
	assert_string_equal(s.trans_times, "12:00");
	assert_string_equal(s.trans_flags, "FACE");
	assert_string_equal(s.time_zone, "Asia/Kolkata");
	assert_false(s.realtime);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
