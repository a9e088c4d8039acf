/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd: the noun "cmd": any verb by its name, and what became of commands. */
#include "ctl/cmd.h"

#include <errno.h>
#include <stdlib.h>

#include "command/meaning.h"
#include "ctl/command.h"
#include "ctl/device.h"
#include "ctl/fail.h"
#include "lib/num.h"

int cmd_open(const struct ask *a, struct control_reader **ret)
{
	return device_open(a, ret);
}

bool cmd_nobody_works(const struct places *ps)
{
	return ps && spool_has_consumer(&ps->at[PLACE_ORDER].spool) == 0;
}

int cmd_id(const char *word, uint64_t *ret_id)
{
	if (num_u64(span_str(word), 1, COMMAND_ID_MAX, ret_id) < 0)
		return fail(EX_USAGE, "'%s' is not the number of a command; see 'punchctl cmd ls'",
			word);
	return EX_OK;
}

/* ---- what a command says ---- */

const struct verb *cmd_verb(const struct command *c)
{
	return verb_find(typed_name(c->text));
}

void cmd_outcome(const struct command *c, char ret_words[static CMD_OUTCOME_BYTES])
{
	char meaning[VERB_WHY_BYTES];
	ret_words[0] = '\0';
	if (c->has_return) {
		meaning_put(cmd_verb(c), c->return_code, meaning);
		snprintf(ret_words, CMD_OUTCOME_BYTES, "%s", meaning);
	}
	if (c->why[0])
		snprintf(ret_words, CMD_OUTCOME_BYTES, "%s", c->why);
}

int cmd_put_masked(struct buf *b, const struct command *c)
{
	/* Masked when it ended, and no command any more that could be read as one. */
	return command_is_open(c->state) ? typed_mask(b, c->text) : buf_add_span(b, c->text);
}

/* "pin: 1001" → " pin=1001" */
static int add_line(struct buf *b, struct span line)
{
	struct span key;
	if (span_starts(line, "verb: "))
		return buf_add_span(b, span_from(line, strlen("verb: ")));
	struct span rest = line;
	if (!span_next(&rest, ':', &key))
		return 0;
	int rc = buf_printf(b, " %.*s=", SPAN_ARG(key));
	return rc < 0 ? rc : buf_add_span(b, span_trim(rest));
}

int cmd_put_line(struct buf *b, const struct command *c)
{
	struct buf masked = buf_with_max(CMD_TEXT_MAX);
	int rc = cmd_put_masked(&masked, c);
	struct span rest = buf_span(&masked), line;
	while (rc == 0 && span_next_line(&rest, &line))
		rc = add_line(b, line);
	buf_free(&masked);
	return rc;
}

/* ---- ordering ---- */

static int cmd_verb_send(struct ask *a)
{
	const struct verb *v = verb_find(span_str(a->words[0]));
	if (!v)
		return fail(
			EX_USAGE, "there is no verb '%s'; see 'punchctl cmd verbs'", a->words[0]);
	return command_give(a, v, a->words + 1, a->word_count - 1);
}

static int cmd_verb_raw(struct ask *a)
{
	return command_give(a, verb_find(span_str("raw")), a->words, a->word_count);
}

/* The words as ids, each once said. NULL when one is wrong: then `*ret_code`. */
static uint64_t *ids_of(const struct ask *a, int *ret_code)
{
	uint64_t *ids = calloc(a->word_count, sizeof(*ids));
	*ret_code = ids ? EX_OK : fail(EX_OSERR, "out of memory");
	for (size_t i = 0; *ret_code == EX_OK && i < a->word_count; i++)
		*ret_code = cmd_id(a->words[i], &ids[i]);
	if (*ret_code == EX_OK)
		return ids;
	free(ids);
	return NULL;
}

static int cmd_verb_wait(struct ask *a)
{
	int code;
	uint64_t *ids = ids_of(a, &code);
	if (ids)
		code = command_wait(a, ids, a->word_count);
	free(ids);
	return code;
}

