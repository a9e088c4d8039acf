/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders: into the spool, several in a file. */
#include "ctl/orders.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>

#include "ctl/fail.h"
#include "lib/clock.h"

#define ENTRY_MAX (ORDERS_FILE_MAX / 8) /* bytes of one; cmdqd takes far less */

int orders_add(struct orders *o, const char *what, struct span serial, struct span lines)
{
	if (o->count == o->room) {
		size_t room = o->room ? 2 * o->room : 16;
		struct orders_item *items = reallocarray(o->items, room, sizeof(*items));
		if (!items)
			return -ENOMEM;
		o->items = items;
		o->room = room;
	}
	struct orders_item *i = &o->items[o->count++];
	*i = (struct orders_item){.what = what, .lines = lines};
	snprintf(i->serial, sizeof(i->serial), "%.*s", SPAN_ARG(serial));
	memcpy(i->subject, i->serial, sizeof(i->subject));
	return 0;
}

void orders_free(struct orders *o)
{
	free(o->items);
	*o = (struct orders){0};
}

int orders_put_body(struct buf *b, const struct orders_item *i)
{
	size_t before = b->len;
	int rc = buf_printf(b, "order: %s\n", i->what);
	if (rc == 0 && i->serial[0])
		rc = buf_printf(b, "serial: %s\n", i->serial);
	if (rc == 0)
		rc = buf_add_span(b, i->lines);
	if (rc < 0)
		b->len = before;
	return rc;
}

static int put_entry(struct buf *file, const struct orders_item *i)
{
	struct buf body = buf_with_max(ENTRY_MAX);
	int rc = orders_put_body(&body, i);
	struct spool_entry e = {
		.received_us = clock_wall_us(),
		.kind = span_str("order"),
		.serial = span_str(i->serial),
		.peer = span_str("local"),
		.body = buf_span(&body),
	};
	if (rc == 0)
		rc = spool_entry_put(file, &e);
	buf_free(&body);
	return rc;
}

/* As many from `*at` on as one file holds. Durability: spool_post returns when the orders would
 * survive a power cut. 0 or a negative errno. */
static int post_file(struct orders *o, const struct spool *s, size_t file_max, size_t *at)
{
	struct buf file = buf_with_max(file_max);
	char name[SPOOL_NAME_BYTES];
	size_t end = *at;
	int rc = 0;
	while (rc == 0 && end < o->count) {
		rc = put_entry(&file, &o->items[end]);
		end += rc == 0;
	}
	if (rc == 0 || (rc == -EMSGSIZE && end > *at))
		rc = spool_post(s, buf_span(&file), name);
	buf_free(&file);
	if (rc < 0)
		return rc;
	for (unsigned number = 1; *at < end; (*at)++)
		spool_entry_id(name, number++, o->items[*at].entry);
	return 0;
}

static int say_not_posted(int rc, const struct orders *o, size_t posted, const struct places *ps)
{
	const struct spool *s = &ps->at[PLACE_ORDER].spool;
	if (posted > 0)
		fail_note("%zu of %zu orders were given, up to that of %s; the rest was not",
			posted, o->count, o->items[posted - 1].subject);
	if (rc == -EACCES || rc == -EPERM) {
		struct stat st;
		const struct group *group = fstat(s->root, &st) == 0 ? getgrgid(st.st_gid) : NULL;
		return fail(EX_NOPERM,
			"may not give orders: run as root or as a member of the group %s",
			group ? group->gr_name : "of the spool order");
	}
	return fail_at(rc, "write an order into", ps->dir);
}

int orders_post(struct orders *o, const struct places *ps)
{
	const struct spool *s = &ps->at[PLACE_ORDER].spool;
	size_t file_max =
		ps->file_max_bytes < ORDERS_FILE_MAX ? ps->file_max_bytes : ORDERS_FILE_MAX;
	size_t posted = 0;
	int rc = s->dirs[SPOOL_TMP] < 0 || s->dirs[SPOOL_NEW] < 0 ? -EACCES : 0;
	while (rc == 0 && posted < o->count)
		rc = post_file(o, s, file_max, &posted);
	return rc < 0 ? say_not_posted(rc, o, posted, ps) : EX_OK;
}

static int say_given(const struct orders *o)
{
	for (size_t i = 0; i < o->count; i++)
		out_say("%s: the order %s was given", o->items[i].subject, o->items[i].entry);
	return EX_OK;
}

static int say_all(const struct orders *o, const struct places *ps, const char *done)
{
	int code = EX_OK;
	for (size_t i = 0; i < o->count; i++) {
		const struct orders_item *item = &o->items[i];
		int one = item->fate == ORDERS_DONE ? EX_OK : orders_say(o, item, ps);
		if (item->fate == ORDERS_DONE)
			out_say("%s %s", item->subject, done);
		code = code == EX_OK ? one : code;
	}
	return code;
}

int orders_give(struct orders *o, const char *done)
{
	enum place_kind kind = PLACE_ORDER;
	struct places ps;
	int code = places_open(o->ask, &kind, &ps);
	if (code != EX_OK)
		return code;
	code = orders_post(o, &ps);
	if (code == EX_OK && o->ask->no_wait)
		code = say_given(o);
	else if (code == EX_OK) {
		orders_await(o, &ps, ORDERS_WAIT_MS, o->ask->wait);
		code = say_all(o, &ps, done);
	}
	places_close(&ps);
	return code;
}
