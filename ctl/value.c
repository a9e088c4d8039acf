/* SPDX-License-Identifier: GPL-2.0-or-later */
/* value: from the command line, a file or the terminal. */
#include "ctl/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "command/typed.h"
#include "ctl/fail.h"
#include "ctl/secret.h"
#include "lib/base64.h"
#include "lib/io.h"

static bool is_base64_kind(const struct verb_field *f)
{
	return f->kind == FIELD_BASE64 || f->kind == FIELD_TEMPLATE;
}

/* The text without its ends of line. */
static int join_lines(struct span text, struct buf *b)
{
	struct span line;
	int rc = 0;
	while (rc == 0 && span_next_line(&text, &line))
		rc = buf_add_span(b, line);
	return rc;
}

static int put_base64(const struct verb_field *f, struct span bytes, struct buf *b)
{
	char why[VERB_WHY_BYTES];
	struct buf joined = buf_with_max(bytes.len);
	int rc = join_lines(bytes, &joined);
	if (rc == 0 && verb_field_check(f, buf_span(&joined), why) == 0)
		rc = buf_add_span(b, buf_span(&joined));
	else if (rc == 0)
		rc = base64_put(b, bytes);
	buf_free(&joined);
	return rc;
}

static struct span without_final_newline(struct span text)
{
	if (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	if (text.len > 0 && text.ptr[text.len - 1] == '\r')
		text.len--;
	return text;
}

int value_put_bytes(const struct verb_field *f, struct span bytes, struct buf *b)
{
	if (is_base64_kind(f))
		return put_base64(f, bytes, b);
	return buf_add_span(b, without_final_newline(bytes));
}

static int take_file(const struct verb_field *f, const char *path, struct buf *b)
{
	struct buf bytes = buf_with_max(TYPED_MAX);
	int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : io_read_all(fd, &bytes);
	if (fd >= 0)
		io_close(fd);
	if (rc == 0)
		rc = value_put_bytes(f, buf_span(&bytes), b);
	buf_wipe(&bytes);
	buf_free(&bytes);
	if (rc == -EMSGSIZE)
		return fail(EX_DATAERR, "%s: '%s' is larger than a command can be", f->name, path);
	return rc < 0 ? fail_at(rc, "read", path) : EX_OK;
}

static int take_path(const struct verb_field *f, struct span path, struct buf *b)
{
	char *text = path.len > 0 ? strndup(path.ptr, path.len) : NULL;
	if (path.len == 0)
		return fail(EX_USAGE, "%s: which file, behind the @?", f->name);
	if (!text)
		return fail(EX_OSERR, "out of memory");
	int code = take_file(f, text, b);
	free(text);
	return code;
}

int value_take(const struct verb_field *f, struct span word, struct buf *b)
{
	if (f->secret && span_is(word, "-"))
		return secret_ask(f->name, b);
	if (span_starts(word, "@@"))
		word = span_from(word, 1);
	else if (span_starts(word, "@"))
		return take_path(f, span_from(word, 1), b);
	return buf_add_span(b, word) < 0
		       ? fail(EX_USAGE, "%s is longer than a command can be", f->name)
		       : EX_OK;
}
