/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setting: what each may be, that it stands where it belongs, and that it comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/conf_key.h"
#include "lib/trans_flag.h"
#include "store/setting.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static int set(struct device_settings *own, const char *key, const char *value)
{
	const struct setting *s = setting_find(span_str(key));

	assert_non_null(s);
	return setting_set(s, own, span_str(value));
}

static void assert_put(const struct device_settings *own, const char *key, const char *expected)
{
	struct buf b = buf_with_max(256);

	assert_int_equal(setting_put(setting_find(span_str(key)), own, &b), 0);
	if (!span_is(buf_span(&b), expected))
		fail_msg("%s is '%.*s', not '%s'", key, (int)b.len, b.ptr, expected);
	buf_free(&b);
}

/* A value that is taken, and how it is given back. */
static const struct {
	const char *key, *value, *back;
} taken[] = {
	{"error_delay", "30 s", "30 s"},
	{"error_delay", "5min", "300 s"},
	{"delay", "2s", "2 s"},
	{"delay", "60 s", "60 s"},
	{"trans_interval", "0 min", "0 min"},
	{"trans_interval", "24 h", "1440 min"},
	{"trans_times", "00:00;14:05", "00:00;14:05"},
	{"trans_flags", TRANS_FLAG_NAMES, TRANS_FLAG_NAMES},
	{"trans_flags", "AttLog", "AttLog"},
	{"time_zone", "Asia/Kolkata", "Asia/Kolkata"},
	{"realtime", "yes", "yes"},
	{"realtime", "true", "yes"},
	{"realtime", "no", "no"},
	{"realtime", "false", "no"},
	{"batch_max", "10 KiB", "10 KiB"},
	{"batch_max", "1025", "1025 B"},
	{"alias", "Front door \xc3\xa9", "Front door \xc3\xa9"},
	{"alias", "a@b-c", "a@b-c"},
	{"alias", "123456789012345678901234567890123456789012345678901234567890123",
		"123456789012345678901234567890123456789012345678901234567890123"},
	{"site", "plant_2-b.c", "plant_2-b.c"},
	{"comm_key", "sesame!", "(set)"},
	{"networks", "192.0.2.0/24, 2001:db8::/32", "192.0.2.0/24, 2001:db8::/32"},
	{"charset", "utf-8", "utf-8"},
	{"charset", "gb18030", "gb18030"},
	{"direction", "in", "in"},
	{"direction", "out", "out"},
	{"card_form", "decimal", "decimal"},
	{"card_form", "hex", "hex"},
	{"card_order", "low", "low"},
	{"card_order", "high", "high"},
	{"wake", "off", "off"},
	{"wake", "192.0.2.7", "192.0.2.7"},
	{"wake", "2001:db8::7", "2001:db8::7"},
	{"remote", "yes", "yes"},
	{"verify", "no", "no"},
	{"zone_change", "none", "none"},
	{"zone_change", "check", "check"},
	{"zone_change", "reboot", "reboot"},
};

static void test_taken(void **state)
{
	static const struct device_settings none;
	struct device_settings own = none;

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++) {
		const struct setting *s = setting_find(span_str(taken[i].key));
		assert_false(setting_is_set(s, &own));
		if (set(&own, taken[i].key, taken[i].value) < 0)
			fail_msg("%s='%s' was refused", taken[i].key, taken[i].value);
		assert_true(setting_is_set(s, &own));
		assert_put(&own, taken[i].key, taken[i].back);
		for (size_t k = 0; k < settings_count; k++)
			assert_int_equal(
				setting_is_set(&settings_table[k], &own), &settings_table[k] == s);
		assert_int_equal(set(&own, taken[i].key, ""), 0);
		assert_false(setting_is_set(s, &own));
		assert_memory_equal(&own, &none, sizeof(own));
		assert_put(&own, taken[i].key, "");
	}
}

static void test_every_setting_was_tried(void **state)
{
	(void)state;
	assert_int_equal(settings_count, 20);
	for (size_t k = 0; k < settings_count; k++) {
		size_t i = 0;
		while (i < COUNT(taken) && strcmp(taken[i].key, settings_table[k].key) != 0)
			i++;
		assert_true(i < COUNT(taken));
		assert_ptr_equal(setting_find(span_str(settings_table[k].key)), &settings_table[k]);
		assert_non_null(settings_table[k].brief);
		assert_non_null(settings_table[k].allowed);
	}
	assert_null(setting_find(span_str("Delay")));
	assert_null(setting_find(span_str("")));
}

