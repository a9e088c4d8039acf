/* SPDX-License-Identifier: GPL-2.0-or-later */
/* known: keys of the index, the cards of a credential, and what readers find at one moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "parserd/records.h"
#include "store/known.h"
#include "tests/unit/scratch.h"

#define ENTRY "0006478f9d5e0040-0123456789abcdef"

/* ---- keys ---- */

static void test_keys(void **state)
{
	struct pack k = {.len = 0}, all = {.len = 0};
	struct span pin, serial;
	(void)state;

	known_pack_card_only(&all, 258);
	known_pack_card(&k, 258, span_str("12"), span_str("AB"));
	assert_true(pack_begins(pack_span(&k), &all));
	assert_int_equal(k.len, 1 + 8 + 3 + 3);
	assert_memory_equal(k.bytes,
		"c\0\0\0\0\0\0\1\2"
		"12\0AB",
		k.len);
	assert_int_equal(known_unpack(pack_span(&k), &pin, &serial), 0);
	assert_true(span_is(pin, "12") && span_is(serial, "AB"));
	assert_int_equal(known_unpack(span_of(k.bytes, k.len - 1), &pin, &serial), -EUCLEAN);
	pack_u8(&k, 0);
	assert_int_equal(known_unpack(pack_span(&k), &pin, &serial), -EUCLEAN);

	pack_clear(&k);
	known_pack_pin(&k, span_str("1"), span_str("A"));
	assert_memory_equal(k.bytes, "p1\0A", k.len);
	assert_int_equal(known_unpack(pack_span(&k), &pin, &serial), 0);
	assert_true(span_is(pin, "1") && span_is(serial, "A"));
	k.bytes[0] = 'q';
	assert_int_equal(known_unpack(pack_span(&k), &pin, &serial), -EUCLEAN);
	/* PIN 1 is not the beginning of PIN 12. */
	pack_clear(&k), pack_clear(&all);
	known_pack_pin_only(&all, span_str("1"));
	known_pack_pin(&k, span_str("12"), span_str("A"));
	assert_false(pack_begins(pack_span(&k), &all));
}

/* ---- cards ---- */

static void assert_cards(const char *text, const char *wanted)
{
	struct item i = {.kind = ITEM_CREDENTIAL, .text = span_str(text)};
	uint64_t cards[KNOWN_CARDS_MAX];
	char seen[128] = "";
	int count = known_cards_of(&i, cards);

	for (int n = 0; n < count; n++)
		snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%llu ",
			(unsigned long long)cards[n]);
	assert_string_equal(seen, wanted);
}

static void test_cards(void **state)
{
	struct item i = {.kind = ITEM_CREDENTIAL,
		.text = span_str("card=1\ncard.sent=[0100]\nvice_card.sent=[02000001]\n")};
	uint64_t card = 99;
	(void)state;

	assert_cards("card=7\ncard.sent=7\npassword=8\n", "7 ");
	assert_cards("card=7\n", "7 ");
	assert_cards("card=\ncard.sent=\n", "");
	assert_cards("card.sent=0\n", "");
	assert_cards("card.sent=seven\n", "");
	assert_cards("card.sent=[0100]\n", "1 256 ");
	assert_cards("card.sent=[0101]\n", "257 ");
	assert_cards("card.sent=7\nvice_card.sent=[0700]\n", "7 1792 ");
	assert_cards("card.sent=[0102]\nvice_card.sent=[0304]\n", "513 258 1027 772 ");
	assert_cards("card.sent=777777777777777777777777777777777777777777777777777777777777777777"
		     "77\n",
		"");
	assert_cards("no lines", "");
	assert_int_equal(known_card_of(&i, KNOWN_CARD, CARD_HEX_LOW, &card), 0);
	assert_int_equal(card, 1);
	assert_int_equal(known_card_of(&i, KNOWN_CARD, CARD_HEX_HIGH, &card), 0);
	assert_int_equal(card, 256);
	assert_int_equal(known_card_of(&i, KNOWN_VICE_CARD, CARD_HEX_HIGH, &card), 0);
	assert_int_equal(card, 0x02000001);
	i.text = span_str("password=1\n");
	assert_int_equal(known_card_of(&i, KNOWN_CARD, CARD_HEX_LOW, &card), 0);
	assert_int_equal(card, 0);
}

