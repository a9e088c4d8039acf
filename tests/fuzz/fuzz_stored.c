/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and values of the records, as a damaged file might hold them: whatever can be read at all
 * stays within the bytes, and packed again it is the same bytes. An input is the key's length in
 * one byte, the key, the value. */
#include <errno.h>

#include "store/item.h"
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

static void check_item(struct span key, struct span value)
{
	struct pack k = {.len = 0}, v = {.len = 0};
	struct item i;

	if (item_unpack(key, value, &i) == 0) {
		check_item_inside(&i, key);
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
	return 0;
}
