/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and values of the records, as a damaged file might hold them: whatever can be read at all
 * stays within the bytes, and packed again it is the same bytes. An input is the key's length in
 * one byte, the key, the value. */
#include <errno.h>

#include "store/audit.h"
#include "store/item.h"
#include "store/known.h"
#include "store/logbook.h"
#include "tests/fuzz/fuzz.h"

static void check_repacked(const struct pack *p, struct span bytes)
{
	CHECK(p->failed || span_eq(pack_span(p), bytes));
}

static void check_punch(struct span key, struct span value)
{
	struct pack k = {.len = 0}, v = {.len = 0};
	struct punch p;

	if (punch_unpack(key, value, &p) != 0)
		return;
	CHECK(fuzz_inside(p.serial, key) && fuzz_inside(p.pin, key));
	CHECK(fuzz_inside(p.status, key) && fuzz_inside(p.verify, key));
	CHECK(fuzz_inside(p.workcode, key) && fuzz_inside(p.extra, value));
	punch_pack_key(&k, &p);
	punch_pack_value(&v, &p);
	/* Only what is too long to have been packed fails. */
	CHECK(!k.failed || key.len > PUNCH_TIME_BYTES + 5 + PUNCH_CODE_MAX);
	CHECK(v.failed == (p.extra.len > PUNCH_EXTRA_MAX));
	check_repacked(&k, key);
	check_repacked(&v, value);
}

static void check_kept(struct span key, struct span value)
{
	struct pack k = {.len = 0}, v = {.len = 0};
	struct kept f;

	if (kept_unpack(key, value, &f) != 0)
		return;
	CHECK(fuzz_inside(f.serial, key) && fuzz_inside(f.table, key));
	CHECK(fuzz_inside(f.note, value) && fuzz_inside(f.bytes, value));
	kept_pack_key(&k, &f);
	kept_pack_head(&v, &f);
	CHECK(!k.failed && !v.failed);
	check_repacked(&k, key);
	pack_bytes(&v, f.note);
	pack_bytes(&v, f.bytes);
	check_repacked(&v, value);
}

static void check_stamp(struct span value)
{
	struct pack v = {.len = 0};
	struct stamp s;

	if (stamp_unpack(value, &s) != 0)
		return;
	CHECK(fuzz_inside(s.text, value));
	stamp_pack_value(&v, &s);
	if (!v.failed)
		check_repacked(&v, span_of(value.ptr, v.len));
}

static void check_fact(struct span key, struct span value)
{
	struct pack k = {.len = 0}, v = {.len = 0};
	struct fact f;

	if (fact_unpack(key, value, &f) != 0)
		return;
	CHECK(fuzz_inside(f.key, value));
	fact_pack_key(&k, f.seq);
	fact_pack_value(&v, f.kind, f.key);
	check_repacked(&k, span_of(key.ptr, k.len));
	check_repacked(&v, value);
}

static void check_item_inside(const struct item *i, struct span key)
{
	CHECK(fuzz_inside(i->serial, key));
	CHECK(i->id_count > 0 && i->id_count == item_id_count(i->kind));
	for (size_t n = 0; n < i->id_count; n++)
		CHECK(fuzz_inside(i->ids[n], key));
	CHECK(i->text.len == 0);
	CHECK(item_pin(i).len == 0 || fuzz_inside(item_pin(i), key));
}

/* Whatever a mark says, the words of an item are all that may mean it. */
static void check_words(const struct item *i)
{
	char room[ITEM_WORD_BYTES];
	const char *word;

	for (size_t n = 0; (word = item_cleared_word(i, n, room)) != NULL; n++)
		(void)item_cleared_by(span_str(word), i);
	CHECK(item_cleared_by(i->ids[0], i) == 0 || i->kind != ITEM_CLEARED);
}

/* An entry of the index begins with what a reader looks for. */
static void check_known_template(const struct item *i, struct span text)
{
	struct pack k = {.len = 0}, begin = {.len = 0};
	struct item whole = *i;

	if (!known_of(i->kind))
		return;
	whole.text = text;
	known_pack_template(&k, &whole);
	known_pack_template_only(&begin, item_content(&whole));
	CHECK(!begin.failed &&
		(k.failed || (k.len > begin.len && span_eq(span_of(pack_span(&k).ptr, begin.len),
							   pack_span(&begin)))));
}

static void check_item(struct span key, struct span value)
{
	struct pack k = {.len = 0}, v = {.len = 0};
	struct item i;

	if (item_unpack(key, value, &i) == 0) {
		check_item_inside(&i, key);
		check_known_template(&i, value);
		check_words(&i);
		item_pack_key(&k, &i);
		item_pack_value(&v, &i);
		CHECK(!v.failed);
		check_repacked(&k, key);
		check_repacked(&v, value);
	}
	pack_clear(&k);
	pack_clear(&v);
	if (item_unpack_version(key, value, &i) != 0)
		return;
	check_item_inside(&i, key);
	item_pack_version_key(&k, &i);
	item_pack_version_value(&v, &i);
	CHECK(!v.failed);
	check_repacked(&k, key);
	check_repacked(&v, value);
}

