/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names: a table of fixed size; of two users that fall on one place the later one is remembered. */
#include "ctl/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/pile.h"
#include "lib/hash.h"

#define SLOTS          8192
#define NAME_MAX_BYTES 256

struct names_slot {
	bool known;
	char serial[SERIAL_MAX + 1], pin[PUNCH_PIN_MAX + 1];
	char *name; /* NULL: there is none */
	size_t name_len;
};

int names_open(struct names *n, const struct ask *a, struct records_reader *r)
{
	*n = (struct names){.spoken = {.ask = a, .records = r}};
	n->slots = calloc(SLOTS, sizeof(*n->slots));
	return n->slots ? 0 : -ENOMEM;
}

void names_forget(struct names *n)
{
	for (size_t i = 0; n->slots && i < SLOTS; i++) {
		free(n->slots[i].name);
		n->slots[i] = (struct names_slot){.known = false};
	}
	n->spoken.known = false;
}

void names_close(struct names *n)
{
	names_forget(n);
	free(n->slots);
	spoken_close(&n->spoken);
	*n = (struct names){.slots = NULL};
}

static int take_first(void *context, const struct item *i)
{
	int rc = pile_add(context, i, PILE_HEAD);
	return rc < 0 ? rc : 1;
}

static int read_name(struct names *n, struct span serial, struct span pin, struct names_slot *s)
{
	const struct item_query q = {
		.kind = ITEM_USER, .serial = serial, .pin = pin, .deleted = true};
	struct buf name = buf_with_max(NAME_MAX_BYTES);
	struct pile found = {.items = NULL};
	int rc = items_each(n->spoken.records, &q, take_first, &found);
	if (rc >= 0 && found.count > 0)
		rc = spoken_field(&n->spoken, &found.items[0], "name", &name);
	if (rc >= 0 && name.len > 0) {
		s->name = name.ptr; /* it is the slot's from now on */
		s->name_len = name.len;
		name = buf_with_max(0);
	}
	pile_free(&found);
	buf_free(&name);
	/* A name longer than any terminal has is as good as none. */
	return rc == -ENOENT || rc == -EMSGSIZE || rc > 0 ? 0 : rc;
}

static int fill(struct names *n, struct names_slot *s, struct span serial, struct span pin)
{
	free(s->name);
	*s = (struct names_slot){.known = false};
	int rc = read_name(n, serial, pin, s);
	if (rc < 0)
		return rc;
	snprintf(s->serial, sizeof(s->serial), "%.*s", SPAN_ARG(serial));
	snprintf(s->pin, sizeof(s->pin), "%.*s", SPAN_ARG(pin));
	s->known = true;
	return 0;
}

int names_find(struct names *n, struct span serial, struct span pin, struct span *ret_name)
{
	struct names_slot *s = &n->slots[hash_bucket(hash_bytes(serial), pin, SLOTS)];
	bool right = s->known && span_is(serial, s->serial) && span_is(pin, s->pin);
	int rc = 0;
	if (serial.len == 0 || pin.len == 0 || pin.len > PUNCH_PIN_MAX || serial.len > SERIAL_MAX) {
		*ret_name = span_of(NULL, 0);
		return 0;
	}
	if (!right)
		rc = fill(n, s, serial, pin);
	if (rc == 0)
		*ret_name = span_of(s->name, s->name_len);
	return rc;
}
