/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_words: from the words of the command line to commands. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/command.h"
#include "ctl/fail.h"
#include "ctl/value.h"

#define TEXT_MAX (TYPED_MAX + 64) /* with the line "expires:" before it */

/* ---- which command ---- */

static const struct verb *find_dotted(const char *noun, const char *word)
{
	char name[64];
	snprintf(name, sizeof(name), "%s.%s", noun, word);
	return verb_find(span_str(name));
}

const struct verb *command_find(const char *noun, const char *word)
{
	const struct verb *v = strchr(noun, '.') ? NULL : verb_find(span_str(noun));
	/* raw is for experts: punchctl cmd raw. */
	if (v)
		return strcmp(v->name, "raw") == 0 ? NULL : v;
	if (!word)
		return NULL;
	v = find_dotted(noun, word);
	return v || strcmp(noun, "query") != 0 ? v : find_dotted(word, noun);
}

bool command_is_noun(const char *noun)
{
	size_t len = strlen(noun);
	if (command_find(noun, NULL))
		return true;
	for (size_t i = 0; i < verb_count; i++)
		if (strncmp(verbs[i].name, noun, len) == 0 && verbs[i].name[len] == '.')
			return true;
	return false;
}

/* ---- which words are what ---- */

/* The fields that an operator gives, of which there is one; NULL when there are more, or none. */
static const struct verb_field *only_field(const struct verb *v)
{
	const struct verb_field *only = NULL;
	for (size_t i = 0; i < v->field_count; i++) {
		if (!v->fields[i].name[0])
			continue;
		if (only)
			return NULL;
		only = &v->fields[i];
	}
	return only;
}

bool command_is_line(const struct verb *v)
{
	const struct verb_field *f = only_field(v);
	return f && !f->key[0] && f->kind != FIELD_OPTION;
}

static bool is_option(const struct verb *v)
{
	const struct verb_field *f = only_field(v);
	return f && f->kind == FIELD_OPTION;
}

size_t command_names(const struct verb *v, char **words, size_t count)
{
	size_t names = 0;
	if (command_is_line(v))
		return count > 0 ? count - 1 : 0;
	while (names < count && !strchr(words[names], '='))
		names++;
	return names;
}

/* ---- one command ---- */

static int put_text(const struct typed *t, uint64_t expires_ms, struct buf *b)
{
	int rc = expires_ms > 0
			 ? buf_printf(b, "expires: %llu ms\n", (unsigned long long)expires_ms)
			 : 0;
	return rc < 0 ? rc : typed_put(b, t);
}

static int add_text(struct command_made *m, const struct typed *t, uint64_t expires_ms)
{
	char why[VERB_WHY_BYTES];
	if (typed_check(t, why) < 0)
		return fail(EX_USAGE, "%s: %s", t->verb->name, why);
	struct buf *texts = reallocarray(m->texts, m->count + 1, sizeof(*texts));
	if (!texts)
		return fail(EX_OSERR, "out of memory");
	m->texts = texts;
	m->texts[m->count] = buf_with_max(TEXT_MAX);
	m->allowances |= typed_allowances(t);
	int rc = put_text(t, expires_ms, &m->texts[m->count++]);
	return rc < 0 ? fail(EX_USAGE, "%s: all of it is longer than a command can be",
				t->verb->name)
		      : EX_OK;
}

static int set(struct typed *t, const char *field, struct span value)
{
	char why[VERB_WHY_BYTES];
	if (typed_set(t, span_str(field), value, why) < 0)
		return fail(EX_USAGE, "%s: %s", t->verb->name, why);
	return EX_OK;
}

/* A command whose only field is a word as it stands: a line, or an option. */
static int make_of_word(
	struct command_made *m, const struct verb *v, const char *word, uint64_t expires_ms)
{
	struct typed t = {.verb = v};
	int code = set(&t, only_field(v)->name, span_str(word));
	return code == EX_OK ? add_text(m, &t, expires_ms) : code;
}

static int no_such_field(const struct verb *v, struct span name)
{
	char all[512] = "";
	size_t len = 0;
	for (size_t i = 0; i < v->field_count && len < sizeof(all); i++)
		if (v->fields[i].name[0])
			len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s",
				len ? ", " : "", v->fields[i].name);
	return fail(EX_USAGE, "%s has no field '%.*s'; it has %s", v->name, SPAN_ARG(name),
		len ? all : "none");
}

/* "FIELD=VALUE" into `t`; the value is in `room`. */
static int take_field(struct typed *t, const char *word, struct buf room[static VERB_FIELDS_MAX])
{
	struct span rest = span_str(word), name;
	if (!span_has(rest, '=') || !span_next(&rest, '=', &name))
		return fail(EX_USAGE, "'%s' stands behind a FIELD=VALUE and is none", word);
	int i = verb_field_find(t->verb, name);
	if (i < 0)
		return no_such_field(t->verb, name);
	if (t->given[i])
		return fail(EX_USAGE, "%s is given twice", t->verb->fields[i].name);
	int code = value_take(&t->verb->fields[i], rest, &room[i]);
	return code == EX_OK ? set(t, t->verb->fields[i].name, buf_span(&room[i])) : code;
}

static int make_of_fields(struct command_made *m, const struct verb *v, char **words, size_t count,
	uint64_t expires_ms)
{
	struct typed t = {.verb = v};
	struct buf room[VERB_FIELDS_MAX];
	int code = EX_OK;
	for (size_t i = 0; i < VERB_FIELDS_MAX; i++)
		room[i] = buf_with_max(TYPED_MAX);
	for (size_t i = 0; code == EX_OK && i < count; i++)
		code = take_field(&t, words[i], room);
	if (code == EX_OK)
		code = add_text(m, &t, expires_ms);
	for (size_t i = 0; i < VERB_FIELDS_MAX; i++) {
		buf_wipe(&room[i]);
		buf_free(&room[i]);
	}
	return code;
}

/* ---- all that the words make ---- */

int command_make(const struct verb *v, char **words, size_t count, uint64_t expires_ms,
	struct command_made *ret)
{
	int code = EX_OK;
	*ret = (struct command_made){0};
	if (!command_is_line(v) && !is_option(v))
		return make_of_fields(ret, v, words, count, expires_ms);
	if (count == 0)
		return fail(EX_USAGE, "%s: which %s?", v->name, only_field(v)->name);
	for (size_t i = 0; code == EX_OK && i < count; i++)
		code = make_of_word(ret, v, words[i], expires_ms);
	return code;
}

void command_made_free(struct command_made *m)
{
	for (size_t i = 0; i < m->count; i++) {
		buf_wipe(&m->texts[i]);
		buf_free(&m->texts[i]);
	}
	free(m->texts);
	*m = (struct command_made){0};
}
