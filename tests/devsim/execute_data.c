/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DATA UPDATE and DATA DELETE, in their new and their old words; ENROLL_FP and SET OPTION. A model
 * as strict as the protocol's own limits: what is too long is refused. docs/PROTOCOL.md 4.1, 5 */
#include <string.h>

#include "tests/devsim/execute.h"

#define PIN_BYTES    24U
#define NAME_BYTES   24U
#define PASSWD_BYTES 8U

/* The table that the first word names. */
static bool take_table(struct text *args, enum table *ret_table)
{
	struct text name;

	if (!text_next(args, ' ', &name)) {
		return false;
	}
	for (enum table table = 0; table < TABLES; table++) {
		if (table_forms[table].name && text_is(name, table_forms[table].name)) {
			*ret_table = table;
			return true;
		}
	}
	return false;
}

/* The user's key is the beginning of that of each row which is his. */
static bool has_user(const struct model *model, struct text fields)
{
	const char *pin = model_key(TABLE_USER, fields, true);

	return pin && model_find(model, TABLE_USER, pin);
}

static bool fits(struct text fields, const char *key, size_t max)
{
	struct text value;

	return !fields_get(fields, key, &value) || value.len <= max;
}

static int64_t check_user(struct text fields)
{
	return fits(fields, "PIN", PIN_BYTES) && fits(fields, "Name", NAME_BYTES) &&
			       fits(fields, "Passwd", PASSWD_BYTES)
		       ? 0
		       : RETURN_PARAMETER;
}

/* The base64 field: there, as long as it is said to be, and whole. */
static int64_t check_content(enum table table, struct text fields)
{
	const struct table_form *form = &table_forms[table];
	bool picture = table == TABLE_USERPIC || table == TABLE_BIOPHOTO;
	struct text content, size;
	uint64_t number;

	if (!form->content) {
		return 0;
	}
	if (!fields_get(fields, form->content, &content)) {
		return RETURN_PARAMETER;
	}
	if (form->size) {
		if (!fields_get(fields, form->size, &size) || !text_number(size, &number)) {
			return RETURN_PARAMETER;
		}
		if (number != content.len) {
			return picture ? RETURN_NOTHING : RETURN_SIZE;
		}
	}
	return text_base64(content) ? 0 : RETURN_MALFORMED;
}

static void add_field(struct bytes *out, struct text key, struct text value)
{
	if (out->len > 0) {
		bytes_char(out, '\t');
	}
	bytes_add(out, key.at, key.len);
	bytes_char(out, '=');
	bytes_add(out, value.at, value.len);
}

static bool has_field(struct text fields, struct text key, struct text *ret_value)
{
	char name[64];

	if (key.len >= sizeof(name)) {
		return false;
	}
	memcpy(name, key.at, key.len);
	name[key.len] = 0;
	return fields_get(fields, name, ret_value);
}

/* A user keeps what the command does not name. */
static struct text merge(const struct row *row, struct text fields, struct bytes *out)
{
	struct text rest = {row->fields, row->len};
	struct text old = rest;
	struct text key, value, other;

	out->len = 0;
	while (fields_next(&rest, &key, &value)) {
		add_field(out, key, has_field(fields, key, &other) ? other : value);
	}
	rest = fields;
	while (fields_next(&rest, &key, &value)) {
		if (!has_field(old, key, &other)) {
			add_field(out, key, value);
		}
	}
	return (struct text){out->data, out->len};
}

static int64_t put(struct model *model, enum table table, const char *key, struct text fields)
{
	static struct bytes merged;
	const struct row *row = table == TABLE_USER ? model_find(model, table, key) : NULL;

	if (row) {
		fields = merge(row, fields, &merged);
	}
	return model_put(model, table, key, fields) ? 0 : RETURN_FULL;
}

static int64_t update(struct machine *machine, enum table table, struct text fields)
{
	struct model *model = &machine->model;
	const char *key;
	int64_t code;

	if (!fields_valid(fields) || !model_key(table, fields, false)) {
		return RETURN_PARAMETER;
	}
	if (table == TABLE_FACE && abilities.no_face) {
		return RETURN_UNSUPPORTED;
	}
	if (table_forms[table].of_user && !has_user(model, fields)) {
		return table == TABLE_FACE ? RETURN_NOTHING : RETURN_NO_PIN;
	}
	code = table == TABLE_USER ? check_user(fields) : check_content(table, fields);
	if (code < 0) {
		return code;
	}
	key = model_key(table, fields, false);
	return put(model, table, key, fields);
}

