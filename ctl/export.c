/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export: everything into a directory, along the journal, so that the next one goes on from there.
 * Facts are taken in batches: read, then written, then the photos' files copied, and only then is
 * it noted how far they go. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/export_files.h"
#include "ctl/fail.h"
#include "ctl/item_row.h"
#include "ctl/oplog_row.h"
#include "ctl/people.h"
#include "ctl/photo_row.h"
#include "ctl/progress.h"
#include "ctl/punch.h"
#include "ctl/rows.h"
#include "ctl/save.h"
#include "ctl/stop.h"
#include "ctl/user_row.h"
#include "lib/io.h"
#include "store/follow.h"

#define BATCH_FACTS 8192

struct copying {
	struct photo photo;
	char serial[SERIAL_MAX + 1], pin[PUNCH_PIN_MAX + 1];
};

struct exporting {
	const struct ask *ask;
	struct records_reader *records;
	struct export_files files;
	struct spoken spoken;
	struct directions directions;
	struct user_texts user_texts;
	struct item_texts item_texts;
	uint64_t since_us;
	int photos, to; /* directories */
	/* the batch */
	struct pile items;
	struct copying *copies;
	size_t copy_count;
	uint64_t missing;
};

/* ---- reading: what needs to ask the records again is kept for later ---- */

static bool is_before(const struct clock_local *time, const struct clock_local *since)
{
	struct pack a = {.len = 0}, b = {.len = 0};
	punch_pack_time(&a, time);
	punch_pack_time(&b, since);
	return since->month > 0 && memcmp(a.bytes, b.bytes, PUNCH_TIME_BYTES) < 0;
}

static int take_punch(void *context, uint64_t seq, const struct punch *p)
{
	struct exporting *e = context;
	struct out_cell cells[ROWS_COLUMNS];
	struct rows_texts texts;
	const char *direction = "";
	(void)seq;
	if (is_before(&p->time, &e->ask->since))
		return 0;
	int rc = directions_find(&e->directions, p->serial, p->status, &direction);
	if (rc < 0)
		return rc;
	rows_cells(p, span_of(NULL, 0), direction, &texts, cells);
	return out_row(&e->files.sinks[EXPORT_PUNCHES].out, cells);
}

static int take_logged(void *context, uint64_t seq, const struct logged *l)
{
	struct exporting *e = context;
	struct out_cell cells[OPLOG_COLUMNS];
	struct oplog_texts texts;
	(void)seq;
	if (is_before(&l->time, &e->ask->since))
		return 0;
	oplog_cells(l, &texts, cells);
	return out_row(&e->files.sinks[EXPORT_LOG].out, cells);
}

static int take_item(void *context, uint64_t seq, const struct item *i)
{
	struct exporting *e = context;
	if (i->received_us < e->since_us || (item_private(i->kind) && !e->ask->reveal))
		return 0;
	struct item numbered = *i;
	numbered.seq = seq; /* a later version may hold by now; the row is of this place */
	return pile_add(&e->items, &numbered, PILE_ALL);
}

static int take_photo(void *context, uint64_t seq, const struct photo *p)
{
	struct exporting *e = context;
	struct copying *c = &e->copies[e->copy_count];
	(void)seq;
	if (is_before(&p->time, &e->ask->since))
		return 0;
	c->photo = *p;
	snprintf(c->serial, sizeof(c->serial), "%.*s", SPAN_ARG(p->serial));
	snprintf(c->pin, sizeof(c->pin), "%.*s", SPAN_ARG(p->pin));
	c->photo.serial = span_str(c->serial);
	c->photo.pin = span_str(c->pin);
	e->copy_count++;
	return 0;
}

/* ---- writing ---- */

static int put_user(struct exporting *e, const struct item *user)
{
	struct out_cell cells[USER_COLUMNS];
	struct pile credentials = {.items = NULL};
	bool may = records_has_private(e->records);
	enum user_secrets secrets = !may             ? USER_UNKNOWN
				    : e->ask->reveal ? USER_REVEALED
						     : USER_MASKED;
	int rc = may ? people_items(e->records, ITEM_CREDENTIAL, user->serial, user->ids[0],
			       PILE_HEAD, &credentials)
		     : 0;
	if (rc == 0)
		rc = user_cells(&e->spoken, user, credentials.count ? credentials.items : NULL,
			secrets, &e->user_texts, cells);
	if (rc == 0)
		rc = out_row(&e->files.sinks[EXPORT_USERS].out, cells);
	pile_free(&credentials);
	return rc;
}

static int put_item(struct exporting *e, const struct item *i)
{
	struct out_cell cells[ITEM_ROW_COLUMNS];
	if (i->kind == ITEM_USER)
		return put_user(e, i);
	int rc = item_cells(i, e->files.format, &e->item_texts, cells);
	return rc < 0 ? rc : out_row(&e->files.sinks[EXPORT_ITEMS].out, cells);
}

