/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stored: see the header. */
#include "parserd/stored.h"

#include <stdio.h>

#include "lib/log.h"

void stored_begin(struct stored *s)
{
	s->files = s->entries = 0;
	s->sum = (struct tally){.punches = 0};
	s->notice_count = 0;
}

void stored_add(struct stored *s, const struct upload *u, const struct tally *t)
{
	s->entries++;
	tally_add(&s->sum, t);
	if (t->refused == 0 || s->notice_count == STORED_NOTICES_MAX)
		return;
	struct stored_notice *n = &s->notices[s->notice_count++];
	spool_entry_id(u->entry.name, u->entry.number, n->id);
	snprintf(n->serial, sizeof(n->serial), "%.*s", SPAN_ARG(u->serial));
	snprintf(n->table, sizeof(n->table), "%s", u->says.table);
	n->tally = *t;
}

static void log_notice_of(const struct stored_notice *n)
{
	log_notice("lines refused", LOG_TEXT("entry", n->id), LOG_TEXT("serial", n->serial),
		LOG_TEXT("table", n->table), LOG_NUM("records", tally_records(&n->tally)),
		LOG_NUM("duplicates", n->tally.duplicates), LOG_NUM("bad", n->tally.refused));
}

void stored_log(const struct stored *s)
{
	for (size_t i = 0; i < s->notice_count; i++)
		log_notice_of(&s->notices[i]);
	if (s->files > 0) /* or each one was refused, and said so */
		tally_log(&s->sum, s->files, s->entries);
}
