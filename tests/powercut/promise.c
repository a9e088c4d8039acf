/* SPDX-License-Identifier: GPL-2.0-or-later */
/* promise: marks, and objections. */
#include "tests/powercut/promise.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/num.h"

/* ---- words of a mark ---- */

struct words {
	struct span rest;
	bool failed;
};

static void word(struct words *w, char *ret, size_t room)
{
	struct span s = {.ptr = ""};

	if (!span_next(&w->rest, ' ', &s) || s.len >= room)
		w->failed = true;
	else
		snprintf(ret, room, "%.*s", SPAN_ARG(s));
}

static uint64_t number(struct words *w)
{
	struct span s;
	uint64_t value = 0;

	if (!span_next(&w->rest, ' ', &s) || num_u64(s, 0, INT64_MAX, &value) < 0)
		w->failed = true;
	return value;
}

static struct clock_local moment(struct words *w)
{
	struct clock_local time = {.year = 0};

	if (clock_parse_local(w->rest, &time) < 0)
		w->failed = true;
	return time;
}

static bool is_facts(struct span what, enum promise_kind *ret)
{
	static const char *const names[] = {"punches", "photo", "order", "result", "approval"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (span_is(what, names[i])) {
			*ret = (enum promise_kind)i;
			return true;
		}
	return false;
}

static void read_promise(struct words *w, struct promise *p)
{
	if (p->kind == PROMISE_ORDER) {
		word(w, p->entry, sizeof(p->entry));
		return;
	}
	word(w, p->serial, sizeof(p->serial));
	if (p->kind == PROMISE_APPROVAL)
		return;
	p->body_bytes = number(w);
	p->body_crc = number(w);
	if (p->kind == PROMISE_RESULT) {
		p->command = number(w);
		p->return_code = (int64_t)number(w);
		return;
	}
	p->first_pin = number(w);
	p->pins = p->kind == PROMISE_PHOTO ? 1 : number(w);
	if (p->kind == PROMISE_PHOTO)
		word(w, p->digest, sizeof(p->digest));
	p->time = moment(w);
}

/* ---- all marks ---- */

static void take_mark(struct promises *p, const struct event *e, size_t event)
{
	struct words w = {.rest = span_trim(span_of(e->bytes, e->len))};
	struct promise *made = &p->list[p->count];
	struct span what;

	*made = (struct promise){.event = event};
	if (!span_next(&w.rest, ' ', &what) || !is_facts(what, &made->kind))
		return; /* "begin" and "end" */
	read_promise(&w, made);
	if (w.failed)
		errx(EX_DATAERR, "event %zu is a mark that cannot be understood", event);
	if (made->first_pin + made->pins > p->last_pin)
		p->last_pin = made->first_pin + made->pins;
	p->count++;
}

struct promises promises_read(const struct recording *r)
{
	struct promises p = {.list = calloc(r->count + 2, sizeof(*p.list))};

	if (!p.list)
		err(EX_OSERR, "memory");
	for (size_t i = 0; i < r->count; i++)
		if (r->events[i].kind == LOG_MARK)
			take_mark(&p, &r->events[i], i);
	return p;
}

size_t promises_made(const struct promises *p, size_t event)
{
	size_t made = 0;

	while (made < p->count && p->list[made].event <= event)
		made++;
	return made;
}

/* ---- objections ---- */

static char *objection_text;
static size_t objection_room;

void objection_into(char *text, size_t bytes)
{
	objection_text = text;
	objection_room = bytes;
}

void objection(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(objection_text, objection_room, format, args);
	va_end(args);
	_exit(1);
}