static int put_photo(struct exporting *e, const struct photo *p)
{
	struct out_cell cells[PHOTO_COLUMNS];
	struct photo_texts texts;
	int rc = save_photo(e->photos, p, e->to);
	if (rc == -ENOENT) {
		e->missing++;
		return 0; /* purged meanwhile */
	}
	if (rc < 0)
		return rc;
	photo_cells(p, span_of(NULL, 0), &texts, cells);
	return out_row(&e->files.sinks[EXPORT_PHOTOS].out, cells);
}

static int write_batch(struct exporting *e, uint64_t seq)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < e->items.count; i++)
		rc = put_item(e, &e->items.items[i]);
	for (size_t i = 0; rc == 0 && i < e->copy_count; i++)
		rc = put_photo(e, &e->copies[i].photo);
	return rc < 0 ? rc : export_files_write(&e->files, seq);
}

/* ---- all of it ---- */

static int take_batch(struct exporting *e, uint64_t *ret_seq)
{
	const struct follower f = {.context = e,
		.punch = take_punch,
		.item = take_item,
		.logged = take_logged,
		.photo = take_photo};
	pile_free(&e->items);
	e->copy_count = 0;
	return records_follow_all(e->records, e->files.seq, BATCH_FACTS, &f, ret_seq);
}

static int export_all(struct exporting *e)
{
	struct progress bar = progress_begin();
	uint64_t first = e->files.seq, last = 0, seq = 0;
	int rc = records_last_seq(e->records, &last);
	while (rc == 0 && e->files.seq < last && !stop_asked()) {
		progress_show(&bar, e->files.seq - first, last - first);
		rc = take_batch(e, &seq);
		if (rc == 0 && seq <= e->files.seq)
			break;
		if (rc == 0)
			rc = write_batch(e, seq);
	}
	if (rc == 0)
		rc = export_files_write(&e->files, e->files.seq);
	progress_end(&bar);
	return rc;
}

static int open_all(struct exporting *e, struct ask *a)
{
	int code = people_open(a, &e->records);
	if (code == EX_OK && a->reveal)
		code = people_check_private(a, e->records);
	if (code == EX_OK)
		code = save_open_photos(a, &e->photos);
	if (code == EX_OK)
		code = save_open(a->to, &e->to);
	if (code == EX_OK)
		code = export_files_open(
			&e->files, e->to, a->to, a->format == OUT_CSV ? OUT_CSV : OUT_JSON);
	if (code == EX_OK && a->has_after)
		e->files.seq = a->after;
	a->after = e->files.seq;
	return code == EX_OK ? punch_check_after(e->records, a) : code;
}

static void close_all(struct exporting *e)
{
	export_files_close(&e->files);
	pile_free(&e->items);
	free(e->copies);
	directions_close(&e->directions);
	spoken_close(&e->spoken);
	user_texts_free(&e->user_texts);
	item_texts_free(&e->item_texts);
	records_close(e->records);
	io_close(e->photos);
	io_close(e->to);
}

static int export_run(struct ask *a)
{
	struct exporting e = {.ask = a, .photos = -1, .to = -1};
	if (!a->to)
		return fail(EX_USAGE, "--to DIR is missing");
	for (unsigned i = 0; i < EXPORT_FILES; i++)
		e.files.sinks[i].fd = -1;
	stop_on_signals();
	e.copies = calloc(BATCH_FACTS, sizeof(*e.copies));
	int rc = directions_open(&e.directions, &e.spoken);
	e.since_us = a->since.month ? when_wall_us(&a->since) : 0;
	int code = e.copies && rc == 0 ? open_all(&e, a) : fail(EX_OSERR, "out of memory");
	e.spoken = (struct spoken){.ask = a, .records = e.records};
	rc = code == EX_OK ? export_all(&e) : 0;
	if (rc < 0)
		code = fail_at(rc, "export to", a->to);
	else if (code == EX_OK && stop_asked())
		code = fail(EX_TEMPFAIL, "stopped behind %llu; the next export goes on from there",
			(unsigned long long)e.files.seq);
	if (e.missing > 0)
		fail_note("%llu files of photos were gone already", (unsigned long long)e.missing);
	close_all(&e);
	return code;
}

/* ---- the verb ---- */

static const struct argp_option options[] = {
	{"to", ASK_TO, "DIR", 0, "Where the files go; it is made if need be", 10},
	ASK_OPTION_SINCE,
	{"after", ASK_AFTER, "SEQ", 0, "Begin behind SEQ, not where the last export to DIR ended",
		10},
	ASK_OPTION_REVEAL("Passwords, cards, templates and pictures too"),
	{"json", ASK_JSON, NULL, 0, "JSON lines (the default)", 80},
	ASK_OPTION_CSV,
	ASK_OPTION_CONF,
	{0},
};

static const struct ask_verb verbs[] = {
	{NULL, NULL, "Write everything into a directory",
		ASK_TIMES
		"punches, users, items, log and photos, each a file of DIR, and the photos' files "
		"below DIR/SERIAL. DIR/last_seq says in its first line how far they go; the next "
		"export to DIR adds what is new.\n\n"
		"Example: punchctl export --since 2026-01-01 --to /srv/export",
		options, 0, 0, export_run},
	{0},
};

const struct noun noun_export = {"export", "Everything, into a directory", verbs,
	"punchctl export --since 2026-01-01 --to /srv/export"};
