/* SPDX-License-Identifier: GPL-2.0-or-later */
/* user_erase: says what would go, and has it taken out by parserd. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/command.h"
#include "ctl/erasing.h"
#include "ctl/fail.h"
#include "ctl/people.h"
#include "ctl/remains.h"
#include "ctl/targets.h"
#include "ctl/user.h"
#include "store/lines.h"
#include "store/logbook.h"

/* What is counted of the PIN. */
#define KINDS 7
static const struct {
	enum item_kind kind;
	const char *what, *key;
} kinds[KINDS] = {
	{ITEM_USER, "users", "users"},
	{ITEM_CREDENTIAL, "passwords and cards", "credentials"},
	{ITEM_TEMPLATE, "templates", "templates"},
	{ITEM_PICTURE, "pictures", "pictures"},
	{ITEM_IMAGE, "images of fingers", "images"},
	{ITEM_IDCARD, "identity cards", "idcards"},
	{ITEM_MESSAGE_USER, "messages", "messages"},
};

struct counted {
	uint64_t of[KINDS], photos;
	size_t at;
	struct targets on; /* the devices that have the user still */
};

/* ---- counting ---- */

static int count_item(void *context, const struct item *i)
{
	struct counted *c = context;
	char why[TARGETS_WHY_BYTES];
	c->of[c->at]++;
	if (i->kind != ITEM_USER || i->flags & ITEM_DELETED)
		return 0;
	return targets_add(&c->on, i->serial, TARGETS_ANY, why);
}

static int count_photo(void *context, const struct photo *p)
{
	struct counted *c = context;
	(void)p;
	c->photos++;
	return 0;
}

static int count(struct records_reader *r, struct span pin, struct counted *c)
{
	const struct punch_query photos = {.pin = pin};
	int rc = 0;
	for (c->at = 0; rc == 0 && c->at < KINDS; c->at++) {
		const struct item_query q = {
			.kind = kinds[c->at].kind, .pin = pin, .deleted = true};
		if (!item_private(q.kind) || records_has_private(r))
			rc = items_each(r, &q, count_item, c);
	}
	return rc < 0 ? rc : records_photos(r, &photos, count_photo, c);
}

/* ---- saying ---- */

static void say_would(const struct records_reader *r, const struct counted *c)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (item_private(kinds[i].kind) && !records_has_private(r))
			printf("%-20s what there is, unseen\n", kinds[i].what);
		else
			printf("%-20s %llu\n", kinds[i].what, (unsigned long long)c->of[i]);
	}
	printf("%-20s %llu\n", "photos of punches", (unsigned long long)c->photos);
	for (size_t i = 0; i < c->on.count; i++)
		out_say("%s has the user still", c->on.serials[i]);
}

/* Never one without the other. */
static void say_erased(const struct ask *a, const struct remains *m)
{
	out_say("%s has been erased from the records. What may still hold it:", a->words[0]);
	remains_say(a, m);
}

enum { PIN, ERASED, PHOTOS = ERASED + 1 + KINDS, DEVICES, STILL_IN, COLUMNS };

static void make_columns(struct out_column columns[static COLUMNS])
{
	memset(columns, 0, COLUMNS * sizeof(*columns));
	columns[PIN].key = "pin";
	columns[ERASED].key = "erased";
	for (size_t i = 0; i < KINDS; i++)
		columns[ERASED + 1 + i].key = kinds[i].key;
	columns[PHOTOS].key = "photos";
	columns[DEVICES].key = "devices";
	columns[STILL_IN].key = "still_in";
}

/* One object: what there was, whether it is known to be gone, and what may hold it still. */
static int put_json(const struct ask *a, bool has_private, const struct counted *c, bool erased,
	const struct remains *m)
{
	struct out_column columns[COLUMNS];
	struct out_cell inner[REMAINS_COLUMNS], cells[COLUMNS];
	const struct out_rows still_in = {remains_columns, REMAINS_COLUMNS, inner, 1};
	struct buf devices = buf_with_max((SERIAL_MAX + 1) * (c->on.count + 1));
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < c->on.count; i++)
		rc = buf_printf(&devices, "%s%s", i ? " " : "", c->on.serials[i]);
	make_columns(columns);
	remains_cells(m, inner);
	cells[PIN] = out_text(a->pin);
	cells[ERASED] = out_truth(erased);
	for (size_t i = 0; i < KINDS; i++)
		cells[ERASED + 1 + i] = item_private(kinds[i].kind) && !has_private
						? (struct out_cell){.kind = OUT_UNKNOWN}
						: out_number(c->of[i]);
	cells[PHOTOS] = out_number(c->photos);
	cells[DEVICES] = (struct out_cell){.kind = OUT_WORDS, .text = buf_span(&devices)};
	cells[STILL_IN] = (struct out_cell){.kind = OUT_OBJECT, .rows = &still_in};
	if (rc == 0)
		rc = out_one(stdout, OUT_JSON, columns, COLUMNS, cells);
	buf_free(&devices);
	return rc;
}

/* ---- erasing ---- */

/* A terminal would upload again what it has. */
static int tell_devices(struct ask *a, const struct counted *c)
{
	char word[PUNCH_PIN_MAX + 8];
	char *words[] = {word};
	snprintf(word, sizeof(word), "pin=%.*s", SPAN_ARG(a->pin));
	if (c->on.count == 0 || !a->devices)
		return EX_OK;
	return command_give_to(a, verb_find(span_str("user.rm")), &c->on, words, 1);
}

static int give_order(const struct ask *a, bool *ret_done)
{
	struct buf lines = buf_with_max(4 * PUNCH_PIN_MAX + 32);
	int rc = buf_add_str(&lines, "erase: pin\npin: ");
	if (rc == 0)
		rc = lines_put_value(&lines, a->pin);
	if (rc == 0)
		rc = buf_add(&lines, "\n", 2); /* with its NUL */
	int code =
		rc == 0 ? erasing_give(a, lines.ptr, ret_done) : fail_at(rc, "write", "an order");
	buf_free(&lines);
	return code;
}

static int erase(struct ask *a, const struct counted *c, bool *ret_done)
{
	int code = tell_devices(a, c);
	if (code != EX_OK)
		return fail(code, "nothing was erased");
	code = give_order(a, ret_done);
	if (code == EX_OK && c->on.count > 0 && !a->devices)
		fail_note("devices have the user still, and may upload it again; --devices has "
			  "them delete it");
	return code;
}

static int run(struct ask *a, struct records_reader *r, struct counted *c)
{
	bool done = false;
	struct remains m;
	int code = EX_OK, rc = count(r, a->pin, c);
	if (rc < 0)
		return fail_at(rc, "count", "the records");
	if (a->format == OUT_TABLE)
		say_would(r, c);
	if (a->yes)
		code = erase(a, c, &done);
	remains_count(a, r, &m);
	if (a->format == OUT_JSON)
		rc = put_json(a, records_has_private(r), c, done, &m);
	else if (done)
		say_erased(a, &m);
	if (rc < 0)
		return fail_at(rc, "write", "the output");
	return a->yes ? code
		      : fail(EX_USAGE, "nothing was erased; say --yes to erase %s", a->words[0]);
}

int user_verb_erase(struct ask *a)
{
	struct records_reader *r = NULL;
	struct counted c = {.on = {.readable = true}};
	struct buf pin;
	int code = people_take_pin(a, &pin);
	if (code == EX_OK)
		code = people_open(a, &r);
	if (code == EX_OK)
		code = run(a, r, &c);
	records_close(r);
	targets_free(&c.on);
	buf_free(&pin);
	return code;
}