static int add_cancel(struct orders *o, uint64_t id, char line[static 32])
{
	snprintf(line, 32, "id: %llu\n", (unsigned long long)id);
	int rc = orders_add(o, "command.cancel", span_of(NULL, 0), span_str(line));
	if (rc < 0)
		return rc;
	struct orders_item *i = &o->items[o->count - 1];
	snprintf(i->subject, sizeof(i->subject), "command %llu", (unsigned long long)id);
	return 0;
}

static int cmd_verb_cancel(struct ask *a)
{
	int code;
	struct orders o = {.ask = a};
	uint64_t *ids = ids_of(a, &code);
	if (!ids)
		return code;
	char(*lines)[32] = calloc(a->word_count, sizeof(*lines));
	int rc = lines ? 0 : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < a->word_count; i++)
		rc = add_cancel(&o, ids[i], lines[i]);
	code = rc < 0 ? fail(EX_OSERR, "out of memory") : orders_give(&o, "cancelled");
	orders_free(&o);
	free(lines);
	free(ids);
	return code;
}

/* ---- the verbs ---- */

static const struct argp_option ls_options[] = {
	{"serial", ASK_SERIAL, "SN", 0, "Of this terminal only", 10},
	{"state", ASK_COMMAND_STATE, "STATE[,STATE]", 0,
		"Only queued, offered, done, failed, expired or cancelled ones", 10},
	{"limit", ASK_LIMIT, "N", 0, "The N newest", 10},
	{"stray", ASK_STRAY, NULL, 0, "Results that nobody asked for, in place of commands", 10},
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option show_options[] = {
	{"content", ASK_CONTENT, NULL, 0, "Write what the result brought, and nothing else", 10},
	ASK_OPTION_JSON,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option wait_options[] = {
	{"timeout", ASK_TIMEOUT, "TIME", 0, "Exit with 75 after so long; else wait for ever", 10},
	ASK_OPTION_JSON,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option cancel_options[] = {
	{"no-wait", ASK_NO_WAIT, NULL, 0, "Return when the order is durable", 20},
	{"wait", ASK_WAIT, NULL, 0,
		"Exit with 75 when the order is not done in time, cmdqd up or down", 20},
	{"timeout", ASK_TIMEOUT, "TIME", 0, "Wait so long for the order to be done (5s)", 20},
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option verbs_options[] = {
	ASK_OPTION_JSON, ASK_OPTION_CSV, ASK_OPTION_CONF, {0}};

static const struct ask_verb cmd_verbs[] = {
	{"ls", NULL, "List commands, the newest first",
		"Example: punchctl cmd ls --state queued,offered", ls_options, 0, 0, cmd_verb_ls},
	{"show", "ID", "Show all of a command, without what is secret in it",
		"Example: punchctl cmd show 17\n         punchctl cmd show 17 --content >file",
		show_options, 1, 1, cmd_verb_show},
	{"wait", "ID…", "Wait until commands are over",
		"Exits with 1 when one is not done in the end.\n\n"
		"Example: punchctl cmd wait 17 --timeout 1min",
		wait_options, 1, UINT32_MAX, cmd_verb_wait},
	{"cancel", "ID…", "Take commands back",
		"What was handed out already may have been carried out.\n\n"
		"Example: punchctl cmd cancel 17",
		cancel_options, 1, UINT32_MAX, cmd_verb_cancel},
	{"send", "VERB TARGET… [FIELD=VALUE…]", "Order any verb by its name",
		"TARGET is a serial, an alias or @SITE; 'punchctl cmd verbs' has the verbs.\n\n"
		"Example: punchctl cmd send user.add ABCD250100001 pin=1001 name=Anna",
		command_options, 1, UINT32_MAX, cmd_verb_send},
	{"raw", "TARGET… LINE", "Order a line in the protocol's own words",
		"The terminal gets LINE as it is. For experts; nothing in it is checked but for "
		"what has to be allowed.\n\n"
		"Example: punchctl cmd raw ABCD250100001 'CHECK'",
		command_options, 1, UINT32_MAX, cmd_verb_raw},
	{"verbs", NULL, "List all that can be ordered, with the fields",
		"Example: punchctl cmd verbs", verbs_options, 0, 0, command_verb_verbs},
	{0},
};

const struct noun noun_cmd = {"cmd", "The commands for terminals, and what became of them",
	cmd_verbs, "punchctl cmd ls --state queued,offered"};
