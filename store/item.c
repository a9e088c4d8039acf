/* SPDX-License-Identifier: GPL-2.0-or-later */
/* item: keys and values of items and their versions, their text, and which of them a mark of
 * ITEM_CLEARED means. */
#include "store/item.h"

#include <errno.h>
#include <stdio.h>

#include "lib/num.h"
#include "lib/serial.h"
#include "store/lines.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

/* ---- kinds ---- */

static const struct kind {
	enum item_kind kind;
	unsigned id_count;
	bool private, has_pin; /* the first id is a PIN */
} kinds[] = {
	{ITEM_USER, 1, false, true},
	{ITEM_CREDENTIAL, 1, true, true},
	{ITEM_TEMPLATE, 4, true, true},
	{ITEM_PICTURE, 2, true, true},
	{ITEM_MESSAGE, 1, false, false},
	{ITEM_MESSAGE_USER, 2, false, true},
	{ITEM_WORKCODE, 2, false, false},
	{ITEM_IDCARD, 1, true, true},
	{ITEM_OPTION, 1, false, false},
	{ITEM_SECRET, 3, true, false},
	{ITEM_IMAGE, 2, true, true},
	{ITEM_CLEARED, 3, false, false},
};

static const struct kind *kind_of(enum item_kind kind)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i].kind == kind)
			return &kinds[i];
	return NULL;
}

/* What nobody knows is better hidden. */
bool item_private(enum item_kind kind)
{
	const struct kind *k = kind_of(kind);

	return k == NULL || k->private;
}

size_t item_id_count(enum item_kind kind)
{
	const struct kind *k = kind_of(kind);

	return k == NULL ? 0 : k->id_count;
}

static bool is_secret_of(const struct item *i, enum item_kind kind)
{
	return i->kind == ITEM_SECRET && i->ids[0].len == 1 && i->ids[0].ptr[0] == (char)kind;
}

struct span item_pin(const struct item *i)
{
	const struct kind *k = kind_of(i->kind);

	if (is_secret_of(i, ITEM_MESSAGE_USER))
		return i->ids[1];
	return k != NULL && k->has_pin ? i->ids[0] : span_of(NULL, 0);
}

/* ---- marks ---- */

static bool is_any(const struct item *i)
{
	return i->kind != ITEM_CLEARED && i->kind != ITEM_OPTION && !is_secret_of(i, ITEM_OPTION);
}

static bool is_of_a_user(const struct item *i)
{
	return item_pin(i).len > 0;
}

static bool is_template(const struct item *i)
{
	return i->kind == ITEM_TEMPLATE || i->kind == ITEM_IMAGE;
}

static bool is_finger(const struct item *i)
{
	return i->kind == ITEM_IMAGE || (i->kind == ITEM_TEMPLATE && span_is(i->ids[1], "finger"));
}

static bool is_picture(const struct item *i)
{
	return i->kind == ITEM_PICTURE;
}

static bool is_message(const struct item *i)
{
	return i->kind == ITEM_MESSAGE || i->kind == ITEM_MESSAGE_USER ||
	       is_secret_of(i, ITEM_MESSAGE) || is_secret_of(i, ITEM_MESSAGE_USER);
}

static bool is_workcode(const struct item *i)
{
	return i->kind == ITEM_WORKCODE || is_secret_of(i, ITEM_WORKCODE);
}

static bool is_credential(const struct item *i)
{
	return i->kind == ITEM_CREDENTIAL;
}

static const struct rule {
	const char *what;
	bool (*means)(const struct item *i);
	uint32_t flag;
} rules[] = {
	{"all", is_any, ITEM_DELETED},
	{"users", is_of_a_user, ITEM_DELETED},
	{"templates", is_template, ITEM_DELETED},
	{"fingers", is_finger, ITEM_DELETED},
	{"pictures", is_picture, ITEM_DELETED},
	{"messages", is_message, ITEM_DELETED},
	{"workcodes", is_workcode, ITEM_DELETED},
	{"password", is_credential, ITEM_NO_PASSWORD},
	{"card", is_credential, ITEM_NO_CARD},
};

#define FINGER "finger "

static struct span finger_of(const struct item *i)
{
	return i->kind == ITEM_IMAGE ? i->ids[1] : i->ids[2];
}

const char *item_cleared_word(const struct item *i, size_t n, char room[static ITEM_WORD_BYTES])
{
	if (n < COUNT(rules))
		return rules[n].what;
	if (n > COUNT(rules) || !is_finger(i))
		return NULL;
	snprintf(room, ITEM_WORD_BYTES, FINGER "%.*s", SPAN_ARG(finger_of(i)));
	return room;
}

uint32_t item_cleared_by(struct span what, const struct item *i)
{
	for (size_t n = 0; n < COUNT(rules); n++)
		if (span_is(what, rules[n].what))
			return rules[n].means(i) ? rules[n].flag : 0;
	if (!span_starts(what, FINGER) || !is_finger(i))
		return 0;
	return span_eq(span_from(what, strlen(FINGER)), finger_of(i)) ? ITEM_DELETED : 0;
}

