/* SPDX-License-Identifier: GPL-2.0-or-later */
/* order: what an operator wants, read from the body of an entry of the spool "order". Pure. The
 * body is lines "key: value", the first of them "order: WHAT":
 *
 *   order: device.approve     from now on the device is served
 *   order: device.refuse      from now on it is not
 *   order: device.set         then any of the settings of punchd.conf(5) that a device may have of
 * its own; an empty value goes back to the default serial: SERIAL
 */
#ifndef PUNCHD_CMDQD_ORDER_H
#define PUNCHD_CMDQD_ORDER_H

#include "cmdqd/settings.h"
#include "lib/span.h"
#include "store/control.h"

enum order_kind { ORDER_DEVICE_APPROVE, ORDER_DEVICE_REFUSE, ORDER_DEVICE_SET, ORDER_KINDS };

/* "device.approve", … */
const char *order_kind_name(enum order_kind kind);

struct order_setting {
	struct span key, value;
};

struct order {
	enum order_kind kind;
	struct span serial; /* valid */
	struct order_setting
		settings[SETTINGS_KEYS]; /* each valid, no key twice; only in device.set */
	size_t setting_count;
};

/* The spans point into `body`. 0, or -EBADMSG with the reason in `*ret_why`. */
must_check int order_parse(struct span body, struct order *ret, const char **ret_why);

/* Writes the order's settings over a device's own. Doing it twice is as good as once. */
void order_apply(const struct order *o, struct device_settings *own);

#endif
