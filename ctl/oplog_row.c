/* SPDX-License-Identifier: GPL-2.0-or-later */
/* oplog_row: what an operation's numbers mean stands in words beside them. */
#include "ctl/oplog_row.h"

enum {
	SEQ,
	TIME,
	KIND,
	SERIAL,
	CODE,
	WHAT,
	ADMIN,
	OPERAND,
	LINE = OPERAND + 4,
	FLAGS,
	RECEIVED,
	ENTRY,
};

const struct out_column oplog_columns[OPLOG_COLUMNS] = {
	[SEQ] = {"seq", "SEQ", 6, true},
	[TIME] = {"time", "TIME", 19, false},
	[KIND] = {"kind", NULL, 0, false},
	[SERIAL] = {"serial", "SERIAL", 13, false},
	[CODE] = {"code", "CODE", 0, true},
	[WHAT] = {"what", "WHAT", 20, false},
	[ADMIN] = {"admin", "ADMIN", 0, false},
	[OPERAND] = {"o1", "O1", 0, false},
	[OPERAND + 1] = {"o2", "O2", 0, false},
	[OPERAND + 2] = {"o3", "O3", 0, false},
	[OPERAND + 3] = {"o4", "O4", 0, false},
	[LINE] = {"line", "LINE", 0, false},
	[FLAGS] = {"flags", "FLAGS", 0, false},
	[RECEIVED] = {"received", "RECEIVED", 20, false},
	[ENTRY] = {"entry", NULL, 0, false},
};

static const struct {
	enum logged_kind kind;
	const char *name;
} kinds[] = {{LOG_OPERATION, "operation"}, {LOG_ERROR, "error"}, {LOG_EVENT, "event"}};

bool oplog_kind_of(struct span word, enum logged_kind *ret)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (span_is(word, kinds[i].name)) {
			*ret = kinds[i].kind;
			return true;
		}
	return false;
}

static const char *name_of(enum logged_kind kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return "";
}

void oplog_columns_of(enum logged_kind kind, struct out_column ret[static OPLOG_COLUMNS])
{
	memcpy(ret, oplog_columns, sizeof(oplog_columns));
	if (kind == LOG_OPERATION)
		ret[LINE].heading = NULL;
	for (unsigned i = CODE; kind != LOG_OPERATION && i < LINE; i++)
		ret[i].heading = NULL;
}

static void operation_cells(const struct logged *l, struct oplog_texts *t, struct out_cell *cells)
{
	struct operation o;
	if (!operation_read(l->line, &o))
		return;
	cells[CODE] = out_text_if_any(o.code);
	cells[WHAT] = out_text(span_str(operation_words(&o, t->words)));
	cells[ADMIN] = out_text_if_any(o.admin);
	for (size_t i = 0; i < 4; i++)
		cells[OPERAND + i] = out_text_if_any(o.operands[i]);
}

void oplog_cells(
	const struct logged *l, struct oplog_texts *t, struct out_cell cells[static OPLOG_COLUMNS])
{
	memset(cells, 0, OPLOG_COLUMNS * sizeof(*cells));
	when_format(&l->time, t->time);
	spool_entry_id(l->entry.name, l->entry.number, t->entry);
	if (l->kind == LOG_OPERATION)
		operation_cells(l, t, cells);
	cells[SEQ] = out_number(l->seq);
	cells[TIME] = out_text(span_str(t->time));
	cells[KIND] = out_text(span_str(name_of(l->kind)));
	cells[SERIAL] = out_text(l->serial);
	cells[LINE] = out_text(l->line);
	if (l->flags & PUNCH_TIME_ABSURD)
		cells[FLAGS] =
			(struct out_cell){.kind = OUT_WORDS, .text = span_str("time_absurd")};
	cells[RECEIVED] = cell_moment(l->received_us, &t->received);
	cells[ENTRY] = out_text(span_str(t->entry));
}
