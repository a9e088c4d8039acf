/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device: what is known of a device, as text. */
#include <errno.h>

#include "store/control.h"
#include "store/lines.h"

static const char *const state_words[] = {
	[DEVICE_PENDING] = "pending",
	[DEVICE_APPROVED] = "approved",
	[DEVICE_REFUSED] = "refused",
	[DEVICE_REFUSED + 1] = NULL,
};

#define FACT(key, kind, member) LINES_FACT(key, kind, device, member)
/* Fields were longer once and may be again. A text that does not fit must not make a device
 * unreadable: of a terminal's words the beginning will do, and a setting falls back to its default.
 * But half a key or none would let in whom the whole one keeps out. */
static const struct lines_fact facts[] = {
	LINES_FACT("state", LINES_WORD, device, state, .words = state_words),
	FACT("first_seen_us", LINES_NUMBER, first_seen_us),
	FACT("last_seen_us", LINES_NUMBER, last_seen_us),
	FACT("last_hello_us", LINES_NUMBER, last_hello_us),
	FACT("last_poll_us", LINES_NUMBER, last_poll_us),
	FACT("address", LINES_CUT, address),
	FACT("class", LINES_CUT, class),
	FACT("push_version", LINES_CUT, push_version),
	FACT("language", LINES_CUT, language),
	FACT("firmware", LINES_CUT, firmware),
	FACT("info", LINES_CUT, info),
	FACT("handshakes", LINES_NUMBER, handshakes),
	FACT("polls", LINES_NUMBER, polls),
	FACT("key_refused_us", LINES_NUMBER, key_refused_us),
	FACT("key_good_us", LINES_NUMBER, key_good_us),
	FACT("key_refused_address", LINES_CUT, key_refused_address),
	FACT("network_refused_us", LINES_NUMBER, network_refused_us),
	FACT("network_refused_address", LINES_CUT, network_refused_address),
	FACT("resend", LINES_NUMBER, resend),
	FACT("zone_told", LINES_NUMBER, zone_told),
	FACT("zone_queued", LINES_NUMBER, zone_queued),
	FACT("set.error_delay_s", LINES_AMOUNT, set.error_delay_s),
	FACT("set.delay_s", LINES_AMOUNT, set.delay_s),
	FACT("set.trans_interval_min", LINES_AMOUNT, set.trans_interval_min),
	FACT("set.batch_bytes", LINES_AMOUNT, set.batch_bytes),
	FACT("set.trans_times", LINES_LOOSE, set.trans_times),
	FACT("set.trans_flags", LINES_LOOSE, set.trans_flags),
	FACT("set.time_zone", LINES_LOOSE, set.time_zone),
	FACT("set.realtime", LINES_CHOICE, set.realtime),
	FACT("set.remote", LINES_CHOICE, set.remote),
	FACT("set.verify", LINES_CHOICE, set.verify),
	FACT("set.alias", LINES_LOOSE, set.alias),
	FACT("set.site", LINES_LOOSE, set.site),
	FACT("set.comm_key", LINES_TEXT, set.comm_key),
	FACT("set.networks", LINES_TEXT, set.networks),
	FACT("set.charset", LINES_LOOSE, set.charset),
	FACT("set.direction", LINES_LOOSE, set.direction),
	FACT("set.card_form", LINES_LOOSE, set.card_form),
	FACT("set.card_order", LINES_LOOSE, set.card_order),
	FACT("set.wake", LINES_LOOSE, set.wake),
	FACT("set.zone_change", LINES_LOOSE, set.zone_change),
};
#define COUNT (sizeof(facts) / sizeof(*facts))

const char *device_state_name(enum device_state state)
{
	return (unsigned)state <= DEVICE_REFUSED ? state_words[state] : "unknown";
}

bool device_online(const struct device *d, uint64_t delay_s, uint64_t now_us)
{
	uint64_t patience_us = (3 * delay_s + 30) * 1000000;

	/* A clock that was put back does not make anyone silent. */
	return d->last_poll_us > 0 &&
	       (now_us < d->last_poll_us || now_us - d->last_poll_us <= patience_us);
}

int control_put_device(struct buf *b, const struct device *d)
{
	return lines_put(b, facts, COUNT, d);
}

int control_get_device(struct span serial, struct span text, struct device *ret)
{
	struct device d = {.state = DEVICE_PENDING};
	int rc = serial_valid(serial) ? lines_get_all(facts, COUNT, text, &d) : -EUCLEAN;

	if (rc < 0)
		return rc;
	memcpy(d.serial, serial.ptr, serial.len);
	*ret = d;
	return 0;
}
