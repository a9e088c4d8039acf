/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter: see the header. */
#include "store/filter.h"

#include <errno.h>

int filter_make(const struct punch_query *q, struct filter *ret)
{
	*ret = (struct filter){.left = q->limit > 0 ? q->limit : UINT64_MAX};
	if (q->since.month > 0)
		punch_pack_time(&ret->since, &q->since);
	if (q->until.month > 0)
		punch_pack_time(&ret->until, &q->until);
	if (q->serial.len > 0)
		pack_text(&ret->serial, q->serial);
	if (q->pin.len > 0)
		pack_text(&ret->pin, q->pin);
	return ret->serial.failed || ret->pin.failed ? -EINVAL : 0;
}

bool filter_past(const struct filter *f, struct span key)
{
	return f->until.len > 0 && key.len >= PUNCH_TIME_BYTES &&
	       memcmp(key.ptr, f->until.bytes, PUNCH_TIME_BYTES) >= 0;
}

bool filter_before(const struct filter *f, struct span key)
{
	return f->since.len > 0 && key.len >= PUNCH_TIME_BYTES &&
	       memcmp(key.ptr, f->since.bytes, PUNCH_TIME_BYTES) < 0;
}

bool filter_takes(const struct filter *f, struct span key, size_t texts_at)
{
	if (key.len <= texts_at)
		return true;
	struct span texts = span_from(key, texts_at);
	if (!pack_begins(texts, &f->serial))
		return false;
	if (f->pin.len == 0)
		return true;
	const char *serial_end = memchr(texts.ptr, '\0', texts.len);
	return serial_end == NULL ||
	       pack_begins(span_from(texts, (size_t)(serial_end - texts.ptr) + 1), &f->pin);
}
