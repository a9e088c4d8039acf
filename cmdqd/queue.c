/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue: the commands of all devices, from their order to their end.
 *
 * What a crash can do. An order: its command, its id and the entry "NAME.1" become durable in one
 * transaction; the file is moved after that, and one that is worked on again finds its entry. An
 * offer: it is durable before the reply leaves (the desk holds it), so of what a terminal may have
 * heard we know. A crash between the two leaves a command that was offered and never heard: its
 * lease ends and it is offered again, but for one that is never offered twice, which fails with the
 * words that it may have been carried out. So that one is carried out at most once, any other at
 * least once or fails. A result: it is durable before its file is moved; one that comes again is
 * known. Nothing about a command is kept in memory, so there is nothing else that could differ. */
#include "cmdqd/queue.h"

#include <errno.h>

#include "cmdqd/queue_private.h"

/* ---- a stored command ---- */

struct queue_work queue_work_on(struct ledger *l, uint64_t now_us)
{
	return (struct queue_work){.l = l,
		.now_us = now_us,
		.text = buf_with_max(TYPED_MASKED_MAX),
		.masked = buf_with_max(TYPED_MASKED_MAX)};
}

void queue_work_free(struct queue_work *w)
{
	buf_free(&w->text);
	buf_free(&w->masked);
}

/* What is not known is not done twice, and its Return may be any count. */
static struct queue_kind kind_of_raw(struct span line, unsigned traits)
{
	const struct verb *verb = verb_of_raw(line);

	return (struct queue_kind){verb, verb ? traits : traits | VERB_NEVER_TWICE | VERB_COUNTS};
}

/* A masked text, and one of another version of ours, tells its verb at least. */
struct queue_kind queue_kind_of(struct span text)
{
	const struct verb *raw = verb_find(span_str("raw"));
	char why[VERB_WHY_BYTES];
	struct typed t;

	if (typed_get(text, &t, why) == 0)
		return t.verb == raw ? kind_of_raw(t.values[0], typed_traits(&t))
				     : (struct queue_kind){t.verb, typed_traits(&t)};
	const struct verb *verb = verb_find(typed_name(text));
	return verb && verb != raw ? (struct queue_kind){verb, verb->traits}
				   : kind_of_raw((struct span){0}, 0);
}

static int load(struct queue_work *w, const struct open_place *at, struct command *ret)
{
	int rc = ledger_get_command(w->l, at->id, &w->text, ret);

	return rc == -ENOENT ? -EUCLEAN : rc;
}

int queue_store(struct queue_work *w, struct command *c, unsigned marks)
{
	if (!command_is_open(c->state)) {
		buf_clear(&w->masked);
		int rc = typed_mask(&w->masked, c->text);
		if (rc < 0)
			return rc;
		c->text = buf_span(&w->masked);
	}
	return ledger_put_command(w->l, c, marks & OPEN_URGENT);
}

int queue_load_now(struct queue_work *w, const struct open_place *at,
	const struct progress_rules *rules, struct command *ret)
{
	int rc = load(w, at, ret);

	if (rc < 0 || !progress_time(ret, queue_kind_of(ret->text).traits, w->now_us, rules))
		return rc;
	rc = queue_store(w, ret, at->marks);
	return rc < 0 ? rc : 1;
}

/* ---- orders ---- */

/* An entry that was refused made no command, so it may make one now; of our own ones none is kept.
 */
static int find_repeated(struct ledger *l, const char *entry, uint64_t *ret_id)
{
	struct ordered before = {.id = 0};
	int rc = ledger_get_ordered(l, entry, &before);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	if (before.id == 0)
		return 0;
	*ret_id = before.id;
	return 1;
}

static int check_room(struct ledger *l, struct span serial)
{
	int open = ledger_count_open(l, serial);

	return open < QUEUE_OPEN_MAX ? open : -ENOSPC;
}

static int add(struct queue_work *w, const struct queue_order *o, uint64_t *ret_id)
{
	struct command c = {.state = COMMAND_QUEUED,
		.owner_uid = o->owner_uid,
		.queued_us = w->now_us,
		.expires_us = o->expires_us};
	int rc = typed_put(&w->text, o->command);

	if (rc < 0)
		return rc;
	if (w->text.len > TYPED_MAX)
		return -EMSGSIZE;
	if (!serial_valid(o->serial) || strlen(o->entry) >= sizeof(c.order))
		return -EINVAL;
	memcpy(c.serial, o->serial.ptr, o->serial.len);
	memcpy(c.order, o->entry, strlen(o->entry));
	c.text = buf_span(&w->text);
	if (o->file)
		c.file = *o->file;
	rc = ledger_add_command(w->l, &c, typed_traits(o->command) & VERB_URGENT);
	if (rc == 0 && strcmp(o->entry, QUEUE_OWN_ENTRY) != 0)
		rc = ledger_put_ordered(w->l, o->entry, &(struct ordered){.id = c.id});
	if (rc == 0)
		*ret_id = c.id;
	return rc;
}

int queue_add(struct ledger *l, const struct queue_order *o, uint64_t now_us, uint64_t *ret_id)
{
	int rc = ledger_need(l);

	if (rc == 0)
		rc = find_repeated(l, o->entry, ret_id);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = check_room(l, o->serial);
	if (rc < 0)
		return rc;
	struct queue_work w = queue_work_on(l, now_us);
	rc = add(&w, o, ret_id);
	queue_work_free(&w);
	return rc < 0 ? rc : 1;
}

