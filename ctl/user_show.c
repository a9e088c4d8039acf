/* SPDX-License-Identifier: GPL-2.0-or-later */
/* user_show: all that is known of a PIN, a device after the other: who it is, what it was before,
 * and which templates and pictures there are. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/changes.h"
#include "ctl/fail.h"
#include "ctl/people.h"
#include "ctl/template_row.h"
#include "ctl/user.h"
#include "ctl/user_row.h"

#define ROW_TEXTS_MAX ((size_t)4096)

/* Rows inside, with their texts. */
enum { H_RECEIVED, H_WHAT, H_CHANGED, H_NAME, H_PRIVILEGE, H_ENTRY, H_COLUMNS };
static const struct out_column history_columns[H_COLUMNS] = {
	[H_RECEIVED] = {"received", "RECEIVED", 0, false},
	[H_WHAT] = {"what", "WHAT", 0, false},
	[H_CHANGED] = {"changed", "CHANGED", 0, false},
	[H_NAME] = {"name", "NAME", 0, false},
	[H_PRIVILEGE] = {"privilege", "PRIVILEGE", 0, false},
	[H_ENTRY] = {"entry", "ENTRY", 0, false},
};

struct history_row {
	struct out_cell cells[H_COLUMNS];
	struct buf changed, name, privilege;
	struct cell_moment received;
	char entry[SPOOL_ENTRY_ID_BYTES];
};

struct showing {
	const struct ask *ask;
	struct records_reader *records;
	struct spoken spoken;
	struct out out;
	bool any;
};

/* ---- the history ---- */

static int add_head(void *context, const struct item *i)
{
	return pile_add(context, i, PILE_HEAD);
}

static int read_history(
	struct records_reader *r, enum item_kind kind, const struct item *user, struct pile *ret)
{
	struct item which = *user;
	which.kind = kind;
	*ret = (struct pile){.items = NULL};
	return items_history(r, &which, add_head, ret);
}

/* Terminals send their users again and again: what changed nothing is no history. */
static bool is_new(const struct item *before, const struct item *after)
{
	return !before || before->flags != after->flags ||
	       memcmp(before->digest, after->digest, sizeof(before->digest)) != 0;
}

static const char *what_of(const struct item *before, const struct item *after)
{
	bool is_user = after->kind == ITEM_USER;
	if (after->flags & ITEM_DELETED)
		return is_user ? "user deleted" : "credential deleted";
	if (!before || before->flags & ITEM_DELETED)
		return is_user ? "user" : "credential";
	return is_user ? "user changed" : "credential changed";
}

static int make_row(struct spoken *s, const struct item *before, const struct item *after,
	struct history_row *row)
{
	row->changed = row->name = row->privilege = buf_with_max(ROW_TEXTS_MAX);
	int rc = changes_put(&row->changed, before, after);
	if (rc == 0 && after->kind == ITEM_USER) {
		rc = spoken_field(s, after, "name", &row->name);
		int number_rc = item_field(after, "privilege", &row->privilege);
		rc = rc == -ENOENT || rc == 0 ? number_rc : rc;
	}
	spool_entry_id(after->entry.name, after->entry.number, row->entry);
	row->cells[H_RECEIVED] = cell_moment(after->received_us, &row->received);
	row->cells[H_WHAT] = out_text(span_str(what_of(before, after)));
	row->cells[H_CHANGED] = (struct out_cell){
		.kind = row->changed.len ? OUT_WORDS : OUT_NONE, .text = buf_span(&row->changed)};
	row->cells[H_NAME] = out_text_if_any(buf_span(&row->name));
	row->cells[H_PRIVILEGE] = out_text_if_any(buf_span(&row->privilege));
	row->cells[H_PRIVILEGE].shown = user_privilege(row->cells[H_PRIVILEGE].text);
	row->cells[H_ENTRY] = out_text(span_str(row->entry));
	return rc == -ENOENT ? 0 : rc;
}

