/* SPDX-License-Identifier: GPL-2.0-or-later */
/* photo: the photos of punches, and the pictures of users. */
#include <errno.h>

#include "ctl/fail.h"
#include "ctl/flow.h"
#include "ctl/names.h"
#include "ctl/people.h"
#include "ctl/photo_row.h"
#include "ctl/photos.h"
#include "ctl/save.h"
#include "ctl/template_row.h"
#include "ctl/text.h"
#include "lib/io.h"

#define PATH_MAX_BYTES ((size_t)1024)

enum kind { OF_PUNCHES, OF_USERS, OF_FACES, KINDS };
static const char *const kind_names[KINDS] = {"punch", "user", "face"};

struct work {
	const struct ask *ask;
	enum kind kind;
	struct names names;
	struct flow flow;
	struct template_texts texts;
	int photos, to; /* directories: where the files are, where they go; -1: nowhere */
	uint64_t left, rows, missing;
};

static int kind_of(const struct ask *a, enum kind *ret)
{
	*ret = OF_PUNCHES;
	if (a->kind.len == 0)
		return EX_OK;
	for (unsigned i = 0; i < KINDS; i++)
		if (span_is(a->kind, kind_names[i])) {
			*ret = (enum kind)i;
			return EX_OK;
		}
	return fail(EX_USAGE, "--kind '%.*s' is none of punch, user, face", SPAN_ARG(a->kind));
}

/* ---- photos of punches ---- */

static int write_some(struct work *w)
{
	return ++w->rows % PHOTOS_BATCH ? 0 : flow_write(&w->flow);
}

static int put_photo(void *context, const struct photo *p)
{
	struct work *w = context;
	struct out_cell cells[PHOTO_COLUMNS];
	struct photo_texts texts;
	struct span name = {NULL, 0};
	int rc = w->to < 0 ? 0 : save_photo(w->photos, p, w->to);
	if (rc == -ENOENT) {
		w->missing++;
		return 0; /* purged meanwhile */
	}
	if (rc == 0)
		rc = names_find(&w->names, p->serial, p->pin, &name);
	if (rc < 0)
		return rc;
	photo_cells(p, name, &texts, cells);
	rc = out_row(&w->flow.out, cells);
	if (rc == 0)
		rc = write_some(w);
	return rc < 0 ? rc : --w->left == 0;
}

static int put_photos(struct work *w, struct records_reader *r)
{
	const struct ask *a = w->ask;
	const struct punch_query q = {
		.since = a->since, .until = a->until, .serial = a->serial, .pin = a->pin};
	int rc = flow_begin(&w->flow, a->format, photo_columns, PHOTO_COLUMNS, false);
	if (rc < 0)
		return rc;
	rc = names_open(&w->names, a, r);
	if (rc == 0)
		rc = photos_each(r, &q, put_photo, w);
	int end_rc = flow_end(&w->flow);
	names_close(&w->names);
	return rc < 0 ? rc : end_rc;
}

/* ---- pictures of users ---- */

static int save_picture(struct work *w, const struct item *i, char path[static PATH_MAX_BYTES])
{
	struct buf b = buf_with_max(PATH_MAX_BYTES - 1);
	int rc = buf_printf(&b, "%.*s/", SPAN_ARG(i->serial));
	if (rc == 0)
		rc = text_file_part(&b, i->ids[0]);
	if (rc == 0)
		rc = buf_add_str(&b, "_");
	if (rc == 0)
		rc = text_file_part(&b, i->ids[1]);
	if (rc == 0)
		rc = buf_add_str(&b, ".jpg");
	snprintf(path, PATH_MAX_BYTES, "%.*s", SPAN_ARG(buf_span(&b)));
	buf_free(&b);
	return rc < 0 ? rc : save_file(w->to, path, item_content(i));
}

static int put_picture(struct work *w, const struct item *i, uint64_t bytes)
{
	struct out_cell cells[TEMPLATE_COLUMNS];
	char path[PATH_MAX_BYTES];
	if (i->flags & ITEM_DELETED && !w->ask->deleted)
		return 0;
	if (!span_is(i->ids[1], kind_names[w->kind]) || (w->to >= 0 && bytes == 0))
		return 0;
	int rc = template_cells(i, bytes, &w->texts, cells);
	if (rc == 0 && w->to >= 0) {
		rc = save_picture(w, i, path);
		if (save_left_out(rc, path))
			return 0;
		cells[TEMPLATE_FILE] = out_text(span_str(path));
	}
	if (rc == 0)
		rc = out_row(&w->flow.out, cells);
	return rc < 0 ? rc : --w->left == 0;
}

