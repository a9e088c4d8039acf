/* SPDX-License-Identifier: GPL-2.0-or-later */
/* typed: commands as verb and values, from and to their text. */
#include "command/typed.h"

#include <errno.h>

#include "command/why.h"
#include "lib/clock.h"

int typed_set(
	struct typed *t, struct span field, struct span value, char ret_why[static VERB_WHY_BYTES])
{
	int at = verb_field_find(t->verb, field);

	if (at < 0)
		return why_refuse(ret_why, "%s has no field \"%.*s\"", t->verb->name,
			SPAN_ARG(why_word(field)));
	if (t->given[at])
		return why_refuse(ret_why, "%s: given twice", t->verb->fields[at].name);
	int rc = verb_field_check(&t->verb->fields[at], value, ret_why);
	if (rc < 0)
		return rc;
	t->values[at] = value;
	t->given[at] = true;
	return 0;
}

/* ---- is it whole ---- */

/* What will be sent; nothing when that is nothing. */
static struct span sent(const struct typed *t, const char *field)
{
	int at = verb_field_find(t->verb, span_str(field));

	if (at < 0)
		return span_str(NULL);
	return t->given[at] ? t->values[at] : span_str(t->verb->fields[at].preset);
}

/* A bare day begins at 00:00:00 and ends at 23:59:59: docs/PROTOCOL.md 6.1. */
static int64_t seconds_of(struct span value, const char *time_of_day)
{
	char text[] = "2026-01-31 00:00:00";
	struct clock_local local = {0};

	memcpy(text + 11, time_of_day, sizeof(text) - 1 - 11);
	memcpy(text, value.ptr, value.len < sizeof(text) - 1 ? value.len : sizeof(text) - 1);
	/* Cannot fail: the values were checked. */
	(void)!clock_parse_local(span_str(text), &local);
	return clock_local_seconds(&local);
}

static int check_span(const struct typed *t, char ret_why[static VERB_WHY_BYTES])
{
	struct span since = sent(t, "since"), until = sent(t, "until");

	if (since.ptr && until.ptr && seconds_of(since, "00:00:00") > seconds_of(until, "23:59:59"))
		return why_refuse(ret_why, "since: later than until");
	return 0;
}

static bool ends_nocase(struct span s, const char *end)
{
	size_t len = strlen(end);

	return s.len >= len && span_is_nocase(span_from(s, s.len - len), end);
}

static int check_file(const struct typed *t, char ret_why[static VERB_WHY_BYTES])
{
	struct span file = sent(t, "file");

	if (file.ptr && !sent(t, "path").ptr && !ends_nocase(file, ".tgz"))
		return why_refuse(ret_why, "path: only a .tgz goes without it");
	return 0;
}

int typed_check(const struct typed *t, char ret_why[static VERB_WHY_BYTES])
{
	for (size_t i = 0; i < t->verb->field_count; i++)
		if (t->verb->fields[i].required && !t->given[i])
			return why_refuse(ret_why, "%s: is missing", t->verb->fields[i].name);
	int rc = check_span(t, ret_why);
	return rc < 0 ? rc : check_file(t, ret_why);
}

/* ---- from its text ---- */

/* "KEY: VALUE": one blank parts them, all others belong to the value. */
static bool split(struct span line, struct span *ret_key, struct span *ret_value)
{
	if (!span_has(line, ':') || !span_next(&line, ':', ret_key))
		return false;
	*ret_value = span_from(line, span_starts(line, " ") ? 1 : 0);
	return true;
}

static bool next_name(struct span *text, struct span *ret_name)
{
	struct span line, key;

	return span_next_line(text, &line) && split(line, &key, ret_name) && span_is(key, "verb");
}

struct span typed_name(struct span text)
{
	struct span name;

	return next_name(&text, &name) ? name : (struct span){0};
}

/* NULL with the reason. */
static const struct verb *get_verb(struct span *text, char ret_why[static VERB_WHY_BYTES])
{
	struct span name;
	const struct verb *verb = NULL;

	if (!next_name(text, &name))
		(void)!why_refuse(ret_why, "the first line does not name the verb");
	else if (!(verb = verb_find(name)))
		(void)!why_refuse(ret_why, "no verb \"%.*s\"", SPAN_ARG(why_word(name)));
	return verb;
}

static int get_field(struct typed *t, struct span line, char ret_why[static VERB_WHY_BYTES])
{
	struct span key, value;

	if (!split(line, &key, &value))
		return why_refuse(ret_why, "a line is not \"field: value\"");
	return typed_set(t, key, value, ret_why);
}

