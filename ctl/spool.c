/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spool: what waits, what was done, what was refused. Here: the table of verbs, and "ls". */
#include "ctl/spool.h"

#include <errno.h>

#include "ctl/fail.h"
#include "ctl/summary.h"
#include "ctl/text.h"

bool spool_take_kind(struct ask *a, enum place_kind *ret)
{
	if (a->word_count == 0 || !place_named(a->words[0], ret))
		return false;
	a->words++;
	a->word_count--;
	return true;
}

/* ---- ls without a spool: all of them, a row each ---- */

static int summarize(struct ask *a)
{
	struct places ps;
	struct summary all[PLACES];
	size_t count = 0;
	int code = places_open(a, NULL, &ps);
	if (code != EX_OK)
		return code;
	for (unsigned i = 0; code == EX_OK && i < PLACES; i++) {
		if (!ps.at[i].open)
			continue;
		int rc = summary_make(&ps.at[i], clock_wall_us(), &all[count++]);
		if (rc < 0)
			code = fail_at(rc, "look into", ps.at[i].kind);
	}
	if (code == EX_OK) {
		int rc = summary_write(stdout, a->format, all, count);
		if (rc < 0)
			code = fail_at(rc, "write", "to standard output");
	}
	(void)places_refused(&ps, PLACE_ALL_STATES);
	places_close(&ps);
	return code;
}

/* ---- ls of one spool: a row for each file ---- */

enum { SPOOL, STATE, FILE_NAME, BYTES, AGE, OWNER, ENTRIES, BAD, FAULT, COLUMNS };

static const struct out_column columns[COLUMNS] = {
	[SPOOL] = {"spool", "SPOOL", 0, false},
	[STATE] = {"state", "STATE", 0, false},
	[FILE_NAME] = {"file", "FILE", 33, false},
	[BYTES] = {"bytes", "SIZE", 0, true},
	[AGE] = {"age_s", "AGE", 0, true},
	[OWNER] = {"owner", "OWNER", 0, false},
	[ENTRIES] = {"entries", "ENTRIES", 0, true},
	[BAD] = {"bad_entries", "BAD", 0, true},
	[FAULT] = {"fault", "FAULT", 0, false},
};

static void count_entries(struct span file, const char *kind, uint64_t *ret_good, uint64_t *ret_bad)
{
	struct spool_entry e;
	struct span part;
	const char *why;
	size_t offset = 0;
	unsigned number = 0;
	*ret_good = *ret_bad = 0;
	for (;;) {
		switch (spool_entry_next(file, span_str(kind), &offset, &number, &e, &part, &why)) {
		case SPOOL_ENTRY:
			++*ret_good;
			break;
		case SPOOL_ENTRY_BAD:
			++*ret_bad;
			break;
		case SPOOL_REST_BAD:
			++*ret_bad;
			return;
		case SPOOL_FILE_ENDED:
			return;
		}
	}
}

static void entry_cells(const struct places *ps, const struct place *p, enum spool_state state,
	const char *name, struct out_cell *cells)
{
	struct buf bytes;
	uint64_t good, bad;
	const char *why = NULL;
	if (state == SPOOL_TMP)
		return; /* it is still being written */
	int rc = place_read(ps, p, state, name, &bytes, &why);
	if (rc < 0) {
		cells[FAULT] = out_text(span_str(rc == -EBADMSG ? why : strerror(-rc)));
		return;
	}
	count_entries(buf_span(&bytes), p->kind, &good, &bad);
	cells[ENTRIES] = out_number(good);
	cells[BAD] = out_number(bad);
	buf_free(&bytes);
}

static int put_file(struct out *o, const struct places *ps, const struct place *p,
	enum spool_state state, const char *name)
{
	struct stat st;
	char owner[64], size[TEXT_SIZE_BYTES], age[TEXT_AGE_BYTES];
	uint64_t age_us = place_age_us(name, clock_wall_us());
	int rc = place_look(p, state, name, &st);
	if (rc == -ENOENT)
		return 0; /* a daemon was faster */
	if (rc < 0)
		return rc;
	place_owner(&st, owner, sizeof(owner));
	text_size((uint64_t)st.st_size, size);
	text_age(age_us, age);

	struct out_cell cells[COLUMNS] = {
		[SPOOL] = out_text(span_str(p->kind)),
		[STATE] = out_text(span_str(spool_state_name(state))),
		[FILE_NAME] = out_text(span_str(name)),
		[BYTES] = out_number((uint64_t)st.st_size),
		[AGE] = out_number(age_us / 1000000),
		[OWNER] = out_text(span_str(owner)),
	};
	cells[BYTES].shown = span_str(size);
	cells[AGE].shown = span_str(age);
	if (!spool_name_valid(span_str(name), NULL))
		cells[AGE] = (struct out_cell){.kind = OUT_NONE};
	entry_cells(ps, p, state, name, cells);
	return out_row(o, cells);
}

static int put_state(struct out *o, const struct ask *a, const struct places *ps,
	const struct place *p, enum spool_state state)
{
	struct spool_list l;
	int rc = spool_scan(&p->spool, state, a->limit ? (size_t)a->limit : SPOOL_SCAN_ALL, &l);
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < l.count; i++)
		rc = put_file(o, ps, p, state, l.items[i].name);
	if (rc == 0 && l.count < l.total)
		fail_note("%s/%s has %llu more", p->kind, spool_state_name(state),
			(unsigned long long)(l.total - l.count));
	spool_list_free(&l);
	return rc;
}