static void drop_user(struct model *model, const char *pin)
{
	model_drop(model, TABLE_USER, pin);
	for (enum table table = 0; table < TABLES; table++) {
		if (table_forms[table].of_user) {
			model_drop(model, table, pin);
		}
	}
}

static int64_t delete (struct machine *machine, enum table table, struct text fields)
{
	struct model *model = &machine->model;
	bool older = table == TABLE_FACE || table == TABLE_USERPIC;
	bool of_user = table_forms[table].of_user || table == TABLE_USER;
	const char *key;

	if (!fields_valid(fields) || !model_key(table, fields, true)) {
		return RETURN_PARAMETER;
	}
	if (of_user && !has_user(model, fields)) {
		return older ? RETURN_PARAMETER : RETURN_NO_PIN;
	}
	key = model_key(table, fields, true);
	if (table == TABLE_USER) {
		drop_user(model, key);
		return 0;
	}
	return model_drop(model, table, key) > 0 ? 0 : RETURN_NOTHING;
}

int64_t execute_update(struct machine *machine, struct text args, struct result *result)
{
	enum table table;

	(void)result;
	return take_table(&args, &table) ? update(machine, table, args) : RETURN_UNKNOWN;
}

int64_t execute_delete(struct machine *machine, struct text args, struct result *result)
{
	enum table table;

	(void)result;
	return take_table(&args, &table) ? delete (machine, table, args) : RETURN_UNKNOWN;
}

int64_t execute_old_user(struct machine *machine, struct text args, struct result *result)
{
	(void)result;
	return update(machine, TABLE_USER, args);
}

int64_t execute_old_finger(struct machine *machine, struct text args, struct result *result)
{
	(void)result;
	return update(machine, TABLE_FINGER, args);
}

int64_t execute_old_del_user(struct machine *machine, struct text args, struct result *result)
{
	(void)result;
	return delete (machine, TABLE_USER, args);
}

int64_t execute_old_del_finger(struct machine *machine, struct text args, struct result *result)
{
	(void)result;
	return delete (machine, TABLE_FINGER, args);
}

/* The finger is put on at once. Its template goes to the server as every fresh one does. */
static int64_t enroll(struct machine *machine, const char *key, struct text pin, struct text fid)
{
	static uint64_t made;
	struct bytes template = {0};
	struct bytes fields = {0};
	struct row *row;

	made_template(&template, made++, abilities.finger_version);
	bytes_format(&fields, "PIN=%.*s\tFID=%.*s\tSize=%zu\tValid=1\tTMP=", (int)pin.len, pin.at,
		(int)fid.len, fid.at, template.len);
	bytes_add(&fields, template.data, template.len);
	row = model_put(&machine->model, TABLE_FINGER, key, (struct text){fields.data, fields.len});
	bytes_free(&template);
	bytes_free(&fields);
	if (!row) {
		return RETURN_FULL;
	}
	row->own = true;
	row->due = true;
	row->when = when_now();
	machine->errand.kind = ERRAND_ROWS;
	machine->errand.asked = false;
	return 0;
}

int64_t execute_enroll(struct machine *machine, struct text args, struct result *result)
{
	struct text pin, fid, overwrite;
	uint64_t number;
	const char *key;

	(void)result;
	if (!fields_valid(args) || !fields_get(args, "PIN", &pin) ||
		!fields_get(args, "FID", &fid) || !text_number(fid, &number) || number > 9) {
		return RETURN_PARAMETER;
	}
	if (!has_user(&machine->model, args)) {
		return RETURN_NO_PIN;
	}
	key = model_key(TABLE_FINGER, args, false);
	if (model_find(&machine->model, TABLE_FINGER, key) &&
		!(fields_get(args, "OVERWRITE", &overwrite) && text_is(overwrite, "1"))) {
		return 2;
	}
	return enroll(machine, key, pin, fid);
}

/* One pair. */
int64_t execute_set_option(struct machine *machine, struct text args, struct result *result)
{
	char name[64];
	struct text key, value;

	(void)result;
	if (!fields_valid(args) || memchr(args.at, '\t', args.len) ||
		!fields_next(&args, &key, &value) || key.at[0] == '~' || key.len >= sizeof(name)) {
		return RETURN_PARAMETER;
	}
	memcpy(name, key.at, key.len);
	name[key.len] = 0;
	return model_put(&machine->model, TABLE_OPTION, name, value) ? 0 : RETURN_FULL;
}
