/* SPDX-License-Identifier: GPL-2.0-or-later */
/* order: what an operator wants, read from the body of an entry of the spool "order". Pure. The
 * body is lines "key: value", the first of them "order: WHAT":
 *
 *   order: device.approve   serial            from now on the device is served
 *   order: device.refuse    serial            from now on it is not
 *   order: device.set       serial, settings  keys of store/setting.h; an empty value goes back to
 *                                             the default;
 *                                             of comm_key only the stored form is taken
 *   order: device.remove    serial            it is forgotten, its open commands are cancelled
 *   order: device.resend    serial, tables    stamp 0 at its next handshake, once, and a CHECK;
 *                                             tables: "ATTLOG OPERLOG ATTPHOTO", some of them
 *   order: command          serial, [expires: 30 s], verb, fields     command/typed.h
 *   order: command.cancel   id
 */
#ifndef PUNCHD_CMDQD_ORDER_H
#define PUNCHD_CMDQD_ORDER_H

#include "command/typed.h"
#include "lib/span.h"
#include "store/setting.h"

enum order_kind {
	ORDER_DEVICE_APPROVE,
	ORDER_DEVICE_REFUSE,
	ORDER_DEVICE_SET,
	ORDER_DEVICE_REMOVE,
	ORDER_DEVICE_RESEND,
	ORDER_COMMAND,
	ORDER_COMMAND_CANCEL,
	ORDER_KINDS
};

/* "device.approve", … */
const char *order_kind_name(enum order_kind kind);

#define ORDER_SETTINGS_MAX 24 /* at least settings_count */
#define ORDER_WHY_BYTES    VERB_WHY_BYTES

struct order_setting {
	const struct setting *setting;
	struct span value;
};

struct order {
	enum order_kind kind;
	struct span serial; /* valid; empty only in command.cancel */
	struct order_setting
		settings[ORDER_SETTINGS_MAX]; /* each valid, no key twice; only in device.set */
	size_t setting_count;
	unsigned tables;      /* bits of enum device_resend; only in device.resend */
	struct typed command; /* whole and checked; only in command */
	bool has_expires;
	uint64_t expires_ms; /* from when it was given; only in command */
	uint64_t id;         /* only in command.cancel */
};

/* The spans point into `body`. 0; -EBADMSG with the reason; another negative errno when it could
 * not be found out. */
must_check int order_parse(
	struct span body, struct order *ret, char ret_why[static ORDER_WHY_BYTES]);

/* Writes the order's settings over a device's own. Doing it twice is as good as once. */
void order_apply(const struct order *o, struct device_settings *own);

#endif
