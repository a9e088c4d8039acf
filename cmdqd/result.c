/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result: the body of a devicecmd, taken apart. */
#include "cmdqd/result.h"

#include <errno.h>

#include "lib/num.h"
#include "store/command.h"

#define PIECES_MAX 64 /* of a line: a terminal sends a handful */

/* ---- keys ---- */

enum key { KEY_ID, KEY_SERIAL, KEY_CODE, KEY_NAME, KEY_FILE, KEY_CONTENT, KEYS, KEY_OTHER = KEYS };

static const char *const key_names[KEYS] = {
	[KEY_ID] = "ID",
	[KEY_SERIAL] = "SN",
	[KEY_CODE] = "Return",
	[KEY_NAME] = "CMD",
	[KEY_FILE] = "FILENAME",
	[KEY_CONTENT] = "Content",
};

static enum key key_of(struct span name)
{
	enum key key = 0;

	while (key < KEYS && !span_is_nocase(name, key_names[key]))
		key++;
	return key;
}

/* What the keys said: the first one of each. */
struct said {
	bool has[KEYS];
	struct span values[KEYS];
	bool has_other;
};

static void take(struct said *s, enum key key, struct span value)
{
	if (key == KEY_OTHER)
		s->has_other = true;
	if (key == KEY_OTHER || s->has[key])
		return;
	s->has[key] = true;
	s->values[key] = value;
}

/* "key=value"; the value with its blanks. */
static bool split(struct span text, struct span *ret_key, struct span *ret_value)
{
	struct span rest = text;

	if (!span_has(text, '=') || !span_next(&rest, '=', ret_key))
		return false;
	*ret_key = span_trim(*ret_key);
	*ret_value = rest;
	return ret_key->len > 0;
}

static enum key key_of_line(struct span line, struct span *ret_value)
{
	struct span name;

	return split(line, &name, ret_value) ? key_of(name) : KEY_OTHER;
}

/* ---- lines ---- */

/* Of the line form by its first key. The two other keys stand only in blocks, and their value may
 * hold a '&'. */
static bool is_line_form(struct span line)
{
	struct span value;

	return key_of_line(line, &value) <= KEY_NAME && span_has(line, '&');
}

static bool is_key_of_block(struct span line)
{
	struct span value;

	return key_of_line(line, &value) != KEY_OTHER && !is_line_form(line);
}

static bool next_filled_line(struct span *rest, struct span *ret_line)
{
	while (span_next_line(rest, ret_line))
		if (span_trim(*ret_line).len > 0)
			return true;
	return false;
}

static struct span from_to(struct span first, struct span last)
{
	return span_of(first.ptr, (size_t)(last.ptr + last.len - first.ptr));
}

/* ---- what was said is a result, or it is none ---- */

static int judge(const struct said *s, struct result *r, const char **ret_why)
{
	r->id = s->values[KEY_ID];
	r->serial = s->values[KEY_SERIAL];
	r->name = s->values[KEY_NAME];
	r->file = s->values[KEY_FILE];
	if (!s->has[KEY_ID] && !s->has[KEY_CODE]) {
		*ret_why = "neither ID nor Return";
		return -EBADMSG;
	}
	r->has_code = s->has[KEY_CODE];
	if (r->has_code && num_i64(s->values[KEY_CODE], INT64_MIN, INT64_MAX, &r->code) < 0) {
		*ret_why = "Return is not a number";
		return -EBADMSG;
	}
	return 1;
}

/* ---- the line form, and INFO ---- */

static struct said read_line(struct span line)
{
	struct said s = {.has_other = false};
	struct span piece, name, value;

	for (int i = 0; i < PIECES_MAX && span_next(&line, '&', &piece); i++)
		if (split(piece, &name, &value))
			take(&s, key_of(name), span_trim(value));
	return s;
}

/* They end with the body, but a result behind them is not to be lost, least of all when INFO failed
 * and brought none. */
static void take_facts(struct span *rest, struct result *r)
{
	struct span ahead = *rest, line, first = {NULL, 0}, last = {NULL, 0};

	while (span_next_line(&ahead, &line) && !is_line_form(line)) {
		first = first.ptr ? first : line;
		last = line;
		*rest = ahead;
	}
	r->has_content = true;
	if (!first.ptr)
		return;
	r->content = from_to(first, last);
	r->text = from_to(r->text, last);
}

static int next_of_line(struct span line, struct span *rest, struct result *r, const char **ret_why)
{
	struct said s = read_line(line);
	int rc = judge(&s, r, ret_why);

	if (rc < 0)
		return rc;
	if (span_is_nocase(r->name, "INFO")) {
		take_facts(rest, r);
	} else if (s.has_other) {
		r->has_content = true;
		r->content = line;
	}
	return rc;
}

/* ---- the block form ---- */

/* May the line belong to the block that has said so much? A key that nobody knows may. */
static bool goes_on(const struct said *s, struct span line)
{
	struct span name, value;

	if (!split(line, &name, &value) || is_line_form(line))
		return false;
	enum key key = key_of(name);
	return key == KEY_OTHER || !s->has[key];
}

/* Whatever follows is content: there is no end mark. */
static struct span up_to_end(struct span value, struct span body)
{
	return from_to(value, span_from(body, body.len));
}

/* From its first line on, which is still in `*rest`. */
static int next_of_block(struct span *rest, struct result *r, const char **ret_why)
{
	struct said s = {.has_other = false};
	struct span body = *rest, ahead = body, line, value = {NULL, 0};

	while (next_filled_line(&ahead, &line) && goes_on(&s, line)) {
		enum key key = key_of_line(line, &value);
		take(&s, key, span_trim(value));
		r->text = from_to(r->text, line);
		*rest = ahead;
		if (key != KEY_CONTENT)
			continue;
		r->has_content = true;
		r->content = up_to_end(value, body);
		r->text = from_to(r->text, r->content);
		*rest = span_of(NULL, 0);
		break;
	}
	return judge(&s, r, ret_why);
}

/* ---- one result ---- */

int result_next(struct span *rest, struct result *ret, const char **ret_why)
{
	struct span line, ahead = *rest;
	struct result r = {.has_code = false};
	int rc;

	if (!next_filled_line(&ahead, &line)) {
		*rest = ahead;
		return 0;
	}
	r.text = line;
	if (is_key_of_block(line)) {
		rc = next_of_block(rest, &r, ret_why);
	} else {
		*rest = ahead;
		rc = next_of_line(line, rest, &r, ret_why);
	}
	*ret = r;
	return rc;
}

bool result_id_number(struct span id, uint64_t *ret_id)
{
	return !span_starts(id, "0") && num_u64(id, 1, COMMAND_ID_MAX, ret_id) == 0;
}
