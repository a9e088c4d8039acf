/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An operator's order: what is accepted can be written down and read again, can be kept in a
 * device's record, and leaves a device that can still be answered. */
#include <errno.h>

#include "cmdqd/hello.h"
#include "cmdqd/order.h"
#include "lib/serial.h"
#include "tests/fuzz/fuzz.h"

static const struct conf defaults = {
	.error_delay_s = 30,
	.delay_s = 10,
	.trans_interval_min = 1,
	.trans_times = (char *)"00:00;14:05",
	.trans_flags = (char *)"AttLog OpLog",
	.time_zone = (char *)"UTC",
	.realtime = true,
};

static void check_same(const struct order *a, const struct order *b)
{
	CHECK(a->kind == b->kind && span_eq(a->serial, b->serial));
	CHECK(a->setting_count == b->setting_count);
	for (size_t i = 0; i < a->setting_count; i++) {
		CHECK(span_eq(a->settings[i].key, b->settings[i].key));
		CHECK(span_eq(a->settings[i].value, b->settings[i].value));
	}
}

static void check_again(const struct order *o, size_t size)
{
	struct buf b = buf_with_max(2 * size + 256);
	struct order again;
	const char *why;

	CHECK(buf_printf(&b, "order: %s\nserial: %.*s\n", order_kind_name(o->kind),
		      SPAN_ARG(o->serial)) == 0);
	for (size_t i = 0; i < o->setting_count; i++)
		CHECK(buf_printf(&b, "%.*s: %.*s\n", SPAN_ARG(o->settings[i].key),
			      SPAN_ARG(o->settings[i].value)) == 0);
	CHECK(order_parse(buf_span(&b), &again, &why) == 0);
	check_same(o, &again);
	buf_free(&b);
}

static bool same_settings(const struct device_settings *a, const struct device_settings *b)
{
	return a->error_delay_s == b->error_delay_s && a->delay_s == b->delay_s &&
	       a->trans_interval_min == b->trans_interval_min && a->realtime == b->realtime &&
	       strcmp(a->trans_times, b->trans_times) == 0 &&
	       strcmp(a->trans_flags, b->trans_flags) == 0 &&
	       strcmp(a->time_zone, b->time_zone) == 0;
}

static void check_kept(const struct device *d)
{
	struct buf b = buf_with_max(16 * 1024);
	struct device back;

	CHECK(control_put_device(&b, d) == 0);
	CHECK(control_get_device(span_str(d->serial), buf_span(&b), &back) == 0);
	CHECK(same_settings(&d->set, &back.set));
	buf_free(&b);
}

/* The handshake's reply can be made, in both dialects. */
static void check_answered(const struct device *d)
{
	struct buf b = buf_with_max(8192);
	struct hello h = {.serial = span_str(d->serial)};

	h.settings = settings_effective(&defaults, &d->set);
	CHECK(h.settings.error_delay_s >= 30 && h.settings.error_delay_s <= 300);
	CHECK(h.settings.delay_s >= 2 && h.settings.delay_s <= 60);
	CHECK(h.settings.trans_interval_min >= 1 && h.settings.trans_interval_min <= 1440);
	CHECK(!fuzz_has_control(span_str(h.settings.time_zone)));
	CHECK(hello_put(&b, &h) == 0);
	h.push_version = span_str("2.4.1");
	CHECK(hello_put(&b, &h) == 0);
	buf_free(&b);
}

static void check_applied(const struct order *o)
{
	struct device d = {.state = DEVICE_APPROVED};
	struct device_settings once;

	memcpy(d.serial, o->serial.ptr, o->serial.len);
	order_apply(o, &d.set);
	once = d.set;
	check_kept(&d);
	check_answered(&d);
	order_apply(o, &d.set);
	CHECK(same_settings(&d.set, &once));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of(data, size);
	const char *why = NULL;
	struct order o;
	int rc = order_parse(body, &o, &why);

	CHECK(rc == 0 || rc == -EBADMSG);
	CHECK((rc == 0) == (why == NULL));
	if (rc != 0)
		return 0;
	CHECK(o.kind < ORDER_KINDS && serial_valid(o.serial) && fuzz_inside(o.serial, body));
	CHECK(o.setting_count <= SETTINGS_KEYS);
	CHECK((o.setting_count > 0) == (o.kind == ORDER_DEVICE_SET));
	for (size_t i = 0; i < o.setting_count; i++) {
		CHECK(fuzz_inside(o.settings[i].value, body));
		for (size_t k = 0; k < i; k++)
			CHECK(!span_eq(o.settings[i].key, o.settings[k].key));
	}
	check_again(&o, size);
	check_applied(&o);
	return 0;
}
