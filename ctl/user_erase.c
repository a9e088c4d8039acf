/* SPDX-License-Identifier: GPL-2.0-or-later */
/* user_erase: says what would go, and has it taken out by parserd. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/command.h"
#include "ctl/erasing.h"
#include "ctl/fail.h"
#include "ctl/people.h"
#include "ctl/targets.h"
#include "ctl/user.h"
#include "store/logbook.h"

/* What is counted of the PIN. */
static const struct {
	enum item_kind kind;
	const char *what;
} kinds[] = {
	{ITEM_USER, "users"},
	{ITEM_CREDENTIAL, "passwords and cards"},
	{ITEM_TEMPLATE, "templates"},
	{ITEM_PICTURE, "pictures"},
	{ITEM_IMAGE, "images of fingers"},
	{ITEM_IDCARD, "identity cards"},
	{ITEM_MESSAGE_USER, "messages"},
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

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

/* ---- erasing ---- */

/* A terminal would upload again what it has. */
static int tell_devices(struct ask *a, const struct counted *c)
{
	char word[PUNCH_PIN_MAX + 8];
	char *words[] = {word};
	snprintf(word, sizeof(word), "pin=%s", a->words[0]);
	if (c->on.count == 0 || !a->devices)
		return EX_OK;
	return command_give_to(a, verb_find(span_str("user.rm")), &c->on, words, 1);
}

static int erase(struct ask *a, const struct counted *c)
{
	char lines[PUNCH_PIN_MAX + 32], done[PUNCH_PIN_MAX + 64];
	int code = tell_devices(a, c);
	if (code != EX_OK)
		return fail(code, "nothing was erased");
	snprintf(lines, sizeof(lines), "erase: pin\npin: %s\n", a->words[0]);
	snprintf(done, sizeof(done), "%s has been erased from the records", a->words[0]);
	code = erasing_give(a, lines, done);
	if (code != EX_OK)
		return code;
	if (c->on.count > 0 && !a->devices)
		fail_note("devices have the user still, and may upload it again; --devices has "
			  "them delete it");
	fail_note("what was uploaded is still in the spool upload until 'punchctl purge spool'");
	return EX_OK;
}

int user_verb_erase(struct ask *a)
{
	struct records_reader *r = NULL;
	struct counted c = {.on = {.readable = true}};
	struct span pin = span_str(a->words[0]);
	if (!punch_pin_valid(pin))
		return fail(EX_USAGE, "'%s' is no PIN", a->words[0]);
	int code = people_open(a, &r);
	int rc = code == EX_OK ? count(r, pin, &c) : 0;
	if (code == EX_OK && rc == 0)
		say_would(r, &c);
	records_close(r);
	if (rc < 0)
		code = fail_at(rc, "count", "the records");
	else if (code == EX_OK && !a->yes)
		code = fail(EX_USAGE, "nothing was erased; say --yes to erase %s", a->words[0]);
	else if (code == EX_OK)
		code = erase(a, &c);
	targets_free(&c.on);
	return code;
}
