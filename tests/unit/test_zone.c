/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zone: offsets of real zones, zones that are none, and that nothing is left changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cmdqd/zone.h"

#define JANUARY 1767607200 /* 2026-01-05T10:00:00Z */
#define JULY    1783245600 /* 2026-07-05T10:00:00Z */

static int offset(const char *name, int64_t seconds)
{
	int minutes = 12345;

	assert_int_equal(zone_offset(name, seconds, &minutes), 0);
	return minutes;
}

static void test_offsets(void **state)
{
	(void)state;
	assert_int_equal(offset("UTC", JANUARY), 0);
	assert_int_equal(offset("Asia/Kolkata", JANUARY), 330);
	assert_int_equal(offset("Asia/Kathmandu", JANUARY), 345);
	assert_int_equal(offset("Australia/Darwin", JANUARY), 570);
	assert_int_equal(offset("America/St_Johns", JANUARY), -210);
	assert_int_equal(offset("Asia/Shanghai", JANUARY), 480);
	assert_int_equal(offset("Pacific/Tongatapu", JANUARY), 780);
	assert_int_equal(offset("Etc/GMT+11", JANUARY), -660);
}

static void test_summer_time_follows_the_moment(void **state)
{
	(void)state;
	assert_int_equal(offset("Europe/Berlin", JANUARY), 60);
	assert_int_equal(offset("Europe/Berlin", JULY), 120);
	assert_int_equal(offset("Pacific/Auckland", JANUARY), 780);
	assert_int_equal(offset("Pacific/Auckland", JULY), 720);
}

/* libc would take GMT for every one of these. */
static void test_no_such_zone(void **state)
{
	static const char *const names[] = {"", "Asia/Atlantis", "Asia", "Asia/Kolkata/x",
		"IST-5:30", "zone.tab", "/usr/share/zoneinfo/Asia/Kolkata",
		"../zoneinfo/Asia/Kolkata", ":Asia/Kolkata", "/Asia/Kolkata", "Asia/Kolkata\n",
		"Asia Kolkata"};
	int minutes = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_int_equal(zone_offset(names[i], JANUARY, &minutes), -ENOENT);
	assert_int_equal(minutes, 7);
}

static void test_own_zone_is_restored(void **state)
{
	time_t at = JANUARY;
	struct tm local;

	(void)state;
	assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
	tzset();
	assert_int_equal(offset("Asia/Kolkata", JANUARY), 330);
	assert_string_equal(getenv("TZ"), "Asia/Tokyo");
	assert_non_null(localtime_r(&at, &local));
	assert_int_equal(local.tm_gmtoff, 9 * 3600);

	assert_int_equal(unsetenv("TZ"), 0);
	assert_int_equal(offset("Asia/Kolkata", JANUARY), 330);
	assert_null(getenv("TZ"));
}

static void test_tzdir(void **state)
{
	int minutes;

	(void)state;
	assert_int_equal(setenv("TZDIR", "/usr/share/zoneinfo/Asia", 1), 0);
	assert_int_equal(offset("Kolkata", JANUARY), 330);
	assert_int_equal(zone_offset("Asia/Kolkata", JANUARY, &minutes), -ENOENT);
	assert_int_equal(unsetenv("TZDIR"), 0);
}

/* ---- the cache ---- */

static int cached(struct zone_cache *cache, const char *name, int64_t seconds)
{
	int minutes = 12345;
	int rc = zone_offset_cached(cache, name, seconds, &minutes);

	return rc < 0 ? rc : minutes;
}

/* With a database that has nothing in it, only what is remembered is answered. */
static void test_cache_does_not_read_again(void **state)
{
	static struct zone_cache cache;

	(void)state;
	assert_int_equal(cached(&cache, "Asia/Kolkata", JANUARY), 330);
	assert_int_equal(cached(&cache, "Europe/Berlin", JANUARY), 60);
	assert_int_equal(cached(&cache, "Asia/Atlantis", JANUARY), -ENOENT);
	assert_int_equal(setenv("TZDIR", "/nowhere", 1), 0);
	assert_int_equal(cached(&cache, "Asia/Kolkata", JANUARY + 59), 330);
	assert_int_equal(cached(&cache, "Europe/Berlin", JANUARY), 60);
	assert_int_equal(cached(&cache, "Asia/Tokyo", JANUARY), -ENOENT);
	/* In another minute it reads. */
	assert_int_equal(cached(&cache, "Asia/Kolkata", JANUARY + 60), -ENOENT);
	assert_int_equal(cached(&cache, "Europe/Berlin", JANUARY - 1), -ENOENT);
	assert_int_equal(unsetenv("TZDIR"), 0);
	assert_int_equal(cached(&cache, "Asia/Kolkata", JANUARY + 120), 330);
	assert_int_equal(cached(&cache, "Asia/Atlantis", JANUARY + 120), -ENOENT);
}

/* The second in which summer time begins. */
static void test_cache_over_a_change(void **state)
{
	static struct zone_cache cache;

	(void)state;
	assert_int_equal(cached(&cache, "Europe/Berlin", 1774745999), 60);
	assert_int_equal(cached(&cache, "Europe/Berlin", 1774746000), 120);
	assert_int_equal(cached(&cache, "Europe/Berlin", 1774745999), 60);
	assert_int_equal(cached(&cache, "Europe/Berlin", -1), 60);
	assert_int_equal(cached(&cache, "Europe/Berlin", 0), 60);
}

static void test_cache_is_bounded(void **state)
{
	static struct zone_cache cache;
	char name[64];

	(void)state;
	assert_int_equal(cached(&cache, "Asia/Kolkata", JANUARY), 330);
	for (int i = 0; i < 3 * ZONE_CACHE_MAX; i++) {
		snprintf(name, sizeof(name), "No/Such%d", i);
		assert_int_equal(cached(&cache, name, JANUARY), -ENOENT);
	}
	assert_int_equal(cache.count, ZONE_CACHE_MAX);
	assert_int_equal(cached(&cache, "Asia/Kolkata", JANUARY), 330);
	memset(name, 'x', sizeof(name));
	name[ZONE_CACHE_NAME_BYTES] = '\0';
	assert_int_equal(cached(&cache, name, JANUARY), -ENOENT);
	assert_int_equal(cached(&cache, "Asia/Kolkata", JANUARY), 330);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_summer_time_follows_the_moment),
		cmocka_unit_test(test_no_such_zone),
		cmocka_unit_test(test_own_zone_is_restored),
		cmocka_unit_test(test_tzdir),
		cmocka_unit_test(test_cache_does_not_read_again),
		cmocka_unit_test(test_cache_over_a_change),
		cmocka_unit_test(test_cache_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
