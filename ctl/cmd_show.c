/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_show: one command from its order to its end, and what its result brought. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/cell.h"
#include "ctl/cmd.h"
#include "ctl/fail.h"
#include "ctl/text.h"
#include "lib/io.h"
#include "lib/utf8.h"

#define CONTENT_SHOWN_MAX ((size_t)64 * 1024) /* bytes; --content writes all of it */

enum {
	ID,
	SERIAL,
	STATE,
	VERB,
	QUEUED,
	OFFERED,
	OFFERS,
	EXPIRES,
	ENDED,
	RETURN,
	OUTCOME,
	OWNER,
	OWNER_UID,
	ORDER,
	RESULT,
	CONTENT_BYTES,
	FILE_BYTES,
	FILE_SHA256,
	FIELDS,
	CONTENT,
	COLUMNS
};

static const struct out_column columns[COLUMNS] = {
	[ID] = {"id", "command", 0, true},
	[SERIAL] = {"serial", "serial", 0, false},
	[STATE] = {"state", "state", 0, false},
	[VERB] = {"verb", "verb", 0, false},
	[QUEUED] = {"queued", "queued", 0, false},
	[OFFERED] = {"offered", "last offered", 0, false},
	[OFFERS] = {"offers", "offers", 0, true},
	[EXPIRES] = {"expires", "expires", 0, false},
	[ENDED] = {"ended", "ended", 0, false},
	[RETURN] = {"return", "return", 0, true},
	[OUTCOME] = {"outcome", "outcome", 0, false},
	[OWNER] = {"owner", "ordered by", 0, false},
	[OWNER_UID] = {"owner_uid", NULL, 0, true},
	[ORDER] = {"order", "order", 0, false},
	[RESULT] = {"result", "result", 0, false},
	[CONTENT_BYTES] = {"content_bytes", "content bytes", 0, true},
	[FILE_BYTES] = {"file_bytes", "file's bytes", 0, true},
	[FILE_SHA256] = {"file_sha256", "file's SHA-256", 0, false},
	[FIELDS] = {"fields", NULL, 0, false},
	[CONTENT] = {"content", NULL, 0, false},
};

/* ---- the fields ---- */

struct fields {
	struct buf masked;
	char names[VERB_FIELDS_MAX][32];
	struct out_column columns[VERB_FIELDS_MAX];
	struct out_cell cells[VERB_FIELDS_MAX];
	size_t count;
};

/* "pin: 1001"; the first line is the verb's. */
static int make_fields(const struct command *c, struct fields *f)
{
	struct span rest, line, key;
	f->masked = buf_with_max(CMD_TEXT_MAX);
	int rc = cmd_put_masked(&f->masked, c);
	rest = buf_span(&f->masked);
	while (rc == 0 && f->count < VERB_FIELDS_MAX && span_next_line(&rest, &line)) {
		struct span value = line;
		if (!span_next(&value, ':', &key) || span_is(key, "verb"))
			continue;
		size_t n = f->count++;
		snprintf(f->names[n], sizeof(f->names[n]), "%.*s", SPAN_ARG(key));
		f->columns[n] = (struct out_column){.key = f->names[n], .heading = f->names[n]};
		f->cells[n] = out_text(span_trim(value));
	}
	return rc;
}

static int print_fields(const struct fields *f)
{
	struct out o;
	if (f->count == 0)
		return 0;
	putchar('\n');
	out_begin(&o, stdout, OUT_TABLE, f->columns, f->count);
	int rc = out_card(&o, f->cells);
	int end_rc = out_end(&o);
	return rc < 0 ? rc : end_rc;
}

/* ---- the content ---- */

