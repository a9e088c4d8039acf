/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conf: the only file that knows libconfuse, which finds keys and values. It gets to see texts
 * only, so that amounts have units and a fault is told in our words. */
#include "lib/conf.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/buf.h"
#include "lib/conf_key.h"
#include "lib/io.h"

#define DEFAULT_PATH   "/etc/punchd/punchd.conf"
#define FILE_BYTES_MAX ((size_t)1024 * 1024)
#define KEYS_MAX       64
#define SEEN           (1 << 24) /* our mark at an option; libconfuse has no such flag */

/* ---- faults ---- */

static void write_fault(cfg_t *cfg, const char *format, va_list args)
{
	fprintf(stderr, "%s:%d: ", cfg->filename, cfg->line);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

static void write_value_fault(cfg_t *cfg, const struct conf_key *k, const char *text)
{
	static const char *const rest[] = {
		[CONF_S] = ", whole seconds", [CONF_MIN] = ", whole minutes"};
	const char *between = k->form == CONF_CHOICE ? " or " : k->most ? " to " : "";

	cfg_error(cfg, "%s cannot be \"%s\"; allowed: %s%s%s%s", k->name, text, k->least, between,
		k->most ? k->most : "", rest[k->form] ? rest[k->form] : "");
}

/* Called with each value while its line is known. It tells and lets reading go on to the next
 * fault; the value is refused when it is stored. */
static int look_at_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *ret_text)
{
	const struct conf_key *k = conf_key_find(cfg_opt_name(opt));
	bool is_first = k->form != CONF_LIST || cfg_opt_size(opt) == 1; /* of this setting */

	if (is_first && (opt->flags & SEEN)) {
		cfg_error(cfg, "%s was set before", k->name);
		return -1;
	}
	opt->flags |= SEEN;
	if (!conf_key_allows(k, span_str(text)))
		write_value_fault(cfg, k, text);
	*(const char **)ret_text = text;
	return 0;
}

/* ---- the file ---- */

/* libconfuse 3.3 counts a comment as three lines, so it gets the text with blanks in their place;
 * and it passes over all behind a quote or a C comment that is never closed, without a word. Gives
 * the line of a quote that its line does not close, or of a C comment, and which it is, else 0. The
 * text ends with LF. */
static unsigned blank_comments(char *text, size_t len, const char **ret_fault)
{
	unsigned line = 1;
	char quote = '\0'; /* that we are in */

	*ret_fault = "the quote is not closed on its line";
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n' && quote)
			return line;
		if (text[i] == '\n')
			line++;
		else if (quote && text[i] == '\\' && text[i + 1] != '\n')
			i++; /* what is behind it closes nothing */
		else if (quote)
			quote = text[i] == quote ? '\0' : quote;
		else if (text[i] == '"' || text[i] == '\'')
			quote = text[i];
		else if (text[i] == '/' && text[i + 1] == '*') {
			*ret_fault = "a comment begins with #, not with /*";
			return line;
		} else if (text[i] == '#')
			for (size_t at = i; text[at] != '\n'; at++)
				text[at] = ' ';
	}
	return 0;
}

static int read_whole(const char *path, struct buf *into)
{
	int rc, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	rc = io_read_all(fd, into);
	io_close(fd);
	return rc < 0 ? rc : buf_add_str(into, "\n");
}

static int read_text(const char *path, struct buf *into)
{
	const char *fault;
	unsigned line;
	int rc = read_whole(path, into);

	if (rc < 0) {
		fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(-rc));
		return rc;
	}
	line = blank_comments(into->ptr, into->len, &fault);
	if (line == 0)
		return 0;
	fprintf(stderr, "%s:%u: %s\n", path, line, fault);
	return -EINVAL;
}

/* ---- libconfuse ---- */

/* A parser that knows all keys and has their defaults; NULL when there is no memory. */
static cfg_t *make_parser(const char *path)
{
	cfg_opt_t options[KEYS_MAX];
	cfg_opt_t *option = options;
	cfg_t *cfg;

	for (const struct conf_key *k = conf_keys; k->name; k++, option++) {
		if (k->form == CONF_LIST)
			*option = (cfg_opt_t)CFG_STR_LIST_CB(
				k->name, (char *)k->preset, CFGF_NONE, look_at_value);
		else
			*option =
				(cfg_opt_t)CFG_STR_CB(k->name, k->preset, CFGF_NONE, look_at_value);
	}
	*option = (cfg_opt_t)CFG_END();
	cfg = cfg_init(options, CFGF_NONE);
	if (!cfg)
		return NULL;
	/* It shows us the defaults of lists as well. */
	for (const struct conf_key *k = conf_keys; k->name; k++)
		cfg_getopt(cfg, k->name)->flags &= ~SEEN;
	cfg_set_error_function(cfg, write_fault);
	cfg->filename = strdup(path);
	if (cfg->filename)
		return cfg;
	cfg_free(cfg);
	return NULL;
}

