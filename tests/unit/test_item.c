/* SPDX-License-Identifier: GPL-2.0-or-later */
/* item: keys that sort as they should, texts, and which items a mark means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "store/item.h"

#define ENTRY "0006478f9d5e0040-0123456789abcdef"

static struct item template_of(const char *pin, const char *modality, const char *number)
{
	return (struct item){
		.kind = ITEM_TEMPLATE,
		.serial = span_str("A"),
		.ids = {span_str(pin), span_str(modality), span_str(number), span_str("0")},
		.id_count = 4,
		.seq = 77,
		.received_us = 1767600000000000,
		.entry = {ENTRY, 3},
		.place = 40,
		.flags = ITEM_SIZE_WRONG,
		.digest = {1, 2, 3},
	};
}

static struct item item_of(enum item_kind kind, const char *a, const char *b, const char *c)
{
	struct item i = {.kind = kind, .serial = span_str("A"), .entry = {ENTRY, 1}};
	const char *const ids[] = {a, b, c};

	for (size_t n = 0; n < 3 && ids[n] != NULL; n++)
		i.ids[i.id_count++] = span_str(ids[n]);
	return i;
}

static void assert_same(const struct item *a, const struct item *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_true(span_eq(a->serial, b->serial));
	assert_int_equal(a->id_count, b->id_count);
	for (size_t n = 0; n < a->id_count; n++)
		assert_true(span_eq(a->ids[n], b->ids[n]));
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->received_us, b->received_us);
	assert_string_equal(a->entry.name, b->entry.name);
	assert_int_equal(a->entry.number, b->entry.number);
	assert_int_equal(a->place, b->place);
	assert_int_equal(a->flags, b->flags);
	assert_memory_equal(a->digest, b->digest, sizeof(a->digest));
}

static void test_there_and_back(void **state)
{
	struct item i = template_of("12", "finger", "6"), back;
	struct pack key = {.len = 0}, value = {.len = 0}, vkey = {.len = 0}, vvalue = {.len = 0};

	(void)state;
	item_pack_key(&key, &i);
	item_pack_value(&value, &i);
	item_pack_version_key(&vkey, &i);
	item_pack_version_value(&vvalue, &i);
	assert_false(key.failed || value.failed || vkey.failed || vvalue.failed);
	assert_int_equal(vkey.len, key.len + ITEM_ARRIVAL_BYTES);
	assert_memory_equal(vkey.bytes, key.bytes, key.len);
	assert_int_equal(item_unpack(pack_span(&key), pack_span(&value), &back), 0);
	assert_same(&i, &back);
	assert_int_equal(item_unpack_version(pack_span(&vkey), pack_span(&vvalue), &back), 0);
	assert_same(&i, &back);

	back.seq = 5;
	assert_int_equal(item_unpack(pack_span(&vkey), pack_span(&value), &back), -EUCLEAN);
	assert_int_equal(item_unpack(pack_span(&key), pack_span(&vvalue), &back), -EUCLEAN);
	assert_int_equal(item_unpack_version(pack_span(&key), pack_span(&vvalue), &back), -EUCLEAN);
	key.bytes[0] = 'Z';
	assert_int_equal(item_unpack(pack_span(&key), pack_span(&value), &back), -EUCLEAN);
	assert_int_equal(back.seq, 5);
}

static bool packs(const struct item *i)
{
	struct pack k = {.len = 0};

	item_pack_key(&k, i);
	return !k.failed;
}

static void test_what_is_no_key(void **state)
{
	char many[ITEM_ID_MAX + 1];
	struct item i = template_of("1", "finger", "6");

	(void)state;
	memset(many, '9', sizeof(many));
	assert_true(packs(&i));
	i.id_count = 3;
	assert_false(packs(&i));
	i.id_count = 5;
	assert_false(packs(&i));
	i = item_of(ITEM_USER, "1", NULL, NULL);
	i.ids[0] = span_of(many, ITEM_ID_MAX - 1);
	assert_true(packs(&i));
	i.ids[0].len++;
	assert_false(packs(&i));
	i.ids[0] = span_of("1\0002", 3);
	assert_false(packs(&i));
	i = item_of((enum item_kind)'?', NULL, NULL, NULL);
	assert_false(packs(&i));
	assert_int_equal(item_id_count((enum item_kind)'?'), 0);
	assert_true(item_private((enum item_kind)'?'));
}

/* By receipt, then by entry, then by the place in the body. */
static void test_versions_sort_by_arrival(void **state)
{
	static const struct {
		uint64_t received_us;
		uint32_t number, place;
	} order[] = {{1, 9, 9}, {2, 1, 300}, {2, 2, 0}, {2, 2, 1}, {2, 2, 256}, {300, 1, 0}};
	struct pack last = {.len = 0};

	(void)state;
	for (size_t n = 0; n < 6; n++) {
		struct item i = item_of(ITEM_USER, "1", NULL, NULL);
		struct pack k = {.len = 0};
		i.received_us = order[n].received_us;
		i.entry.number = order[n].number;
		i.place = order[n].place;
		item_pack_version_key(&k, &i);
		assert_false(k.failed);
		if (n > 0)
			assert_true(memcmp(last.bytes, k.bytes, k.len) < 0);
		last = k;
	}
}

