/* SPDX-License-Identifier: GPL-2.0-or-later */
/* introduce: see the header. */
#include "cmdqd/introduce.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lib/base64.h"
#include "lib/msg.h"
#include "store/lines.h"

#define PART_MAX    MSG_MAX /* no reply has more */
#define CONTENT_MAX (INTRODUCE_LINE_MAX * 3 / 4)

void introduce_free(struct introduction *n)
{
	for (size_t i = 0; i < INTRODUCE_PARTS; i++)
		buf_free(&n->parts[i]);
}

/* ---- a line ---- */

/* Whole or not at all: 1 when it is in, 0 when it is left out. */
static int add_line(struct introduction *n, enum introduce_part part, const struct typed *t)
{
	struct buf *b = &n->parts[part];
	char why[VERB_WHY_BYTES];
	size_t len = b->len;

	b->max = PART_MAX;
	int rc = typed_check(t, why);
	if (rc == 0)
		rc = render_put(b, t, n->dialect, why);
	if (rc == 0)
		rc = buf_add_str(b, "\n");
	if (rc == 0 && b->len - len <= INTRODUCE_LINE_MAX)
		return 1;
	b->len = len;
	return rc == -ENOMEM ? rc : 0;
}

static int set(struct typed *t, const char *field, struct span value)
{
	char why[VERB_WHY_BYTES];

	return typed_set(t, span_str(field), value, why);
}

/* What was not said is the verb's to preset. */
static int set_if_said(struct typed *t, const char *field, struct span value)
{
	return value.len > 0 ? set(t, field, value) : 0;
}

/* ---- a user ---- */

/* Is this field, beside the PIN, one that this terminal takes? Else it is taken back. */
static int try_field(const struct introduction *n, struct typed *t, const char *field,
	struct span value, struct buf *scratch)
{
	int at = verb_field_find(t->verb, span_str(field));
	char why[VERB_WHY_BYTES];

	if (set(t, field, value) < 0)
		return 0;
	buf_clear(scratch);
	int rc = render_put(scratch, t, n->dialect, why);
	t->given[at] = rc == 0;
	return rc == -ENOMEM ? rc : 0;
}

/* An empty name, password or card clears what an earlier answer may have left there. */
static int try_fields(const struct introduction *n, struct typed *t, const struct person *p,
	struct span card, struct buf *scratch)
{
	const struct {
		const char *field;
		struct span value;
		bool clears;
	} fields[] = {{"name", p->name, true}, {"privilege", span_str("0"), false},
		{"password", p->password, true}, {"card", card, true}, {"group", p->group, false},
		{"timezones", p->timezones, false}};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(fields) / sizeof(*fields); i++)
		if (fields[i].clears || fields[i].value.len > 0)
			rc = try_field(n, t, fields[i].field, fields[i].value, scratch);
	return rc;
}

int introduce_user(struct introduction *n, const struct person *p)
{
	struct typed t = {.verb = verb_find(span_str("user.add"))};
	struct buf scratch = buf_with_max(RENDER_MAX);
	char card[24] = "";

	if (p->card != 0)
		snprintf(card, sizeof(card), "%" PRIu64, p->card);
	int rc = set(&t, "pin", p->pin);
	if (rc == 0)
		rc = try_fields(n, &t, p, span_str(card), &scratch);
	if (rc == 0)
		rc = add_line(n, INTRODUCE_USER, &t);
	explicit_bzero(card, sizeof(card));
	buf_wipe(&scratch);
	buf_free(&scratch);
	return rc == 0 ? -EINVAL : rc < 0 ? rc : 0;
}

/* ---- templates and pictures ---- */

/* A number stands in the text as it is: of one that is escaped nothing is made. */
static struct span field_of(const struct item *i, const char *name)
{
	struct span rest = item_head(i), key, value;

	while (lines_next(&rest, &key, &value) > 0)
		if (span_is(key, name))
			return value;
	return (struct span){0};
}

