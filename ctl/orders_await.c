/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders_await: what became of orders, from the store as far as it may be read, else from the
 * spool. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/fail.h"
#include "ctl/orders.h"
#include "lib/clock.h"

/* From the first look to the next; each pause is twice as long as the one before it, up to the
 * longest. cmdqd needs a few milliseconds for most orders. */
#define FIRST_PAUSE_MS   2
#define LONGEST_PAUSE_MS 64

struct waiting {
	struct orders *orders;
	const struct place *place;
	char *control;
	struct control_reader *reader; /* NULL while the store cannot be opened */
};

/* The store knows each entry by its own name, and why it was refused. */
static bool look_in_store(struct waiting *w, struct orders_item *i)
{
	struct ordered ordered;
	if (!w->reader && (!w->control || control_open(w->control, &w->reader) < 0))
		return false;
	if (control_ordered(w->reader, i->entry, &ordered) < 0)
		return false;
	i->id = ordered.id;
	i->fate = ordered.why[0] ? ORDERS_REFUSED : ORDERS_DONE;
	memcpy(i->why, ordered.why, sizeof(i->why));
	return true;
}

/* "NAME" of "NAME.3". */
static void file_of(const char *entry, char ret_name[static SPOOL_NAME_BYTES])
{
	const char *dot = strrchr(entry, '.');
	snprintf(ret_name, SPOOL_NAME_BYTES, "%.*s", dot ? (int)(dot - entry) : 0, entry);
}

static bool was_refused(const struct place *p, const char *name, struct orders_item *i)
{
	struct stat st;
	struct buf reason = buf_with_max(4096);
	if (place_look(p, SPOOL_BAD, name, &st) < 0)
		return false;
	if (place_reason(p, name, &reason) < 0)
		(void)!buf_add_str(&reason, "no reason was written");
	snprintf(i->why, sizeof(i->why), "%.*s", SPAN_ARG(buf_span(&reason)));
	buf_free(&reason);
	return true;
}

/* bad before done: a refusal is written before its file is done. */
static enum orders_fate look_in_spool(const struct place *p, struct orders_item *i)
{
	struct stat st;
	char name[SPOOL_NAME_BYTES];
	file_of(i->entry, name);
	if (place_look(p, SPOOL_NEW, name, &st) == 0)
		return ORDERS_WAITING;
	if (was_refused(p, i->entry, i) || was_refused(p, name, i))
		return ORDERS_REFUSED;
	return place_look(p, SPOOL_DONE, name, &st) == 0 ? ORDERS_DONE : ORDERS_TAKEN;
}

/* What is done to a device is in the store before it is in the admission list, without which it has
 * no effect on uploads; the file stays in work until both are written. Who may not see cur/ goes by
 * new/, where a file comes back when the list cannot be written. */
static bool is_in_work(const struct place *p, const struct orders_item *i, enum orders_fate fate)
{
	struct stat st;
	char name[SPOOL_NAME_BYTES];
	file_of(i->entry, name);
	return fate == ORDERS_WAITING || place_look(p, SPOOL_CUR, name, &st) == 0;
}

/* The spool first: what is done there is in the store for whoever looks into it afterwards. */
static bool look_at_all(struct waiting *w)
{
	bool settled = true;
	for (size_t n = 0; n < w->orders->count; n++) {
		struct orders_item *i = &w->orders->items[n];
		if (i->fate >= ORDERS_DONE)
			continue;
		enum orders_fate fate = look_in_spool(w->place, i);
		if (!look_in_store(w, i) ||
			(i->fate == ORDERS_DONE && i->id == 0 && is_in_work(w->place, i, fate)))
			i->fate = fate;
		settled &= i->fate >= ORDERS_DONE;
	}
	return settled;
}

static bool any_waits(const struct orders *o)
{
	for (size_t n = 0; n < o->count; n++)
		if (o->items[n].fate == ORDERS_WAITING)
			return true;
	return false;
}

/* Is there nobody who could take what waits? */
static bool nobody_comes(const struct waiting *w)
{
	return spool_has_consumer(&w->place->spool) == 0 && any_waits(w->orders);
}

void orders_await(struct orders *o, const struct places *ps, uint64_t preset_ms, bool stubborn)
{
	struct waiting w = {.orders = o,
		.place = &ps->at[PLACE_ORDER],
		.control = conf_join(o->ask->conf.state_dir, CONF_CONTROL)};
	uint64_t wait_ms = o->ask->has_timeout ? o->ask->timeout_ms : preset_ms;
	uint64_t begun_ms = clock_mono_ms(), pause_ms = FIRST_PAUSE_MS;
	bool settled = look_at_all(&w);
	while (!settled && clock_mono_ms() - begun_ms < wait_ms) {
		if (!stubborn && nobody_comes(&w))
			break;
		clock_sleep_ms(pause_ms);
		if (pause_ms < LONGEST_PAUSE_MS)
			pause_ms *= 2;
		settled = look_at_all(&w);
	}
	control_close(w.reader);
	free(w.control);
}

static int say_waiting(const struct orders *o, const struct orders_item *i, const struct places *ps)
{
	if (!o->ask->wait && spool_has_consumer(&ps->at[PLACE_ORDER].spool) == 0) {
		out_say("%s: the order %s waits: cmdqd is not at work", i->subject, i->entry);
		return EX_OK;
	}
	return fail(EX_TEMPFAIL, "%s: the order %s still waits for cmdqd; it will be carried out",
		i->subject, i->entry);
}

int orders_say(const struct orders *o, const struct orders_item *i, const struct places *ps)
{
	if (i->fate == ORDERS_REFUSED)
		return fail(EX_DATAERR, "%s: cmdqd refused the order %s: %s", i->subject, i->entry,
			i->why);
	if (i->fate == ORDERS_WAITING)
		return say_waiting(o, i, ps);
	if (place_may(&ps->at[PLACE_ORDER], SPOOL_DONE))
		return fail(EX_TEMPFAIL, "%s: cmdqd is still at work on the order %s", i->subject,
			i->entry);
	return fail(EX_TEMPFAIL,
		"%s: cmdqd has taken the order %s; what became of it only those may see who may "
		"read its store",
		i->subject, i->entry);
}
