/* SPDX-License-Identifier: GPL-2.0-or-later */
/* purge: what is older than it has to be kept. Records are parserd's: it is told. The spools are
 * looked after here: spool_move.c could do it too, a spool and a state at a time. */
#include <errno.h>

#include "ctl/erasing.h"
#include "ctl/fail.h"
#include "ctl/place.h"
#include "ctl/progress.h"
#include "ctl/punch.h"
#include "ctl/text.h"
#include "ctl/when.h"
#include "store/logbook.h"

struct counted {
	uint64_t count, bytes;
};

static int check(const struct ask *a)
{
	return a->before.month ? EX_OK : fail(EX_USAGE, "--before TIME is missing");
}

static void say_would(const struct counted *c, const char *what)
{
	char size[TEXT_SIZE_BYTES];
	text_size(c->bytes, size);
	printf("%llu %s of %s would go\n", (unsigned long long)c->count, what, size);
}

/* ---- the records ---- */

static int count_photo(void *context, const struct photo *p)
{
	struct counted *c = context;
	c->count++;
	c->bytes += p->bytes;
	return 0;
}

static int count_line(void *context, const struct logged *l)
{
	struct counted *c = context;
	c->count++;
	c->bytes += l->line.len;
	return 0;
}

static int count_photos(struct records_reader *r, const struct punch_query *q, struct counted *c)
{
	return records_photos(r, q, count_photo, c);
}

static int count_lines(struct records_reader *r, const struct punch_query *q, struct counted *c)
{
	static const enum logged_kind kinds[] = {LOG_OPERATION, LOG_ERROR, LOG_EVENT};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(kinds) / sizeof(*kinds); i++)
		rc = records_log(r, kinds[i], q, count_line, c);
	return rc;
}

typedef int count_function(
	struct records_reader *r, const struct punch_query *q, struct counted *c);

static int count(const struct ask *a, count_function *how, const char *what)
{
	const struct punch_query q = {.until = a->before};
	struct records_reader *r = NULL;
	struct counted c = {0};
	int code = punch_open(a, &r);
	int rc = code == EX_OK ? how(r, &q, &c) : 0;
	records_close(r);
	if (rc < 0)
		return fail_at(rc, "count", what);
	if (code == EX_OK)
		say_would(&c, what);
	return code;
}

static int purge_records(
	const struct ask *a, const char *what, const char *words, count_function *how)
{
	char lines[128], before[WHEN_LOCAL_BYTES];
	bool is_done;
	int code = check(a);
	if (code != EX_OK)
		return code;
	if (a->dry_run)
		return count(a, how, words);
	when_format(&a->before, before);
	snprintf(lines, sizeof(lines), "erase: %s\nbefore: %s\n", what, before);
	code = erasing_give(a, lines, &is_done);
	if (is_done)
		out_say("all %s from before %s have gone", words, before);
	return code;
}

static int purge_photos(struct ask *a)
{
	return purge_records(a, "photos", "photos", count_photos);
}

static int purge_oplog(struct ask *a)
{
	return purge_records(a, "oplog", "operations, errors and events", count_lines);
}

/* ---- the spools ---- */

struct sweeping {
	const struct ask *ask;
	uint64_t before_us;
	struct counted gone;
	struct progress progress;
	int code;
};

static void sweep_file(
	struct sweeping *s, const struct place *p, enum spool_state state, const char *name)
{
	struct stat st;
	uint64_t at_us;
	if (!spool_name_valid(span_str(name), &at_us) || at_us >= s->before_us)
		return;
	int rc = place_look(p, state, name, &st);
	if (rc == 0 && !s->ask->dry_run)
		rc = spool_discard_unsynced(&p->spool, name, state);
	if (rc == -ENOENT)
		return; /* somebody was faster */
	if (rc < 0) {
		s->code = fail(fail_code(rc), "cannot delete %s/%s/%s: %s", p->kind,
			spool_state_name(state), name, strerror(-rc));
		return;
	}
	s->gone.count++;
	s->gone.bytes += (uint64_t)st.st_size;
}

