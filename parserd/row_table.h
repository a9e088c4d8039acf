/* SPDX-License-Identifier: GPL-2.0-or-later */
/* row_table: which lines there are, by keyword and by table, and what their keys mean: data. Pure.
 * docs/PROTOCOL.md 3.2, 3.3 */
#ifndef PUNCHD_PARSERD_ROW_TABLE_H
#define PUNCHD_PARSERD_ROW_TABLE_H

#include "parserd/row.h"

enum row_role {
	ROLE_FIELD,
	ROLE_ID,      /* row.ids[id] */
	ROLE_CONTENT, /* row.content */
	ROLE_SIZE,    /* a field, and what content is held against */
	ROLE_TYPE,    /* a field, and the modality where the keyword does not say it */
	ROLE_CARD,    /* two fields: "name" and "name.sent" */
	ROLE_TIME,    /* a field, and row.time when it can be read */
};

struct row_key {
	const char *key;  /* the terminals'; NULL ends a list */
	const char *name; /* ours, which is taken for a key as well */
	enum row_role role;
	uint8_t id;
	bool secret;
};

/* What holds for an id of a kind. */
struct row_id_rule {
	size_t bytes_max;
	const char *otherwise; /* when it is empty or missing; NULL: that is refused */
	const char *missing, *too_long;
};

struct row_form {
	const char *keyword;
	enum row_kind kind;
	const char *modality; /* NULL: Type says it */
	const struct row_key *keys;
	size_t id_count;
	const struct row_id_rule *ids;
};

/* NULL when nobody knows it. In any case of letters. */
const struct row_form *row_form_of_keyword(struct span keyword);
/* Of a table whose lines are of one kind: theirs. NULL for others. `table` is in upper case. */
const struct row_form *row_form_of_table(struct span table);
/* NULL when nobody knows it. `*hint` is where to look first: 0 at the beginning of a line. */
const struct row_key *row_key_find(const struct row_form *form, struct span key, size_t *hint);
/* BIODATA's Type in words, "finger", "face" …; NULL when it has none. */
const char *row_modality(uint64_t type);

#endif
