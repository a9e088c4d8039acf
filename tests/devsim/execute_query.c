/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What asks for data: DATA QUERY, VERIFY SUM, ACCOUNT, SYNC. Rows to be uploaded are marked; the
 * errand takes them one upload after the other. docs/PROTOCOL.md 3.4, 6.1 */
#include <string.h>

#include "tests/devsim/execute.h"

/* "YYYY-MM-DD HH:MM:SS"; a bare date takes `rest` for its time when that is given. */
static bool read_when(struct text fields, const char *key, const char *rest, uint32_t *ret_when)
{
	char text[WHEN_LEN + 1];
	struct text value;

	if (!fields_get(fields, key, &value)) {
		return false;
	}
	if (value.len == 10 && rest) {
		memcpy(text, value.at, 10);
		memcpy(text + 10, rest, sizeof(text) - 10);
	} else if (value.len == WHEN_LEN) {
		memcpy(text, value.at, WHEN_LEN);
		text[WHEN_LEN] = 0;
	} else {
		return false;
	}
	return when_parse(text, ret_when) == 0;
}

static bool read_span(
	struct machine *machine, struct text args, uint64_t *ret_first, uint64_t *ret_last)
{
	uint32_t from, to;

	if (!fields_valid(args) || !read_when(args, "StartTime", NULL, &from) ||
		!read_when(args, "EndTime", NULL, &to)) {
		return false;
	}
	made_span(machine->device, from, to, ret_first, ret_last);
	return true;
}

static int64_t query_attlog(struct machine *machine, struct text args)
{
	uint64_t first, last;

	if (!read_span(machine, args, &first, &last)) {
		return RETURN_PARAMETER;
	}
	errand_punches(machine, first, last, true);
	return (int64_t)(last - first);
}

/* There is one picture, and it is of every span that has a punch. */
static int64_t query_attphoto(struct machine *machine, struct text args)
{
	uint64_t first, last;

	if (!read_span(machine, args, &first, &last)) {
		return RETURN_PARAMETER;
	}
	if (first == last) {
		return 0;
	}
	machine->errand.kind = ERRAND_PHOTO;
	return 1;
}

static bool row_is(const struct row *row, const char *key, struct text value)
{
	struct text got;

	return value.len == 0 ||
	       (fields_get((struct text){row->fields, row->len}, key, &got) &&
		       got.len == value.len && memcmp(got.at, value.at, got.len) == 0);
}

/* Marks the rows in which each of two fields has the value that is asked for, if one is. */
static int64_t mark(struct machine *machine, enum table table, const char *const keys[2],
	const struct text values[2])
{
	int64_t count = 0;

	for (size_t i = 0; i < machine->model.count; i++) {
		struct row *row = &machine->model.rows[i];

		if (row->table == table && row_is(row, keys[0], values[0]) &&
			row_is(row, keys[1], values[1])) {
			row->due = true;
			count++;
		}
	}
	machine->errand.kind = count > 0 ? ERRAND_ROWS : ERRAND_NONE;
	machine->errand.asked = true;
	return count;
}

/* Users: one or all. Fingers: of one user, perhaps one of them; real firmware wants FID. BIODATA:
 * of one kind, perhaps of one user. */
static int64_t query_rows(struct machine *machine, enum table table, struct text args)
{
	const char *const *names = table_forms[table].keys;
	const char *const keys[2] = {names[0], names[1] ? names[1] : names[0]};
	struct text values[2] = {{0}};

	if (args.len > 0 && !fields_valid(args)) {
		return RETURN_PARAMETER;
	}
	(void)fields_get(args, keys[0], &values[0]);
	if (!fields_get(args, keys[1], &values[1]) && table == TABLE_FINGER) {
		(void)fields_get(args, "FingerID", &values[1]);
	}
	if ((table == TABLE_FINGER && values[0].len == 0) ||
		(table == TABLE_BIODATA && values[1].len == 0)) {
		return RETURN_PARAMETER;
	}
	return mark(machine, table, keys, values);
}

int64_t execute_query(struct machine *machine, struct text args, struct result *result)
{
	struct text name;

	(void)result;
	if (!text_next(&args, ' ', &name)) {
		return RETURN_UNKNOWN;
	}
	if (text_is(name, "ATTLOG")) {
		return query_attlog(machine, args);
	}
	if (text_is(name, "ATTPHOTO")) {
		return query_attphoto(machine, args);
	}
	for (enum table table = 0; table < TABLES; table++) {
		if (table_forms[table].name && text_is(name, table_forms[table].name)) {
			return query_rows(machine, table, args);
		}
	}
	return RETURN_UNKNOWN;
}

int64_t execute_verify(struct machine *machine, struct text args, struct result *result)
{
	uint64_t first, last;
	struct text from, to;

	if (!read_span(machine, args, &first, &last)) {
		return RETURN_PARAMETER;
	}
	(void)fields_get(args, "StartTime", &from);
	(void)fields_get(args, "EndTime", &to);
	bytes_format(&result->more, "&StartTime=%.*s&EndTime=%.*s&AttlogCount=%llu", (int)from.len,
		from.at, (int)to.len, to.at, (unsigned long long)(last - first));
	return 0;
}

/* Uploads the span again if there is more in it than the server thinks. */
int64_t execute_account(struct machine *machine, struct text args, struct result *result)
{
	uint64_t first, last;
	uint64_t known = 0;
	uint32_t from, to;
	struct text count;

	(void)result;
	if (!fields_valid(args) || !read_when(args, "Start", " 00:00:00", &from) ||
		!read_when(args, "End", " 23:59:59", &to) ||
		(fields_get(args, "Count", &count) && !text_number(count, &known))) {
		return RETURN_PARAMETER;
	}
	made_span(machine->device, from, to, &first, &last);
	if (last - first > known) {
		errand_punches(machine, first, last, false);
	}
	return (int64_t)(last - first);
}

/* What was made on the terminal itself; a bound may be left out. */
int64_t execute_sync(struct machine *machine, struct text args, struct result *result)
{
	uint32_t from = 0;
	uint32_t to = UINT32_MAX;
	struct text value;
	int64_t count = 0;

	(void)result;
	if ((args.len > 0 && !fields_valid(args)) ||
		(fields_get(args, "Start", &value) && value.len > 0 &&
			!read_when(args, "Start", " 00:00:00", &from)) ||
		(fields_get(args, "End", &value) && value.len > 0 &&
			!read_when(args, "End", " 23:59:59", &to))) {
		return RETURN_PARAMETER;
	}
	for (size_t i = 0; i < machine->model.count; i++) {
		struct row *row = &machine->model.rows[i];

		if (row->own && row->when >= from && row->when <= to) {
			row->due = true;
			count++;
		}
	}
	machine->errand.kind = count > 0 ? ERRAND_ROWS : ERRAND_NONE;
	machine->errand.asked = false;
	return count;
}
