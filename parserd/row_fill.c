/* SPDX-License-Identifier: GPL-2.0-or-later */
/* row_fill: see the header. */
#include "parserd/row_fill.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base64.h"
#include "lib/card.h"
#include "lib/num.h"
#include "parserd/pairs.h"
#include "parserd/reading.h"

#define STRING_OF(number) #number
#define TEXT_OF(macro)    STRING_OF(macro)

#define FACE_PICTURE 9 /* a BIOPHOTO without Type */

void row_fill_begin(
	struct row_filling *ret, struct row *row, const struct row_form *form, uint64_t received_us)
{
	*ret = (struct row_filling){.form = form, .row = row, .received_us = received_us};
	row->kind = form->kind;
	row->id_count = form->id_count;
	row->field_count = 0;
	row->content = span_of(NULL, 0);
	row->content_base64 = false;
	row->time = (struct clock_local){.month = 0};
	row->flags = 0;
	row->ordinal = 0;
	memset(row->ids, 0, sizeof(row->ids));
}

/* ---- one pair ---- */

const char *row_fill_field(struct row *row, struct span name, struct span value, bool secret)
{
	if (row->field_count == ROW_FIELDS_MAX)
		return "more than " TEXT_OF(ROW_FIELDS_MAX) " fields";
	row->fields[row->field_count++] = (struct row_field){name, value, secret};
	return NULL;
}

static const char *put_once(struct span *to, struct span value)
{
	if (to->ptr != NULL)
		return "a key stands twice";
	*to = value;
	return NULL;
}

/* In decimal; no card is an empty text. NULL when what was sent is no number. */
static const char *card_in_decimal(struct span sent, char room[static 24])
{
	uint64_t number;

	if (card_get(sent, CARD_HEX_LOW, &number) != 0)
		return NULL;
	room[0] = '\0';
	if (number > 0)
		snprintf(room, 24, "%" PRIu64, number);
	return room;
}

/* "card" and "card.sent"; of a text that is no number the second alone. */
static const char *put_card(struct row *row, const struct row_key *key, struct span sent)
{
	bool vice = key->name[0] == 'v';
	const char *text = card_in_decimal(sent, row->card_text[vice]);
	const char *why = NULL;

	if (text != NULL)
		why = row_fill_field(row, span_str(key->name), span_str(text), key->secret);
	if (why != NULL)
		return why;
	return row_fill_field(
		row, span_str(vice ? "vice_card.sent" : "card.sent"), sent, key->secret);
}

/* One that cannot be read is still a field. */
static void take_time(struct row_filling *f, struct span text)
{
	struct row *row = f->row;

	if (clock_parse_local(text, &row->time) == 0 &&
		reading_is_absurd(&row->time, f->received_us))
		row->flags |= ROW_TIME_ABSURD;
}

static const char *put_known(struct row_filling *f, const struct row_key *key, struct span value)
{
	struct row *row = f->row;
	uint32_t bit = (uint32_t)1 << (key - f->form->keys);

	if (key->role == ROLE_ID)
		return put_once(&row->ids[key->id], value);
	if (key->role == ROLE_CONTENT)
		return put_once(&row->content, value);
	if (f->seen & bit)
		return "a key stands twice";
	f->seen |= bit;
	if (key->role == ROLE_CARD)
		return put_card(row, key, value);
	if (key->role == ROLE_SIZE)
		f->size = value;
	if (key->role == ROLE_TYPE)
		f->type = value;
	if (key->role == ROLE_TIME)
		take_time(f, value);
	return row_fill_field(row, span_str(key->name), value, key->secret);
}

/* A key that nobody knows may be a password of tomorrow's firmware. */
static const char *put_unknown(struct row *row, const struct pair *pair)
{
	for (size_t i = 0; i < row->field_count; i++)
		if (span_eq_nocase(row->fields[i].name, pair->key))
			return "a key stands twice";
	return row_fill_field(row, pair->key, pair->value, true);
}

