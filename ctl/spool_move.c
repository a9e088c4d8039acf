/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spool_move: hold, release, replay and discard, with the daemons up or down. Each file is moved or
 * deleted in one step of spool/operate.c; what a daemon takes away meanwhile is said to be gone. */
#include <errno.h>

#include "ctl/fail.h"
#include "ctl/spool.h"
#include "ctl/text.h"
#include "ctl/when.h"

#define BIT(state) (1u << (state))

struct deed {
	const char *verb;
	const char *past; /* "held" */
	unsigned from;    /* states, as bits, from which a named file is taken */
	unsigned many;    /* the same for --all; 0: --state must say */
	enum spool_state to;
	bool deletes;
};

static const struct deed hold = {"hold", "held", BIT(SPOOL_NEW), BIT(SPOOL_NEW), SPOOL_HOLD, false};
static const struct deed release = {
	"release", "released", BIT(SPOOL_HOLD) | BIT(SPOOL_BAD), BIT(SPOOL_HOLD), SPOOL_NEW, false};
static const struct deed replay = {
	"replay", "to be replayed", BIT(SPOOL_DONE), BIT(SPOOL_DONE), SPOOL_NEW, false};
static const struct deed discard = {"discard", "deleted",
	BIT(SPOOL_DONE) | BIT(SPOOL_BAD) | BIT(SPOOL_HOLD), 0, SPOOL_STATES, true};

struct work {
	const struct deed *deed;
	const struct ask *ask;
	struct places places;
	unsigned from;
	uint64_t since_us, until_us; /* of a file's name; 0: no bound */
	uint64_t count;
	int code; /* the first failure's */
};

static void note_failure(struct work *w, int code)
{
	if (w->code == EX_OK)
		w->code = code;
}

/* ---- one file ---- */

static void would_delete(
	struct work *w, const struct place *p, enum spool_state state, const char *name)
{
	struct stat st;
	char size[TEXT_SIZE_BYTES] = "?", age[TEXT_AGE_BYTES];
	if (place_look(p, state, name, &st) == 0)
		text_size((uint64_t)st.st_size, size);
	text_age(place_age_us(name, clock_wall_us()), age);
	out_say("%s/%s/%s would be deleted: %s, %s old", p->kind, spool_state_name(state), name,
		size, age);
	w->count++;
}

static int failed(const struct work *w, const struct place *p, enum spool_state state,
	const char *name, int rc)
{
	const char *at = spool_state_name(state);
	switch (-rc) {
	case EACCES:
	case EPERM:
		if (!w->deed->deletes && !place_may(p, w->deed->to))
			return place_refused(&w->places, p, w->deed->to);
		return fail(EX_NOPERM, "may not %s %s/%s/%s: run as root or as the user of %s",
			w->deed->verb, p->kind, at, name, p->consumer);
	case ENOENT:
		return fail(EX_NOINPUT, "%s/%s/%s has gone meanwhile", p->kind, at, name);
	case EEXIST:
		return fail(EX_DATAERR, "%s/%s/%s: there is a file of that name in %s already",
			p->kind, at, name, spool_state_name(w->deed->to));
	case EINVAL:
		return fail(EX_DATAERR,
			"%s/%s/%s: its name is none of punchd's; it must be moved by hand", p->kind,
			at, name);
	default:
		return fail(fail_code(rc), "cannot %s %s/%s/%s: %s", w->deed->verb, p->kind, at,
			name, strerror(-rc));
	}
}

static void do_one(
	struct work *w, const struct place *p, enum spool_state state, const char *name, bool many)
{
	int rc;
	if (w->deed->deletes && !w->ask->yes) {
		would_delete(w, p, state, name);
		return;
	}
	if (w->deed->deletes)
		rc = spool_discard(&p->spool, name, state);
	else
		rc = spool_move(&p->spool, name, state, w->deed->to);
	if (rc < 0) {
		note_failure(w, failed(w, p, state, name, rc));
		return;
	}
	w->count++;
	if (!many && w->deed->deletes)
		out_say("%s/%s/%s deleted", p->kind, spool_state_name(state), name);
	else if (!many)
		out_say("%s/%s/%s moved to %s", p->kind, spool_state_name(state), name,
			spool_state_name(w->deed->to));
}

/* ---- files by name ---- */

static const struct place *find(
	const struct work *w, unsigned states, const char *name, enum spool_state *ret_state)
{
	struct stat st;
	for (unsigned i = 0; i < PLACES; i++)
		for (unsigned state = 0; state < SPOOL_STATES; state++)
			if ((states & BIT(state)) &&
				place_look(&w->places.at[i], (enum spool_state)state, name, &st) ==
					0) {
				*ret_state = (enum spool_state)state;
				return &w->places.at[i];
			}
	return NULL;
}

