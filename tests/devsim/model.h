/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal holds: rows of users, templates and the rest, each as the fields it came with. */
#ifndef PUNCHD_TESTS_DEVSIM_MODEL_H
#define PUNCHD_TESTS_DEVSIM_MODEL_H

#include "tests/devsim/devsim.h"

/* fields.c: a piece of text that somebody else owns; and fields "KEY=value" with TABs between. Keys
 * compare without case. */
struct text {
	const char *at;
	size_t len;
};
struct text text_of(const char *text);
bool text_is(struct text text, const char *word);
/* Takes what stands before the next `separator` off `*rest`; false when nothing is left. */
bool text_next(struct text *rest, char separator, struct text *ret_part);
bool text_number(struct text text, uint64_t *ret_number);
bool text_base64(struct text text);
bool fields_next(struct text *rest, struct text *ret_key, struct text *ret_value);
bool fields_get(struct text fields, const char *key, struct text *ret_value);
/* At least one, each with a key and '=', none twice, no NUL. */
bool fields_valid(struct text fields);

enum table {
	TABLE_USER,
	TABLE_FINGER,
	TABLE_FACE,
	TABLE_USERPIC,
	TABLE_BIOPHOTO,
	TABLE_BIODATA,
	TABLE_TIMEZONE,
	TABLE_GLOCK,
	TABLE_SMS,
	TABLE_USER_SMS,
	TABLE_WORKCODE,
	TABLE_OPTION, /* what SET OPTION set, the key being its name */
	TABLE_FILE,   /* what PutFile brought, the key being its path */
	TABLES
};

#define TABLE_KEYS 4
struct table_form {
	const char *name;             /* in DATA commands; NULL: not for them */
	const char *line;             /* the word before its fields in an upload */
	const char *keys[TABLE_KEYS]; /* the fields that tell its rows apart */
	const char *content;          /* the field in base64, or NULL */
	const char *size;             /* the field with the length of that, or NULL */
	bool of_user;                 /* belongs to a user and goes with him */
};
extern const struct table_form table_forms[TABLES];

/* model.c: all sizes are bounded, of a terminal and of all together. */
struct row {
	enum table table;
	bool own;      /* made on the terminal itself, at `when` */
	bool due;      /* to be uploaded */
	uint32_t when; /* of this machine's clock */
	size_t len;
	char *key;    /* the key fields' values with TABs between */
	char *fields; /* `len` bytes: as it came, or a file's content */
};
struct model {
	struct row *rows;
	size_t count, cap, bytes;
	uint32_t counts[TABLES];
};
struct row *model_find(const struct model *model, enum table table, const char *key);
/* Puts a row in, or in the place of the one with this key; NULL when the terminal is full. */
struct row *model_put(struct model *model, enum table table, const char *key, struct text fields);
/* Drops the rows whose key is this one or begins with it and TAB; returns how many. NULL: all. */
size_t model_drop(struct model *model, enum table table, const char *key);
/* Drops all that people brought: everything but the options and files. */
void model_clear(struct model *model);
/* The key of a row with these fields, in a buffer that the next call uses again; NULL when a field
 * of it is missing or empty. With `part`, as many fields as are there, at least one. */
const char *model_key(enum table table, struct text fields, bool part);

#endif
