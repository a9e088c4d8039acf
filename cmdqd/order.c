/* SPDX-License-Identifier: GPL-2.0-or-later */
/* order: what an operator wants, read from the body of an entry. Pure. */
#include "cmdqd/order.h"

#include <errno.h>

#include "lib/serial.h"

static int refuse(const char *why, const char **ret_why)
{
	*ret_why = why;
	return -EBADMSG;
}

/* "key: value"; blanks around the value do not count. */
static bool split(struct span line, struct span *ret_key, struct span *ret_value)
{
	struct span rest = line;

	if (!span_has(line, ':') || !span_next(&rest, ':', ret_key))
		return false;
	*ret_value = span_trim(rest);
	return ret_key->len > 0;
}

const char *order_kind_name(enum order_kind kind)
{
	static const char *const names[ORDER_KINDS] = {
		[ORDER_DEVICE_APPROVE] = "device.approve",
		[ORDER_DEVICE_REFUSE] = "device.refuse",
		[ORDER_DEVICE_SET] = "device.set",
	};

	return names[kind];
}

static int read_kind(struct span line, enum order_kind *ret, const char **ret_why)
{
	struct span key, value;

	if (!split(line, &key, &value) || !span_is(key, "order"))
		return refuse("the first line does not say what is ordered", ret_why);
	for (enum order_kind kind = 0; kind < ORDER_KINDS; kind++)
		if (span_is(value, order_kind_name(kind))) {
			*ret = kind;
			return 0;
		}
	return refuse("no such order", ret_why);
}

static int read_serial(struct order *o, struct span value, const char **ret_why)
{
	if (o->serial.len > 0)
		return refuse("two serials", ret_why);
	if (!serial_valid(value))
		return refuse("the serial is not one", ret_why);
	o->serial = value;
	return 0;
}

static int read_setting(struct order *o, struct span key, struct span value, const char **ret_why)
{
	struct device_settings scratch = {0};

	if (o->kind != ORDER_DEVICE_SET)
		return refuse("a key that this order does not have", ret_why);
	for (size_t i = 0; i < o->setting_count; i++)
		if (span_eq(o->settings[i].key, key))
			return refuse("a setting is given twice", ret_why);
	if (settings_set(&scratch, key, value, ret_why) < 0)
		return -EBADMSG;
	/* No key twice and only known ones: there is always room. */
	o->settings[o->setting_count++] = (struct order_setting){key, value};
	return 0;
}

static int read_line(struct order *o, struct span line, const char **ret_why)
{
	struct span key, value;

	if (!split(line, &key, &value))
		return refuse("a line is not \"key: value\"", ret_why);
	if (span_is(key, "serial"))
		return read_serial(o, value, ret_why);
	return read_setting(o, key, value, ret_why);
}

static int check_whole(const struct order *o, const char **ret_why)
{
	if (o->serial.len == 0)
		return refuse("no serial", ret_why);
	if (o->kind == ORDER_DEVICE_SET && o->setting_count == 0)
		return refuse("nothing to set", ret_why);
	return 0;
}

int order_parse(struct span body, struct order *ret, const char **ret_why)
{
	struct order o = {0};
	struct span line;

	if (!span_next_line(&body, &line))
		return refuse("empty", ret_why);
	int rc = read_kind(line, &o.kind, ret_why);
	while (rc == 0 && span_next_line(&body, &line))
		rc = read_line(&o, line, ret_why);
	if (rc == 0)
		rc = check_whole(&o, ret_why);
	if (rc == 0)
		*ret = o;
	return rc;
}

void order_apply(const struct order *o, struct device_settings *own)
{
	const char *why;

	for (size_t i = 0; i < o->setting_count; i++)
		/* Cannot fail: order_parse has tried each one. */
		(void)!settings_set(own, o->settings[i].key, o->settings[i].value, &why);
}
