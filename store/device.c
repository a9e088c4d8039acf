/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device: what is known of a device as text, one line a fact. Text, because facts will be added for
 * years, and every program must be able to read what an older or a newer one wrote. */
#include <errno.h>

#include "lib/num.h"
#include "store/control.h"

enum kind { TEXT, NUMBER, STATE, CHOICE };

static const struct fact_line {
	const char *key;
	enum kind kind;
	size_t offset, size;
} lines[] = {
#define LINE(key, kind, member)                                                                  \
	{                                                                                        \
		key, kind, offsetof(struct device, member), sizeof(((struct device *)0)->member) \
	}
	LINE("state", STATE, state),
	LINE("first_seen_us", NUMBER, first_seen_us),
	LINE("last_seen_us", NUMBER, last_seen_us),
	LINE("address", TEXT, address),
	LINE("class", TEXT, class),
	LINE("push_version", TEXT, push_version),
	LINE("language", TEXT, language),
	LINE("firmware", TEXT, firmware),
	LINE("info", TEXT, info),
	LINE("handshakes", NUMBER, handshakes),
	LINE("polls", NUMBER, polls),
	LINE("set.error_delay_s", NUMBER, set.error_delay_s),
	LINE("set.delay_s", NUMBER, set.delay_s),
	LINE("set.trans_interval_min", NUMBER, set.trans_interval_min),
	LINE("set.trans_times", TEXT, set.trans_times),
	LINE("set.trans_flags", TEXT, set.trans_flags),
	LINE("set.time_zone", TEXT, set.time_zone),
	LINE("set.realtime", CHOICE, set.realtime),
#undef LINE
};
#define LINE_COUNT (sizeof(lines) / sizeof(lines[0]))

static const char *const state_names[] = {
	[DEVICE_PENDING] = "pending",
	[DEVICE_APPROVED] = "approved",
	[DEVICE_REFUSED] = "refused",
};
#define STATE_COUNT (sizeof(state_names) / sizeof(state_names[0]))

const char *device_state_name(enum device_state state)
{
	return (size_t)state < STATE_COUNT ? state_names[state] : "unknown";
}

/* ---- to text ---- */

static int put_escaped(struct buf *b, const char *key, const char *text)
{
	int rc = buf_printf(b, "%s=", key);

	for (; rc == 0 && *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < ' ' || c == 0x7f || c == '%')
			rc = buf_printf(b, "%%%02x", c);
		else
			rc = buf_add(b, text, 1);
	}
	return rc == 0 ? buf_add(b, "\n", 1) : rc;
}

static int put_line(struct buf *b, const struct fact_line *l, const void *member)
{
	switch (l->kind) {
	case TEXT:
		return *(const char *)member ? put_escaped(b, l->key, member) : 0;
	case NUMBER: {
		uint64_t number = *(const uint64_t *)member;
		return number ? buf_printf(b, "%s=%llu\n", l->key, (unsigned long long)number) : 0;
	}
	case STATE:
		return put_escaped(
			b, l->key, device_state_name(*(const enum device_state *)member));
	case CHOICE: {
		int8_t choice = *(const int8_t *)member;
		return choice ? buf_printf(b, "%s=%s\n", l->key, choice > 0 ? "1" : "-1") : 0;
	}
	}
	return -EINVAL;
}

int control_put_device(struct buf *b, const struct device *d)
{
	size_t len = b->len;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < LINE_COUNT; i++)
		rc = put_line(b, &lines[i], (const char *)d + lines[i].offset);
	if (rc != 0)
		b->len = len;
	return rc;
}

/* ---- from text ---- */

static int get_escaped(struct span value, char *text, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < value.len; i++) {
		uint64_t byte = (unsigned char)value.ptr[i];
		if (byte == '%') {
			struct span hex = span_from(value, i + 1);
			hex.len = hex.len < 2 ? hex.len : 2;
			if (num_hex(hex, 2, &byte) != 0)
				return -EUCLEAN;
			i += 2;
		}
		if (len + 1 >= size || byte == '\0')
			return -EUCLEAN;
		text[len++] = (char)byte;
	}
	text[len] = '\0';
	return 0;
}

static int get_state(struct span value, enum device_state *ret)
{
	for (unsigned i = 0; i < STATE_COUNT; i++)
		if (span_is(value, state_names[i])) {
			*ret = i;
			return 0;
		}
	return -EUCLEAN;
}

static int get_line(const struct fact_line *l, struct span value, void *member)
{
	int64_t choice;

	switch (l->kind) {
	case TEXT:
		return get_escaped(value, member, l->size);
	case NUMBER:
		return num_u64(value, 0, UINT64_MAX, member) == 0 ? 0 : -EUCLEAN;
	case STATE:
		return get_state(value, member);
	case CHOICE:
		if (num_i64(value, -1, 1, &choice) != 0)
			return -EUCLEAN;
		*(int8_t *)member = (int8_t)choice;
		return 0;
	}
	return -EUCLEAN;
}

static int get_fact(struct span line, struct device *d)
{
	struct span key;

	if (!span_has(line, '='))
		return -EUCLEAN;
	(void)span_next(&line, '=', &key);
	for (size_t i = 0; i < LINE_COUNT; i++)
		if (span_is(key, lines[i].key))
			return get_line(&lines[i], line, (char *)d + lines[i].offset);
	return 0; /* a newer program's */
}

int control_get_device(struct span serial, struct span text, struct device *ret)
{
	struct device d = {.state = DEVICE_PENDING};
	struct span line;
	int rc = serial_valid(serial) ? 0 : -EUCLEAN;

	if (rc == 0)
		memcpy(d.serial, serial.ptr, serial.len);
	while (rc == 0 && span_next_line(&text, &line))
		rc = get_fact(line, &d);
	if (rc == 0)
		*ret = d;
	return rc;
}