static int not_found(const struct work *w, const char *name)
{
	enum spool_state state;
	const struct place *p = find(w, PLACE_ALL_STATES, name, &state);
	if (p)
		return fail(EX_NOINPUT, "%s is in %s/%s, where there is nothing to %s", name,
			p->kind, spool_state_name(state), w->deed->verb);
	if (places_refused(&w->places, w->from) != EX_OK)
		return fail(EX_NOPERM, "%s is not where you may look", name);
	return fail(EX_NOINPUT, "there is no file %s to %s", name, w->deed->verb);
}

static void do_named(struct work *w, const char *name)
{
	enum spool_state state;
	if (!place_name_usable(name)) {
		note_failure(w, fail(EX_USAGE, "'%s' is no file's name", name));
		return;
	}
	const struct place *p = find(w, w->from, name, &state);
	if (p)
		do_one(w, p, state, name, false);
	else
		note_failure(w, not_found(w, name));
}

/* ---- files by time ---- */

static bool chosen(const struct work *w, const char *name)
{
	uint64_t at_us;
	if (!spool_name_valid(span_str(name), &at_us))
		return w->ask->all;
	return at_us >= w->since_us && (!w->until_us || at_us < w->until_us);
}

/* The list is taken once: what comes back into the state while it is worked off is not taken again.
 */
static void do_state(struct work *w, const struct place *p, enum spool_state state)
{
	struct spool_list l;
	if (!place_may(p, state)) {
		note_failure(w, place_refused(&w->places, p, state));
		return;
	}
	int rc = spool_scan(&p->spool, state, SPOOL_SCAN_ALL, &l);
	if (rc < 0) {
		note_failure(w, fail_at(rc, "list", p->kind));
		return;
	}
	for (size_t i = 0; i < l.count; i++)
		if (chosen(w, l.items[i].name))
			do_one(w, p, state, l.items[i].name, true);
	spool_list_free(&l);
}

static void do_many(struct work *w, enum place_kind kind)
{
	for (unsigned state = 0; state < SPOOL_STATES; state++)
		if (w->from & BIT(state))
			do_state(w, &w->places.at[kind], (enum spool_state)state);
	if ((w->ask->yes || !w->deed->deletes) && (w->count > 0 || w->code == EX_OK))
		printf("%llu file%s %s\n", (unsigned long long)w->count, w->count == 1 ? "" : "s",
			w->deed->past);
}

/* ---- the command ---- */

/* Which files are meant must be beyond doubt before anything is touched. An exit code, said. */
static int check_question(const struct ask *a, const struct deed *d, bool one, bool many)
{
	if (a->states & ~d->from)
		return fail(EX_USAGE, "--state: %s takes files of %s only", d->verb,
			d == &release ? "hold and bad" : "done, bad and hold");
	if (many && a->word_count > 0)
		return fail(
			EX_USAGE, "'%s': either names or --all, --since and --until", a->words[0]);
	if (many && !one)
		return fail(EX_USAGE,
			"which spool? --all, --since and --until need upload, result, "
			"order or erase before them");
	if (many && !a->states && !d->many)
		return fail(EX_USAGE, "--state is missing: of done, bad or hold?");
	if (!many && a->word_count == 0)
		return fail(EX_USAGE, "NAME is missing, or --all; try 'punchctl spool %s --help'",
			d->verb);
	return EX_OK;
}

static unsigned states_of(const struct ask *a, const struct deed *d, bool many)
{
	if (a->states)
		return a->states;
	return many ? d->many : d->from;
}

static int run(struct ask *a, const struct deed *d)
{
	enum place_kind kind = PLACE_UPLOAD;
	bool one = spool_take_kind(a, &kind);
	bool many = a->all || a->since.month || a->until.month;
	struct work w = {.deed = d, .ask = a, .from = states_of(a, d, many)};

	int code = check_question(a, d, one, many);
	if (code == EX_OK)
		code = places_open(a, one ? &kind : NULL, &w.places);
	if (code != EX_OK)
		return code;
	w.since_us = a->since.month ? when_wall_us(&a->since) : 0;
	w.until_us = a->until.month ? when_wall_us(&a->until) : 0;
	if (many)
		do_many(&w, kind);
	for (size_t i = 0; i < a->word_count; i++)
		do_named(&w, a->words[i]);
	places_close(&w.places);
	if (w.code == EX_OK && d->deletes && !a->yes && w.count > 0)
		return fail(EX_USAGE, "nothing was deleted; say --yes to delete %llu file%s",
			(unsigned long long)w.count, w.count == 1 ? "" : "s");
	return w.code;
}

int spool_verb_hold(struct ask *a)
{
	return run(a, &hold);
}

int spool_verb_release(struct ask *a)
{
	return run(a, &release);
}

int spool_verb_replay(struct ask *a)
{
	return run(a, &replay);
}

int spool_verb_discard(struct ask *a)
{
	return run(a, &discard);
}
