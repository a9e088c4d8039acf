/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command: orders commands of terminals, all of them checked before the first is written. */
#include "ctl/command.h"

#include <errno.h>

#include "ctl/fail.h"
#include "ctl/targets.h"

const struct argp_option command_options[] = {
	{"all", ASK_ALL, NULL, 0, "To all approved devices, in place of names", 10},
	{"expires", ASK_EXPIRES, "TIME", 0, "Not after so long, such as 30s or 2h", 10},
	{"wait", ASK_WAIT, NULL, 0, "Wait until the terminal has answered", 20},
	{"no-wait", ASK_NO_WAIT, NULL, 0, "Return when the order is durable", 20},
	{"timeout", ASK_TIMEOUT, "TIME", 0,
		"Wait so long, and exit with 75 then (5s; with --wait for ever)", 20},
	ASK_OPTION_JSON,
	ASK_OPTION_CONF,
	{0},
};

/* What needs an allowance that the configuration does not give is not even written. */
static int check_allowed(const struct ask *a, const struct verb *v, unsigned allowances)
{
	unsigned missing = allowances & ~verb_granted(&a->conf);
	if (!missing)
		return EX_OK;
	return fail(EX_DATAERR, "%s is not allowed here; who may change %s can set: %s = true",
		v->name, conf_path(a->conf_option), verb_allowance_key(missing & -missing));
}

static int add_made(struct orders *o, const char *serial, const struct command_made *m)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < m->count; i++)
		rc = orders_add(o, "command", span_str(serial), buf_span(&m->texts[i]));
	return rc;
}

int command_give_made(
	struct ask *a, const struct targets *t, const struct command_made *made, size_t count)
{
	struct orders o = {.ask = a};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t->count; i++)
		for (size_t j = 0; rc == 0 && j < count; j++)
			rc = add_made(&o, t->serials[i], &made[j]);
	int code = rc < 0 ? fail(EX_OSERR, "out of memory") : command_follow(&o);
	orders_free(&o);
	return code;
}

int command_give_to(
	struct ask *a, const struct verb *v, const struct targets *t, char **words, size_t count)
{
	struct command_made made;
	int code = command_make(v, words, count, a->has_expires ? a->expires_ms : 0, &made);
	if (code == EX_OK)
		code = check_allowed(a, v, made.allowances);
	if (code == EX_OK)
		code = command_give_made(a, t, &made, 1);
	command_made_free(&made);
	return code;
}

int command_give(struct ask *a, const struct verb *v, char **words, size_t count)
{
	struct targets t;
	size_t names = command_names(v, words, count);
	int code = targets_find(a, words, names, TARGETS_KNOWN, &t);
	if (code == EX_OK)
		code = command_give_to(a, v, &t, words + names, count - names);
	targets_free(&t);
	return code;
}

static int run(struct ask *a)
{
	return command_give(a, a->command, a->words, a->word_count);
}

static const char *words_of(const struct verb *v)
{
	if (v->field_count == 0)
		return "TARGET…";
	if (!command_is_line(v))
		return "TARGET… FIELD=VALUE…";
	return "TARGET… LINE";
}

struct ask_verb command_verb(const struct verb *v, char more[static COMMAND_MORE_BYTES])
{
	struct buf b = buf_with_max(COMMAND_MORE_BYTES - 1);
	more[0] = '\0';
	if (command_put_fields(&b, v) == 0)
		snprintf(more, COMMAND_MORE_BYTES, "%.*s", SPAN_ARG(buf_span(&b)));
	buf_free(&b);
	return (struct ask_verb){.name = v->name,
		.words = words_of(v),
		.brief = v->brief,
		.more = more,
		.options = command_options,
		.words_max = UINT32_MAX,
		.run = run};
}
