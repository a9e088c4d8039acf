/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spool_check: is every file of every state what it should be? Files that a daemon moves meanwhile
 * are no faults: whatever looks like one is looked at again. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "ctl/fail.h"
#include "ctl/spool.h"
#include "lib/clock.h"
#include "lib/io.h"

#define REFUSING_MS 200

struct checking {
	const struct ask *ask;
	const struct places *places;
	const struct place *place;
	uint64_t files, entries, faults;
	int rc;
};

static const struct out_column columns[] = {
	{.key = "spool"},
	{.key = "state"},
	{.key = "file"},
	{.key = "number"},
	{.key = "fault"},
};

/* One fault of a file, or of its entry `number` when that is not 0. */
static void fault(struct checking *c, enum spool_state state, const char *name, unsigned number,
	const char *why)
{
	c->faults++;
	if (c->ask->format != OUT_JSON) {
		if (number > 0)
			out_say("%s/%s/%s: entry %u: %s", c->place->kind, spool_state_name(state),
				name, number, why);
		else
			out_say("%s/%s/%s: %s", c->place->kind, spool_state_name(state), name, why);
		return;
	}
	struct out_cell cells[] = {
		out_text(span_str(c->place->kind)),
		out_text(span_str(spool_state_name(state))),
		out_text(span_str(name)),
		{.kind = number > 0 ? OUT_NUMBER : OUT_NONE, .number = number},
		out_text(span_str(why)),
	};
	c->rc = out_one(stdout, OUT_JSON, columns, sizeof(columns) / sizeof(*columns), cells);
}

static bool exists(
	const struct place *p, enum spool_state state, const char *name, ino_t *ret_inode)
{
	struct stat st;
	if (place_look(p, state, name, &st) < 0)
		return false;
	*ret_inode = st.st_ino;
	return true;
}

/* ---- G1: a name is in one state at most ---- */

/* Seen in `state`; is it in a later one too? A file that is moved while we look has the same inode
 * in both places; a name in two places has two, or two links to one. */
static void check_once(
	struct checking *c, enum spool_state state, const char *name, const struct stat *st)
{
	for (unsigned other = state + 1; other < SPOOL_STATES; other++) {
		ino_t there, here;
		if (!exists(c->place, (enum spool_state)other, name, &there) ||
			!exists(c->place, state, name, &here))
			continue;
		if (there == here && st->st_nlink == 1)
			continue;
		char why[64];
		snprintf(why, sizeof(why), "a file of that name is in %s too",
			spool_state_name((enum spool_state)other));
		fault(c, state, name, 0, why);
	}
}

/* ---- what is in a file ---- */

/* Was entry `number` of a file set aside, as it should when it is refused? */
static bool is_set_aside(const struct place *p, const char *name, unsigned number)
{
	char id[SPOOL_ENTRY_ID_BYTES];
	ino_t inode;
	spool_entry_id(name, number, id);
	for (unsigned state = 0; state < SPOOL_STATES; state++)
		if (exists(p, (enum spool_state)state, id, &inode))
			return true;
	return false;
}

static void check_refused_entry(struct checking *c, enum spool_state state, const char *name,
	unsigned number, const char *why)
{
	char text[256];
	if (state != SPOOL_DONE) {
		fault(c, state, name, number, why);
	} else if (!is_set_aside(c->place, name, number)) {
		snprintf(text, sizeof(text), "not done, and not set aside in bad: %s", why);
		fault(c, state, name, number, text);
	}
}

static void check_entries(
	struct checking *c, enum spool_state state, const char *name, struct span file)
{
	struct spool_entry e;
	struct span part;
	const char *why;
	size_t offset = 0;
	unsigned number = 0;
	for (;;) {
		enum spool_verdict v = spool_entry_next(
			file, span_str(c->place->kind), &offset, &number, &e, &part, &why);
		if (v == SPOOL_FILE_ENDED)
			return;
		c->entries++;
		if (v != SPOOL_ENTRY)
			check_refused_entry(c, state, name, number, why);
		if (v == SPOOL_REST_BAD)
			return;
	}
}

static void check_content(
	struct checking *c, enum spool_state state, const char *name, const struct stat *st)
{
	struct buf bytes;
	struct stat now;
	const char *why = NULL;
	if (S_ISREG(st->st_mode) && st->st_size == 0) {
		fault(c, state, name, 0, "it is empty");
		return;
	}
	int rc = place_read(c->places, c->place, state, name, &bytes, &why);
	if (rc == 0) {
		check_entries(c, state, name, buf_span(&bytes));
		buf_free(&bytes);
	} else if (rc != -ENOENT || place_look(c->place, state, name, &now) == 0) {
		fault(c, state, name, 0, rc == -EBADMSG ? why : strerror(-rc));
	}
}

