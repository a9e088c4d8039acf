/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command from an order to the bytes that a terminal gets: its text comes out as it went in, its
 * line is one line and begins with the verb's words, no spelling gets past an allowance, and what
 * is shown of it does not depend on its secrets. The input is the text of a command, or a raw line.
 */
#include <ctype.h>
#include <errno.h>

#include "command/meaning.h"
#include "command/render.h"
#include "lib/card.h"
#include "lib/charset.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

#define ROOM (8 * (size_t)TYPED_MAX)

static void check_words(const char *words)
{
	CHECK(words[0] && memchr(words, '\0', VERB_WHY_BYTES));
	CHECK(!fuzz_has_control(span_str(words)) && utf8_valid(span_str(words)));
}

static struct dialect dialect_of(uint64_t hash)
{
	static const enum able ables[] = {ABLE_UNKNOWN, ABLE_YES, ABLE_YES, ABLE_NO};
	static const unsigned versions[] = {0, 9, 10};

	return (struct dialect){
		.old = hash & 1,
		.charset = hash & 2 ? CHARSET_GB18030 : CHARSET_UTF_8,
		.card = (enum card_form)(hash / 4 % 3),
		.finger = ables[hash >> 8 & 3],
		.face = ables[hash >> 10 & 3],
		.userpic = ables[hash >> 12 & 3],
		.biophoto = ables[hash >> 14 & 3],
		.biodata = ables[hash >> 16 & 3],
		.finger_version = versions[(hash >> 18) % 3],
	};
}

static void check_round_trip(const struct typed *t)
{
	struct buf once = buf_with_max(ROOM), twice = buf_with_max(ROOM);
	char why[VERB_WHY_BYTES];
	struct typed back;

	CHECK(typed_put(&once, t) == 0);
	/* A blank behind each colon may make it a little longer than what was read. */
	if (once.len <= TYPED_MAX) {
		CHECK(typed_get(buf_span(&once), &back, why) == 0);
		CHECK(back.verb == t->verb);
		for (size_t i = 0; i < t->verb->field_count; i++)
			CHECK(back.given[i] == t->given[i] &&
				span_eq(back.values[i], t->values[i]));
		CHECK(typed_put(&twice, &back) == 0);
		CHECK(span_eq(buf_span(&once), buf_span(&twice)));
	}
	buf_free(&once);
	buf_free(&twice);
}

/* The same command with other secrets of the same length. The memory is the caller's. */
static struct typed with_other_secrets(const struct typed *t, char *memory)
{
	struct typed other = *t;

	for (size_t i = 0; i < t->verb->field_count; i++) {
		struct span rest = t->values[i], key = {NULL, 0};
		const struct verb_field *f = &t->verb->fields[i];

		if (f->kind == FIELD_OPTION && t->given[i] && span_next(&rest, '=', &key) &&
			verb_option_secret(key))
			key.len++;
		else if (!f->secret)
			continue;
		memcpy(memory, t->values[i].len ? t->values[i].ptr : "", key.len);
		memset(memory + key.len, '?', t->values[i].len - key.len);
		other.values[i] = span_of(memory, t->values[i].len);
		memory += t->values[i].len;
	}
	return other;
}

static void check_masks(const struct typed *t)
{
	struct buf a = buf_with_max(ROOM), b = buf_with_max(ROOM);
	char *memory = malloc(TYPED_MAX);

	CHECK(memory);
	struct typed other = with_other_secrets(t, memory);
	CHECK(typed_put_masked(&a, t) == 0 && typed_put_masked(&b, &other) == 0);
	CHECK(span_eq(buf_span(&a), buf_span(&b)));
	buf_clear(&a);
	buf_clear(&b);
	CHECK(typed_put_line(&a, t) == 0 && typed_put_line(&b, &other) == 0);
	CHECK(span_eq(buf_span(&a), buf_span(&b)));
	CHECK(!span_has(buf_span(&a), '\n'));
	buf_free(&a);
	buf_free(&b);
	free(memory);
}

/* What a terminal would make of the line needs nothing that the command did not say it needs. */
static void check_allowances(const struct typed *t, struct span line)
{
	unsigned traits, needed, known = typed_allowances(t);

	verb_classify_raw(line, &traits, &needed);
	if (t->verb->wire[0] && t->verb->fields && t->verb->fields[0].kind == FIELD_OPTION)
		known |= ALLOW_SERVER_OPTIONS; /* a raw line is held guilty for its values too */
	CHECK((needed & ~known) == 0);
}

/* What the store shows of any text: of one that is no command its first line. */
static void check_stored(struct span s)
{
	struct buf b = buf_with_max(TYPED_MASKED_MAX);
	char why[VERB_WHY_BYTES];
	struct typed t;
	int rc = typed_mask(&b, s);

	CHECK(rc == 0 || rc == -EMSGSIZE);
	CHECK(fuzz_inside(typed_name(s), s));
	if (rc == 0 && typed_get(s, &t, why) < 0)
		CHECK(b.len == strlen("verb: \n") + typed_name(s).len);
	buf_free(&b);
}