/* ---- readers ---- */

static char *path_of(void **state, const char *name, char room[static SCRATCH_BYTES + 128])
{
	snprintf(room, SCRATCH_BYTES + 128, "%s", scratch_path(state, name));
	return room;
}

static struct records_writer *open_writer(void **state)
{
	char private_path[SCRATCH_BYTES + 128];
	struct records_writer *w;

	assert_int_equal(records_writer_open(scratch_path(state, "records"),
				 path_of(state, "private", private_path), 1 << 20, &w),
		0);
	return w;
}

static struct records_reader *open_reader(void **state)
{
	char private_path[SCRATCH_BYTES + 128];
	struct records_reader *r;

	assert_int_equal(items_open(scratch_path(state, "records"),
				 path_of(state, "private", private_path), &r),
		0);
	return r;
}

static struct item item_of(enum item_kind kind, const char *serial, const char *pin,
	uint64_t received_us, const char *text)
{
	return (struct item){
		.kind = kind,
		.serial = span_str(serial),
		.ids = {span_str(pin)},
		.id_count = 1,
		.received_us = received_us,
		.entry = {ENTRY, 1},
		.text = span_str(text),
	};
}

static void put(struct records_writer *w, const struct item *items, size_t count)
{
	assert_int_equal(records_begin(w), 0);
	for (size_t n = 0; n < count; n++)
		assert_int_equal(records_put_item(w, &items[n]), 1);
	assert_int_equal(records_commit(w), 0);
}

struct seen {
	struct known *known;
	char text[512];
	int end;
};

static int see(void *context, struct span pin, struct span serial)
{
	struct seen *s = context;

	snprintf(s->text + strlen(s->text), sizeof(s->text) - strlen(s->text), "%.*s@%.*s ",
		SPAN_ARG(pin), SPAN_ARG(serial));
	return s->end;
}

static int see_item(void *context, const struct item *row)
{
	struct seen *s = context;
	struct item i = *row;

	if (i.text.ptr == NULL)
		assert_int_equal(known_complete(s->known, &i), 0);
	snprintf(s->text + strlen(s->text), sizeof(s->text) - strlen(s->text), "%llu!%x:%.*s ",
		(unsigned long long)i.received_us, i.flags, SPAN_ARG(i.text));
	return s->end;
}

