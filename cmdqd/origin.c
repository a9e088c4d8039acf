/* SPDX-License-Identifier: GPL-2.0-or-later */
/* origin: see the header. */
#include "cmdqd/origin.h"

#include <errno.h>
#include <stdlib.h>

struct search {
	struct known *known;
	struct span serial, pin;
	bool has;                    /* the device has him still */
	uint64_t first_us, other_us; /* when he was first told of, by it and by another; 0: never */
	/* Its templates that no other device was found to have. */
	struct span *contents;
	size_t count;
};

/* ---- its own ---- */

static int see_user(void *context, const struct item *row)
{
	struct search *s = context;
	struct item i = *row;
	int rc = known_complete(s->known, &i);

	s->has = rc == 0 && !(i.flags & ITEM_DELETED);
	return rc;
}

/* More than a person can have: such a device is told nothing that is taken back. */
static int see_template(void *context, const struct item *row)
{
	struct search *s = context;
	struct item i = *row;
	int rc = known_complete(s->known, &i);

	if (rc < 0 || i.flags & ITEM_DELETED)
		return rc;
	if (s->count == PEOPLE_TEMPLATES_MAX)
		return -E2BIG;
	s->contents[s->count++] = item_content(&i);
	return 0;
}

static int note_first(void *context, const struct item *i)
{
	*(uint64_t *)context = i->received_us;
	return 1;
}

static int first_of(struct search *s, struct span serial, uint64_t *ret_us)
{
	int rc = known_versions(s->known, ITEM_USER, serial, s->pin, note_first, ret_us);

	return rc < 0 ? rc : 0;
}

static int look_at_it(struct search *s)
{
	int rc = known_items(s->known, ITEM_USER, s->serial, s->pin, see_user, s);

	if (rc == 0)
		rc = first_of(s, s->serial, &s->first_us);
	if (rc == 0)
		rc = known_items(s->known, ITEM_TEMPLATE, s->serial, s->pin, see_template, s);
	return rc;
}

/* ---- the others' ---- */

static int strike_out(void *context, const struct item *i)
{
	struct search *s = context;
	struct span content = item_content(i);

	for (size_t n = 0; n < s->count;)
		if (span_eq(s->contents[n], content))
			s->contents[n] = s->contents[--s->count];
		else
			n++;
	return 0;
}

static int see_device(void *context, struct span pin, struct span serial)
{
	struct search *s = context;
	uint64_t first_us = 0;

	if (span_eq(serial, s->serial))
		return 0;
	int rc = first_of(s, serial, &first_us);
	if (rc == 0 && first_us != 0 && (s->other_us == 0 || first_us < s->other_us))
		s->other_us = first_us;
	return rc < 0 ? rc : known_versions(s->known, ITEM_TEMPLATE, serial, pin, strike_out, s);
}

/* ---- both ---- */

static int search(struct search *s)
{
	int rc = look_at_it(s);

	if (rc < 0 || !s->has)
		return rc == -E2BIG ? 1 : rc;
	rc = known_by_pin(s->known, s->pin, see_device, s);
	if (rc < 0)
		return rc;
	return s->count > 0 || s->other_us == 0 || s->first_us < s->other_us;
}

int origin_is(struct people *p, struct span serial, struct span pin)
{
	struct search s = {.serial = serial, .pin = pin};
	int rc = punch_pin_valid(pin) ? library_look(p->library, &s.known) : -EINVAL;

	if (rc < 0)
		return rc;
	s.contents = calloc(PEOPLE_TEMPLATES_MAX, sizeof(*s.contents));
	rc = s.contents ? search(&s) : -ENOMEM;
	free(s.contents);
	known_end(s.known);
	return rc;
}
