/* SPDX-License-Identifier: GPL-2.0-or-later */
/* photos: a batch begins in the second in which the last one ended; what was seen of it is passed
 * over. */
#include "ctl/photos.h"

#include <errno.h>
#include <stdlib.h>

struct batch {
	struct photo items[PHOTOS_BATCH];
	char texts[PHOTOS_BATCH][PUNCH_PIN_MAX + 64]; /* serial, then PIN */
	size_t count;
	bool any;
	struct pack last_key;
};

static bool is_behind(const struct batch *b, const struct pack *key)
{
	return span_order(pack_span(key), pack_span(&b->last_key)) > 0;
}

static int take(void *context, const struct photo *p)
{
	struct batch *b = context;
	struct pack key = {.len = 0};
	photo_pack_key(&key, p);
	if (b->any && !is_behind(b, &key))
		return 0;
	struct photo *copy = &b->items[b->count];
	char *text = b->texts[b->count];
	if (p->serial.len + p->pin.len > sizeof(b->texts[0]))
		return -EUCLEAN;
	*copy = *p;
	copy->serial.ptr = memcpy(text, p->serial.ptr, p->serial.len);
	copy->pin.ptr = p->pin.len ? memcpy(text + p->serial.len, p->pin.ptr, p->pin.len) : text;
	b->last_key = key;
	b->any = true;
	return ++b->count == PHOTOS_BATCH;
}

int photos_each(
	struct records_reader *r, const struct punch_query *q, photo_visit *each, void *context)
{
	struct batch *b = calloc(1, sizeof(*b));
	struct punch_query query = *q;
	int rc = b ? 0 : -ENOMEM;
	bool more = b;
	while (more && rc == 0) {
		b->count = 0;
		rc = records_photos(r, &query, take, b);
		more = rc > 0;
		rc = rc > 0 ? 0 : rc;
		for (size_t i = 0; rc == 0 && i < b->count; i++)
			rc = each(context, &b->items[i]);
		if (b->count > 0)
			query.since = b->items[b->count - 1].time;
	}
	free(b);
	return rc;
}