static void test_refused(void **state)
{
	static const char *const bad[][2] = {{"error_delay", "29 s"}, {"error_delay", "301 s"},
		{"error_delay", "30"}, {"delay", "0 s"}, {"delay", "2500 ms"},
		{"trans_interval", "30 s"}, {"trans_interval", "1441 min"}, {"trans_interval", "0"},
		{"trans_times", "24:00"}, {"trans_times", "00:00;"}, {"trans_flags", "attlog"},
		{"time_zone", "../etc"}, {"time_zone", "Asia/Kol kata"},
		{"time_zone", "A/234567890123456789012345678901234567890"}, {"realtime", "1"},
		{"realtime", "Yes"}, {"realtime", "yes no"}, {"batch_max", "1023"},
		{"batch_max", "41 KiB"}, {"batch_max", "0"}, {"alias", " x"}, {"alias", "x "},
		{"alias", "@Oslo"}, {"alias", "@"}, {"alias", "--all"}, {"alias", "a\tb"},
		{"alias", "\xff"}, {"alias", "\xc2\x80"},
		{"alias", "1234567890123456789012345678901234567890123456789012345678901234"},
		{"site", "a b"}, {"site", "a/b"}, {"site", "12345678901234567890123456789012"},
		{"comm_key", "a b"}, {"comm_key", "a\n"}, {"comm_key", "\xc3\xa9"},
		{"comm_key", "12345678901234567890123456789012345678901234567890123456789012345"},
		{"networks", "192.0.2.1/24"}, {"networks", "anyone"}, {"charset", "utf8"},
		{"charset", "utf-8 gb18030"}, {"charset", " "}, {"direction", "both"},
		{"card_form", "octal"}, {"card_order", "big"}, {"wake", "on"},
		{"wake", "192.0.2.0/24"}, {"wake", "192.0.2.7:4374"}, {"wake", "224.0.0.1"},
		{"wake", "::"}, {"zone_change", "never"}, {"remote", "maybe"}, {"verify", "1"}};
	static const struct device_settings none;
	struct device_settings own = none;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (set(&own, bad[i][0], bad[i][1]) != -EINVAL)
			fail_msg("%s='%s' was taken", bad[i][0], bad[i][1]);
		assert_memory_equal(&own, &none, sizeof(own));
	}
}

static void test_nul_ends_no_text(void **state)
{
	static const char *const keys[] = {"alias", "site", "comm_key", "networks", "charset",
		"wake", "trans_times", "trans_flags", "time_zone", "direction"};
	struct device_settings own = {.realtime = 0};

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++)
		assert_int_equal(
			setting_set(setting_find(span_str(keys[i])), &own, span_of("\0", 1)),
			-EINVAL);
	assert_int_equal(
		setting_set(setting_find(span_str("charset")), &own, span_of("utf-8\0", 6)),
		-EINVAL);
}

/* A shorter text leaves nothing of a longer one behind. */
static void test_overwritten(void **state)
{
	struct device_settings own = {.realtime = 0}, fresh = {.realtime = 0};

	(void)state;
	assert_int_equal(set(&own, "alias", "A long name"), 0);
	assert_int_equal(set(&own, "alias", "B"), 0);
	assert_int_equal(set(&fresh, "alias", "B"), 0);
	assert_memory_equal(&own, &fresh, sizeof(own));
}

static void test_interval_of_nothing(void **state)
{
	struct device_settings own = {.trans_interval_min = 0};

	(void)state;
	assert_int_equal(setting_amount(own.trans_interval_min, 5), 5);
	assert_int_equal(set(&own, "trans_interval", "0 min"), 0);
	assert_int_equal(setting_amount(own.trans_interval_min, 5), 0);
	assert_int_equal(set(&own, "trans_interval", "7 min"), 0);
	assert_int_equal(setting_amount(own.trans_interval_min, 5), 7);
}

/* An order carries it, and nobody can read it there. */
static void test_secret(void **state)
{
	struct device_settings own = {.realtime = 0}, again = {.realtime = 0};
	const struct setting *s = setting_find(span_str("comm_key"));
	struct buf b = buf_with_max(256);

	(void)state;
	assert_int_equal(setting_set(s, &own, span_str("sesame")), 0);
	assert_true(comm_key_is(own.comm_key, span_str("sesame")));
	assert_int_equal(setting_put_stored(s, &own, &b), 0);
	assert_null(memmem(b.ptr, b.len, "sesame", 6));
	assert_int_equal(setting_set(s, &again, buf_span(&b)), 0);
	assert_string_equal(again.comm_key, own.comm_key);
	buf_free(&b);
}

/* The words that tell what is allowed are the configuration's range. */
static void test_allowed_says_the_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings_table[i];
		const struct conf_key *k = s->conf ? conf_key_find(s->conf) : NULL;
		if (s->conf)
			assert_non_null(k);
		if (k && s->kind != SETTING_TRUTH)
			assert_true(span_starts(span_str(s->allowed), k->least));
		if (s->kind == SETTING_AMOUNT)
			assert_non_null(strstr(s->allowed, k->most));
	}
}

/* Each and all of them come back from the store as they were. */
static void test_all_together_make_a_record(void **state)
{
	struct device d = {.serial = "S"}, back;
	struct buf b = buf_with_max(8192);

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++)
		assert_int_equal(set(&d.set, taken[i].key, taken[i].value), 0);
	assert_int_equal(set(&d.set, "trans_interval", "0 min"), 0);
	assert_int_equal(control_put_device(&b, &d), 0);
	assert_int_equal(control_get_device(span_str("S"), buf_span(&b), &back), 0);
	assert_memory_equal(&back.set, &d.set, sizeof(d.set));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_every_setting_was_tried),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nul_ends_no_text),
		cmocka_unit_test(test_overwritten),
		cmocka_unit_test(test_interval_of_nothing),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_allowed_says_the_range),
		cmocka_unit_test(test_all_together_make_a_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