static void sweep_state(struct sweeping *s, const struct place *p, enum spool_state state)
{
	struct spool_list l;
	int rc = spool_scan(&p->spool, state, SPOOL_SCAN_ALL, &l);
	if (rc < 0) {
		s->code = fail_at(rc, "list", p->kind);
		return;
	}
	for (size_t i = 0; i < l.count; i++) {
		progress_show(&s->progress, i, l.count);
		sweep_file(s, p, state, l.items[i].name);
	}
	spool_list_free(&l);
	/* Once, for a sync of each would take hours for what a year leaves. */
	rc = s->ask->dry_run ? 0 : spool_sync_discarded(&p->spool, state);
	if (rc < 0)
		s->code = fail_at(rc, "sync", p->kind);
}

/* What was erased, and at whose order, is told by the spool erase: that stays. */
static void sweep_all(struct sweeping *s, const struct places *ps)
{
	for (unsigned i = 0; i < PLACES; i++) {
		const struct place *p = &ps->at[i];
		if (!p->open || i == PLACE_ERASE)
			continue;
		if (!place_may(p, SPOOL_DONE) || !place_may(p, SPOOL_BAD)) {
			s->code = place_refused(ps, p, SPOOL_DONE);
			continue;
		}
		sweep_state(s, p, SPOOL_DONE);
		sweep_state(s, p, SPOOL_BAD);
	}
}

static int purge_spool(struct ask *a)
{
	char size[TEXT_SIZE_BYTES];
	struct places ps;
	struct sweeping s = {.ask = a, .progress = progress_begin()};
	int code = check(a);
	if (code == EX_OK)
		code = places_open(a, NULL, &ps);
	if (code != EX_OK)
		return code;
	s.before_us = when_wall_us(&a->before);
	sweep_all(&s, &ps);
	progress_end(&s.progress);
	places_close(&ps);
	text_size(s.gone.bytes, size);
	if (a->dry_run)
		say_would(&s.gone, "files");
	else
		printf("%llu files of %s deleted\n", (unsigned long long)s.gone.count, size);
	return s.code;
}

/* ---- the verbs ---- */

#define BEFORE(what)                                                              \
	{"before", ASK_BEFORE, "TIME", 0, what, 10},                              \
	{                                                                         \
		"dry-run", ASK_DRY_RUN, NULL, 0, "Only say how much would go", 10 \
	}

static const struct argp_option record_options[] = {
	BEFORE("What is from before TIME by the terminal's clock"),
	{"no-wait", ASK_NO_WAIT, NULL, 0, "Return when the order is durable", 20},
	{"timeout", ASK_TIMEOUT, "TIME", 0, "Wait so long for parserd (30s)", 20},
	ASK_OPTION_CONF,
	{0},
};
static const struct argp_option spool_options[] = {
	BEFORE("What arrived before TIME"), ASK_OPTION_CONF, {0}};

static const struct ask_verb verbs[] = {
	{"photos", NULL, "Delete old photos of punches, with their files",
		ASK_TIMES "Example: punchctl purge photos --before -90d --dry-run", record_options,
		0, 0, purge_photos},
	{"oplog", NULL, "Delete old operations, errors and events",
		ASK_TIMES "Example: punchctl purge oplog --before -365d", record_options, 0, 0,
		purge_oplog},
	{"spool", NULL, "Delete old files of done and bad, of all spools but erase",
		ASK_TIMES "What was deleted cannot be replayed any more. The spool erase stays: it "
			  "tells what was erased, and at whose order.\n\n"
			  "Example: punchctl purge spool --before -365d",
		spool_options, 0, 0, purge_spool},
	{0},
};

const struct noun noun_purge = {"purge", "What is older than it has to be kept", verbs,
	"punchctl purge photos --before -90d --dry-run"};
