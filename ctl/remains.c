/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remains: counted, never looked into: who a body is about nobody knows. */
#include "ctl/remains.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "command/typed.h"
#include "ctl/fail.h"
#include "ctl/place.h"
#include "store/command.h"

const struct out_column remains_columns[REMAINS_COLUMNS] = {
	[REMAINS_UPLOADS] = {.key = "upload_files"},
	[REMAINS_ORDERS] = {.key = "order_files"},
	[REMAINS_COMMANDS] = {.key = "commands"},
	[REMAINS_KEPT] = {.key = "not_understood"},
	[REMAINS] = {.key = "store_pages"},
};

/* ---- counting ---- */

static void count_files(const struct place *p, struct remains *m, enum remains_what what)
{
	static const enum spool_state states[] = {SPOOL_DONE, SPOOL_BAD, SPOOL_HOLD};
	if (p->missing)
		return;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		uint64_t files = 0, oldest_us;
		if (!place_may(p, states[i]) ||
			place_count(p, states[i], 0, &files, &oldest_us) < 0)
			m->unseen[what] = true;
		m->of[what] += files;
	}
}

static void count_spool(const struct ask *a, enum place_kind kind, struct remains *m)
{
	enum remains_what what = kind == PLACE_UPLOAD ? REMAINS_UPLOADS : REMAINS_ORDERS;
	struct places ps;
	if (places_open(a, &kind, &ps) != EX_OK)
		m->unseen[what] |= !ps.at[kind].missing;
	else
		count_files(&ps.at[kind], m, what);
	places_close(&ps);
}

struct naming {
	struct span pin;
	uint64_t count;
};

/* What a raw command holds is the terminal's language: it may be this PIN. */
static int count_command(void *context, const struct command *c)
{
	struct naming *n = context;
	struct span rest = c->text, line, key;
	bool names = span_is(typed_name(c->text), "raw");
	while (!names && span_next_line(&rest, &line))
		names = span_next(&line, ':', &key) && span_is(key, "pin") &&
			span_eq(span_trim(line), n->pin);
	n->count += names;
	return 0;
}

static void count_commands(const struct ask *a, struct remains *m)
{
	const struct command_query all = {.limit = 0};
	struct naming n = {.pin = a->pin};
	struct control_reader *r = NULL;
	char *path = conf_join(a->conf.state_dir, CONF_CONTROL);
	int rc = path ? control_open(path, &r) : -ENOMEM;
	if (rc == 0)
		rc = control_commands(r, &all, count_command, &n);
	m->unseen[REMAINS_COMMANDS] = rc < 0 && rc != -ENOENT;
	m->of[REMAINS_COMMANDS] = n.count;
	control_close(r);
	free(path);
}

static void count_kept(struct records_reader *r, struct remains *m)
{
	struct records_counts c;
	bool may = records_count(r, &c) == 0;
	m->unseen[REMAINS_KEPT] = !may || !c.has_private;
	if (may)
		m->of[REMAINS_KEPT] = c.raw + c.refused + c.private_raw + c.private_refused;
}

void remains_count(const struct ask *a, struct records_reader *r, struct remains *ret)
{
	*ret = (struct remains){.of = {0}};
	count_spool(a, PLACE_UPLOAD, ret);
	count_spool(a, PLACE_ORDER, ret);
	count_spool(a, PLACE_RESULT, ret);
	count_commands(a, ret);
	count_kept(r, ret);
}

/* ---- saying ---- */

static void say_one(const struct remains *m, enum remains_what what, const char *words)
{
	if (m->unseen[what])
		out_say("  %s%s",
			m->of[what] ? "more than is seen of: " : "what there is, unseen, of: ",
			words);
	else if (m->of[what] > 0)
		out_say("  %" PRIu64 " %s", m->of[what], words);
}

void remains_say(const struct ask *a, const struct remains *m)
{
	char commands[512];
	snprintf(commands, sizeof(commands),
		"commands with this PIN, or raw ones that may have it (punchctl cmd ls): no verb "
		"takes them out; they stay as long as %s/" CONF_CONTROL " does",
		a->conf.state_dir);
	say_one(m, REMAINS_UPLOADS, "files of the spool upload, until 'punchctl purge spool'");
	say_one(m, REMAINS_ORDERS,
		"files of the spools order and result, until 'punchctl purge spool'");
	say_one(m, REMAINS_COMMANDS, commands);
	say_one(m, REMAINS_KEPT,
		"bodies and lines that nobody understood (punchctl raw ls): of any person");
	out_say("  pages of the store, until they are used again");
}

void remains_cells(const struct remains *m, struct out_cell ret_cells[static REMAINS_COLUMNS])
{
	for (unsigned i = 0; i < REMAINS; i++)
		ret_cells[i] = m->unseen[i] ? (struct out_cell){.kind = OUT_UNKNOWN}
					    : out_number(m->of[i]);
	ret_cells[REMAINS] = out_truth(true);
}