struct history {
	struct history_row *rows;
	size_t count;
	struct out_cell *cells; /* of all rows */
};

static int add_versions(struct spoken *s, const struct pile *versions, struct history *h)
{
	const struct item *before = NULL;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < versions->count; i++) {
		const struct item *after = &versions->items[i];
		if (is_new(before, after))
			rc = make_row(s, before, after, &h->rows[h->count++]);
		before = after;
	}
	return rc;
}

static int compare_rows(const void *a, const void *b)
{
	const struct history_row *x = a, *y = b;
	return strcmp(x->received.utc, y->received.utc);
}

/* The cells point into their rows, which are sorted: so they are made to point there anew. */
static int gather_cells(struct history *h)
{
	h->cells = calloc(h->count ? h->count : 1, sizeof(*h->cells) * H_COLUMNS);
	if (!h->cells)
		return -ENOMEM;
	qsort(h->rows, h->count, sizeof(*h->rows), compare_rows);
	for (size_t i = 0; i < h->count; i++) {
		struct history_row *row = &h->rows[i];
		row->cells[H_RECEIVED].text = span_str(row->received.utc);
		row->cells[H_RECEIVED].shown = span_str(row->received.shown);
		row->cells[H_ENTRY].text = span_str(row->entry);
		memcpy(h->cells + i * H_COLUMNS, row->cells, sizeof(row->cells));
	}
	return 0;
}

static int make_history(struct showing *s, const struct item *user, struct history *h)
{
	struct pile users, credentials = {.items = NULL};
	int rc = read_history(s->records, ITEM_USER, user, &users);
	if (rc == 0 && records_has_private(s->records))
		rc = read_history(s->records, ITEM_CREDENTIAL, user, &credentials);
	h->rows = calloc(users.count + credentials.count + 1, sizeof(*h->rows));
	if (rc == 0 && !h->rows)
		rc = -ENOMEM;
	if (rc == 0)
		rc = add_versions(&s->spoken, &users, h);
	if (rc == 0)
		rc = add_versions(&s->spoken, &credentials, h);
	pile_free(&users);
	pile_free(&credentials);
	return rc < 0 ? rc : gather_cells(h);
}

static void free_history(struct history *h)
{
	for (size_t i = 0; i < h->count; i++) {
		buf_free(&h->rows[i].changed);
		buf_free(&h->rows[i].name);
		buf_free(&h->rows[i].privilege);
	}
	free(h->rows);
	free(h->cells);
}

/* ---- templates and pictures ---- */

static int read_templates(struct showing *s, const struct item *user, struct template_rows *ret)
{
	struct pile items;
	int rc = 0;
	*ret = (struct template_rows){.count = 0};
	for (unsigned i = 0; rc == 0 && i < 2 && records_has_private(s->records); i++) {
		rc = people_items(s->records, i ? ITEM_PICTURE : ITEM_TEMPLATE, user->serial,
			user->ids[0], PILE_HEAD, &items);
		if (rc == 0)
			rc = template_rows_add(ret, &items);
		pile_free(&items);
	}
	return rc;
}

/* ---- one device ---- */

enum { HISTORY = USER_COLUMNS, TEMPLATES, COLUMNS };

/* No file is written here. */
static void make_template_columns(struct out_column columns[static TEMPLATE_COLUMNS])
{
	memcpy(columns, template_columns, sizeof(template_columns));
	columns[TEMPLATE_FILE].heading = NULL;
}

static void make_columns(struct out_column columns[static COLUMNS])
{
	memcpy(columns, user_columns, sizeof(user_columns));
	for (unsigned i = 0; i < USER_COLUMNS; i++)
		columns[i].heading = columns[i].key;
	columns[HISTORY] = (struct out_column){.key = "history"};
	columns[TEMPLATES] = (struct out_column){.key = "templates"};
}