static void test_whose_it_is_and_who_may_see_it(void **state)
{
	static const struct {
		enum item_kind kind;
		const char *ids[3];
		const char *pin;
		bool private;
	} cases[] = {
		{ITEM_USER, {"1"}, "1", false},
		{ITEM_CREDENTIAL, {"1"}, "1", true},
		{ITEM_PICTURE, {"1", "face"}, "1", true},
		{ITEM_MESSAGE, {"1"}, "", false},
		{ITEM_MESSAGE_USER, {"1", "2"}, "1", false},
		{ITEM_WORKCODE, {"1", "2"}, "", false},
		{ITEM_IDCARD, {"1"}, "1", true},
		{ITEM_OPTION, {"1"}, "", false},
		{ITEM_SECRET, {"o", "ComKey", ""}, "", true},
		{ITEM_SECRET, {"n", "1", "2"}, "1", true},
		{ITEM_IMAGE, {"1", "2"}, "1", true},
		{ITEM_CLEARED, {"users", "1", "x"}, "", false},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		struct item i =
			item_of(cases[n].kind, cases[n].ids[0], cases[n].ids[1], cases[n].ids[2]);
		assert_true(packs(&i));
		assert_true(span_is(item_pin(&i), cases[n].pin));
		assert_int_equal(item_private(i.kind), cases[n].private);
	}
	assert_true(item_private(ITEM_TEMPLATE));
}

static void test_what_marks_mean(void **state)
{
	struct item finger = template_of("1", "finger", "6"), face = template_of("1", "face", "0"),
		    user = item_of(ITEM_USER, "1", NULL, NULL),
		    secret = item_of(ITEM_CREDENTIAL, "1", NULL, NULL),
		    image = item_of(ITEM_IMAGE, "1", "6", NULL),
		    picture = item_of(ITEM_PICTURE, "1", "user", NULL),
		    workcode = item_of(ITEM_WORKCODE, "1", "2", NULL),
		    option = item_of(ITEM_OPTION, "Name", NULL, NULL),
		    mark = item_of(ITEM_CLEARED, "all", "", "x"),
		    message = item_of(ITEM_MESSAGE_USER, "1", "2", NULL);
	struct item *const items[] = {&finger, &face, &user, &secret, &image, &picture, &workcode,
		&option, &mark, &message};
	static const struct {
		const char *what, *means; /* a digit each */
	} cases[] = {
		{"all", "1111111001"},
		{"users", "1111110001"},
		{"templates", "1100100000"},
		{"fingers", "1000100000"},
		{"finger 6", "1000100000"},
		{"finger 0", "0000000000"},
		{"finger ", "0000000000"},
		{"pictures", "0000010000"},
		{"messages", "0000000001"},
		{"workcodes", "0000001000"},
		{"password", "0008000000"},
		{"card", "000?000000"},
		{"nonsense", "0000000000"},
		{"", "0000000000"},
	};

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++)
		for (size_t n = 0; n < 10; n++) {
			uint32_t wanted = cases[c].means[n] == '?'
						  ? ITEM_NO_CARD
						  : (uint32_t)(cases[c].means[n] - '0');
			assert_int_equal(
				item_cleared_by(span_str(cases[c].what), items[n]), wanted);
		}
}