/* A refused file may hold anything, but it must be said why it was refused. */
static void check_reason(struct checking *c, const char *name)
{
	ino_t inode;
	struct buf reason = buf_with_max(4096);
	if (place_reason(c->place, name, &reason) == -ENOENT &&
		exists(c->place, SPOOL_BAD, name, &inode))
		fault(c, SPOOL_BAD, name, 0, "it was refused, and no reason is beside it");
	buf_free(&reason);
}

/* ---- a file, a state, a spool ---- */

static void check_looks(
	struct checking *c, enum spool_state state, const char *name, const struct stat *st)
{
	if (!spool_name_valid(span_str(name), NULL))
		fault(c, state, name, 0, "its name is not of the form <16 hex>-<16 hex>");
	/* What was refused may have been refused for just that. */
	if (state != SPOOL_BAD && S_ISREG(st->st_mode) && st->st_nlink != 1)
		fault(c, state, name, 0,
			"it has further hard links, through which it could be changed");
	if ((state == SPOOL_NEW || state == SPOOL_HOLD) && st->st_gid != c->place->spool.group)
		fault(c, state, name, 0, "its group is not the spool's: it will be refused");
}

static void check_file(struct checking *c, enum spool_state state, const char *name)
{
	struct stat st;
	if (place_look(c->place, state, name, &st) < 0)
		return; /* a daemon was faster */
	c->files++;
	/* What is in tmp/ was promised to nobody and may be half written. */
	if (state == SPOOL_TMP)
		return;
	check_looks(c, state, name, &st);
	check_once(c, state, name, &st);
	if (state == SPOOL_BAD)
		check_reason(c, name);
	else
		check_content(c, state, name, &st);
}

static bool is_lonely(const struct place *p, const char *file, const char *name)
{
	ino_t inode;
	return !exists(p, SPOOL_BAD, name, &inode) && exists(p, SPOOL_BAD, file, &inode);
}

/* A reason without its file would mislead. A daemon writes it first and moves the file then, so it
 * is given a moment. */
static void check_lonely_reason(struct checking *c, const char *file)
{
	char name[256];
	size_t len = strlen(file);
	if (len <= 4 || strcmp(file + len - 4, ".why") != 0)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(len - 4), file);
	if (!spool_name_valid(span_str(name), NULL) || !is_lonely(c->place, file, name))
		return;
	clock_sleep_ms(REFUSING_MS);
	if (is_lonely(c->place, file, name))
		fault(c, SPOOL_BAD, file, 0, "a reason whose refused file is not there");
}

static int check_lonely_reasons(struct checking *c)
{
	int fd = io_open_dir(c->place->spool.dirs[SPOOL_BAD], ".");
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;
	if (fd < 0)
		return fd;
	if (!dir) {
		io_close(fd);
		return -ENOMEM;
	}
	while ((d = readdir(dir)) != NULL)
		check_lonely_reason(c, d->d_name);
	closedir(dir);
	return 0;
}

static int check_state(struct checking *c, enum spool_state state)
{
	struct spool_list l;
	int rc = spool_scan(&c->place->spool, state, SPOOL_SCAN_ALL, &l);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < l.count && c->rc == 0; i++)
		check_file(c, state, l.items[i].name);
	spool_list_free(&l);
	return state == SPOOL_BAD && c->rc == 0 ? check_lonely_reasons(c) : c->rc;
}

/* Adds this spool's faults to `*faults`. 0 or a negative errno. */
static int check_spool(
	const struct ask *a, const struct places *ps, const struct place *p, uint64_t *faults)
{
	struct checking c = {.ask = a, .places = ps, .place = p};
	int rc = 0;
	for (unsigned state = 0; rc == 0 && state < SPOOL_STATES; state++)
		if (place_may(p, (enum spool_state)state))
			rc = check_state(&c, (enum spool_state)state);
	if (rc == 0 && a->format != OUT_JSON)
		printf("%s: %llu files, %llu entries, %llu faults\n", p->kind,
			(unsigned long long)c.files, (unsigned long long)c.entries,
			(unsigned long long)c.faults);
	*faults += c.faults;
	return rc;
}

int spool_verb_check(struct ask *a)
{
	enum place_kind kind;
	struct places ps;
	uint64_t faults = 0;
	bool one = spool_take_kind(a, &kind);
	if (!one && a->word_count > 0)
		return fail(EX_USAGE,
			"there is no spool '%s'; there are upload, result, order and "
			"erase",
			a->words[0]);
	int code = places_open(a, one ? &kind : NULL, &ps);
	if (code != EX_OK)
		return code;
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < PLACES; i++)
		if (ps.at[i].open)
			rc = check_spool(a, &ps, &ps.at[i], &faults);
	/* What could not be looked at was not found good. */
	code = places_refused(&ps, PLACE_ALL_STATES);
	places_close(&ps);
	if (rc < 0)
		return fail_at(rc, "check", "the spool");
	return faults > 0 ? EX_DATAERR : code;
}
