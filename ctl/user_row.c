/* SPDX-License-Identifier: GPL-2.0-or-later */
/* user_row: what all may see comes from the user, what only some may see from the credential. */
#include "ctl/user_row.h"

#include <errno.h>

#define FIELD_MAX ((size_t)64 * 1024)

enum {
	SERIAL,
	PIN,
	NAME,
	PRIVILEGE,
	GROUP,
	TIME_ZONES,
	VERIFY,
	START,
	END,
	PASSWORD,
	CARD,
	VICE_CARD,
	DELETED,
	SEQ,
	RECEIVED,
	ENTRY,
	NAME_RAW,
};

const struct out_column user_columns[USER_COLUMNS] = {
	[SERIAL] = {"serial", "SERIAL", 13, false},
	[PIN] = {"pin", "PIN", 0, false},
	[NAME] = {"name", "NAME", 0, false},
	[PRIVILEGE] = {"privilege", "PRIVILEGE", 0, false},
	[GROUP] = {"group", "GROUP", 0, true},
	[TIME_ZONES] = {"time_zones", NULL, 0, false},
	[VERIFY] = {"verify", NULL, 0, false},
	[START] = {"start", NULL, 0, false},
	[END] = {"end", NULL, 0, false},
	[PASSWORD] = {"password", "PASSWORD", 0, false},
	[CARD] = {"card", "CARD", 0, false},
	[VICE_CARD] = {"vice_card", NULL, 0, false},
	[DELETED] = {"deleted", "DELETED", 0, false},
	[SEQ] = {"seq", NULL, 0, true},
	[RECEIVED] = {"received", "RECEIVED", 0, false},
	[ENTRY] = {"entry", NULL, 0, false},
	[NAME_RAW] = {"name_raw", NULL, 0, false},
};

/* What stands in the items under a name of theirs. */
static const struct field {
	int column;
	const char *name;
	bool spoken;    /* text of people */
	uint32_t taken; /* flags that say that it is gone; of the credential */
} fields[USER_TEXTS] = {
	{NAME, "name", true, 0},
	{PRIVILEGE, "privilege", false, 0},
	{GROUP, "group", false, 0},
	{TIME_ZONES, "time_zones", false, 0},
	{VERIFY, "verify", false, 0},
	{START, "start", false, 0},
	{END, "end", false, 0},
	{PASSWORD, "password", false, ITEM_NO_PASSWORD},
	{CARD, "card", false, ITEM_NO_CARD},
	{VICE_CARD, "vice_card", false, ITEM_NO_CARD},
	{NAME_RAW, "name.raw", false, 0},
};

struct span user_privilege(struct span number)
{
	static const struct {
		const char *number, *name;
	} names[] = {{"0", "user"}, {"2", "registrar"}, {"6", "admin"}, {"10", "custom"},
		{"14", "super"}};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (span_is(number, names[i].number))
			return span_str(names[i].name);
	return number;
}

static int read_field(
	struct spoken *s, const struct item *i, const struct field *f, struct buf *into)
{
	*into = into->max ? *into : buf_with_max(FIELD_MAX);
	buf_clear(into);
	int rc = f->spoken ? spoken_field(s, i, f->name, into) : item_field(i, f->name, into);
	return rc == -ENOENT ? 0 : rc;
}

/* A card that is no number is what came; "0" came for none. */
static int read_secret(const struct item *c, const struct field *f, struct buf *into)
{
	int rc = read_field(NULL, c, f, into);
	if (rc < 0 || into->len > 0 || f->column == PASSWORD || item_field(c, f->name, into) == 0)
		return rc;
	rc = item_field(c, f->column == CARD ? "card.sent" : "vice_card.sent", into);
	return rc == -ENOENT ? 0 : rc;
}

static int secret_cell(const struct item *credential, const struct field *f,
	enum user_secrets secrets, struct buf *text, struct out_cell *ret)
{
	*ret = (struct out_cell){.kind = secrets == USER_UNKNOWN ? OUT_UNKNOWN : OUT_NONE};
	if (secrets == USER_UNKNOWN || !credential || credential->flags & (f->taken | ITEM_DELETED))
		return 0;
	int rc = read_secret(credential, f, text);
	if (rc < 0 || text->len == 0)
		return rc;
	*ret = secrets == USER_REVEALED ? out_text_if_any(buf_span(text))
					: out_text(span_str("(set)"));
	return 0;
}

int user_cells(struct spoken *s, const struct item *user, const struct item *credential,
	enum user_secrets secrets, struct user_texts *t, struct out_cell cells[static USER_COLUMNS])
{
	int rc = 0;
	memset(cells, 0, USER_COLUMNS * sizeof(*cells));
	for (size_t i = 0; rc == 0 && i < USER_TEXTS; i++) {
		const struct field *f = &fields[i];
		struct out_cell *cell = &cells[f->column];
		t->fields[i].max = FIELD_MAX;
		if (f->taken) {
			rc = secret_cell(credential, f, secrets, &t->fields[i], cell);
			continue;
		}
		rc = read_field(s, user, f, &t->fields[i]);
		*cell = out_text_if_any(buf_span(&t->fields[i]));
	}
	spool_entry_id(user->entry.name, user->entry.number, t->entry);
	cells[PRIVILEGE].shown = user_privilege(cells[PRIVILEGE].text);
	cells[SERIAL] = out_text(user->serial);
	cells[PIN] = out_text(user->ids[0]);
	if (user->flags & ITEM_DELETED)
		cells[DELETED] = out_truth(true);
	cells[SEQ] = out_number(user->seq);
	cells[RECEIVED] = cell_moment(user->received_us, &t->received);
	cells[ENTRY] = out_text(span_str(t->entry));
	return rc;
}

void user_texts_free(struct user_texts *t)
{
	for (size_t i = 0; i < USER_TEXTS; i++) {
		buf_wipe(&t->fields[i]);
		buf_free(&t->fields[i]);
	}
}