/* How it is treated: a raw line as what it spells. */
static void check_treatment(const struct typed *t)
{
	unsigned allowances = typed_allowances(t);

	CHECK(typed_traits(t) < VERB_FACTS << 1 && allowances < 1u << ALLOWANCES);
	CHECK(typed_expires_ms(t) <= 400ULL * 24 * 3600 * 1000);
	for (unsigned bit = 1; bit < 1u << ALLOWANCES; bit <<= 1)
		CHECK(!(allowances & bit) || verb_allowance_key(bit)[0]);
}

static void check_line(const struct typed *t, const struct dialect *d)
{
	const char *words = d->old && t->verb->old_wire ? t->verb->old_wire : t->verb->wire;
	struct buf b = buf_with_max(ROOM);
	char why[VERB_WHY_BYTES];

	CHECK(buf_add_str(&b, "kept") == 0);
	int rc = render_put(&b, t, d, why);
	struct span line = span_from(buf_span(&b), 4);
	if (rc < 0) {
		CHECK(rc == -22 && line.len == 0);
		check_words(why);
	} else {
		CHECK(line.len > 0 && line.len + RENDER_FRAME <= RENDER_MAX);
		CHECK(!span_has(line, '\n') && !span_has(line, '\r') && !span_has(line, '\0'));
		CHECK(!span_starts(span_trim(line), "C:"));
		CHECK(span_starts(line, words));
		struct span rest = span_from(line, strlen(words));
		CHECK(words[0] == '\0' || rest.len == 0 || rest.ptr[0] == ' ');
		check_allowances(t, line);
	}
	buf_free(&b);
}

/* Another case and more blanks make no other command of it. */
static void check_raw(struct span line)
{
	struct buf other = buf_with_max(ROOM);
	unsigned traits, allowances, other_traits, other_allowances;

	CHECK(buf_add_str(&other, " \t") == 0);
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.ptr[i];
		char swapped = (char)(c >= 0x80 ? c : islower(c) ? toupper(c) : tolower(c));

		CHECK(buf_add(&other, &swapped, 1) == 0);
		if (c == ' ')
			CHECK(buf_add_str(&other, "\t ") == 0);
	}
	verb_classify_raw(line, &traits, &allowances);
	verb_classify_raw(buf_span(&other), &other_traits, &other_allowances);
	CHECK(traits == other_traits && allowances == other_allowances);
	CHECK(verb_of_raw(line) == verb_of_raw(buf_span(&other)));
	CHECK(verb_raw_reserved(line) == verb_raw_reserved(buf_span(&other)));
	buf_free(&other);
}

static void check_charset(struct span s, size_t max)
{
	struct buf whole = buf_with_max(ROOM), part = buf_with_max(ROOM);
	struct span head = charset_cut_utf8(s, max);
	bool cut;

	CHECK(head.len <= max && fuzz_inside(head, s));
	if (utf8_valid(s))
		CHECK(utf8_valid(head));
	if (charset_put_gb18030(&whole, s, ROOM, &cut) == 0) {
		CHECK(utf8_valid(s) && !cut);
		CHECK(charset_put_gb18030(&part, s, max, &cut) == 0 && part.len <= max);
		CHECK(cut || part.len == whole.len);
		CHECK(part.len == 0 || memcmp(part.ptr, whole.ptr, part.len) == 0);
		/* Not cut within a character: it can be read. */
		buf_clear(&whole);
		CHECK(charset_put_utf8(&whole, buf_span(&part)) == 0);
		CHECK(utf8_valid(buf_span(&whole)));
	}
	buf_free(&whole);
	buf_free(&part);
}

static void check_card(struct span s, enum card_form form)
{
	struct buf b = buf_with_max(64);
	uint64_t number, again;

	if (card_get(s, form, &number) == 0 && card_put(&b, number, form) == 0) {
		CHECK(card_get(buf_span(&b), form, &again) == 0 && again == number);
	}
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of(data, size);
	uint64_t hash = fuzz_hash(s);
	struct dialect d = dialect_of(hash);
	char why[VERB_WHY_BYTES];
	struct typed t;

	check_raw(s);
	check_charset(s, hash % 32);
	check_card(s, d.card);
	meaning_put(&verbs[hash % verb_count], (int64_t)hash >> (hash & 63), why);
	check_words(why);
	check_stored(s);
	if (typed_get(s, &t, why) < 0) {
		check_words(why);
		return 0;
	}
	t.token = span_str("00112233445566778899aabbccddeeff");
	check_round_trip(&t);
	check_masks(&t);
	check_treatment(&t);
	check_line(&t, &d);
	check_line(&t, &(struct dialect){0});
	return 0;
}
