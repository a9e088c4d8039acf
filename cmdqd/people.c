/* SPDX-License-Identifier: GPL-2.0-or-later */
/* people: see the header. The index says which devices know a PIN; of each only the item's row is
 * looked at, and what is not later than the best so far is passed over. */
#include "cmdqd/people_private.h"

#include <errno.h>
#include <string.h>

#include "cmdqd/ability.h"

/* ---- what all questions share ---- */

int people_begin(struct people *p, struct span site, struct span pin, struct asking *ret)
{
	*ret = (struct asking){.p = p, .site = site, .pin = pin};
	return library_look(p->library, &ret->known);
}

bool people_is_of_site(const struct asking *a, struct span serial)
{
	const struct device *d = devices_find(a->p->devices, serial);

	return d != NULL && d->state == DEVICE_APPROVED && span_is(a->site, d->set.site);
}

static enum card_form card_form(const struct asking *a, struct span serial)
{
	const struct device *d = devices_find(a->p->devices, serial);

	return d != NULL ? ability_card(d) : CARD_DECIMAL;
}

int people_each_device(struct known *k, struct span pin, known_visit *visit, void *context)
{
	return punch_pin_valid(pin) ? known_by_pin(k, pin, visit, context) : 0;
}

bool people_is_later(const struct known *k, const struct item *i, const struct item *than)
{
	bool ahead = known_is_ahead(k, i);

	if (ahead != known_is_ahead(k, than))
		return !ahead;
	return i->received_us > than->received_us;
}

/* Of what several devices say, what was received last. Its texts live as long as the moment. */
struct best {
	bool any;
	struct item item;
};

/* A row that is ahead may turn out to have an older version. */
static bool may_be_later(const struct known *k, const struct item *row, const struct best *best)
{
	return !best->any || known_is_ahead(k, row) || people_is_later(k, row, &best->item);
}

static void take_if_later(
	const struct known *k, struct best *best, const struct item *i, uint32_t without)
{
	if ((i->flags & without) == 0 && (!best->any || people_is_later(k, i, &best->item)))
		*best = (struct best){true, *i};
}

/* ---- a person ---- */

struct finding {
	struct asking *a;
	struct best user, password, card;
};

static int see_user(void *context, const struct item *row)
{
	struct finding *f = context;
	const struct known *k = f->a->known;
	struct item i = *row;

	if (!may_be_later(k, row, &f->user))
		return 0;
	int rc = known_complete(k, &i);
	if (rc == 0)
		take_if_later(k, &f->user, &i, ITEM_DELETED);
	return rc;
}

static int see_credential(void *context, const struct item *row)
{
	struct finding *f = context;
	const struct known *k = f->a->known;
	struct item i = *row;

	if (!may_be_later(k, row, &f->password) && !may_be_later(k, row, &f->card))
		return 0;
	int rc = known_complete(k, &i);
	if (rc < 0)
		return rc;
	take_if_later(k, &f->password, &i, ITEM_DELETED | ITEM_NO_PASSWORD);
	take_if_later(k, &f->card, &i, ITEM_DELETED | ITEM_NO_CARD);
	return 0;
}

static int find_at(void *context, struct span pin, struct span serial)
{
	struct finding *f = context;

	if (!people_is_of_site(f->a, serial))
		return 0;
	int rc = known_items(f->a->known, ITEM_USER, serial, pin, see_user, f);
	return rc == 0 ? known_items(f->a->known, ITEM_CREDENTIAL, serial, pin, see_credential, f)
		       : rc;
}

/* Texts one behind the other; the room is there before, so that none of them moves. */
static int put_text(struct person *p, struct span text, struct span *ret)
{
	size_t at = p->text.len;
	int rc = buf_add_span(&p->text, text);

	if (rc == 0)
		*ret = span_of(p->text.ptr + at, text.len);
	return rc;
}

static int put_field(struct person *p, const struct best *from, const char *name, struct span *ret)
{
	struct buf text = buf_with_max(PERSON_TEXT_MAX);
	int rc = from->any ? item_field(&from->item, name, &text) : -ENOENT;

	if (rc == 0)
		rc = put_text(p, buf_span(&text), ret);
	buf_wipe(&text);
	buf_free(&text);
	return rc == -ENOENT || rc == -EMSGSIZE ? 0 : rc;
}