/* The path is ours: STATE/…/<id>. A descriptor or a negative errno. */
static int open_content(const struct ask *a, uint64_t id)
{
	char path[4096];
	if (snprintf(path, sizeof(path), "%s/" CONF_CONTENT "/%llu", a->conf.state_dir,
		    (unsigned long long)id) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int copy(int fd)
{
	char bytes[65536];
	for (;;) {
		ssize_t got = read(fd, bytes, sizeof(bytes));
		if (got < 0)
			return -errno;
		if (got == 0)
			return out_flushed(stdout);
		errno = 0;
		if (fwrite(bytes, 1, (size_t)got, stdout) != (size_t)got)
			return errno ? -errno : -EIO;
	}
}

static int write_content(const struct ask *a, const struct command *c)
{
	if (c->content_bytes == 0)
		return fail(EX_NOINPUT, "no result of command %llu brought anything along",
			(unsigned long long)c->id);
	/* They are a terminal's bytes, and could steer this one. */
	if (isatty(STDOUT_FILENO))
		return fail(EX_USAGE, "standard output is a terminal; write --content >FILE");
	int fd = open_content(a, c->id);
	int rc = fd < 0 ? fd : copy(fd);
	if (fd >= 0)
		io_close(fd);
	return rc < 0 ? fail_at(rc, "write", "the content") : EX_OK;
}

/* A short text is shown; true when `into` holds one. What cannot be read is said. */
static bool read_text(const struct ask *a, const struct command *c, struct buf *into)
{
	if (c->content_bytes == 0 || c->content_bytes > CONTENT_SHOWN_MAX)
		return false;
	int fd = open_content(a, c->id);
	int rc = fd < 0 ? fd : io_read_all(fd, into);
	if (fd >= 0)
		io_close(fd);
	if (rc < 0) {
		(void)fail_at(rc, "read", "the content");
		return false;
	}
	struct span s = buf_span(into);
	return s.len > 0 && utf8_valid(s) && !span_has(s, '\0');
}

static int print_content(struct span text)
{
	struct buf shown = buf_with_max(4 * CONTENT_SHOWN_MAX);
	int rc = text_escape(&shown, text, "\\\t\n");
	if (rc == 0)
		printf("\n%.*s%s", SPAN_ARG(buf_span(&shown)),
			text.ptr[text.len - 1] == '\n' ? "" : "\n");
	buf_free(&shown);
	return rc < 0 ? rc : out_flushed(stdout);
}

static void say_more(const struct command *c, bool shown)
{
	if (c->content_bytes > 0 && !shown)
		out_say("\nThe content is no short text: punchctl cmd show %llu --content >FILE",
			(unsigned long long)c->id);
}

/* ---- all of it ---- */

static const char *owner_name(uint64_t uid, char room[static 32])
{
	const struct passwd *pw = getpwuid((uid_t)uid);
	if (pw)
		return pw->pw_name;
	snprintf(room, 32, "%llu", (unsigned long long)uid);
	return room;
}

struct texts {
	struct cell_moment queued, offered, expires, ended;
	char owner[32], outcome[CMD_OUTCOME_BYTES];
};

static void make_cells(const struct command *c, struct texts *t, struct out_cell *cells)
{
	const struct verb *v = cmd_verb(c);
	cmd_outcome(c, t->outcome);
	cells[ID] = out_number(c->id);
	cells[SERIAL] = out_text(span_str(c->serial));
	cells[STATE] = out_text(span_str(command_state_name(c->state)));
	cells[VERB] = cell_text(v ? v->name : NULL);
	cells[QUEUED] = cell_moment(c->queued_us, &t->queued);
	cells[OFFERED] = cell_moment(c->offered_us, &t->offered);
	cells[OFFERS] = out_number(c->offers);
	cells[EXPIRES] = cell_moment(c->expires_us, &t->expires);
	cells[ENDED] = cell_moment(c->ended_us, &t->ended);
	if (c->has_return)
		cells[RETURN] = out_signed(c->return_code);
	cells[OUTCOME] = cell_text(t->outcome);
	cells[OWNER] = cell_text(owner_name(c->owner_uid, t->owner));
	cells[OWNER_UID] = out_number(c->owner_uid);
	cells[ORDER] = cell_text(c->order);
	cells[RESULT] = cell_text(c->result);
	if (c->content_bytes > 0)
		cells[CONTENT_BYTES] = out_number(c->content_bytes);
	if (c->file.bytes > 0)
		cells[FILE_BYTES] = out_number(c->file.bytes);
	cells[FILE_SHA256] = cell_text(c->file.sha256);
}

static int print(const struct ask *a, const struct out_cell *cells)
{
	struct out o;
	out_begin(&o, stdout, a->format, columns, COLUMNS);
	int rc = out_card(&o, cells);
	int end_rc = out_end(&o);
	return rc < 0 ? rc : end_rc;
}

static int show(const struct ask *a, const struct command *c)
{
	struct texts texts;
	struct fields fields = {.count = 0};
	struct buf content = buf_with_max(CONTENT_SHOWN_MAX);
	struct out_cell cells[COLUMNS] = {{.kind = OUT_NONE}};
	int rc = make_fields(c, &fields);
	bool is_text = read_text(a, c, &content);
	const struct out_rows rows = {fields.columns, fields.count, fields.cells, 1};
	make_cells(c, &texts, cells);
	cells[FIELDS] = (struct out_cell){.kind = OUT_OBJECT, .rows = &rows};
	if (is_text)
		cells[CONTENT] = out_text(buf_span(&content));
	rc = rc < 0 ? rc : print(a, cells);
	if (rc == 0 && a->format == OUT_TABLE)
		rc = print_fields(&fields);
	if (rc == 0 && a->format == OUT_TABLE && is_text)
		rc = print_content(buf_span(&content));
	if (rc == 0 && a->format == OUT_TABLE)
		say_more(c, is_text);
	buf_free(&content);
	buf_free(&fields.masked);
	return rc;
}

int cmd_verb_show(struct ask *a)
{
	struct control_reader *r = NULL;
	struct buf text = buf_with_max(CMD_TEXT_MAX);
	struct command c;
	uint64_t id;
	int code = cmd_id(a->words[0], &id);
	if (code == EX_OK)
		code = cmd_open(a, &r);
	if (code != EX_OK)
		return code;
	int rc = control_command(r, id, &text, &c);
	control_close(r);
	if (rc == -ENOENT)
		code = fail(
			EX_NOINPUT, "there is no command %s; see 'punchctl cmd ls'", a->words[0]);
	else if (rc == 0 && a->content)
		code = write_content(a, &c);
	else if (rc == 0)
		rc = show(a, &c);
	buf_free(&text);
	return rc < 0 && rc != -ENOENT ? fail_at(rc, "show", a->words[0]) : code;
}
