/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logbook: log lines and photos as keys and values, and where a photo's file is. */
#include "store/logbook.h"

#include <errno.h>

#include "lib/serial.h"

/* ---- log lines ---- */

void logged_pack_key(struct pack *k, const struct logged *l)
{
	punch_pack_time(k, &l->time);
	pack_u8(k, (uint8_t)l->kind);
	pack_text(k, l->serial);
	pack_bytes(k, span_of(l->digest, sizeof(l->digest)));
	pack_u32(k, l->ordinal);
	k->failed = k->failed || l->serial.len > SERIAL_MAX;
}

void logged_pack_head(struct pack *v, const struct logged *l)
{
	pack_u64(v, l->seq);
	pack_u64(v, l->received_us);
	entry_ref_pack(v, &l->entry);
	pack_u32(v, l->flags);
}

int logged_unpack(struct span key, struct span value, struct logged *ret)
{
	struct unpack k = {.rest = key};
	struct unpack v = {.rest = value};
	struct logged l;

	l.time = punch_unpack_time(&k);
	l.kind = (enum logged_kind)unpack_u8(&k);
	l.serial = unpack_text(&k);
	struct span digest = unpack_bytes(&k, sizeof(l.digest));
	l.ordinal = unpack_u32(&k);
	l.seq = unpack_u64(&v);
	l.received_us = unpack_u64(&v);
	entry_ref_unpack(&v, &l.entry);
	l.flags = unpack_u32(&v);
	l.line = v.rest;
	if (k.failed || k.rest.len > 0 || v.failed)
		return -EUCLEAN;
	memcpy(l.digest, digest.ptr, sizeof(l.digest));
	*ret = l;
	return 0;
}

/* ---- photos ---- */

void photo_pack_key(struct pack *k, const struct photo *p)
{
	punch_pack_time(k, &p->time);
	pack_text(k, p->serial);
	pack_text(k, p->pin);
	pack_bytes(k, span_of(p->digest, sizeof(p->digest)));
	k->failed = k->failed || p->serial.len > SERIAL_MAX || p->pin.len > PUNCH_PIN_MAX;
}

void photo_pack_value(struct pack *v, const struct photo *p)
{
	size_t name_len = strnlen(p->name, sizeof(p->name));

	pack_u64(v, p->seq);
	pack_u64(v, p->received_us);
	entry_ref_pack(v, &p->entry);
	pack_u32(v, p->flags);
	pack_u64(v, p->bytes);
	pack_bytes(v, span_of(p->name, name_len));
	v->failed = v->failed || name_len == sizeof(p->name);
}

int photo_unpack(struct span key, struct span value, struct photo *ret)
{
	struct unpack k = {.rest = key};
	struct unpack v = {.rest = value};
	struct photo p = {.time = punch_unpack_time(&k)};

	p.serial = unpack_text(&k);
	p.pin = unpack_text(&k);
	struct span digest = unpack_bytes(&k, sizeof(p.digest));
	p.seq = unpack_u64(&v);
	p.received_us = unpack_u64(&v);
	entry_ref_unpack(&v, &p.entry);
	p.flags = unpack_u32(&v);
	p.bytes = unpack_u64(&v);
	if (k.failed || k.rest.len > 0 || v.failed || v.rest.len >= sizeof(p.name) ||
		span_has(v.rest, '\0'))
		return -EUCLEAN;
	memcpy(p.digest, digest.ptr, sizeof(p.digest));
	if (v.rest.len > 0)
		memcpy(p.name, v.rest.ptr, v.rest.len);
	*ret = p;
	return 0;
}

/* It becomes a path, so it is looked at even though it is ours. */
static bool is_file_name(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_-.";
	size_t len = strnlen(name, PHOTO_NAME_BYTES);

	return len > 0 && len < PHOTO_NAME_BYTES && name[0] != '.' && strspn(name, allowed) == len;
}

int photo_path(const struct photo *p, struct buf *into)
{
	buf_clear(into);
	if (!serial_valid(p->serial) || !is_file_name(p->name))
		return -EINVAL;
	return buf_printf(into, "%.*s/%04u-%02u-%02u/%s", SPAN_ARG(p->serial), p->time.year,
		p->time.month, p->time.day, p->name);
}
