/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outcome: brings results to the commands that they answer. */
#include "cmdqd/outcome.h"

#include <errno.h>
#include <stdio.h>

#include "cmdqd/facts.h"
#include "cmdqd/learn.h"
#include "cmdqd/queue.h"
#include "cmdqd/result.h"
#include "command/meaning.h"
#include "lib/clock.h"

/* A file at work. */
struct work {
	const struct outcome *outcome;
	struct buf text; /* of the command that is looked at */
};

/* One of its entries. */
struct body {
	struct work *work;
	const char *entry; /* "NAME.1" */
	struct span serial;
	uint64_t received_us; /* never in the future */
	unsigned ordinal;     /* of the result at hand */
	unsigned strays;
};

/* ---- what nobody asked for ---- */

static struct log_limit stray_limit = {.burst = 5, .window_ms = 10000};

static void log_stray(struct later *later, const struct stray *s)
{
	later_log(later, &stray_limit, LOG_LEVEL_WARNING, "result that nobody asked for",
		LOG_TEXT("entry", s->entry), LOG_TEXT("serial", s->serial), LOG_TEXT("id", s->id),
		LOG_TEXT("reason", s->why));
}

static void copy_span(char *to, size_t room, struct span from)
{
	snprintf(to, room, "%.*s", SPAN_ARG(from));
}

static int put_stray(struct body *b, const struct result *r, const char *why)
{
	struct stray s = {.received_us = b->received_us,
		.has_return = r && r->has_code,
		.return_code = r ? r->code : 0};

	copy_span(s.serial, sizeof(s.serial), b->serial);
	snprintf(s.entry, sizeof(s.entry), "%s", b->entry);
	snprintf(s.why, sizeof(s.why), "%s", why);
	if (r) {
		learn_text(s.id, sizeof(s.id), r->id);
		learn_text(s.name, sizeof(s.name), r->name);
	}
	log_stray(b->work->outcome->later, &s);
	return ledger_put_stray(b->work->outcome->ledger, &s, b->ordinal);
}

static int stray(struct body *b, const struct result *r, const char *why)
{
	if (b->strays == OUTCOME_STRAYS_MAX)
		return 0;
	if (++b->strays == OUTCOME_STRAYS_MAX)
		return put_stray(b, NULL, "there are more results here that nobody asked for");
	return put_stray(b, r, why);
}

/* ---- what a result brought along ---- */

static int keep_facts(const struct body *b, struct span lines)
{
	struct buf facts = buf_with_max(FACTS_MAX);
	int rc = facts_put(&facts, lines);

	if (rc == 0 && facts.len > 0)
		rc = ledger_put_facts(b->work->outcome->ledger, b->serial, buf_span(&facts));
	buf_free(&facts);
	return rc;
}

/* ---- the command that it answers ---- */

/* Does its result change anything? Else nothing that it brought may change either. */
static bool is_awaited(const struct command *c)
{
	return c->offers > 0 && !c->has_return;
}

static void log_result(const struct body *b, const struct command *c, const struct verb *verb)
{
	char words[VERB_WHY_BYTES];

	meaning_put(verb, c->return_code, words);
	later_log(b->work->outcome->later, NULL, LOG_LEVEL_NOTICE, "result taken",
		LOG_TEXT("entry", b->entry), LOG_SPAN("serial", b->serial), LOG_NUM("id", c->id),
		LOG_TEXT("verb", verb ? verb->name : "unknown"), LOG_NUM("return", c->return_code),
		LOG_TEXT("meaning", words));
}

static int end_command(struct body *b, const struct result *r, const struct verb *verb,
	const struct queue_result *result)
{
	struct work *w = b->work;
	struct command c;
	int verdict = queue_result(w->outcome->ledger, result, b->received_us, &w->text, &c);

	if (verdict == PROGRESS_STRAY)
		return stray(b, r, "the command was never handed out");
	if (verdict == PROGRESS_TAKEN)
		log_result(b, &c, verb);
	return verdict < 0 ? verdict : 0;
}

/* Durability: what the command's record is going to name is on the disk before its commit. */
static int keep_content(
	const struct body *b, const struct result *r, unsigned traits, struct queue_result *result)
{
	if (!(traits & VERB_CONTENT) || r->content.len == 0)
		return 0;
	result->content_bytes = r->content.len;
	return content_put(b->work->outcome->content, result->id, r->content);
}

static int answer_command(struct body *b, const struct result *r, uint64_t id)
{
	struct work *w = b->work;
	struct queue_result result = {
		.serial = b->serial, .id = id, .code = r->code, .entry = b->entry};
	struct queue_kind kind = {.verb = NULL};
	struct command c;
	int rc = queue_find(w->outcome->ledger, b->serial, id, &w->text, &c);

	if (rc == -ENOENT)
		return stray(b, r, "this device has no command of this id");
	if (rc == 0 && is_awaited(&c)) {
		kind = queue_kind_of(c.text);
		rc = keep_content(b, r, kind.traits, &result);
		if (rc == 0 && kind.traits & VERB_FACTS && r->code >= 0)
			rc = keep_facts(b, r->content);
	}
	return rc < 0 ? rc : end_command(b, r, kind.verb, &result);
}

/* ---- an entry ---- */

static int do_result(struct body *b, const struct result *r)
{
	uint64_t id;

	if (r->serial.len > 0 && !span_eq(r->serial, b->serial))
		return stray(b, r, "it names another device's serial");
	if (!result_id_number(r->id, &id))
		return stray(b, r, "its id is none of ours");
	if (!r->has_code)
		return stray(b, r, "it has no Return");
	return answer_command(b, r, id);
}

static int do_body(struct body *b, struct span rest)
{
	const char *why;
	struct result r;
	int rc = 0, found;

	while (rc == 0 && (found = result_next(&rest, &r, &why)) != 0) {
		if (++b->ordinal > OUTCOME_RESULTS_MAX)
			return put_stray(b, NULL, "too many results; the rest was not read");
		rc = found < 0 ? stray(b, NULL, why) : do_result(b, &r);
	}
	return rc == 0 && b->ordinal == 0 ? stray(b, NULL, "there is no result in it") : rc;
}

static int do_entry(void *context, const struct spool_entry *e, const char *entry,
	char ret_why[static SPOOL_WHY_BYTES])
{
	struct work *w = context;
	struct body b = {
		.work = w, .entry = entry, .serial = e->serial, .received_us = e->received_us};
	(void)ret_why;

	return do_body(&b, e->body);
}

/* ---- the file ---- */

static void log_aside(void *context, const char *id, const char *why)
{
	const struct work *w = context;

	later_log(w->outcome->later, NULL, LOG_LEVEL_WARNING, "entry refused",
		LOG_TEXT("entry", id), LOG_TEXT("kind", "result"), LOG_TEXT("reason", why));
}

int outcome_file(const struct outcome *o, const struct spool *results, const char *name,
	struct span bytes, const char **ret_why)
{
	struct work w = {.outcome = o, .text = buf_with_max(TYPED_MASKED_MAX)};
	const struct spool_entries work = {.kind = "result",
		.now_us = clock_wall_us(),
		.entry = do_entry,
		.aside = log_aside,
		.context = &w};
	int rc = ledger_need(o->ledger);
	if (rc == 0)
		rc = spool_entries_do(&work, results, name, bytes, ret_why);
	buf_free(&w.text);
	return rc < 0 && rc != -EBADMSG ? ledger_give_up(o->ledger, rc) : rc;
}
