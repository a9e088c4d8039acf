/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue_offer: what of its queue a device is offered in the reply to a poll. */
#include <errno.h>
#include <stdio.h>

#include "cmdqd/queue_private.h"

struct offering {
	struct queue_work work;
	const struct queue_offer *offer;
	struct buf *lines;
	struct buf line; /* of the command at hand */
	int count;
	bool full; /* nothing more fits into the reply, or may stand behind */
};

/* Before the first of a device's. */
static struct open_place start_of(const struct queue_offer *o)
{
	struct open_place at = {.id = 0};

	memcpy(at.serial, o->serial.ptr, o->serial.len);
	return at;
}

/* Is the device still at what it was offered before? All of it is asked, since leases may end. */
static int see_waiting(struct offering *f, bool *ret_waiting)
{
	struct open_place at = start_of(f->offer);
	struct command c;
	bool waiting = false;
	int rc;

	while ((rc = ledger_next_open_of(f->work.l, &at, OPEN_OFFERED, OPEN_OFFERED)) == 0) {
		rc = queue_load_now(&f->work, &at, f->offer->rules, &c);
		if (rc < 0)
			return rc;
		waiting = waiting || c.state == COMMAND_OFFERED;
	}
	if (rc != -ENOENT)
		return rc;
	*ret_waiting = waiting;
	return 0;
}

/* The whole line into f->line. -EINVAL with the reason when this device cannot have it. */
static int make_line(
	struct offering *f, const struct command *c, unsigned *ret_traits, char why[VERB_WHY_BYTES])
{
	const struct queue_offer *o = f->offer;
	struct typed t;
	int rc = typed_get(c->text, &t, why);

	t.token = span_str(c->file.token);
	buf_clear(&f->line);
	if (rc == 0)
		rc = buf_printf(&f->line, "C:%llu:", (unsigned long long)c->id);
	if (rc == 0)
		rc = render_put(&f->line, &t, o->dialect, why);
	if (rc == 0)
		rc = buf_add_str(&f->line, "\n");
	if (rc < 0)
		return rc;
	if (f->line.len > o->batch_bytes) {
		(void)snprintf(why, VERB_WHY_BYTES,
			"its %zu bytes do not fit into this device's replies of at most %llu",
			f->line.len, (unsigned long long)o->batch_bytes);
		return -EINVAL;
	}
	*ret_traits = typed_traits(&t);
	return 0;
}

static int refuse(
	struct offering *f, struct command *c, const struct open_place *at, const char *why)
{
	progress_refuse(c, why, f->work.now_us);
	return queue_store(&f->work, c, at->marks);
}

static int offer_due(struct offering *f, struct command *c, const struct open_place *at)
{
	char why[VERB_WHY_BYTES];
	unsigned traits;
	int rc = make_line(f, c, &traits, why);

	if (rc < 0)
		return rc == -EINVAL ? refuse(f, c, at, why) : rc;
	/* What comes later has to wait as well, even if it is shorter. */
	f->full = f->lines->len + f->line.len > f->offer->batch_bytes;
	if (f->full)
		return 0;
	progress_offer(c, f->work.now_us);
	rc = queue_store(&f->work, c, at->marks);
	if (rc == 0)
		rc = buf_add_span(f->lines, buf_span(&f->line));
	if (rc < 0)
		return rc;
	f->full = ++f->count >= QUEUE_BATCH_MAX || (traits & VERB_ENDS_BATCH);
	return 0;
}

/* Those that were not offered yet, or are due again, and are urgent or not. */
static int offer_all(struct offering *f, unsigned urgent)
{
	struct open_place at = start_of(f->offer);
	struct command c;
	int rc = 0;

	while (!f->full && (rc = ledger_next_open_of(
				    f->work.l, &at, OPEN_OFFERED | OPEN_URGENT, urgent)) == 0) {
		rc = queue_load_now(&f->work, &at, f->offer->rules, &c);
		if (rc >= 0 && progress_may_offer(&c))
			rc = offer_due(f, &c, &at);
		if (rc < 0)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

static int offer_batch(struct offering *f, bool *ret_open)
{
	struct open_place first = start_of(f->offer);
	bool waiting;
	int rc = see_waiting(f, &waiting);

	if (rc == 0)
		rc = offer_all(f, OPEN_URGENT);
	if (rc == 0 && !waiting)
		rc = offer_all(f, 0);
	if (rc < 0)
		return rc;
	rc = ledger_next_open_of(f->work.l, &first, 0, 0);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	*ret_open = rc == 0;
	return f->count;
}

int queue_offer(struct ledger *l, const struct queue_offer *o, uint64_t now_us, struct buf *lines,
	bool *ret_open)
{
	struct offering f = {.work = queue_work_on(l, now_us),
		.offer = o,
		.lines = lines,
		.line = buf_with_max(RENDER_MAX + RENDER_FRAME)};
	size_t was = lines->len;
	int rc = serial_valid(o->serial) ? ledger_need(l) : -EINVAL;

	if (rc == 0)
		rc = offer_batch(&f, ret_open);
	if (rc < 0)
		lines->len = was;
	buf_free(&f.line);
	queue_work_free(&f.work);
	return rc;
}