int typed_get(struct span text, struct typed *ret, char ret_why[static VERB_WHY_BYTES])
{
	struct typed t = {0};
	struct span line;
	int rc = 0;

	if (text.len > TYPED_MAX)
		return why_refuse(
			ret_why, "%zu bytes, at most %d are a command", text.len, TYPED_MAX);
	t.verb = get_verb(&text, ret_why);
	if (!t.verb)
		return -EINVAL;
	while (rc == 0 && span_next_line(&text, &line))
		rc = get_field(&t, line, ret_why);
	if (rc == 0)
		rc = typed_check(&t, ret_why);
	if (rc == 0)
		*ret = t;
	return rc;
}

/* ---- to its text ---- */

static bool is_secret(const struct verb_field *f, struct span value)
{
	struct span key;

	if (f->kind == FIELD_OPTION && span_next(&value, '=', &key))
		return verb_option_secret(key);
	return f->secret;
}

static int put_value(struct buf *b, const struct typed *t, size_t at, bool masked)
{
	struct span value = t->values[at];

	if (masked && value.len > 0 && is_secret(&t->verb->fields[at], value))
		return buf_printf(b, "(%zu bytes)", value.len);
	return buf_add_span(b, value);
}

/* How a text is laid out: between the fields, and between name and value. */
struct layout {
	const char *verb, *between, *is, *end;
	bool masked;
};

static int put_field(struct buf *b, const struct typed *t, size_t at, const struct layout *l)
{
	int rc = buf_add_str(b, l->between);

	if (rc == 0)
		rc = buf_add_str(b, t->verb->fields[at].name);
	if (rc == 0)
		rc = buf_add_str(b, l->is);
	if (rc == 0)
		rc = put_value(b, t, at, l->masked);
	return rc;
}

static int put(struct buf *b, const struct typed *t, const struct layout *l)
{
	size_t before = b->len;
	int rc = buf_add_str(b, l->verb);

	if (rc == 0)
		rc = buf_add_str(b, t->verb->name);
	for (size_t i = 0; rc == 0 && i < t->verb->field_count; i++)
		if (t->given[i])
			rc = put_field(b, t, i, l);
	if (rc == 0)
		rc = buf_add_str(b, l->end);
	if (rc < 0)
		b->len = before;
	return rc;
}

int typed_put(struct buf *b, const struct typed *t)
{
	static const struct layout lines = {"verb: ", "\n", ": ", "\n", false};

	return put(b, t, &lines);
}

int typed_put_masked(struct buf *b, const struct typed *t)
{
	static const struct layout lines = {"verb: ", "\n", ": ", "\n", true};

	return put(b, t, &lines);
}

int typed_mask(struct buf *b, struct span text)
{
	char why[VERB_WHY_BYTES];
	struct typed t;

	if (typed_get(text, &t, why) == 0)
		return typed_put_masked(b, &t);
	/* Not printed: a name that is none may hold NUL. */
	int rc = buf_add_str(b, "verb: ");
	if (rc == 0)
		rc = buf_add_span(b, typed_name(text));
	return rc == 0 ? buf_add_str(b, "\n") : rc;
}

int typed_put_line(struct buf *b, const struct typed *t)
{
	static const struct layout line = {"", " ", "=", "", true};

	return put(b, t, &line);
}

/* ---- how it is to be treated ---- */

/* The value that a raw line or an option stands in; NULL for all other verbs. */
static const struct span *words(const struct typed *t, enum field_kind kind)
{
	for (size_t i = 0; i < t->verb->field_count; i++)
		if (t->given[i] && t->verb->fields[i].kind == kind)
			return &t->values[i];
	return NULL;
}

static const struct span *raw_line(const struct typed *t)
{
	return t->verb->wire[0] == '\0' ? words(t, FIELD_LINE) : NULL;
}

unsigned typed_traits(const struct typed *t)
{
	const struct span *line = raw_line(t);
	unsigned traits = t->verb->traits, allowances;

	if (line)
		verb_classify_raw(*line, &traits, &allowances);
	return traits;
}

unsigned typed_allowances(const struct typed *t)
{
	const struct span *line = raw_line(t), *option = words(t, FIELD_OPTION);
	unsigned traits, allowances = t->verb->allowances;

	if (line)
		verb_classify_raw(*line, &traits, &allowances);
	if (option) {
		if (verb_keys_of_server(*option))
			allowances |= ALLOW_SERVER_OPTIONS;
	}
	return allowances;
}

uint64_t typed_expires_ms(const struct typed *t)
{
	const struct span *line = raw_line(t);
	const struct verb *v = line ? verb_of_raw(*line) : NULL;

	return v ? v->expires_ms : t->verb->expires_ms;
}