/* In the order of a file's life. */
static int put_states(struct out *o, const struct ask *a, const struct places *ps, unsigned states)
{
	static const enum spool_state order[] = {
		SPOOL_TMP, SPOOL_NEW, SPOOL_CUR, SPOOL_BAD, SPOOL_HOLD, SPOOL_DONE};
	int rc = 0;
	for (unsigned i = 0; i < PLACES; i++)
		for (unsigned k = 0; rc == 0 && k < SPOOL_STATES; k++)
			if ((states & 1u << order[k]) && place_may(&ps->at[i], order[k]))
				rc = put_state(o, a, ps, &ps->at[i], order[k]);
	return rc;
}

static int spool_verb_ls(struct ask *a)
{
	enum place_kind kind;
	struct places ps;
	struct out o;
	bool one = spool_take_kind(a, &kind);
	if (!one && a->word_count > 0)
		return fail(EX_USAGE,
			"there is no spool '%s'; there are upload, result, order and "
			"erase",
			a->words[0]);
	if (!one && a->states == 0)
		return summarize(a);

	int code = places_open(a, one ? &kind : NULL, &ps);
	if (code != EX_OK)
		return code;
	unsigned states = a->states ? a->states : PLACE_ALL_STATES;
	out_begin(&o, stdout, a->format, columns, COLUMNS);
	int rc = put_states(&o, a, &ps, states);
	int end_rc = out_end(&o);
	/* A state that was asked for by name and may not be read is a failure; else it is said and
	 * the rest is shown. */
	int refused = places_refused(&ps, states);
	places_close(&ps);
	if (rc < 0 || end_rc < 0)
		return fail_at(rc < 0 ? rc : end_rc, "list", "the spool");
	return a->states ? refused : EX_OK;
}

/* ---- the verbs ---- */

#define OPTION_STATE(text)                                       \
	{                                                        \
		"state", ASK_STATE, "STATE[,STATE]", 0, text, 10 \
	}
#define OPTION_ALL                                                    \
	{                                                             \
		"all", ASK_ALL, NULL, 0, "All files of the spool", 10 \
	}

static const struct argp_option ls_options[] = {
	OPTION_STATE("Files of these states: tmp, new, cur, done, bad, hold"),
	{"limit", ASK_LIMIT, "N", 0, "The N oldest of each state", 10},
	ASK_OPTION_JSON,
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option show_options[] = {
	{"body", ASK_BODY, NULL, 0, "The bodies too: they hold personal data", 10},
	ASK_OPTION_JSON,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option check_options[] = {ASK_OPTION_JSON, ASK_OPTION_CONF, {0}};
static const struct argp_option hold_options[] = {
	OPTION_ALL,
	ASK_OPTION_SINCE,
	ASK_OPTION_UNTIL,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option release_options[] = {
	OPTION_STATE("hold, bad, or both; with --all and the like only hold unless said"),
	OPTION_ALL,
	ASK_OPTION_SINCE,
	ASK_OPTION_UNTIL,
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option discard_options[] = {
	OPTION_STATE("done, bad or hold; needed with --all and the like"),
	OPTION_ALL,
	ASK_OPTION_SINCE,
	ASK_OPTION_UNTIL,
	{"yes", ASK_YES, NULL, 0, "Do it; without this it is only said what would go", 10},
	ASK_OPTION_CONF,
	{0},
};

#define NAME_EXAMPLE "000643b2f1a0c000-1f2e3d4c5b6a7988"
#define MANY                                                                                      \
	"Files are named, or chosen by --all, --since and --until: the time is that of arrival, " \
	"which is in the name.\n"

static const struct ask_verb verbs[] = {
	{"ls", "[SPOOL]", "List the spools, or the files of one",
		"Without SPOOL and --state: a row for each spool. SPOOL is upload, result, order "
		"or erase.\n\n"
		"Example: punchctl spool ls\n"
		"         punchctl spool ls upload --state bad,hold",
		ls_options, 0, 1, spool_verb_ls},
	{"show", "[SPOOL] NAME[.N]…", "Show the heads of a file's entries",
		"Without SPOOL all spools are searched. NAME.N is one entry, as logs and records "
		"name it.\n\n"
		"Example: punchctl spool show " NAME_EXAMPLE ".3 --body",
		show_options, 1, UINT32_MAX, spool_verb_show},
	{"hold", "[SPOOL] NAME…", "Set waiting files aside: new to hold",
		MANY "\nExample: punchctl spool hold upload --since today", hold_options, 0,
		UINT32_MAX, spool_verb_hold},
	{"release", "[SPOOL] NAME…", "Let files be worked on: hold or bad to new",
		MANY "\nExample: punchctl spool release upload --state bad --all", release_options,
		0, UINT32_MAX, spool_verb_release},
	{"replay", "[SPOOL] NAME…", "Work on files again: done to new",
		MANY "Doing it twice changes nothing in the records.\n"
		     "\nExample: punchctl spool replay upload --since '2026-01-05 08:00'",
		hold_options, 0, UINT32_MAX, spool_verb_replay},
	{"discard", "[SPOOL] NAME…", "Delete files of done, bad or hold for ever",
		MANY "\nExample: punchctl spool discard upload --state done --until -90d --yes",
		discard_options, 0, UINT32_MAX, spool_verb_discard},
	{"check", "[SPOOL]", "Verify every file of every state",
		"Faults are printed one a line; the exit code is 65 when there is one.\n\n"
		"Example: punchctl spool check upload",
		check_options, 0, 1, spool_verb_check},
	{0},
};

const struct noun noun_spool = {"spool", "What waits, what was done, what was refused", verbs,
	"punchctl spool ls upload --state bad"};