void item_why(const unsigned char digest[static KEPT_DIGEST_BYTES], uint32_t ordinal,
	char ret_why[static ITEM_WHY_BYTES])
{
	char hex[KEPT_HEX_BYTES];

	kept_hex(digest, hex);
	snprintf(ret_why, ITEM_WHY_BYTES, "%s.%u", hex, ordinal);
}

/* ---- keys and values ---- */

void item_pack_key(struct pack *k, const struct item *i)
{
	size_t id_bytes = 0;

	pack_u8(k, (uint8_t)i->kind);
	pack_text(k, i->serial);
	for (size_t n = 0; n < i->id_count && n < ITEM_IDS_MAX; n++) {
		pack_text(k, i->ids[n]);
		id_bytes += i->ids[n].len + 1;
	}
	k->failed = k->failed || i->id_count == 0 || i->id_count != item_id_count(i->kind) ||
		    i->serial.len > SERIAL_MAX || id_bytes > ITEM_ID_MAX;
}

void item_pack_arrival(struct pack *p, const struct item *i)
{
	pack_u64(p, i->received_us);
	entry_ref_pack(p, &i->entry);
	pack_u32(p, i->place);
}

void item_pack_version_key(struct pack *k, const struct item *i)
{
	item_pack_key(k, i);
	item_pack_arrival(k, i);
}

void item_pack_version_value(struct pack *v, const struct item *i)
{
	pack_u64(v, i->seq);
	pack_u32(v, i->flags);
	pack_bytes(v, span_of(i->digest, sizeof(i->digest)));
}

void item_pack_value(struct pack *v, const struct item *i)
{
	pack_u64(v, i->seq);
	item_pack_arrival(v, i);
	pack_u32(v, i->flags);
	pack_bytes(v, span_of(i->digest, sizeof(i->digest)));
}

static void unpack_ids(struct unpack *k, struct item *ret)
{
	ret->kind = (enum item_kind)unpack_u8(k);
	ret->serial = unpack_text(k);
	ret->id_count = item_id_count(ret->kind);
	for (size_t n = 0; n < ret->id_count; n++)
		ret->ids[n] = unpack_text(k);
	k->failed = k->failed || ret->id_count == 0;
}

static void unpack_arrival(struct unpack *u, struct item *ret)
{
	ret->received_us = unpack_u64(u);
	entry_ref_unpack(u, &ret->entry);
	ret->place = unpack_u32(u);
}

static int unpack_end(struct unpack *k, struct unpack *v, struct item *i, struct item *ret)
{
	i->flags = unpack_u32(v);
	struct span digest = unpack_bytes(v, sizeof(i->digest));

	if (k->failed || k->rest.len > 0 || v->failed || v->rest.len > 0)
		return -EUCLEAN;
	memcpy(i->digest, digest.ptr, sizeof(i->digest));
	*ret = *i;
	return 0;
}

int item_unpack(struct span key, struct span value, struct item *ret)
{
	struct unpack k = {.rest = key};
	struct unpack v = {.rest = value};
	struct item i = {.text = {NULL, 0}};

	unpack_ids(&k, &i);
	i.seq = unpack_u64(&v);
	unpack_arrival(&v, &i);
	return unpack_end(&k, &v, &i, ret);
}

int item_unpack_version(struct span key, struct span value, struct item *ret)
{
	struct unpack k = {.rest = key};
	struct unpack v = {.rest = value};
	struct item i = {.text = {NULL, 0}};

	unpack_ids(&k, &i);
	unpack_arrival(&k, &i);
	i.seq = unpack_u64(&v);
	return unpack_end(&k, &v, &i, ret);
}

/* ---- the text ---- */

struct span item_head(const struct item *i)
{
	const char *at = i->text.ptr;
	size_t left = i->text.len;

	while (left > 0 && *at != '\n') {
		const char *end = memchr(at, '\n', left);
		size_t line = end == NULL ? left : (size_t)(end - at) + 1;
		at += line;
		left -= line;
	}
	return span_of(i->text.ptr, i->text.len - left);
}

struct span item_content(const struct item *i)
{
	return span_from(i->text, item_head(i).len + 1);
}

/* What a terminal wrote may hold NUL, which lines_get_text does not take. */
static int unescape(struct span value, struct buf *into)
{
	int rc = 0;

	for (size_t at = 0, step; rc == 0 && at < value.len; at += step) {
		uint64_t byte = (unsigned char)value.ptr[at];
		step = byte == '%' ? 3 : 1;
		if (step == 3 && (value.len - at < 3 ||
					 num_hex(span_of(value.ptr + at + 1, 2), 2, &byte) < 0))
			return -EUCLEAN;
		rc = buf_add(into, &(char){(char)byte}, 1);
	}
	return rc;
}

int item_field(const struct item *i, const char *name, struct buf *into)
{
	struct span rest = item_head(i);
	struct span key, value;
	int rc;

	buf_clear(into);
	while ((rc = lines_next(&rest, &key, &value)) > 0)
		if (span_is(key, name))
			return unescape(value, into);
	return rc < 0 ? rc : -ENOENT;
}
