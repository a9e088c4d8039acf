/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_report: what became of commands: queued, or in the end done, failed, expired or
 * cancelled. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/cell.h"
#include "ctl/cmd.h"
#include "ctl/command.h"
#include "ctl/fail.h"
#include "lib/clock.h"

#define POLL_MS     100
#define EX_NOT_DONE 1 /* the terminal answered a failure, or never will answer */

/* A command that is waited for. `item` is the order of it, if it was given just now. */
struct followed {
	const struct orders_item *item;
	struct command command; /* id 0: there is none; its text is not kept */
	char outcome[CMD_OUTCOME_BYTES];
};

struct following {
	const struct ask *ask;
	struct followed *items;
	size_t count;
	uint64_t begun_ms;
	uint64_t shown[COMMAND_STATES]; /* of the line of progress */
	bool progress;
};

/* ---- waiting ---- */

static int look(struct control_reader *r, struct followed *f)
{
	struct buf text = buf_with_max(CMD_TEXT_MAX);
	struct command c;
	int rc = control_command(r, f->command.id, &text, &c);
	if (rc == 0) {
		cmd_outcome(&c, f->outcome);
		c.text = span_of(NULL, 0);
		f->command = c;
	}
	buf_free(&text);
	return rc;
}

static int say_unreadable(int rc, const struct followed *f)
{
	if (rc == -ENOENT)
		return fail(EX_NOINPUT, "there is no command %llu; see 'punchctl cmd ls'",
			(unsigned long long)f->command.id);
	return fail_at(rc, "read", "the commands");
}

/* An exit code, said, and how many are open still. */
static int look_at_all(struct following *l, struct control_reader *r, size_t *ret_open)
{
	*ret_open = 0;
	for (size_t i = 0; i < l->count; i++) {
		struct followed *f = &l->items[i];
		if (f->command.id == 0)
			continue;
		if (command_is_open(f->command.state)) {
			int rc = look(r, f);
			if (rc < 0)
				return say_unreadable(rc, f);
		}
		*ret_open += command_is_open(f->command.state);
	}
	return EX_OK;
}

/* "queued 3, offered 1, done 2", over the line before. */
static void show_progress(struct following *l)
{
	uint64_t counts[COMMAND_STATES] = {0};
	const char *comma = "";
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].command.id)
			counts[l->items[i].command.state]++;
	if (!l->progress || memcmp(counts, l->shown, sizeof(counts)) == 0)
		return;
	memcpy(l->shown, counts, sizeof(counts));
	fprintf(stderr, "\r\033[K");
	for (unsigned i = 0; i < COMMAND_STATES; i++) {
		if (counts[i] == 0)
			continue;
		fprintf(stderr, "%s%s %llu", comma, command_state_name((enum command_state)i),
			(unsigned long long)counts[i]);
		comma = ", ";
	}
	fputs("… ", stderr);
	fflush(stderr);
}

static bool in_time(const struct following *l)
{
	return !l->ask->has_timeout || clock_mono_ms() - l->begun_ms < l->ask->timeout_ms;
}

static int await_end(struct following *l, struct control_reader *r)
{
	size_t open = 0;
	l->progress = isatty(STDERR_FILENO) && l->ask->format == OUT_TABLE;
	int code = look_at_all(l, r, &open);
	show_progress(l);
	while (code == EX_OK && open > 0 && in_time(l)) {
		clock_sleep_ms(POLL_MS);
		code = look_at_all(l, r, &open);
		show_progress(l);
	}
	if (l->progress)
		fprintf(stderr, "\r\033[K");
	return code;
}

/* ---- telling ---- */

static int code_of(const struct following *l, const struct followed *f, const struct places *ps)
{
	const struct orders_item *i = f->item;
	if (i && i->fate == ORDERS_REFUSED)
		return EX_DATAERR;
	if (i && i->fate != ORDERS_DONE)
		return !l->ask->wait && i->fate == ORDERS_WAITING && cmd_nobody_works(ps)
			       ? EX_OK
			       : EX_TEMPFAIL;
	if (!l->ask->wait || f->command.state == COMMAND_DONE)
		return EX_OK;
	return command_is_open(f->command.state) ? EX_TEMPFAIL : EX_NOT_DONE;
}

static int say_end(const struct followed *f)
{
	const struct command *c = &f->command;
	unsigned long long id = c->id;
	const char *state = command_state_name(c->state);
	if (c->state == COMMAND_DONE) {
		out_say("%s: command %llu done%s%s", c->serial, id,
			strcmp(f->outcome, "done") == 0 ? "" : ": ",
			strcmp(f->outcome, "done") == 0 ? "" : f->outcome);
		return EX_OK;
	}
	if (command_is_open(c->state))
		return fail(EX_TEMPFAIL, "%s: command %llu is still %s", c->serial, id, state);
	return fail(EX_NOT_DONE, "%s: command %llu %s: %s", c->serial, id, state, f->outcome);
}

static int say(const struct following *l, const struct followed *f, const struct places *ps)
{
	if (f->item && f->item->fate != ORDERS_DONE) {
		struct orders o = {.ask = l->ask};
		return orders_say(&o, f->item, ps);
	}
	if (!f->item || l->ask->wait)
		return say_end(f);
	out_say("%s: command %llu queued", f->item->serial, (unsigned long long)f->item->id);
	return EX_OK;
}

enum { SERIAL, ORDER, ID, STATE, RETURN, OUTCOME, CONTENT, COLUMNS };