static int parse(cfg_t *cfg, struct span text)
{
	FILE *file = fmemopen((void *)text.ptr, text.len, "r");
	int rc;

	if (!file)
		return -errno;
	rc = cfg_parse_fp(cfg, file);
	fclose(file);
	if (rc == CFG_SUCCESS)
		return 0;
	fprintf(stderr,
		"%s: a line is KEY = VALUE, and a value with blanks stands in quotes; see "
		"punchd.conf(5)\n",
		cfg->filename);
	return -EINVAL;
}

/* ---- into the struct ---- */

static int store_text(const char *text, char **ret)
{
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int store_listen(cfg_t *cfg, const struct conf_key *k, struct conf *c)
{
	size_t count = cfg_size(cfg, k->name);
	int rc = 0;

	if (count < 1 || count > CONF_LISTEN_MAX) {
		fprintf(stderr, "%s: %s cannot have %zu values; allowed: %s\n", cfg->filename,
			k->name, count, k->least);
		return -EINVAL;
	}
	for (size_t i = 0; i < count && rc == 0; i++) {
		const char *text = cfg_getnstr(cfg, k->name, (unsigned)i);

		rc = k->fits(span_str(text)) ? store_text(text, &c->listen[i]) : -EINVAL;
	}
	c->listen_count = count;
	return rc;
}

static int store(cfg_t *cfg, const struct conf_key *k, struct conf *c)
{
	void *field = (char *)c + k->field;
	struct span text;

	if (k->form == CONF_LIST)
		return store_listen(cfg, k, c);
	text = span_str(cfg_getstr(cfg, k->name));
	if (!conf_key_allows(k, text))
		return -EINVAL; /* told by look_at_value() */
	if (k->form == CONF_TEXT)
		return store_text(text.ptr, field);
	if (k->form == CONF_CHOICE)
		*(bool *)field = span_is(text, k->most);
	else if (!conf_key_amount(k, text, field))
		return -EINVAL;
	return 0;
}

/* What one key demands of another. */
static int check_together(const char *path, const struct conf *c)
{
	if (c->file_max_bytes > c->body_max_bytes + CONF_HEAD_ROOM_BYTES)
		return 0;
	fprintf(stderr,
		"%s: file_max must be more than body_max and 64 KiB: a spool file holds a whole "
		"body\n",
		path);
	return -EINVAL;
}

/* Takes all keys over from the text. */
static int load(cfg_t *cfg, struct span text, struct conf *c)
{
	int rc = parse(cfg, text);

	for (const struct conf_key *k = conf_keys; k->name && rc == 0; k++)
		rc = store(cfg, k, c);
	return rc < 0 ? rc : check_together(cfg->filename, c);
}

/* ---- what the others call ---- */

const char *conf_path(const char *option)
{
	const char *from_environment = getenv("PUNCHD_CONF");

	if (option)
		return option;
	return from_environment ? from_environment : DEFAULT_PATH;
}

int conf_load(const char *path, struct conf *ret)
{
	struct buf text = buf_with_max(FILE_BYTES_MAX);
	struct conf c = {.listen_count = 0};
	cfg_t *cfg = NULL;
	int rc = read_text(path, &text);

	if (rc == 0) {
		cfg = make_parser(path);
		rc = cfg ? load(cfg, buf_span(&text), &c) : -ENOMEM;
	}
	buf_free(&text);
	cfg_free(cfg);
	if (rc == 0)
		*ret = c;
	else
		conf_free(&c);
	return rc;
}

void conf_free(struct conf *c)
{
	for (const struct conf_key *k = conf_keys; k->name; k++)
		if (k->form == CONF_TEXT)
			free(*(char **)((char *)c + k->field));
	for (size_t i = 0; i < CONF_LISTEN_MAX; i++)
		free(c->listen[i]);
	*c = (struct conf){.listen_count = 0};
}

char *conf_join(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}
