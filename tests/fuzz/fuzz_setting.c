/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A setting of a device, as an operator or an order gives it: "key|value|more". What is taken is
 * shown in a form that is taken again, and a comm key is never shown at all. */
#include <errno.h>

#include "lib/site.h"
#include "store/setting.h"
#include "tests/fuzz/fuzz.h"

#define SHOWN_MAX 4096

static void check_shown(const struct setting *s, const struct device_settings *own)
{
	struct buf shown = buf_with_max(SHOWN_MAX), again = buf_with_max(SHOWN_MAX);
	struct device_settings back = {.realtime = 0};

	CHECK(setting_put_stored(s, own, &shown) == 0);
	CHECK((shown.len > 0) == setting_is_set(s, own));
	CHECK(!fuzz_has_control(buf_span(&shown)));
	CHECK(setting_set(s, &back, buf_span(&shown)) == 0);
	CHECK(setting_put_stored(s, &back, &again) == 0);
	CHECK(span_eq(buf_span(&shown), buf_span(&again)));
	buf_clear(&shown);
	CHECK(setting_put(s, own, &shown) == 0);
	if (s->kind == SETTING_SECRET && setting_is_set(s, own))
		CHECK(span_is(buf_span(&shown), "(set)"));
	buf_free(&shown);
	buf_free(&again);
}

static void check_set(const struct setting *s, struct span value)
{
	static const struct device_settings none;
	struct device_settings own = none;
	int rc = setting_set(s, &own, value);

	CHECK(rc == 0 || rc == -EINVAL);
	if (rc == 0)
		check_shown(s, &own);
	else
		CHECK(memcmp(&own, &none, sizeof(own)) == 0);
	/* Nothing goes back to the default, whatever was there. */
	CHECK(setting_set(s, &own, (struct span){NULL, 0}) == 0 && !setting_is_set(s, &own));
}

/* A key of an input and a stored form of an input: only a form that was made of a key is met by it.
 */
static void check_comm_key(struct span key, struct span stored)
{
	char text[COMM_KEY_BYTES], form[COMM_KEY_BYTES] = "";

	CHECK(comm_key_hash(key, text) == 0 && comm_key_is_hash(span_str(text)));
	CHECK(comm_key_is(text, key));
	CHECK(key.len == 0 || !comm_key_is(text, span_from(key, 1)));
	if (stored.len < sizeof(form) && !span_has(stored, '\0')) {
		memcpy(form, stored.len ? stored.ptr : "", stored.len);
		CHECK(!comm_key_is(form, key));
	}
}

static void check_site(struct span name, struct span list)
{
	if (!site_list_valid(list))
		return;
	CHECK(!fuzz_has_control(list));
	if (site_in_list(name, list) && !span_is(list, "*"))
		CHECK(site_name_valid(name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span value = span_of(data, size), key = fuzz_piece(&value);
	const struct setting *s = setting_find(key);

	CHECK(!s || span_is(key, s->key));
	check_set(s ? s : &settings_table[fuzz_hash(key) % settings_count], value);
	check_comm_key(key, value);
	check_site(key, value);
	return 0;
}