const char *row_fill_pairs(struct row_filling *f, struct span text, char sep)
{
	struct span piece;
	struct pair pair;
	const char *why = NULL;

	while (why == NULL && span_next(&text, sep, &piece)) {
		if (piece.len == 0)
			continue;
		if (pairs_split(piece, &pair) != 0)
			return "a field is not key=value";
		const struct row_key *key = row_key_find(f->form, pair.key, &f->hint);
		why = key != NULL ? put_known(f, key, pair.value) : put_unknown(f->row, &pair);
	}
	return why;
}

/* ---- all of them ---- */

/* The vendor's numbers are words of ours; one that has none stays a number. */
static struct span modality_of(const struct row_filling *f)
{
	bool picture = f->form->kind == ROW_PICTURE;
	uint64_t type = FACE_PICTURE;

	if (f->form->modality != NULL)
		return span_str(f->form->modality);
	if (!(picture && f->type.len == 0) && num_u64(f->type, 0, UINT64_MAX, &type) != 0)
		return span_of(NULL, 0);
	const char *word = row_modality(type);
	if (picture && word != NULL && (type == FACE_PICTURE || type == 2))
		word = "face";
	return word != NULL ? span_str(word) : f->type;
}

static const char *check_ids(struct row_filling *f)
{
	for (size_t i = 0; i < f->form->id_count; i++) {
		const struct row_id_rule *rule = &f->form->ids[i];
		struct span *id = &f->row->ids[i];

		if (id->len == 0 && rule->otherwise == NULL)
			return rule->missing;
		if (id->len == 0)
			*id = span_str(rule->otherwise);
		if (id->len > rule->bytes_max)
			return rule->too_long;
	}
	return NULL;
}

static void check_content(struct row_filling *f)
{
	struct row *row = f->row;

	if (row->content.len == 0)
		return;
	row->content_base64 =
		(!f->raw || span_starts(row->content, "/9j/")) && base64_valid(row->content);
	if (!f->raw && !row->content_base64)
		row->flags |= ROW_NOT_BASE64;
}

/* Size counts characters, and with some firmware bytes. docs/PROTOCOL.md 3.2 */
static bool size_is_right(const struct row *row, uint64_t size)
{
	return size == row->content.len ||
	       (row->content_base64 && size == base64_bytes(row->content));
}

static void check_size(struct row_filling *f)
{
	struct row *row = f->row;
	uint64_t size = 0;

	if (f->size.len == 0)
		return;
	bool number = num_u64(f->size, 0, UINT64_MAX, &size) == 0;
	bool cut = number && row->kind == ROW_PHOTO && size > row->content.len;
	if (!number || !size_is_right(row, size))
		row->flags |= cut ? ROW_SHORT : ROW_SIZE_WRONG;
}

static bool has_content(enum row_kind kind)
{
	return kind == ROW_TEMPLATE || kind == ROW_PICTURE || kind == ROW_PHOTO;
}

/* Valid=3 is how older lines say what newer ones have a key for. */
static const char *add_duress(struct row *row)
{
	bool says_so = false;

	for (size_t i = 0; i < row->field_count; i++) {
		if (span_is(row->fields[i].name, "duress"))
			return NULL;
		says_so |=
			span_is(row->fields[i].name, "valid") && span_is(row->fields[i].value, "3");
	}
	return says_so ? row_fill_field(row, span_str("duress"), span_str("1"), false) : NULL;
}

const char *row_fill_end(struct row_filling *f)
{
	struct row *row = f->row;

	if (row->kind == ROW_TEMPLATE || row->kind == ROW_PICTURE)
		row->ids[1] = modality_of(f);
	const char *why = check_ids(f);
	if (why != NULL)
		return why;
	/* An empty one is an answer; none at all would take the place of a good one. */
	if (has_content(row->kind) && row->content.ptr == NULL)
		return "the template or picture is missing";
	check_content(f);
	check_size(f);
	return row->kind == ROW_TEMPLATE ? add_duress(row) : NULL;
}