static void check_text(struct span text)
{
	struct item i = {.text = text};
	struct buf into = buf_with_max(4096);

	CHECK(fuzz_inside(item_content(&i), text));
	int rc = item_field(&i, "name", &into);
	CHECK(rc == 0 || rc == -ENOENT || rc == -EUCLEAN || rc == -EMSGSIZE);
	CHECK(into.len <= text.len);
	buf_free(&into);
}

static void check_words_of_line(struct span line)
{
	char room[OPERATION_WORDS_BYTES];
	struct operation o;

	if (!operation_read(line, &o))
		return;
	CHECK(o.code.len > 0 && fuzz_inside(o.code, line) && fuzz_inside(o.operands[3], line));
	CHECK(!fuzz_has_control(span_str(operation_words(&o, room))));
}

static void check_logged(struct span key, struct span value)
{
	struct pack k = {.len = 0}, v = {.len = 0};
	struct logged l;

	if (logged_unpack(key, value, &l) != 0)
		return;
	CHECK(fuzz_inside(l.serial, key) && fuzz_inside(l.line, value));
	logged_pack_key(&k, &l);
	logged_pack_head(&v, &l);
	CHECK(!v.failed);
	check_repacked(&k, key);
	check_repacked(&v, span_of(value.ptr, v.len));
	check_words_of_line(l.line);
}

static void check_photo(struct span key, struct span value)
{
	struct pack k = {.len = 0}, v = {.len = 0};
	struct buf path = buf_with_max(256);
	struct photo p;

	if (photo_unpack(key, value, &p) != 0)
		return;
	CHECK(fuzz_inside(p.serial, key) && fuzz_inside(p.pin, key));
	photo_pack_key(&k, &p);
	photo_pack_value(&v, &p);
	CHECK(!v.failed);
	check_repacked(&k, key);
	check_repacked(&v, value);
	if (photo_path(&p, &path) == 0) {
		struct span rest = buf_span(&path), part;
		for (int parts = 0; span_next(&rest, '/', &part); parts++)
			CHECK(part.len > 0 && part.ptr[0] != '.' && parts < 3);
	}
	buf_free(&path);
}

static void check_known(struct span key)
{
	struct pack k = {.len = 0};
	struct span pin, serial;

	if (known_unpack(key, &pin, &serial) != 0)
		return;
	CHECK(fuzz_inside(pin, key) && fuzz_inside(serial, key));
	if (key.ptr[0] == 'p') {
		known_pack_pin(&k, pin, serial);
	} else {
		struct unpack u = {.rest = span_from(key, 1)};
		known_pack_card(&k, unpack_u64(&u), pin, serial);
	}
	check_repacked(&k, key);
}

/* Cards in the text of a credential: each once, and none is 0. */
static void check_cards(struct span text)
{
	struct item i = {.kind = ITEM_CREDENTIAL, .text = text};
	uint64_t cards[KNOWN_CARDS_MAX], card;
	int count = known_cards_of(&i, cards);

	CHECK(count >= 0 && count <= KNOWN_CARDS_MAX);
	for (int n = 0; n < count; n++)
		for (int m = 0; m <= n; m++)
			CHECK(cards[n] != 0 && (m == n || cards[m] != cards[n]));
	CHECK(known_card_of(&i, KNOWN_VICE_CARD, CARD_HEX_LOW, &card) == 0);
}

/* What a terminal said becomes no line of the audit. */
static void check_audit(struct span key, struct span text)
{
	struct buf b = buf_with_max(4096), again = buf_with_max(4096);
	struct span serial, pin;
	struct audit a, back;
	uint64_t at_us;
	uint32_t number;

	struct pack lent = {.len = 0}, packed = {.len = 0};

	if (audit_unpack_due(key, &at_us, &serial, &pin) == 0) {
		CHECK(fuzz_inside(serial, key) && fuzz_inside(pin, key) && serial_valid(serial));
		audit_pack_lent(&lent, serial, pin);
		check_repacked(&lent, span_from(key, 8));
	}
	if (audit_unpack_key(key, &at_us, &number) == 0) {
		audit_pack_key(&packed, at_us, number);
		check_repacked(&packed, key);
	} else {
		at_us = 1;
		number = 2;
	}
	if (control_get_audit(at_us, number, text, &a) == 0) {
		CHECK(a.at_us == at_us && a.number == number && a.what < AUDIT_KINDS);
		CHECK(serial_valid(span_str(a.serial)));
		CHECK(control_put_audit(&b, &a) == 0);
		CHECK(control_get_audit(at_us, number, buf_span(&b), &back) == 0);
		CHECK(control_put_audit(&again, &back) == 0);
		CHECK(span_eq(buf_span(&b), buf_span(&again)));
	}
	buf_free(&b);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = span_of(data, size), key, value;
	size_t key_len = size > 0 ? data[0] : 0;

	all = span_from(all, 1);
	key = span_of(all.ptr, key_len < all.len ? key_len : all.len);
	value = span_from(all, key.len);
	check_punch(key, value);
	check_kept(key, value);
	check_stamp(value);
	check_fact(key, value);
	check_item(key, value);
	check_text(value);
	check_logged(key, value);
	check_photo(key, value);
	check_known(key);
	check_cards(value);
	check_audit(key, value);
	return 0;
}