static int print_rows(const struct out_rows *rows)
{
	struct out o;
	int rc = 0;
	if (rows->row_count == 0)
		return 0;
	putchar('\n');
	out_begin(&o, stdout, OUT_TABLE, rows->columns, rows->column_count);
	for (size_t i = 0; rc == 0 && i < rows->row_count; i++)
		rc = out_row(&o, rows->cells + i * rows->column_count);
	int end_rc = out_end(&o);
	return rc < 0 ? rc : end_rc;
}

static int print(struct showing *s, struct out_cell *cells, const struct history *h,
	const struct template_rows *t)
{
	struct out_column columns[COLUMNS], template_heads[TEMPLATE_COLUMNS];
	const struct out_rows history = {history_columns, H_COLUMNS, h->cells, h->count};
	const struct out_rows templates = {template_heads, TEMPLATE_COLUMNS, t->cells, t->count};
	struct out o;
	make_columns(columns);
	make_template_columns(template_heads);
	cells[HISTORY] = (struct out_cell){.kind = OUT_LIST, .rows = &history};
	cells[TEMPLATES] =
		(struct out_cell){.kind = records_has_private(s->records) ? OUT_LIST : OUT_UNKNOWN,
			.rows = &templates};
	if (s->any && s->ask->format == OUT_TABLE)
		putchar('\n');
	out_begin(&o, stdout, s->ask->format, columns, COLUMNS);
	int rc = out_card(&o, cells);
	int end_rc = out_end(&o);
	rc = rc < 0 ? rc : end_rc;
	if (rc == 0 && s->ask->format == OUT_TABLE)
		rc = print_rows(&history);
	if (rc == 0 && s->ask->format == OUT_TABLE)
		rc = print_rows(&templates);
	s->any = true;
	return rc;
}

static int show_user(struct showing *s, const struct item *user, const struct item *credential)
{
	struct user_texts texts = {0};
	struct out_cell cells[COLUMNS];
	struct history history = {.count = 0};
	struct template_rows templates;
	enum user_secrets secrets = !records_has_private(s->records) ? USER_UNKNOWN
				    : s->ask->reveal                 ? USER_REVEALED
								     : USER_MASKED;
	int rc = read_templates(s, user, &templates);
	if (rc == 0)
		rc = make_history(s, user, &history);
	if (rc == 0)
		rc = user_cells(&s->spoken, user, credential, secrets, &texts, cells);
	if (rc == 0)
		rc = print(s, cells, &history, &templates);
	template_rows_free(&templates);
	free_history(&history);
	user_texts_free(&texts);
	return rc;
}

static int show_device(void *context, struct span serial, const struct pile *users)
{
	struct showing *s = context;
	struct pile credentials = {.items = NULL};
	int rc = records_has_private(s->records) ? people_items(s->records, ITEM_CREDENTIAL, serial,
							   s->ask->pin, PILE_HEAD, &credentials)
						 : 0;
	for (size_t i = 0; rc == 0 && i < users->count; i++)
		rc = show_user(s, &users->items[i],
			pile_find(&credentials, serial, users->items[i].ids[0]));
	pile_free(&credentials);
	return rc;
}

int user_verb_show(struct ask *a)
{
	struct records_reader *r = NULL;
	struct showing s = {.ask = a};
	struct buf pin;
	int code = people_take_pin(a, &pin);
	if (code == EX_OK)
		code = people_open(a, &r);
	if (code == EX_OK && a->reveal)
		code = people_check_private(a, r);
	s.records = r;
	s.spoken = (struct spoken){.ask = a, .records = r};
	int rc =
		code == EX_OK ? people_each_device(a, r, ITEM_USER, PILE_HEAD, show_device, &s) : 0;
	spoken_close(&s.spoken);
	if (code == EX_OK && rc == 0 && !s.any)
		code = fail(EX_NOINPUT, "no device has said that it has a user %s", a->words[0]);
	else if (code == EX_OK && rc == 0 && !records_has_private(r))
		fail_note("passwords, cards and templates are for those alone who may read what is "
			  "private");
	records_close(r);
	buf_free(&pin);
	return rc < 0 ? fail_at(rc, "show", "the user") : code;
}
