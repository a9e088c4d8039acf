/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template_import: files that were exported become commands, all checked before one is ordered. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/command.h"
#include "ctl/fail.h"
#include "ctl/targets.h"
#include "ctl/template.h"

#define WORDS_MAX  8
#define WORD_BYTES 4352 /* a path, and the field's name before it */

struct words {
	char text[WORDS_MAX][WORD_BYTES];
	char *list[WORDS_MAX];
	size_t count;
};

static void add(struct words *w, const char *field, struct span value)
{
	snprintf(w->text[w->count], WORD_BYTES, "%s=%.*s", field, SPAN_ARG(value));
	w->list[w->count] = w->text[w->count];
	w->count++;
}

/* The verb, and its fields as an operator would write them. */
static const struct verb *say_command(
	const struct template_name *n, const char *path, struct words *w)
{
	char file[WORD_BYTES - 16];
	bool is_bio = span_starts(n->kind, "bio");
	snprintf(file, sizeof(file), "@%s", path);
	add(w, "pin", n->pin);
	add(w, "template", span_str(file));
	add(w, is_bio ? "no" : "fid", n->number);
	if (!is_bio)
		return verb_find(span_str(span_is(n->kind, "finger") ? "finger.add" : "face.add"));
	add(w, "index", n->index);
	add(w, "type", span_from(n->kind, strlen("bio")));
	add(w, "major", n->major);
	add(w, "minor", n->minor);
	return verb_find(span_str("bio.add"));
}

static int make(const struct ask *a, const char *path, struct command_made *ret)
{
	static struct words words;
	struct template_name name;
	words.count = 0;
	if (strlen(path) > WORD_BYTES - 32)
		return fail(EX_USAGE, "the name of the file is too long");
	if (template_get_name(span_str(path), &name) < 0)
		return fail(EX_USAGE,
			"'%s' is not named PIN_KIND_NUMBER_INDEX_VERSION" TEMPLATE_ENDING
			", such as 1001_finger_6_0_10" TEMPLATE_ENDING,
			path);
	const struct verb *v = say_command(&name, path, &words);
	int code =
		command_make(v, words.list, words.count, a->has_expires ? a->expires_ms : 0, ret);
	if (code != EX_OK)
		fail_note("nothing was ordered, because of '%s'", path);
	return code;
}

static bool is_file(const char *word)
{
	size_t len = strlen(word), end = strlen(TEMPLATE_ENDING);
	return len > end && strcmp(word + len - end, TEMPLATE_ENDING) == 0;
}

static int give(struct ask *a, size_t names, size_t files)
{
	struct targets t;
	struct command_made *made = calloc(files, sizeof(*made));
	size_t count = 0;
	if (!made)
		return fail(EX_OSERR, "out of memory");
	int code = targets_find(a, a->words, names, TARGETS_KNOWN, &t);
	while (code == EX_OK && count < files) {
		code = make(a, a->words[names + count], &made[count]);
		count++;
	}
	if (code == EX_OK)
		code = command_give_made(a, &t, made, files);
	for (size_t i = 0; i < count; i++)
		command_made_free(&made[i]);
	free(made);
	targets_free(&t);
	return code;
}

int template_verb_import(struct ask *a)
{
	size_t names = 0;
	while (names < a->word_count && !is_file(a->words[names]))
		names++;
	if (names == a->word_count)
		return fail(EX_USAGE, "which FILE" TEMPLATE_ENDING "?");
	return give(a, names, a->word_count - names);
}