static void test_a_moment(void **state)
{
	struct item cleared = item_of(ITEM_CLEARED, "B", "card", 50, "");
	struct records_writer *w = open_writer(state);
	struct item tip = item_of(ITEM_TEMPLATE, "C", "12", 10, "valid=1\n\ntip");
	struct seen s = {.end = 0};

	tip.ids[1] = span_str("finger"), tip.ids[2] = tip.ids[3] = span_str("0"), tip.id_count = 4;
	cleared.ids[1] = span_str("1"), cleared.ids[2] = span_str("why"), cleared.id_count = 3;
	assert_int_equal(records_know_old(w, 9), 0);
	put(w,
		(const struct item[]){item_of(ITEM_USER, "B", "1", 10, "name=b\n"),
			item_of(ITEM_USER, "A", "1", 11, "name=a\n"),
			item_of(ITEM_USER, "A", "1", 12, "name=c\n"),
			item_of(ITEM_USER, "A", "12", 13, "name=d\n"),
			item_of(ITEM_CREDENTIAL, "B", "1", 10, "card.sent=5\n"),
			item_of(ITEM_CREDENTIAL, "A", "12", 13, "card.sent=5\n"), cleared, tip},
		8);
	struct records_reader *r = open_reader(state);
	assert_int_equal(known_begin(r, &s.known), 0);
	assert_int_equal(known_by_pin(s.known, span_str("1"), see, &s), 0);
	assert_string_equal(s.text, "1@A 1@B ");
	s.text[0] = '\0';
	assert_int_equal(known_by_card(s.known, 5, see, &s), 0);
	assert_string_equal(s.text, "1@B 12@A ");
	s.text[0] = '\0';
	assert_int_equal(known_by_card(s.known, 6, see, &s), 0);
	assert_int_equal(known_by_pin(s.known, span_str("2"), see, &s), 0);
	assert_string_equal(s.text, "");
	s.end = 7;
	assert_int_equal(known_by_pin(s.known, span_str("1"), see, &s), 7);
	assert_string_equal(s.text, "1@A ");
	s = (struct seen){.known = s.known};
	assert_int_equal(
		known_items(s.known, ITEM_USER, span_str("A"), span_str("1"), see_item, &s), 0);
	assert_string_equal(s.text, "12!0:name=c\n ");
	s.text[0] = '\0';
	assert_int_equal(
		known_versions(s.known, ITEM_USER, span_str("A"), span_str("1"), see_item, &s), 0);
	assert_string_equal(s.text, "11!0:name=a\n 12!0:name=c\n ");
	s.text[0] = '\0';
	assert_int_equal(
		known_items(s.known, ITEM_CREDENTIAL, span_str("B"), span_str("1"), see_item, &s),
		0);
	assert_string_equal(s.text, "10!10:card.sent=5\n ");
	assert_int_equal(
		known_items(s.known, ITEM_OPTION, span_str("B"), span_str("1"), see_item, &s),
		-EINVAL);
	struct item ahead = item_of(ITEM_USER, "A", "1", UINT64_MAX, "");
	assert_true(known_is_ahead(s.known, &ahead));
	assert_int_equal(known_template(s.known, span_str("tip"), span_str("")), 1);
	assert_int_equal(known_template(s.known, span_str("tip"), span_str("12")), 1);
	assert_int_equal(known_template(s.known, span_str("tip"), span_str("1")), 0);
	assert_int_equal(known_template(s.known, span_str("ti"), span_str("")), 0);
	assert_int_equal(known_template(s.known, span_str("tip"), span_of("1\0", 2)), -EINVAL);
	ahead.received_us = 10;
	assert_false(known_is_ahead(s.known, &ahead));
	known_end(s.known);
	records_close(r);
	records_writer_close(w);
}

/* While parserd has not made it whole, nobody may take "not in it" for "not known". */
static void test_there_is_no_index_yet(void **state)
{
	struct records_writer *w = open_writer(state);
	struct records_reader *r;
	struct known *known;

	put(w,
		(const struct item[]){item_of(ITEM_USER, "B", "1", 10, "a=b\n"),
			item_of(ITEM_USER, "B", "2", 10, "a=b\n")},
		2);
	r = open_reader(state);
	assert_int_equal(known_begin(r, &known), -EAGAIN);
	assert_int_equal(records_know_old(w, 1), 1);
	assert_int_equal(known_begin(r, &known), -EAGAIN);
	assert_int_equal(records_know_old(w, 9), 1);
	assert_int_equal(known_begin(r, &known), 0);
	known_end(known);
	records_close(r);
	records_writer_close(w);
	/* Without what is private at all. */
	assert_int_equal(records_open(scratch_path(state, "records"), &r), 0);
	assert_int_equal(known_begin(r, &known), -EACCES);
	records_close(r);
	char none[SCRATCH_BYTES + 128];
	assert_int_equal(
		items_open(scratch_path(state, "records"), path_of(state, "none", none), &r), 0);
	assert_int_equal(known_begin(r, &known), -EAGAIN);
	records_close(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_cards),
		TEST(test_a_moment),
		TEST(test_there_is_no_index_yet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