/* ---- results ---- */

int queue_find(
	struct ledger *l, struct span serial, uint64_t id, struct buf *into, struct command *ret)
{
	struct command c = {.id = 0};
	int rc = ledger_need(l);

	if (rc == 0)
		rc = ledger_get_command(l, id, into, &c);
	if (rc == 0 && !span_is(serial, c.serial))
		rc = -ENOENT;
	if (rc == 0)
		*ret = c;
	return rc;
}

/* It is over by this result, so its text is masked. */
static int store_ended(struct ledger *l, struct command *c, struct buf *into)
{
	struct queue_work w = queue_work_on(l, 0);
	int rc = queue_store(&w, c, 0);

	buf_clear(into);
	if (rc == 0)
		rc = buf_add_span(into, c->text);
	c->text = buf_span(into);
	queue_work_free(&w);
	return rc;
}

int queue_result(struct ledger *l, const struct queue_result *r, uint64_t now_us, struct buf *into,
	struct command *ret)
{
	struct command c = {.id = 0};
	int rc = queue_find(l, r->serial, r->id, into, &c);

	if (rc < 0)
		return rc == -ENOENT ? PROGRESS_STRAY : rc;
	bool was_open = command_is_open(c.state);
	struct queue_kind kind = queue_kind_of(c.text);
	enum progress_verdict verdict =
		progress_result(&c, kind.verb, kind.traits, r->code, r->entry, now_us);
	if (verdict == PROGRESS_STRAY)
		return verdict;
	if (verdict == PROGRESS_TAKEN) {
		c.content_bytes = r->content_bytes;
		rc = was_open ? store_ended(l, &c, into) : ledger_put_command(l, &c, false);
	}
	if (rc < 0)
		return rc;
	*ret = c;
	return (int)verdict;
}

/* ---- cancelled ---- */

static int cancel(struct queue_work *w, uint64_t id, struct command *c)
{
	int rc = ledger_get_command(w->l, id, &w->text, c);

	if (rc < 0)
		return rc;
	return progress_cancel(c, w->now_us) ? queue_store(w, c, 0) : -EALREADY;
}

int queue_cancel(struct ledger *l, uint64_t id, uint64_t now_us, struct command *ret)
{
	struct queue_work w = queue_work_on(l, now_us);
	struct command c = {.id = 0};
	int rc = ledger_need(l);

	if (rc == 0)
		rc = cancel(&w, id, &c);
	queue_work_free(&w);
	if (rc < 0)
		return rc;
	c.text = (struct span){0};
	*ret = c;
	return 0;
}

static int cancel_all(struct queue_work *w, struct open_place *at)
{
	struct command c = {.id = 0};
	int count = 0;
	int rc;

	while ((rc = ledger_next_open_of(w->l, at, 0, 0)) == 0) {
		rc = cancel(w, at->id, &c);
		if (rc < 0)
			return rc == -ENOENT || rc == -EALREADY ? -EUCLEAN : rc;
		count++;
	}
	return rc == -ENOENT ? count : rc;
}

int queue_cancel_all(struct ledger *l, struct span serial, uint64_t now_us)
{
	struct queue_work w = queue_work_on(l, now_us);
	struct open_place at = {.id = 0};
	int rc = serial_valid(serial) ? ledger_need(l) : -EINVAL;

	if (rc < 0)
		return rc;
	memcpy(at.serial, serial.ptr, serial.len);
	rc = cancel_all(&w, &at);
	queue_work_free(&w);
	return rc;
}

/* ---- time ---- */

/* Only one that was offered or has an expiry can be changed by it. */
static int sweep_one(struct queue_work *w, const struct open_place *at,
	const struct progress_rules *rules, queue_due *due, void *context)
{
	struct command c;

	if (!(at->marks & (OPEN_OFFERED | OPEN_EXPIRES)))
		return 0;
	int rc = queue_load_now(w, at, rules, &c);
	if (rc > 0 && (at->marks & OPEN_OFFERED) && c.state == COMMAND_QUEUED)
		due(context, span_str(c.serial));
	return rc;
}

static int sweep(struct queue_work *w, struct open_place *at, const struct progress_rules *rules,
	queue_due *due, void *context)
{
	int changed = 0;

	for (unsigned looked = 0; looked < QUEUE_SWEEP_MOST; looked++) {
		int rc = ledger_next_open(w->l, at);
		if (rc == -ENOENT) {
			*at = (struct open_place){.id = 0};
			return changed;
		}
		if (rc == 0)
			rc = sweep_one(w, at, rules, due, context);
		if (rc < 0)
			return rc;
		changed += rc;
	}
	return changed;
}

int queue_sweep(struct ledger *l, struct queue_cursor *cursor, const struct progress_rules *rules,
	uint64_t now_us, queue_due *due, void *context)
{
	struct queue_work w = queue_work_on(l, now_us);
	struct open_place at = cursor->at;
	int rc = ledger_need(l);

	if (rc == 0)
		rc = sweep(&w, &at, rules, due, context);
	queue_work_free(&w);
	if (rc >= 0)
		cursor->at = at;
	return rc;
}

int queue_open_serials(struct ledger *l, queue_due *due, void *context)
{
	struct open_place at = {.id = 0};
	int rc = ledger_need(l);

	while (rc == 0 && (rc = ledger_next_open_device(l, &at)) == 0)
		due(context, span_str(at.serial));
	return rc == -ENOENT ? 0 : rc;
}