/* What a terminal did not say that it takes it is not given unasked. */
static bool takes(enum able able)
{
	return able == ABLE_YES;
}

/* As what this terminal is told of it. A finger that came as BIODATA is one for all of them. */
static bool choose(const struct introduction *n, const struct item *i, enum introduce_part *ret,
	const char **ret_verb)
{
	const struct dialect *d = n->dialect;
	bool is_user = span_is(i->ids[1], "user");

	if (i->kind == ITEM_PICTURE) {
		*ret = INTRODUCE_PICTURES;
		*ret_verb = is_user ? "photo.add" : "biophoto.add";
		return takes(is_user ? d->userpic : d->biophoto);
	}
	if (field_of(i, "type").len > 0 && takes(d->biodata)) {
		*ret = INTRODUCE_BIO;
		*ret_verb = "bio.add";
		return true;
	}
	bool is_finger = span_is(i->ids[1], "finger");
	*ret = is_finger ? INTRODUCE_FINGERS : INTRODUCE_FACES;
	*ret_verb = is_finger ? "finger.add" : "face.add";
	return is_finger ||
	       (span_is(i->ids[1], "face") && field_of(i, "type").len == 0 && takes(d->face));
}

static int set_bio(struct typed *t, const struct item *i)
{
	int rc = set_if_said(t, "no", i->ids[2]);

	if (rc == 0)
		rc = set_if_said(t, "index", i->ids[3]);
	if (rc == 0)
		rc = set_if_said(t, "duress", field_of(i, "duress"));
	if (rc == 0)
		rc = set_if_said(t, "type", field_of(i, "type"));
	if (rc == 0)
		rc = set_if_said(t, "major", field_of(i, "version"));
	if (rc == 0)
		rc = set_if_said(t, "minor", field_of(i, "minor"));
	return rc < 0 ? rc : set_if_said(t, "format", field_of(i, "format"));
}

static int set_fields(
	struct typed *t, enum introduce_part part, const struct item *i, struct span base64)
{
	int rc = set(t, "pin", i->ids[0]);

	if (rc < 0 || part == INTRODUCE_PICTURES)
		return rc < 0 ? rc : set(t, "content", base64);
	rc = part == INTRODUCE_BIO ? set_bio(t, i) : set_if_said(t, "fid", i->ids[2]);
	if (rc == 0)
		rc = set_if_said(t, "valid", field_of(i, "valid"));
	return rc < 0 ? rc : set(t, "template", base64);
}

static bool is_sound(const struct item *i)
{
	size_t bytes = item_content(i).len;

	return !(i->flags & (ITEM_DELETED | ITEM_SIZE_WRONG | ITEM_NOT_BASE64)) && bytes > 0 &&
	       bytes <= CONTENT_MAX;
}

int introduce_item(struct introduction *n, const struct item *i)
{
	struct buf base64 = buf_with_max(2 * CONTENT_MAX);
	enum introduce_part part;
	const char *verb;

	if (!is_sound(i) || !choose(n, i, &part, &verb))
		return 0;
	struct typed t = {.verb = verb_find(span_str(verb))};
	int rc = base64_put(&base64, item_content(i));
	if (rc == 0)
		rc = set_fields(&t, part, i, buf_span(&base64));
	if (rc == 0)
		rc = add_line(n, part, &t);
	buf_free(&base64);
	return rc == -ENOMEM ? rc : 0;
}

/* ---- all of it ---- */

int introduce_put(const struct introduction *n, struct buf *reply)
{
	int lines = 0;

	for (size_t i = 0; i < INTRODUCE_PARTS; i++) {
		struct span rest = buf_span(&n->parts[i]), line;

		while (span_next_line(&rest, &line)) {
			int rc = buf_add_span(reply, span_of(line.ptr, line.len + 1));
			if (rc == -ENOMEM)
				return rc;
			lines += rc == 0;
		}
	}
	return lines;
}
