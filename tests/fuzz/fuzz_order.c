/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An operator's order: what is accepted can be written down and read again, can be kept in a
 * device's record or in the queue, and leaves a device that can still be answered. */
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

static void check_same_command(const struct typed *a, const struct typed *b)
{
	CHECK(a->verb == b->verb);
	for (size_t i = 0; a->verb && i < a->verb->field_count; i++) {
		CHECK(a->given[i] == b->given[i]);
		CHECK(!a->given[i] || span_eq(a->values[i], b->values[i]));
	}
}

static void check_same(const struct order *a, const struct order *b)
{
	CHECK(a->kind == b->kind && span_eq(a->serial, b->serial));
	CHECK(a->setting_count == b->setting_count);
	for (size_t i = 0; i < a->setting_count; i++) {
		CHECK(a->settings[i].setting == b->settings[i].setting);
		CHECK(span_eq(a->settings[i].value, b->settings[i].value));
	}
	CHECK(a->tables == b->tables && a->id == b->id);
	CHECK(a->has_expires == b->has_expires && a->expires_ms == b->expires_ms);
	check_same_command(&a->command, &b->command);
}

static void put_tables(struct buf *b, unsigned tables)
{
	CHECK(buf_add_str(b, "tables: ") == 0 && resend_put_names(b, tables) == 0 &&
		buf_add_str(b, "\n") == 0);
}

static void put_order(struct buf *b, const struct order *o)
{
	CHECK(buf_printf(b, "order: %s\n", order_kind_name(o->kind)) == 0);
	if (o->serial.len > 0)
		CHECK(buf_printf(b, "serial: %.*s\n", SPAN_ARG(o->serial)) == 0);
	for (size_t i = 0; i < o->setting_count; i++)
		CHECK(buf_printf(b, "%s: %.*s\n", o->settings[i].setting->key,
			      SPAN_ARG(o->settings[i].value)) == 0);
	if (o->tables)
		put_tables(b, o->tables);
	if (o->id)
		CHECK(buf_printf(b, "id: %llu\n", (unsigned long long)o->id) == 0);
	if (o->has_expires)
		CHECK(buf_printf(b, "expires: %llu ms\n", (unsigned long long)o->expires_ms) == 0);
	if (o->command.verb)
		CHECK(typed_put(b, &o->command) == 0);
}

static void check_again(const struct order *o, size_t size)
{
	struct buf b = buf_with_max(2 * size + 1024);
	char why[ORDER_WHY_BYTES];
	struct order again;

	put_order(&b, o);
	CHECK(order_parse(buf_span(&b), &again, why) == 0);
	check_same(o, &again);
	buf_free(&b);
}

static bool same_settings(const struct device_settings *a, const struct device_settings *b)
{
	bool same = true;

	for (size_t i = 0; i < settings_count; i++) {
		struct buf one = buf_with_max(4096), two = buf_with_max(4096);
		CHECK(setting_put_stored(&settings_table[i], a, &one) == 0);
		CHECK(setting_put_stored(&settings_table[i], b, &two) == 0);
		same = same && span_eq(buf_span(&one), buf_span(&two));
		buf_free(&one);
		buf_free(&two);
	}
	return same;
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
	CHECK(h.settings.trans_interval_min <= 1440);
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

/* Each kind of order has what it needs and nothing else. */
static void check_whole(const struct order *o, struct span body)
{
	CHECK(o->kind < ORDER_KINDS);
	CHECK((o->kind == ORDER_COMMAND_CANCEL) == (o->serial.len == 0));
	CHECK(o->serial.len == 0 || (serial_valid(o->serial) && fuzz_inside(o->serial, body)));
	CHECK((o->setting_count > 0) == (o->kind == ORDER_DEVICE_SET));
	CHECK((o->tables != 0) == (o->kind == ORDER_DEVICE_RESEND));
	CHECK((o->id != 0) == (o->kind == ORDER_COMMAND_CANCEL));
	CHECK((o->command.verb != NULL) == (o->kind == ORDER_COMMAND));
	CHECK(!o->has_expires || (o->kind == ORDER_COMMAND && o->expires_ms > 0));
}

static void check_settings(const struct order *o, struct span body)
{
	CHECK(o->setting_count <= settings_count);
	for (size_t i = 0; i < o->setting_count; i++) {
		CHECK(fuzz_inside(o->settings[i].value, body));
		for (size_t k = 0; k < i; k++)
			CHECK(o->settings[i].setting != o->settings[k].setting);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of(data, size);
	char why[ORDER_WHY_BYTES] = "";
	struct order o;
	int rc = order_parse(body, &o, why);

	CHECK(rc == 0 || rc == -EBADMSG);
	CHECK((rc == 0) == (why[0] == 0));
	CHECK(!fuzz_has_control(span_str(why)));
	if (rc != 0)
		return 0;
	check_whole(&o, body);
	check_settings(&o, body);
	check_again(&o, size);
	if (o.kind == ORDER_DEVICE_SET)
		check_applied(&o);
	return 0;
}
