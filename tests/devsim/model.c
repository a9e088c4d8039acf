/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal holds, in the plainest way that bears some thousand rows. */
#include "tests/devsim/model.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX      30000U
#define BYTES_MAX     (32U << 20)  /* of one terminal */
#define BYTES_ALL_MAX (512U << 20) /* of all */
#define KEY_MAX       256U

static size_t bytes_all;

const struct table_form table_forms[TABLES] = {
	[TABLE_USER] = {"USERINFO", "USER", {"PIN"}, NULL, NULL, false},
	[TABLE_FINGER] = {"FINGERTMP", "FP", {"PIN", "FID"}, "TMP", "Size", true},
	[TABLE_FACE] = {"FACE", "FACE", {"PIN", "FID"}, "TMP", "SIZE", true},
	[TABLE_USERPIC] = {"USERPIC", "USERPIC", {"PIN"}, "Content", "Size", true},
	[TABLE_BIOPHOTO] = {"BIOPHOTO", "BIOPHOTO", {"PIN"}, "Content", "Size", true},
	[TABLE_BIODATA] = {"BIODATA", "BIODATA", {"Pin", "Type", "No", "Index"}, "Tmp", NULL, true},
	[TABLE_TIMEZONE] = {"TIMEZONE", "TIMEZONE", {"TZID"}, NULL, NULL, false},
	[TABLE_GLOCK] = {"GLOCK", "GLOCK", {"GLID"}, NULL, NULL, false},
	[TABLE_SMS] = {"SMS", "SMS", {"UID"}, NULL, NULL, false},
	[TABLE_USER_SMS] = {"USER_SMS", "USER_SMS", {"PIN", "UID"}, NULL, NULL, true},
	[TABLE_WORKCODE] = {"WORKCODE", "WORKCODE", {"CODE"}, NULL, NULL, false},
	[TABLE_OPTION] = {0},
	[TABLE_FILE] = {0},
};

struct row *model_find(const struct model *model, enum table table, const char *key)
{
	for (size_t i = 0; i < model->count; i++) {
		struct row *row = &model->rows[i];

		if (row->table == table && strcmp(row->key, key) == 0) {
			return row;
		}
	}
	return NULL;
}

static size_t row_bytes(const struct row *row)
{
	return sizeof(*row) + strlen(row->key) + 1 + row->len;
}

static void row_free(struct model *model, struct row *row)
{
	model->bytes -= row_bytes(row);
	bytes_all -= row_bytes(row);
	free(row->key);
}

/* Key and fields in one piece of memory. */
static void row_fill(struct model *model, struct row *row, const char *key, struct text fields)
{
	size_t key_len = strlen(key) + 1;

	row->key = must_alloc(key_len + fields.len, 1);
	row->fields = row->key + key_len;
	row->len = fields.len;
	memcpy(row->key, key, key_len);
	if (fields.len > 0) {
		memcpy(row->fields, fields.at, fields.len);
	}
	model->bytes += row_bytes(row);
	bytes_all += row_bytes(row);
}

static struct row *row_new(struct model *model, enum table table)
{
	struct row *row;

	if (model->count == model->cap) {
		size_t cap = model->cap ? model->cap * 2 : 8;
		struct row *rows = must_alloc(cap, sizeof(*rows));

		if (model->count > 0) {
			memcpy(rows, model->rows, model->count * sizeof(*rows));
		}
		free(model->rows);
		model->rows = rows;
		model->cap = cap;
	}
	row = &model->rows[model->count++];
	*row = (struct row){.table = table};
	model->counts[table]++;
	return row;
}

struct row *model_put(struct model *model, enum table table, const char *key, struct text fields)
{
	struct row *row = model_find(model, table, key);
	size_t more = sizeof(*row) + strlen(key) + 1 + fields.len;
	struct row old = {0};

	if ((!row && model->count >= ROWS_MAX) || model->bytes + more > BYTES_MAX ||
		bytes_all + more > BYTES_ALL_MAX) {
		return NULL;
	}
	if (row) {
		old = *row;
		*row = (struct row){.table = table};
	} else {
		row = row_new(model, table);
	}
	row_fill(model, row, key, fields); /* the old fields may be where the new ones come from */
	if (old.key) {
		row_free(model, &old);
	}
	return row;
}

static bool key_begins(const char *key, const char *with)
{
	size_t len = strlen(with);

	return strncmp(key, with, len) == 0 && (key[len] == 0 || key[len] == '\t');
}

size_t model_drop(struct model *model, enum table table, const char *key)
{
	size_t kept = 0;
	size_t dropped;

	for (size_t i = 0; i < model->count; i++) {
		struct row *row = &model->rows[i];

		if (row->table == table && (!key || key_begins(row->key, key))) {
			row_free(model, row);
			model->counts[table]--;
		} else {
			model->rows[kept++] = *row;
		}
	}
	dropped = model->count - kept;
	model->count = kept;
	return dropped;
}

void model_clear(struct model *model)
{
	for (enum table table = 0; table < TABLES; table++) {
		if (table_forms[table].name) {
			model_drop(model, table, NULL);
		}
	}
}

const char *model_key(enum table table, struct text fields, bool part)
{
	static char key[KEY_MAX];
	size_t len = 0;

	for (size_t i = 0; i < TABLE_KEYS && table_forms[table].keys[i]; i++) {
		struct text value = {0};

		if (!fields_get(fields, table_forms[table].keys[i], &value) || value.len == 0) {
			if (part && i > 0) {
				break;
			}
			return NULL;
		}
		if (len + value.len + 2 > sizeof(key)) {
			return NULL;
		}
		if (i > 0) {
			key[len++] = '\t';
		}
		memcpy(key + len, value.at, value.len);
		len += value.len;
	}
	key[len] = 0;
	return key;
}
