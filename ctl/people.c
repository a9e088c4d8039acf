/* SPDX-License-Identifier: GPL-2.0-or-later */
/* people: a device after the other, so that no more than one's is in memory. */
#include "ctl/people.h"

#include <errno.h>
#include <stdlib.h>

#include "ctl/fail.h"
#include "ctl/text.h"
#include "lib/serial.h"

int people_open(const struct ask *a, struct records_reader **ret)
{
	char *path = conf_join(a->conf.state_dir, CONF_RECORDS);
	char *private_path = conf_join(a->conf.state_dir, CONF_PRIVATE);
	int rc = path && private_path ? items_open(path, private_path, ret) : -ENOMEM;
	int code = EX_OK;
	if (rc == -ENOENT)
		code = fail(EX_UNAVAILABLE,
			"there are no records yet: parserd has never run with %s", path);
	else if (rc < 0)
		code = fail_at(rc, "read", path ? path : "the records");
	free(path);
	free(private_path);
	return code;
}

int people_take_pin(struct ask *a, struct buf *room)
{
	*room = buf_with_max(PUNCH_PIN_MAX);
	int rc = text_unescape(room, span_str(a->words[0]));
	a->pin = buf_span(room);
	if (rc == -ENOMEM)
		return fail_at(rc, "take", "the PIN");
	if (rc == -EBADMSG)
		return fail(EX_USAGE,
			"'%s' is no PIN: a backslash is written as two, other bytes as \\xNN",
			a->words[0]);
	if (rc < 0 || !punch_pin_valid(a->pin))
		return fail(EX_USAGE, "'%s' is no PIN", a->words[0]);
	return EX_OK;
}

int people_check_private(const struct ask *a, struct records_reader *r)
{
	if (records_has_private(r))
		return EX_OK;
	char *path = conf_join(a->conf.state_dir, CONF_PRIVATE);
	int rc = path ? records_open_private(r, path) : -ENOMEM;
	int code = EX_OK;
	if (rc == -ENOENT)
		code = fail(EX_UNAVAILABLE, "nothing private is kept yet: there is no %s", path);
	else if (rc == -EACCES || rc == -EPERM)
		code = fail_permission(
			"see passwords, cards, templates and faces, which are in", path, path);
	else if (rc < 0)
		code = fail_at(rc, "read", path ? path : "what is private");
	free(path);
	return code;
}

/* ---- which devices ---- */

struct serials {
	char (*list)[SERIAL_MAX + 1];
	size_t count, room;
};

/* They come in order. */
static int note_serial(void *context, const struct item *i)
{
	struct serials *s = context;
	if (s->count > 0 && span_is(i->serial, s->list[s->count - 1]))
		return 0;
	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		void *list = reallocarray(s->list, room, sizeof(*s->list));
		if (!list)
			return -ENOMEM;
		s->list = list;
		s->room = room;
	}
	snprintf(s->list[s->count++], sizeof(*s->list), "%.*s", SPAN_ARG(i->serial));
	return 0;
}

/* ---- one after the other ---- */

struct piling {
	struct pile *pile;
	enum pile_part part;
};

static int add(void *context, const struct item *i)
{
	const struct piling *p = context;
	return pile_add(p->pile, i, p->part);
}

int people_items(struct records_reader *r, enum item_kind kind, struct span serial, struct span pin,
	enum pile_part part, struct pile *ret)
{
	const struct item_query q = {.kind = kind, .serial = serial, .pin = pin, .deleted = true};
	struct piling p = {ret, part};
	*ret = (struct pile){.items = NULL};
	return items_each(r, &q, add, &p);
}

static int one_device(struct records_reader *r, enum item_kind kind, struct span serial,
	struct span pin, enum pile_part part, people_device *each, void *context)
{
	struct pile items;
	int rc = people_items(r, kind, serial, pin, part, &items);
	if (rc == 0 && items.count > 0)
		rc = each(context, serial, &items);
	pile_free(&items);
	return rc;
}

int people_each_device(const struct ask *a, struct records_reader *r, enum item_kind kind,
	enum pile_part part, people_device *each, void *context)
{
	const struct item_query q = {
		.kind = kind, .serial = a->serial, .pin = a->pin, .deleted = true};
	struct serials s = {.list = NULL};
	int rc = items_each(r, &q, note_serial, &s);
	for (size_t i = 0; rc == 0 && i < s.count; i++)
		rc = one_device(r, kind, span_str(s.list[i]), a->pin, part, each, context);
	free(s.list);
	return rc;
}