static const struct out_column columns[COLUMNS] = {
	[SERIAL] = {.key = "serial"},
	[ORDER] = {.key = "order"},
	[ID] = {.key = "id"},
	[STATE] = {.key = "state"},
	[RETURN] = {.key = "return"},
	[OUTCOME] = {.key = "outcome"},
	[CONTENT] = {.key = "content_bytes"},
};

static const char *state_of(const struct following *l, const struct followed *f)
{
	static const char *const fates[] = {
		[ORDERS_WAITING] = "waiting",
		[ORDERS_TAKEN] = "taken",
		[ORDERS_DONE] = "queued",
		[ORDERS_REFUSED] = "refused",
	};
	if (f->item && (f->item->fate != ORDERS_DONE || !l->ask->wait))
		return fates[f->item->fate];
	return command_state_name(f->command.state);
}

static int put_json(struct out *o, const struct following *l, const struct followed *f)
{
	const struct orders_item *i = f->item;
	const struct command *c = &f->command;
	struct out_cell cells[COLUMNS] = {
		[SERIAL] = out_text(span_str(i ? i->serial : c->serial)),
		[STATE] = out_text(span_str(state_of(l, f))),
	};
	if (i)
		cells[ORDER] = out_text(span_str(i->entry));
	if (c->id)
		cells[ID] = out_number(c->id);
	if (c->has_return)
		cells[RETURN] = out_signed(c->return_code);
	if (i && i->why[0])
		cells[OUTCOME] = out_text(span_str(i->why));
	else
		cells[OUTCOME] = cell_text(f->outcome);
	if (c->content_bytes)
		cells[CONTENT] = out_number(c->content_bytes);
	return out_row(o, cells);
}

static int tell(const struct following *l, const struct places *ps)
{
	struct out o;
	int code = EX_OK, rc = 0;
	out_begin(&o, stdout, OUT_JSON, columns, COLUMNS);
	for (size_t i = 0; rc == 0 && i < l->count; i++) {
		const struct followed *f = &l->items[i];
		int one = l->ask->format == OUT_JSON ? code_of(l, f, ps) : say(l, f, ps);
		if (l->ask->format == OUT_JSON)
			rc = put_json(&o, l, f);
		code = code == EX_OK ? one : code;
	}
	int end_rc = out_end(&o);
	rc = rc < 0 ? rc : end_rc;
	return rc < 0 ? fail_at(rc, "write", "to standard output") : code;
}

/* ---- of orders that were given just now ---- */

static void begin(struct following *l, const struct orders *o)
{
	for (size_t i = 0; i < o->count; i++) {
		struct followed *f = &l->items[l->count++];
		f->item = &o->items[i];
		if (f->item->fate == ORDERS_DONE) {
			f->command.id = f->item->id;
			snprintf(f->command.serial, sizeof(f->command.serial), "%s",
				f->item->serial);
		}
	}
}

/* The end of commands is in the store alone. */
static int follow(struct following *l)
{
	struct control_reader *r = NULL;
	int code = cmd_open(l->ask, &r);
	if (code != EX_OK)
		return code;
	code = await_end(l, r);
	control_close(r);
	return code;
}

static int await_and_tell(struct orders *o, const struct places *ps, uint64_t begun_ms)
{
	struct following l = {.ask = o->ask, .begun_ms = begun_ms};
	int code = EX_OK;
	l.items = calloc(o->count, sizeof(*l.items));
	if (!l.items)
		return fail(EX_OSERR, "out of memory");
	if (!o->ask->no_wait)
		orders_await(o, ps, o->ask->wait ? UINT64_MAX : ORDERS_WAIT_MS, o->ask->wait);
	begin(&l, o);
	if (o->ask->wait)
		code = follow(&l);
	if (code == EX_OK)
		code = tell(&l, ps);
	free(l.items);
	return code;
}

/* Nobody waits, so nothing but that they were given can be said. */
static int tell_given(const struct orders *o)
{
	struct out out;
	int rc = 0;
	out_begin(&out, stdout, OUT_JSON, columns, ORDER + 1);
	for (size_t i = 0; rc == 0 && i < o->count; i++) {
		const struct orders_item *item = &o->items[i];
		const struct out_cell cells[] = {
			out_text(span_str(item->serial)), out_text(span_str(item->entry))};
		if (o->ask->format == OUT_JSON)
			rc = out_row(&out, cells);
		else
			out_say("%s: the order %s was given", item->serial, item->entry);
	}
	int end_rc = out_end(&out);
	rc = rc < 0 ? rc : end_rc;
	return rc < 0 ? fail_at(rc, "write", "to standard output") : EX_OK;
}

int command_follow(struct orders *o)
{
	enum place_kind kind = PLACE_ORDER;
	struct places ps;
	uint64_t begun_ms = clock_mono_ms();
	int code = places_open(o->ask, &kind, &ps);
	if (code != EX_OK)
		return code;
	code = orders_post(o, &ps);
	if (code == EX_OK)
		code = o->ask->no_wait ? tell_given(o) : await_and_tell(o, &ps, begun_ms);
	places_close(&ps);
	return code;
}

/* ---- by their ids ---- */

int command_wait(const struct ask *a, const uint64_t *ids, size_t count)
{
	struct ask waiting = *a;
	struct following l = {.ask = &waiting, .count = count, .begun_ms = clock_mono_ms()};
	waiting.wait = true;
	l.items = calloc(count, sizeof(*l.items));
	if (!l.items)
		return fail(EX_OSERR, "out of memory");
	for (size_t i = 0; i < count; i++)
		l.items[i].command.id = ids[i];
	int code = follow(&l);
	if (code == EX_OK)
		code = tell(&l, NULL);
	free(l.items);
	return code;
}
