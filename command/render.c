/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render: a command as the bytes that one terminal understands. The line is made aside and added
 * whole, so that a failure leaves nothing behind. */
#include "command/render.h"

#include <errno.h>
#include <inttypes.h>

#include "command/why.h"
#include "lib/card.h"
#include "lib/charset.h"
#include "lib/file_target.h"
#include "lib/num.h"

/* No command takes more: GB18030 doubles a text at most, keys and presets are short. */
#define LINE_ROOM (4 * TYPED_MAX)

/* What a line is made of and for. */
struct work {
	struct buf line;
	const struct typed *typed;
	const struct dialect *dialect;
	char *why;
};

/* ---- can this terminal take it ---- */

static int check_able(const struct verb *v, const struct dialect *d, char *ret_why)
{
	const struct {
		enum able able;
		const char *what;
	} needs[] = {
		[NEED_NOTHING] = {ABLE_YES, ""},
		[NEED_FINGER] = {d->finger, "fingerprints"},
		[NEED_FACE] = {d->face, "faces"},
		[NEED_USERPIC] = {d->userpic, "pictures of users"},
		[NEED_BIOPHOTO] = {d->biophoto, "photos to make templates of"},
		[NEED_BIODATA] = {d->biodata, "templates as BIODATA"},
	};

	if (needs[v->need].able == ABLE_NO)
		return why_refuse(ret_why, "the terminal takes no %s", needs[v->need].what);
	return 0;
}

/* The six bytes that eight characters of base64 stand for. */
static bool first_bytes(struct span base64, unsigned char ret_bytes[static 6])
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t bits = 0;

	if (base64.len < 8)
		return false;
	for (size_t i = 0; i < 8; i++) {
		const char *at = memchr(alphabet, base64.ptr[i], sizeof(alphabet) - 1);

		if (!at)
			return false;
		bits = bits << 6 | (uint64_t)(at - alphabet);
	}
	for (size_t i = 0; i < 6; i++)
		ret_bytes[i] = (unsigned char)(bits >> (40 - 8 * i));
	return true;
}

unsigned render_template_version(struct span base64)
{
	unsigned char bytes[6];

	if (!first_bytes(base64, bytes))
		return 0;
	if (memcmp(bytes + 2, "SS21", 4) == 0)
		return 10;
	return bytes[0] == 0xA1 && bytes[1] == 0xCA ? 9 : 0;
}

static int check_version(const struct work *w, const char *field, uint64_t version)
{
	unsigned own = w->dialect->finger_version;

	if (version == 0 || own == 0 || version == own)
		return 0;
	return why_refuse(w->why,
		"%s: of fingerprint algorithm %" PRIu64 ", and the terminal has %u", field, version,
		own);
}

/* A finger's template among BIODATA says its version itself. */
static int check_bio(const struct work *w)
{
	const struct typed *t = w->typed;
	int type = verb_field_find(t->verb, span_str("type"));
	int major = verb_field_find(t->verb, span_str("major"));
	uint64_t version;

	if (type < 0 || major < 0 || num_u64(t->values[type], 1, 1, &version) < 0 ||
		num_u64(t->values[major], 0, UINT64_MAX, &version) < 0)
		return 0;
	return check_version(w, "major", version);
}

/* ---- the values ---- */

/* In the terminal's charset, at most `max` bytes; `*ret_cut` says whether something was left out.
 */
static int put_text(struct work *w, const char *field, struct span text, size_t max, bool *ret_cut)
{
	int rc;

	if (w->dialect->charset == CHARSET_UTF_8) {
		struct span head = charset_cut_utf8(text, max);

		*ret_cut = head.len < text.len;
		return buf_add_span(&w->line, head);
	}
	rc = charset_put_gb18030(&w->line, text, max, ret_cut);
	if (rc == -EILSEQ)
		return why_refuse(
			w->why, "%s: has a character that the terminal's charset lacks", field);
	return rc;
}

static int put_whole_text(struct work *w, const struct verb_field *f, struct span text)
{
	bool cut = false;
	int rc = put_text(w, f->name, text, f->max, &cut);

	if (rc == 0 && cut)
		return why_refuse(w->why, "%s: more than %" PRIu64 " bytes in %s", f->name, f->max,
			w->dialect->charset == CHARSET_UTF_8 ? "UTF-8" : "GB18030");
	return rc;
}

static int put_card(struct work *w, const struct verb_field *f, struct span text)
{
	uint64_t number;
	int rc = card_get(text, CARD_DECIMAL, &number);

	if (rc == 0)
		rc = card_put(&w->line, number, w->dialect->card);
	if (rc == -ERANGE || rc == -EINVAL)
		return why_refuse(w->why,
			"%s: more than the ten hex digits that the terminal takes", f->name);
	return rc;
}

