/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_ls: commands, the newest first, and results that nobody asked for. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/cell.h"
#include "ctl/cmd.h"
#include "ctl/fail.h"

/* Rows are made while the store is read, and written when it is not read any more: the store must
 * not wait for whoever reads our output. */
struct pages {
	struct out out;
	FILE *memory;
	char *bytes;
	size_t byte_count;
};

static int pages_begin(
	struct pages *p, const struct ask *a, const struct out_column *columns, size_t column_count)
{
	*p = (struct pages){.memory = NULL};
	p->memory = open_memstream(&p->bytes, &p->byte_count);
	if (!p->memory)
		return -ENOMEM;
	out_begin(&p->out, p->memory, a->format, columns, column_count);
	p->out.ascii = isatty(STDOUT_FILENO);
	return 0;
}

static int pages_end(struct pages *p)
{
	int rc = out_end(&p->out);
	if (fclose(p->memory) != 0 && rc == 0)
		rc = -ENOMEM;
	if (rc == 0 && fwrite(p->bytes, 1, p->byte_count, stdout) != p->byte_count)
		rc = out_flushed(stdout);
	free(p->bytes);
	return rc;
}

/* ---- commands ---- */

enum {
	ID,
	SERIAL,
	STATE,
	QUEUED,
	OFFERED,
	ENDED,
	EXPIRES,
	OFFERS,
	RETURN,
	COMMAND,
	OUTCOME,
	OWNER,
	ORDER,
	RESULT,
	CONTENT,
	COLUMNS
};

static const struct out_column columns[COLUMNS] = {
	[ID] = {"id", "ID", 4, true},
	[SERIAL] = {"serial", "SERIAL", 13, false},
	[STATE] = {"state", "STATE", 7, false},
	[QUEUED] = {"queued", "QUEUED", 20, false},
	[OFFERED] = {"offered", NULL, 0, false},
	[ENDED] = {"ended", "ENDED", 20, false},
	[EXPIRES] = {"expires", NULL, 0, false},
	[OFFERS] = {"offers", NULL, 0, true},
	[RETURN] = {"return", "RETURN", 0, true},
	[COMMAND] = {"command", "COMMAND", 0, false},
	[OUTCOME] = {"outcome", "OUTCOME", 0, false},
	[OWNER] = {"owner_uid", NULL, 0, false},
	[ORDER] = {"order", NULL, 0, false},
	[RESULT] = {"result", NULL, 0, false},
	[CONTENT] = {"content_bytes", NULL, 0, true},
};

static int put_command(void *context, const struct command *c)
{
	struct pages *p = context;
	struct cell_moment queued, offered, ended, expires;
	char outcome[CMD_OUTCOME_BYTES];
	struct buf line = buf_with_max(CMD_TEXT_MAX);
	int rc = cmd_put_line(&line, c);
	cmd_outcome(c, outcome);
	struct out_cell cells[COLUMNS] = {
		[ID] = out_number(c->id),
		[SERIAL] = out_text(span_str(c->serial)),
		[STATE] = out_text(span_str(command_state_name(c->state))),
		[QUEUED] = cell_moment(c->queued_us, &queued),
		[OFFERED] = cell_moment(c->offered_us, &offered),
		[ENDED] = cell_moment(c->ended_us, &ended),
		[EXPIRES] = cell_moment(c->expires_us, &expires),
		[OFFERS] = out_number(c->offers),
		[COMMAND] = out_text(buf_span(&line)),
		[OUTCOME] = cell_text(outcome),
		[OWNER] = out_number(c->owner_uid),
		[ORDER] = cell_text(c->order),
		[RESULT] = cell_text(c->result),
	};
	if (c->has_return)
		cells[RETURN] = out_signed(c->return_code);
	if (c->content_bytes)
		cells[CONTENT] = out_number(c->content_bytes);
	rc = rc < 0 ? rc : out_row(&p->out, cells);
	buf_free(&line);
	return rc;
}

/* ---- strays ---- */

enum { S_SERIAL, S_RECEIVED, S_ID, S_NAME, S_RETURN, S_WHY, S_ENTRY, S_COLUMNS };

static const struct out_column stray_columns[S_COLUMNS] = {
	[S_SERIAL] = {"serial", "SERIAL", 13, false},
	[S_RECEIVED] = {"received", "RECEIVED", 20, false},
	[S_ID] = {"id", "ID", 0, false},
	[S_NAME] = {"name", "NAME", 0, false},
	[S_RETURN] = {"return", "RETURN", 0, true},
	[S_WHY] = {"why", "WHY", 0, false},
	[S_ENTRY] = {"entry", NULL, 0, false},
};

struct strays {
	struct pages pages;
	const struct ask *ask;
};

static int put_stray(void *context, const struct stray *s)
{
	struct strays *l = context;
	struct cell_moment received;
	if (l->ask->serial.len > 0 && !span_is(l->ask->serial, s->serial))
		return 0;
	struct out_cell cells[S_COLUMNS] = {
		[S_SERIAL] = out_text(span_str(s->serial)),
		[S_RECEIVED] = cell_moment(s->received_us, &received),
		[S_ID] = out_text(span_str(s->id)),
		[S_NAME] = out_text(span_str(s->name)),
		[S_WHY] = cell_text(s->why),
		[S_ENTRY] = out_text(span_str(s->entry)),
	};
	if (s->has_return)
		cells[S_RETURN] = out_signed(s->return_code);
	return out_row(&l->pages.out, cells);
}

static int list_strays(const struct ask *a, struct control_reader *r)
{
	struct strays l = {.ask = a};
	int rc = pages_begin(&l.pages, a, stray_columns, S_COLUMNS);
	if (rc < 0)
		return rc;
	rc = control_strays(r, put_stray, &l);
	int end_rc = pages_end(&l.pages);
	return rc < 0 ? rc : end_rc;
}

/* ---- both ---- */

static int list_commands(const struct ask *a, struct control_reader *r)
{
	struct pages p;
	struct command_query q = {
		.serial = a->serial, .states = a->command_states, .limit = a->limit};
	int rc = pages_begin(&p, a, columns, COLUMNS);
	if (rc < 0)
		return rc;
	rc = control_commands(r, &q, put_command, &p);
	int end_rc = pages_end(&p);
	return rc < 0 ? rc : end_rc;
}

int cmd_verb_ls(struct ask *a)
{
	struct control_reader *r = NULL;
	if (a->stray && (a->command_states || a->limit))
		return fail(EX_USAGE, "--stray takes --serial alone");
	int code = cmd_open(a, &r);
	if (code != EX_OK)
		return code;
	int rc = a->stray ? list_strays(a, r) : list_commands(a, r);
	control_close(r);
	return rc < 0 ? fail_at(rc, "list", "the commands") : EX_OK;
}
