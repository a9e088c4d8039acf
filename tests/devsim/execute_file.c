/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results with content, INFO SHELL GetFile, and the start of PutFile. docs/PROTOCOL.md 4, 5 */
#include <stdlib.h>
#include <string.h>

#include "tests/devsim/execute.h"

#define BINARY_BYTES 512U

static void add_options(struct bytes *out, const struct machine *machine)
{
	facts_list(out, machine->device, '\n');
	bytes_char(out, '\n');
	for (size_t i = 0; i < machine->model.count; i++) {
		const struct row *row = &machine->model.rows[i];

		if (row->table == TABLE_OPTION) {
			bytes_format(out, "%s=%.*s\n", row->key, (int)row->len, row->fields);
		}
	}
}

/* Every byte there is, NUL, LF and '&' among them. */
static void add_binary(struct bytes *out)
{
	for (unsigned int i = 0; i < BINARY_BYTES; i++) {
		bytes_char(out, (char)i);
	}
}

static void name_file(struct result *result, const char *path, size_t len)
{
	if (len >= sizeof(result->filename)) {
		len = sizeof(result->filename) - 1;
	}
	memcpy(result->filename, path, len);
	result->filename[len] = 0;
	result->form = RESULT_BLOCK;
}

int64_t execute_info(struct machine *machine, struct text args, struct result *result)
{
	(void)args;
	result->form = RESULT_INFO;
	add_options(&result->more, machine);
	return 0;
}

/* "fail" fails, "binary" prints every byte, anything else prints itself and what a line of results
 * could be taken for. */
int64_t execute_shell(struct machine *machine, struct text args, struct result *result)
{
	(void)machine;
	if (text_is(args, "fail")) {
		return RETURN_PARAMETER;
	}
	if (text_is(args, "binary")) {
		add_binary(&result->more);
	} else {
		bytes_text(&result->more, "$ ");
		bytes_add(&result->more, args.at, args.len);
		bytes_text(&result->more, "\na&b=c\nID=1&Return=0&CMD=DATA\n");
	}
	name_file(result, "shellout.txt", strlen("shellout.txt"));
	return 0;
}

static bool ends_with(struct text text, const char *end)
{
	size_t len = strlen(end);

	return text.len >= len && memcmp(text.at + text.len - len, end, len) == 0;
}

/* There are options.cfg and binary.dat in every folder, and what PutFile brought. */
int64_t execute_get_file(struct machine *machine, struct text args, struct result *result)
{
	char path[128];
	const struct row *row;

	if (args.len == 0 || args.len >= sizeof(path) || memchr(args.at, 0, args.len)) {
		return RETURN_PARAMETER;
	}
	memcpy(path, args.at, args.len);
	path[args.len] = 0;
	row = model_find(&machine->model, TABLE_FILE, path);
	if (row) {
		bytes_add(&result->more, row->fields, row->len);
	} else if (faults.big_result > 0) {
		name_file(result, args.at, args.len);
		return faults.big_result;
	} else if (ends_with(args, "options.cfg")) {
		add_options(&result->more, machine);
	} else if (ends_with(args, "binary.dat")) {
		add_binary(&result->more);
	} else {
		return RETURN_NOTHING;
	}
	name_file(result, args.at, args.len);
	return (int64_t)result->more.len;
}

/* A URL without http:// is relative to /iclock/; another has to be of the same server. */
static char *target_of(struct text url)
{
	struct bytes target = {0};
	size_t host_len = strlen(settings.target.host);

	if (url.len > 7 && strncasecmp(url.at, "http://", 7) == 0) {
		url = (struct text){url.at + 7, url.len - 7};
		if (url.len <= host_len || memcmp(url.at, settings.target.host, host_len) != 0 ||
			url.at[host_len] != '/') {
			return NULL;
		}
		url = (struct text){url.at + host_len, url.len - host_len};
	} else {
		bytes_text(&target, "/iclock/");
	}
	bytes_add(&target, url.at, url.len);
	bytes_char(&target, 0);
	return target.data;
}

/* The folder for a .tgz may be left out; any other file needs its whole path. */
int64_t execute_put_file(struct machine *machine, struct text args, struct result *result)
{
	struct errand *errand = &machine->errand;
	struct text url, path;

	(void)result;
	if (memchr(args.at, 0, args.len) || !text_next(&args, '\t', &url) || url.len == 0) {
		return RETURN_PARAMETER;
	}
	path = args;
	if (path.len >= sizeof(errand->path) || (path.len == 0 && !ends_with(url, ".tgz"))) {
		return RETURN_PARAMETER;
	}
	path = path.len > 0 ? path : (url.len < sizeof(errand->path) ? url : text_of("a.tgz"));
	errand->target = target_of(url);
	if (!errand->target) {
		return RETURN_NOTHING;
	}
	memcpy(errand->path, path.at, path.len);
	errand->path[path.len] = 0;
	errand->kind = ERRAND_FILE;
	errand->next = 0;
	return 0;
}
