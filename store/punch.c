/* SPDX-License-Identifier: GPL-2.0-or-later */
/* punch: a punch as key and value. */
#include <errno.h>

#include "lib/serial.h"
#include "store/records.h"

bool punch_pin_valid(struct span pin)
{
	return pin.len > 0 && pin.len <= PUNCH_PIN_MAX && !span_has(pin, '\0');
}

void punch_pack_time(struct pack *k, const struct clock_local *time)
{
	pack_u16(k, time->year);
	pack_u8(k, time->month);
	pack_u8(k, time->day);
	pack_u8(k, time->hour);
	pack_u8(k, time->minute);
	pack_u8(k, time->second);
}

struct clock_local punch_unpack_time(struct unpack *k)
{
	struct clock_local time = {.year = unpack_u16(k)};

	time.month = unpack_u8(k);
	time.day = unpack_u8(k);
	time.hour = unpack_u8(k);
	time.minute = unpack_u8(k);
	time.second = unpack_u8(k);
	return time;
}

static void pack_short_text(struct pack *k, struct span text, size_t max)
{
	k->failed = k->failed || text.len > max;
	pack_text(k, text);
}

void punch_pack_key(struct pack *k, const struct punch *p)
{
	punch_pack_time(k, &p->time);
	pack_short_text(k, p->serial, SERIAL_MAX);
	pack_short_text(k, p->pin, PUNCH_PIN_MAX);
	pack_short_text(k, p->status, PUNCH_CODE_MAX);
	pack_short_text(k, p->verify, PUNCH_CODE_MAX);
	pack_short_text(k, p->workcode, PUNCH_WORKCODE_MAX);
}

void punch_pack_value(struct pack *v, const struct punch *p)
{
	pack_u64(v, p->seq);
	pack_u64(v, p->received_us);
	entry_ref_pack(v, &p->entry);
	pack_u8(v, p->flags);
	v->failed = v->failed || p->extra.len > PUNCH_EXTRA_MAX;
	pack_bytes(v, p->extra);
}

int punch_unpack(struct span key, struct span value, struct punch *ret)
{
	struct unpack k = {.rest = key};
	struct unpack v = {.rest = value};
	struct punch p;

	p.time = punch_unpack_time(&k);
	p.serial = unpack_text(&k);
	p.pin = unpack_text(&k);
	p.status = unpack_text(&k);
	p.verify = unpack_text(&k);
	p.workcode = unpack_text(&k);
	p.seq = unpack_u64(&v);
	p.received_us = unpack_u64(&v);
	entry_ref_unpack(&v, &p.entry);
	p.flags = unpack_u8(&v);
	p.extra = v.rest;
	if (k.failed || k.rest.len > 0 || v.failed)
		return -EUCLEAN;
	*ret = p;
	return 0;
}
