/* SPDX-License-Identifier: GPL-2.0-or-later */
/* summary: how much is where, and how long it has waited. */
#include "ctl/summary.h"

enum { SPOOL, NEW, CUR, DONE, BAD, HOLD, TMP, OLDEST, CONSUMER, AT_WORK };

const struct out_column summary_columns[SUMMARY_COLUMNS] = {
	[SPOOL] = {"spool", "SPOOL", 0, false},
	[NEW] = {"new", "NEW", 0, true},
	[CUR] = {"cur", "CUR", 0, true},
	[DONE] = {"done", "DONE", 0, true},
	[BAD] = {"bad", "BAD", 0, true},
	[HOLD] = {"hold", "HOLD", 0, true},
	[TMP] = {"tmp", "TMP", 0, true},
	[OLDEST] = {"oldest_s", "OLDEST WAITS", 0, true},
	[CONSUMER] = {"consumer", "CONSUMER", 0, false},
	[AT_WORK] = {"at_work", "AT WORK", 0, false},
};

static const enum spool_state state_of[SUMMARY_COLUMNS] = {
	[NEW] = SPOOL_NEW,
	[CUR] = SPOOL_CUR,
	[DONE] = SPOOL_DONE,
	[BAD] = SPOOL_BAD,
	[HOLD] = SPOOL_HOLD,
	[TMP] = SPOOL_TMP,
};

int summary_make(const struct place *p, uint64_t now_us, struct summary *ret)
{
	struct summary s = {.place = p};
	for (unsigned state = 0; state < SPOOL_STATES; state++) {
		uint64_t oldest_us;
		s.may[state] = place_may(p, (enum spool_state)state);
		if (!s.may[state])
			continue;
		int rc = place_count(
			p, (enum spool_state)state, now_us, &s.files[state], &oldest_us);
		if (rc < 0)
			return rc;
		if ((state == SPOOL_NEW || state == SPOOL_CUR) && oldest_us > s.oldest_us)
			s.oldest_us = oldest_us;
	}
	int at_work = spool_has_consumer(&p->spool);
	s.consumer = at_work < 0 ? -1 : at_work;
	*ret = s;
	return 0;
}

void summary_cells(const struct summary *s, char age[static TEXT_AGE_BYTES],
	struct out_cell cells[static SUMMARY_COLUMNS])
{
	memset(cells, 0, SUMMARY_COLUMNS * sizeof(*cells));
	for (unsigned i = NEW; i <= TMP; i++)
		if (s->may[state_of[i]])
			cells[i] = out_number(s->files[state_of[i]]);
	cells[SPOOL] = out_text(span_str(s->place->kind));
	if (s->files[SPOOL_NEW] > 0 || s->files[SPOOL_CUR] > 0) {
		text_age(s->oldest_us, age);
		cells[OLDEST] = out_number(s->oldest_us / 1000000);
		cells[OLDEST].shown = span_str(age);
	}
	cells[CONSUMER] = out_text(span_str(s->place->consumer));
	if (s->consumer >= 0)
		cells[AT_WORK] = out_truth(s->consumer);
}

int summary_write(FILE *to, enum out_format format, const struct summary *s, size_t count)
{
	struct out o;
	struct out_cell cells[SUMMARY_COLUMNS];
	char age[TEXT_AGE_BYTES];
	int rc = 0;

	out_begin(&o, to, format, summary_columns, SUMMARY_COLUMNS);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		summary_cells(&s[i], age, cells);
		rc = out_row(&o, cells);
	}
	int end_rc = out_end(&o);
	return rc < 0 ? rc : end_rc;
}