static int put_device(void *context, struct span serial, const struct pile *items)
{
	struct work *w = context;
	int rc = 0;
	(void)serial;
	for (size_t i = 0; rc == 0 && i < items->count; i++)
		rc = put_picture(w, &items->items[i], items->content_bytes[i]);
	int write_rc = flow_write(&w->flow);
	return rc < 0 || write_rc == 0 ? rc : write_rc;
}

static int put_pictures(struct work *w, struct records_reader *r)
{
	int rc = flow_begin(&w->flow, w->ask->format, template_columns,
		w->to < 0 ? TEMPLATE_FILE : TEMPLATE_COLUMNS, false);
	if (rc < 0)
		return rc;
	rc = people_each_device(
		w->ask, r, ITEM_PICTURE, w->to < 0 ? PILE_HEAD : PILE_ALL, put_device, w);
	int end_rc = flow_end(&w->flow);
	template_texts_free(&w->texts);
	return rc < 0 ? rc : end_rc;
}

/* ---- both ---- */

static int open_dirs(struct work *w)
{
	bool files = w->kind == OF_PUNCHES && w->ask->to;
	int code = files ? save_open_photos(w->ask, &w->photos) : EX_OK;
	if (code == EX_OK && files && w->photos < 0)
		code = fail(EX_UNAVAILABLE, "there are no photos yet");
	return code == EX_OK && w->ask->to ? save_open(w->ask->to, &w->to) : code;
}

static int run(struct ask *a)
{
	struct records_reader *r = NULL;
	struct work w = {
		.ask = a, .photos = -1, .to = -1, .left = a->limit ? a->limit : UINT64_MAX};
	int rc = 0, code = kind_of(a, &w.kind);
	if (code == EX_OK)
		code = people_open(a, &r);
	if (code == EX_OK && w.kind != OF_PUNCHES)
		code = people_check_private(a, r);
	if (code == EX_OK)
		code = open_dirs(&w);
	if (code == EX_OK)
		rc = w.kind == OF_PUNCHES ? put_photos(&w, r) : put_pictures(&w, r);
	records_close(r);
	io_close(w.photos);
	io_close(w.to);
	if (w.missing > 0)
		fail_note("%llu files were gone already", (unsigned long long)w.missing);
	return rc < 0 ? fail_at(rc, a->to ? "export to" : "list", a->to ? a->to : "the photos")
		      : code;
}

static int photo_verb_ls(struct ask *a)
{
	return run(a);
}

static int photo_verb_export(struct ask *a)
{
	if (!a->to)
		return fail(EX_USAGE, "--to DIR is missing");
	return run(a);
}

/* ---- the verbs ---- */

#define OPTIONS                                                                               \
	{"kind", ASK_KIND, "KIND", 0,                                                         \
		"punch: photos of punches (the default); user, face: pictures of users", 10}, \
		ASK_OPTION_SERIAL, ASK_OPTION_PIN, ASK_OPTION_SINCE, ASK_OPTION_UNTIL,        \
		{"limit", ASK_LIMIT, "N", 0, "N at most", 10},                                \
		ASK_OPTION_DELETED("Pictures as well that terminals have deleted"),           \
		ASK_OPTION_JSON, ASK_OPTION_CSV, ASK_OPTION_CONF,                             \
	{                                                                                     \
		0                                                                             \
	}

static const struct argp_option ls_options[] = {OPTIONS};
static const struct argp_option export_options[] = {
	{"to", ASK_TO, "DIR", 0, "Where the files go; it is made if need be", 10}, OPTIONS};

static const struct ask_verb verbs[] = {
	{"ls", NULL, "List photos of punches, or pictures of users",
		ASK_TIMES "Example: punchctl photo ls --since today", ls_options, 0, 0,
		photo_verb_ls},
	{"export", NULL, "Copy them into a directory, and list what was copied",
		ASK_TIMES "A photo is DIR/SERIAL/YYYY-MM-DD/NAME, a picture "
			  "DIR/SERIAL/PIN_KIND.jpg.\n\n"
			  "Example: punchctl photo export --since yesterday --to photos --csv",
		export_options, 0, 0, photo_verb_export},
	{0},
};

const struct noun noun_photo = {"photo", "Photos of punches, and pictures of users", verbs,
	"punchctl photo ls --since today"};