/* The length of the one field of base64 that the verb has. */
static int put_size(struct work *w)
{
	const struct typed *t = w->typed;

	for (size_t i = 0; i < t->verb->field_count; i++) {
		enum field_kind kind = t->verb->fields[i].kind;

		if (kind == FIELD_BASE64 || kind == FIELD_TEMPLATE)
			return buf_printf(&w->line, "%zu", t->values[i].len);
	}
	return -EINVAL; /* no such verb stands in the table: test_verb */
}

static int put_template(struct work *w, const struct verb_field *f, struct span text)
{
	int rc = check_version(w, f->name, render_template_version(text));

	return rc < 0 ? rc : buf_add_span(&w->line, text);
}

/* Below /iclock/, where a terminal looks for what has no host. docs/PROTOCOL.md 6 */
static int put_served(struct work *w, const struct verb_field *f, struct span name)
{
	if (!file_hex_valid(w->typed->token, FILE_TOKEN_BYTES))
		return why_refuse(w->why, "%s: it was given no address", f->name);
	return buf_printf(&w->line, "file/%.*s/%.*s", SPAN_ARG(w->typed->token), SPAN_ARG(name));
}

static int put_value(struct work *w, const struct verb_field *f, struct span value)
{
	bool cut;

	switch (f->kind) {
	case FIELD_NAME:
		return put_text(w, f->name, value, f->max, &cut);
	case FIELD_TEXT:
	case FIELD_FILE:
	case FIELD_OPTION:
		return put_whole_text(w, f, value);
	case FIELD_LINE:
		return put_text(w, f->name, value, LINE_ROOM, &cut);
	case FIELD_CARD:
		return put_card(w, f, value);
	case FIELD_SERVED:
		return put_served(w, f, value);
	case FIELD_TEMPLATE:
		return put_template(w, f, value);
	default: /* ASCII in the form that it was given */
		return buf_add_span(&w->line, value);
	}
}

static int put_preset(struct work *w, const char *preset)
{
	struct span pin = span_str("<pin>"), rest = span_str(preset);
	int at = verb_field_find(w->typed->verb, span_str("pin"));

	if (!span_starts(rest, pin.ptr))
		return buf_add_str(&w->line, preset);
	int rc = at < 0 ? -EINVAL : buf_add_span(&w->line, w->typed->values[at]);
	return rc < 0 ? rc : buf_add_span(&w->line, span_from(rest, pin.len));
}

/* ---- the line ---- */

static int put_key(struct work *w, const struct verb_field *f, bool first)
{
	const char *key = w->dialect->old && f->old_key ? f->old_key : f->key;
	int rc = w->line.len > 0 ? buf_add_str(&w->line, first ? " " : "\t") : 0;

	if (rc < 0 || key[0] == '\0')
		return rc;
	return buf_printf(&w->line, "%s=", key);
}

static int put_field(struct work *w, size_t at)
{
	const struct verb_field *f = &w->typed->verb->fields[at];

	if (f->kind == FIELD_SIZE)
		return put_size(w);
	if (w->typed->given[at])
		return put_value(w, f, w->typed->values[at]);
	return put_preset(w, f->preset);
}

static int put_fields(struct work *w)
{
	const struct typed *t = w->typed;
	bool first = true;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < t->verb->field_count; i++) {
		const struct verb_field *f = &t->verb->fields[i];

		if (f->kind == FIELD_SHA256)
			continue;
		if (!t->given[i] && !f->preset && f->kind != FIELD_SIZE)
			continue;
		rc = put_key(w, f, first);
		if (rc == 0)
			rc = put_field(w, i);
		first = false;
	}
	return rc;
}

static int put_line(struct work *w)
{
	const struct verb *v = w->typed->verb;
	int rc = check_able(v, w->dialect, w->why);

	if (rc == 0)
		rc = check_bio(w);
	if (rc == 0)
		rc = buf_add_str(&w->line, w->dialect->old && v->old_wire ? v->old_wire : v->wire);
	if (rc == 0)
		rc = put_fields(w);
	if (rc == 0 && w->line.len + RENDER_FRAME > RENDER_MAX)
		return why_refuse(w->why, "the command has %zu bytes, at most %d go to a terminal",
			w->line.len, RENDER_MAX - RENDER_FRAME);
	return rc;
}

int render_put(struct buf *b, const struct typed *t, const struct dialect *d,
	char ret_why[static VERB_WHY_BYTES])
{
	struct work w = {buf_with_max(LINE_ROOM), t, d, ret_why};
	int rc = put_line(&w);

	if (rc == 0)
		rc = buf_add_span(b, buf_span(&w.line));
	buf_free(&w.line);
	return rc;
}
