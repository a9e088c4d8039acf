/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pile: copies in large blocks, given back together and not before. */
#include "ctl/pile.h"

#include <errno.h>
#include <stdlib.h>

#define BLOCK_BYTES ((size_t)64 * 1024)

struct pile_block {
	struct pile_block *next;
	size_t room, used;
	char bytes[];
};

/* NULL when there is no memory. */
static char *take_room(struct pile *p, size_t bytes)
{
	struct pile_block *b = p->blocks;
	if (!b || b->room - b->used < bytes) {
		size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
		b = malloc(sizeof(*b) + room);
		if (!b)
			return NULL;
		*b = (struct pile_block){.next = p->blocks, .room = room};
		p->blocks = b;
	}
	b->used += bytes;
	return b->bytes + b->used - bytes;
}

static int keep(struct pile *p, struct span *s)
{
	char *copy = take_room(p, s->len + 1);
	if (!copy)
		return -ENOMEM;
	if (s->len > 0)
		memcpy(copy, s->ptr, s->len);
	copy[s->len] = '\0';
	s->ptr = copy;
	return 0;
}

static int make_place(struct pile *p)
{
	if (p->count < p->room)
		return 0;
	size_t room = p->room ? 2 * p->room : 64;
	struct item *items = reallocarray(p->items, room, sizeof(*items));
	if (!items)
		return -ENOMEM;
	p->items = items;
	uint64_t *bytes = reallocarray(p->content_bytes, room, sizeof(*bytes));
	if (!bytes)
		return -ENOMEM;
	p->content_bytes = bytes;
	p->room = room;
	return 0;
}

int pile_add(struct pile *p, const struct item *i, enum pile_part part)
{
	struct item copy = *i;
	size_t content = item_content(i).len;
	if (part == PILE_HEAD)
		copy.text = item_head(i);
	int rc = make_place(p);
	if (rc == 0)
		rc = keep(p, &copy.serial);
	for (size_t n = 0; rc == 0 && n < copy.id_count; n++)
		rc = keep(p, &copy.ids[n]);
	if (rc == 0)
		rc = keep(p, &copy.text);
	if (rc < 0)
		return rc;
	p->content_bytes[p->count] = content;
	p->items[p->count++] = copy;
	return 0;
}

const struct item *pile_find(const struct pile *p, struct span serial, struct span pin)
{
	size_t from = 0, to = p->count;
	while (from < to) {
		size_t at = from + (to - from) / 2;
		const struct item *i = &p->items[at];
		int order = span_order(serial, i->serial);
		if (order == 0)
			order = span_order(pin, i->ids[0]);
		if (order == 0)
			return i;
		if (order < 0)
			to = at;
		else
			from = at + 1;
	}
	return NULL;
}

void pile_free(struct pile *p)
{
	for (struct pile_block *b = p->blocks, *next; b; b = next) {
		next = b->next;
		explicit_bzero(b->bytes, b->used);
		free(b);
	}
	free(p->items);
	free(p->content_bytes);
	*p = (struct pile){.items = NULL};
}