static int put_cards(const struct finding *f, struct person *p)
{
	const struct item *i = &f->card.item;

	if (!f->card.any)
		return 0;
	enum card_form form = card_form(f->a, i->serial);
	int rc = known_card_of(i, KNOWN_CARD, form, &p->card);
	return rc == 0 ? known_card_of(i, KNOWN_VICE_CARD, form, &p->vice_card) : rc;
}

static int put_person(const struct finding *f, struct person *p)
{
	int rc = buf_reserve(&p->text, PERSON_BYTES_MAX);

	if (rc == 0)
		rc = put_text(p, item_pin(&f->user.item), &p->pin);
	if (rc == 0)
		rc = put_text(p, f->user.item.serial, &p->serial);
	if (rc == 0)
		rc = put_field(p, &f->user, "name", &p->name);
	if (rc == 0)
		rc = put_field(p, &f->user, "privilege", &p->privilege);
	if (rc == 0)
		rc = put_field(p, &f->user, "group", &p->group);
	if (rc == 0)
		rc = put_field(p, &f->user, "time_zones", &p->timezones);
	if (rc == 0)
		rc = put_field(p, &f->user, "start", &p->start);
	if (rc == 0)
		rc = put_field(p, &f->user, "end", &p->end);
	if (rc == 0)
		rc = put_field(p, &f->password, "password", &p->password);
	return rc == 0 ? put_cards(f, p) : rc;
}

/* Who this PIN is. */
static int find(struct asking *a, struct person *ret)
{
	struct finding f = {.a = a};
	struct person p = {.text = buf_with_max(PERSON_BYTES_MAX)};
	int rc = people_each_device(a->known, a->pin, find_at, &f);

	if (rc == 0)
		rc = f.user.any ? put_person(&f, &p) : -ENOENT;
	if (rc == 0)
		*ret = p;
	else
		person_free(&p);
	return rc;
}

void person_free(struct person *p)
{
	buf_wipe(&p->text);
	buf_free(&p->text);
	*p = (struct person){.card = 0};
}

int people_by_pin(struct people *p, struct span site, struct span pin, struct person *ret)
{
	struct asking a;
	int rc = people_begin(p, site, pin, &a);

	if (rc != 0)
		return rc;
	rc = find(&a, ret);
	known_end(a.known);
	return rc;
}

/* ---- by card ---- */

struct carding {
	struct asking a;
	uint64_t number;
	unsigned tried, count;
	struct person person; /* the first one who has it */
};

/* The index says who was ever said to have it: does he have it now? */
static int try_pin(struct carding *c, struct span pin)
{
	struct person p;

	if (c->count > 0 && span_eq(c->person.pin, pin))
		return 0;
	if (c->tried++ == PEOPLE_CARD_PINS)
		return -ENOTUNIQ;
	c->a.pin = pin;
	int rc = find(&c->a, &p);
	if (rc != 0)
		return rc == -ENOENT ? 0 : rc;
	bool has = p.card == c->number || p.vice_card == c->number;
	if (has && c->count++ == 0)
		c->person = p;
	else
		person_free(&p);
	return c->count > 1 ? -ENOTUNIQ : 0;
}

/* One PIN after the other, each on all its devices. */
static int see_holder(void *context, struct span pin, struct span serial)
{
	struct carding *c = context;

	if (span_eq(pin, c->a.pin) || !people_is_of_site(&c->a, serial))
		return 0;
	return try_pin(c, pin);
}

int people_by_card(struct people *p, struct span site, uint64_t number, struct person *ret)
{
	struct carding c = {.number = number};
	int rc = number == 0 ? -ENOENT : people_begin(p, site, span_of(NULL, 0), &c.a);

	if (rc != 0)
		return rc;
	rc = known_by_card(c.a.known, number, see_holder, &c);
	/* The index has decimals as they came. */
	if (rc == 0)
		rc = known_by_card(c.a.known, card_turned(number), see_holder, &c);
	known_end(c.a.known);
	if (rc == 0 && c.count == 0)
		rc = -ENOENT;
	if (rc == 0)
		*ret = c.person;
	else
		person_free(&c.person);
	return rc;
}