/* Whatever means an item is among its words. */
static void test_words_of_an_item(void **state)
{
	struct item finger = template_of("1", "finger", "6"), face = template_of("1", "face", "6");
	char room[ITEM_WORD_BYTES];
	const char *word = "";
	size_t count = 0;

	(void)state;
	while (item_cleared_word(&finger, count, room) != NULL)
		word = item_cleared_word(&finger, count++, room);
	assert_string_equal(word, "finger 6");
	assert_null(item_cleared_word(&finger, count + 1, room));
	assert_null(item_cleared_word(&face, count - 1, room));
	assert_string_equal(item_cleared_word(&face, 0, room), "all");
}

static void test_why(void **state)
{
	unsigned char digest[KEPT_DIGEST_BYTES] = {0x01, 0xff, [15] = 0xa0};
	char why[ITEM_WHY_BYTES];

	(void)state;
	item_why(digest, UINT32_MAX, why);
	assert_string_equal(why, "01ff00000000000000000000000000a0.4294967295");
}

/* ---- texts ---- */

static void assert_field(const char *text, const char *name, int rc, const char *wanted)
{
	struct item i = {.text = span_str(text)};
	struct buf into = buf_with_max(64);

	assert_int_equal(buf_add_str(&into, "old"), 0);
	assert_int_equal(item_field(&i, name, &into), rc);
	if (rc == 0)
		assert_true(span_is(buf_span(&into), wanted));
	buf_free(&into);
}

static void test_fields(void **state)
{
	static const char text[] = "group=1\nname=a%25b%0ac=d\nname.raw=61\n\nname=x\n";

	(void)state;
	assert_field(text, "name", 0, "a%b\nc=d");
	assert_field(text, "name.raw", 0, "61");
	assert_field(text, "group", 0, "1");
	assert_field(text, "nam", -ENOENT, NULL);
	assert_field("", "name", -ENOENT, NULL);
	assert_field("\nname=x\n", "name", -ENOENT, NULL);
	assert_field("name=\n", "name", 0, "");
	assert_field("name=x", "name", 0, "x");
	assert_field("name=%2\n", "name", -EUCLEAN, NULL);
	assert_field("name=%zz\n", "name", -EUCLEAN, NULL);
	assert_field("nonsense\nname=x\n", "name", -EUCLEAN, NULL);
	struct item i = {.text = span_str("name=%00\n")};
	struct buf into = buf_with_max(64);
	assert_int_equal(item_field(&i, "name", &into), 0);
	assert_true(into.len == 1 && into.ptr[0] == '\0');
	buf_free(&into);
}

static void test_content(void **state)
{
	struct item i = {.text = span_of("a=b\n\n\n\0x", 8)};

	(void)state;
	assert_true(span_eq(item_content(&i), span_of("\n\0x", 3)));
	i.text = span_of("\n\nb", 3);
	assert_true(span_is(item_content(&i), "\nb"));
	i.text = span_str("a=b\n");
	assert_int_equal(item_content(&i).len, 0);
	i.text = span_str("a=b\n\n");
	assert_int_equal(item_content(&i).len, 0);
	i.text = span_str("a=b");
	assert_int_equal(item_content(&i).len, 0);
	i.text = span_of(NULL, 0);
	assert_int_equal(item_content(&i).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_what_is_no_key),
		cmocka_unit_test(test_versions_sort_by_arrival),
		cmocka_unit_test(test_whose_it_is_and_who_may_see_it),
		cmocka_unit_test(test_what_marks_mean),
		cmocka_unit_test(test_words_of_an_item),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_content),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
