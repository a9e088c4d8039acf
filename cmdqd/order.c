/* SPDX-License-Identifier: GPL-2.0-or-later */
/* order: what an operator wants, read from the body of an entry. Pure. */
#include "cmdqd/order.h"

#include <errno.h>
#include <stdio.h>

#include "lib/num.h"
#include "lib/serial.h"
#include "store/command.h"

#define EXPIRES_MAX_MS (UINT64_C(366) * 24 * 60 * 60 * 1000)

static int refuse(const char *why, char ret_why[static ORDER_WHY_BYTES])
{
	snprintf(ret_why, ORDER_WHY_BYTES, "%s", why);
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
		[ORDER_DEVICE_REMOVE] = "device.remove",
		[ORDER_DEVICE_RESEND] = "device.resend",
		[ORDER_COMMAND] = "command",
		[ORDER_COMMAND_CANCEL] = "command.cancel",
	};

	return names[kind];
}

static int read_kind(struct span line, enum order_kind *ret, char ret_why[static ORDER_WHY_BYTES])
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

/* ---- the values ---- */

static int read_serial(struct order *o, struct span value, char ret_why[static ORDER_WHY_BYTES])
{
	if (o->serial.len > 0)
		return refuse("two serials", ret_why);
	if (!serial_valid(value))
		return refuse("the serial is not one", ret_why);
	o->serial = value;
	return 0;
}

/* Of a secret none but its stored form: a plain one would lie about in the spool, and be hashed
 * with another salt whenever its file is worked on again. */
static int try_setting(
	const struct setting *s, struct span value, char ret_why[static ORDER_WHY_BYTES])
{
	struct device_settings scratch = {0};

	if (s->kind == SETTING_SECRET && value.len > 0 && !comm_key_is_hash(value)) {
		snprintf(ret_why, ORDER_WHY_BYTES,
			"%s has to be hashed, as punchctl device set does it", s->key);
		return -EBADMSG;
	}
	int rc = setting_set(s, &scratch, value);
	if (rc != -EINVAL)
		return rc;
	snprintf(ret_why, ORDER_WHY_BYTES, "%s has to be %s", s->key, s->allowed);
	return -EBADMSG;
}

static int read_setting(
	struct order *o, struct span key, struct span value, char ret_why[static ORDER_WHY_BYTES])
{
	const struct setting *s = setting_find(key);

	if (!s)
		return refuse("a key is not known", ret_why);
	for (size_t i = 0; i < o->setting_count; i++)
		if (o->settings[i].setting == s)
			return refuse("a setting is given twice", ret_why);
	int rc = try_setting(s, value, ret_why);
	if (rc < 0)
		return rc;
	/* No key twice and only known ones: there is always room, unless the table has outgrown
	 * it. */
	if (o->setting_count == ORDER_SETTINGS_MAX)
		return refuse("too many settings", ret_why);
	o->settings[o->setting_count++] = (struct order_setting){s, value};
	return 0;
}

static int read_tables(struct order *o, struct span value, char ret_why[static ORDER_WHY_BYTES])
{
	struct span word;

	if (o->tables != 0)
		return refuse("tables is given twice", ret_why);
	while (span_next(&value, ' ', &word)) {
		unsigned bit = resend_bit(word);
		if (bit == 0 && word.len > 0)
			return refuse("tables are ATTLOG, OPERLOG and ATTPHOTO", ret_why);
		o->tables |= bit;
	}
	return 0;
}

static int read_expires(struct order *o, struct span value, char ret_why[static ORDER_WHY_BYTES])
{
	if (o->has_expires)
		return refuse("expires is given twice", ret_why);
	if (num_duration_ms(value, 1, EXPIRES_MAX_MS, &o->expires_ms) < 0)
		return refuse("expires is not a time like 30 s, of at most 366 days", ret_why);
	o->has_expires = true;
	return 0;
}

static int read_id(struct order *o, struct span value, char ret_why[static ORDER_WHY_BYTES])
{
	if (o->id != 0)
		return refuse("two ids", ret_why);
	if (num_u64(value, 1, COMMAND_ID_MAX, &o->id) < 0)
		return refuse("the id is not the number of a command", ret_why);
	return 0;
}

/* ---- the whole ---- */

static int read_line(struct order *o, struct span line, char ret_why[static ORDER_WHY_BYTES])
{
	struct span key, value;

	if (!split(line, &key, &value))
		return refuse("a line is not \"key: value\"", ret_why);
	if (span_is(key, "serial") && o->kind != ORDER_COMMAND_CANCEL)
		return read_serial(o, value, ret_why);
	if (o->kind == ORDER_DEVICE_SET)
		return read_setting(o, key, value, ret_why);
	if (o->kind == ORDER_DEVICE_RESEND && span_is(key, "tables"))
		return read_tables(o, value, ret_why);
	if (o->kind == ORDER_COMMAND && span_is(key, "expires"))
		return read_expires(o, value, ret_why);
	if (o->kind == ORDER_COMMAND_CANCEL && span_is(key, "id"))
		return read_id(o, value, ret_why);
	return refuse("a key that this order does not have", ret_why);
}

/* From its verb on, the rest of the body is the command as it stands in the store too. */
static bool begins_command(const struct order *o, struct span line)
{
	struct span key, value;

	return o->kind == ORDER_COMMAND && split(line, &key, &value) && span_is(key, "verb");
}

static int read_command(struct order *o, struct span text, char ret_why[static ORDER_WHY_BYTES])
{
	return typed_get(text, &o->command, ret_why) < 0 ? -EBADMSG : 0;
}

static int read_lines(struct order *o, struct span body, char ret_why[static ORDER_WHY_BYTES])
{
	struct span rest = body, line;
	int rc = 0;

	while (rc == 0 && span_next_line(&rest, &line)) {
		if (begins_command(o, line))
			return read_command(o, body, ret_why);
		rc = read_line(o, line, ret_why);
		body = rest;
	}
	return rc;
}

static int check_whole(const struct order *o, char ret_why[static ORDER_WHY_BYTES])
{
	if (o->kind == ORDER_COMMAND_CANCEL)
		return o->id != 0 ? 0 : refuse("no id", ret_why);
	if (o->serial.len == 0)
		return refuse("no serial", ret_why);
	if (o->kind == ORDER_DEVICE_SET && o->setting_count == 0)
		return refuse("nothing to set", ret_why);
	if (o->kind == ORDER_DEVICE_RESEND && o->tables == 0)
		return refuse("no tables", ret_why);
	if (o->kind == ORDER_COMMAND && !o->command.verb)
		return refuse("no verb", ret_why);
	return 0;
}

int order_parse(struct span body, struct order *ret, char ret_why[static ORDER_WHY_BYTES])
{
	struct order o = {0};
	struct span line;

	if (!span_next_line(&body, &line))
		return refuse("empty", ret_why);
	int rc = read_kind(line, &o.kind, ret_why);
	if (rc == 0)
		rc = read_lines(&o, body, ret_why);
	if (rc == 0)
		rc = check_whole(&o, ret_why);
	if (rc == 0)
		*ret = o;
	return rc;
}

void order_apply(const struct order *o, struct device_settings *own)
{
	for (size_t i = 0; i < o->setting_count; i++)
		/* Cannot fail: order_parse has tried each one. */
		(void)!setting_set(o->settings[i].setting, own, o->settings[i].value);
}
