/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What punchctl makes of items: piles, changes, names, rows. */
#include "ctl/changes.h"
#include "ctl/direction.h"
#include "ctl/item_row.h"
#include "ctl/people.h"
#include "ctl/photo_row.h"
#include "ctl/pile.h"
#include "ctl/spoken.h"
#include "ctl/template.h"
#include "ctl/template_row.h"
#include "ctl/user_row.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ENTRY "0000000000000001-0000000000000001"

static struct item item(enum item_kind kind, const char *pin, const char *text)
{
	struct item i = {.kind = kind,
		.serial = span_str("GATE1"),
		.ids = {span_str(pin)},
		.id_count = item_id_count(kind),
		.seq = 7,
		.entry = {.name = ENTRY, .number = 1},
		.text = span_str(text)};
	return i;
}

static struct item template_of(const char *modality, const char *text)
{
	struct item i = item(ITEM_TEMPLATE, "1001", text);
	i.ids[1] = span_str(modality);
	i.ids[2] = span_str("6");
	i.ids[3] = span_str("0");
	return i;
}

/* ---- piles ---- */

static void a_pile_outlives_what_was_read(void **state)
{
	(void)state;
	struct pile p = {.items = NULL};
	char text[] = "name=Anna\n", pin[] = "1001";
	struct item i = item(ITEM_USER, pin, text);
	assert_int_equal(pile_add(&p, &i, PILE_ALL), 0);
	memset(text, 'x', sizeof(text) - 1);
	memset(pin, 'x', sizeof(pin) - 1);
	assert_true(span_is(p.items[0].text, "name=Anna\n"));
	assert_true(span_is(p.items[0].ids[0], "1001"));
	assert_true(span_is(p.items[0].serial, "GATE1"));
	pile_free(&p);
	assert_int_equal(p.count, 0);
}

static void a_pile_of_heads_knows_the_size_of_contents(void **state)
{
	(void)state;
	struct pile p = {.items = NULL};
	struct item with = template_of("finger", "valid=1\n\nABCDEF"),
		    without = template_of("finger", "valid=1\n"), empty = template_of("face", "");
	assert_int_equal(pile_add(&p, &with, PILE_HEAD), 0);
	assert_int_equal(pile_add(&p, &without, PILE_HEAD), 0);
	assert_int_equal(pile_add(&p, &empty, PILE_HEAD), 0);
	assert_int_equal(pile_add(&p, &with, PILE_ALL), 0);
	assert_true(span_is(p.items[0].text, "valid=1\n"));
	assert_int_equal(p.content_bytes[0], 6);
	assert_int_equal(p.content_bytes[1], 0);
	assert_int_equal(p.content_bytes[2], 0);
	assert_true(span_is(item_content(&p.items[3]), "ABCDEF"));
	pile_free(&p);
}

static void a_pile_finds_by_pin(void **state)
{
	(void)state;
	static const char *const pins[] = {"1", "10", "100", "2", "L1005M"};
	struct pile p = {.items = NULL};
	assert_null(pile_find(&p, span_str("GATE1"), span_str("1")));
	for (size_t n = 0; n < 5; n++) {
		struct item i = item(ITEM_CREDENTIAL, pins[n], "");
		assert_int_equal(pile_add(&p, &i, PILE_ALL), 0);
	}
	for (size_t n = 0; n < 5; n++)
		assert_ptr_equal(pile_find(&p, span_str("GATE1"), span_str(pins[n])), &p.items[n]);
	assert_null(pile_find(&p, span_str("GATE1"), span_str("1001")));
	assert_null(pile_find(&p, span_str("GATE1"), span_str("")));
	assert_null(pile_find(&p, span_str("GATE0"), span_str("1")));
	assert_null(pile_find(&p, span_str("GATE10"), span_str("1")));
	pile_free(&p);
}

static void a_pile_grows(void **state)
{
	(void)state;
	struct pile p = {.items = NULL};
	char *large = malloc(200000), pin[16];
	assert_non_null(large);
	memset(large, 'x', 199999);
	large[199999] = '\0';
	for (unsigned n = 0; n < 1000; n++) {
		snprintf(pin, sizeof(pin), "%04u", n);
		struct item i = item(ITEM_USER, pin, n == 500 ? large : "a=b\n");
		assert_int_equal(pile_add(&p, &i, PILE_ALL), 0);
	}
	assert_int_equal(p.items[500].text.len, 199999);
	assert_true(span_is(p.items[999].ids[0], "0999"));
	assert_true(span_is(p.items[501].text, "a=b\n"));
	pile_free(&p);
	free(large);
}

/* ---- changes ---- */

static void differ(const char *before, const char *after, const char *expected)
{
	struct buf b = buf_with_max(1024);
	struct item x = item(ITEM_USER, "1", before ? before : ""), y = item(ITEM_USER, "1", after);
	assert_int_equal(changes_put(&b, before ? &x : NULL, &y), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	assert_string_equal(b.ptr, expected);
	buf_free(&b);
}

static void changes_are_named(void **state)
{
	(void)state;
	differ("group=1\nname=Anna\n", "group=1\nname=Anna\n", "");
	differ("group=1\nname=Anna\n", "group=1\nname=Anne\n", "name");
	differ("name=Anna\n", "group=1\nname=Anna\n", "group");
	differ("group=1\nname=Anna\n", "name=Anna\n", "group");
	differ("a=1\nc=1\n", "b=1\nc=2\nd=1\n", "a b c d");
	differ(NULL, "group=1\nname=Anna\nverify=\n", "group name");
	differ("name=\n", "", "");
	differ("card=1\ncard.sent=1\n", "card=1\ncard.sent=[01]\n", "");
	differ("name=x\nname.raw=aa\n", "name=x\nname.raw=bb\n", "");
}

static void contents_are_no_fields(void **state)
{
	(void)state;
	differ("valid=1\n\nA=B\n", "valid=1\n\nX=Y\n", "");
	differ("valid=1\n\nno line at all", "valid=3\n\nno line at all", "valid");
	differ("", "\nonly content", "");
}

static void damage_is_told(void **state)
{
	(void)state;
	struct buf b = buf_with_max(1024);
	struct item x = item(ITEM_USER, "1", "no line\n"), y = item(ITEM_USER, "1", "name=A\n");
	assert_int_equal(changes_put(&b, &x, &y), -EUCLEAN);
	buf_free(&b);
}

/* ---- names in other characters ---- */

static void reads(const char *text, bool gb18030, const char *expected)
{
	struct buf b = buf_with_max(1024);
	struct item i = item(ITEM_USER, "1", text);
	int rc = spoken_field_in(&i, "name", gb18030, &b);
	assert_int_equal(rc, expected ? 0 : -ENOENT);
	if (expected) {
		assert_int_equal(b.len, strlen(expected));
		assert_memory_equal(b.ptr, expected, b.len);
	}
	buf_free(&b);
}

static void names_are_read_anew(void **state)
{
	(void)state;
	reads("name=?\nname.raw=d5c5c8fd\n", true, "张三");
	/* The bytes are also Greek letters in UTF-8, which is how they were taken. */
	reads("name=\xCE\xA4\xCE\xA5\n", true, "韦违");
	reads("name=\xCE\xA4\xCE\xA5\n", false, "\xCE\xA4\xCE\xA5");
}

static void names_stand_as_they_are(void **state)
{
	(void)state;
	reads("name=Anna\n", true, "Anna");
	reads("name=\xEF\xBF\xBD\nname.raw=ff\n", true, "\xEF\xBF\xBD"); /* not even GB18030 */
	reads("name=\xCE\xA4\nname.raw=cea4\n", false, "\xCE\xA4");
	reads("group=1\n", true, NULL);
}

/* ---- names of files ---- */

static void names_a_file(const struct item *i, const char *expected)
{
	struct buf b = buf_with_max(1024);
	assert_int_equal(template_put_name(&b, i), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	assert_string_equal(b.ptr, expected);
	buf_free(&b);
}

static void templates_have_names(void **state)
{
	(void)state;
	struct item finger = template_of("finger", "size=8\nvalid=1\n\nABC");
	struct item bio = template_of("visible-face", "minor=4\ntype=9\nversion=35\n\nABC");
	struct item vein = template_of("fingervein", "valid=1\n\nABC");
	struct item hostile = template_of("finger", "version=../x\n\nABC");
	names_a_file(&finger, "1001_finger_6_0_0.0.tpl");
	names_a_file(&bio, "1001_bio9_6_0_35.4.tpl");
	names_a_file(&vein, "1001_bio7_6_0_0.0.tpl");
	hostile.ids[0] = span_str("../../etc/\xFF");
	names_a_file(&hostile, "%2E.%2F..%2Fetc%2F%FF_finger_6_0_0.0.tpl");
}

static void understands(const char *path, const char *pin, const char *kind, const char *number,
	const char *index, const char *major, const char *minor)
{
	struct template_name n;
	assert_int_equal(template_get_name(span_str(path), &n), 0);
	assert_true(span_is(n.pin, pin));
	assert_true(span_is(n.kind, kind));
	assert_true(span_is(n.number, number));
	assert_true(span_is(n.index, index));
	assert_true(span_is(n.major, major));
	assert_true(span_is(n.minor, minor));
}

static void names_are_understood(void **state)
{
	(void)state;
	understands("1001_finger_6_0_10.tpl", "1001", "finger", "6", "0", "10", "0");
	understands("a/b_c/1001_bio9_0_1_35.4.tpl", "1001", "bio9", "0", "1", "35", "4");
	understands("A_1_face_14_0_0.0.tpl", "A_1", "face", "14", "0", "0", "0");
}

static void other_names_are_not(void **state)
{
	(void)state;
	static const char *const none[] = {"", ".tpl", "1001.tpl", "1001_finger_6_0.tpl",
		"_finger_6_0_10.tpl", "1001_finger_6_0_10.bin", "1001_palm_6_0_10.tpl",
		"1001_finger_x_0_10.tpl", "1001_finger_6__10.tpl", "1001_finger_6_0_.tpl",
		"1001_finger_6_0_10..tpl", "1001_bio_6_0_10.tpl", "1001_finger_6_0_10.tpl/",
		"1001/_finger_6_0_10.tpl"};
	struct template_name n;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_int_equal(template_get_name(span_str(none[i]), &n), -EINVAL);
}

/* ---- rows ---- */

static const struct out_cell *cell_of(const struct out_column *columns, size_t count,
	const struct out_cell *cells, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(columns[i].key, key) == 0)
			return &cells[i];
	fail();
	return NULL;
}

static void user_has(const char *user, const char *credential, uint32_t flags,
	enum user_secrets secrets, const char *key, enum out_kind kind, const char *text)
{
	struct user_texts texts = {0};
	struct out_cell cells[USER_COLUMNS];
	struct item u = item(ITEM_USER, "1001", user),
		    c = item(ITEM_CREDENTIAL, "1001", credential ? credential : "");
	c.flags = flags;
	assert_int_equal(user_cells(NULL, &u, credential ? &c : NULL, secrets, &texts, cells), 0);
	const struct out_cell *cell = cell_of(user_columns, USER_COLUMNS, cells, key);
	assert_int_equal(cell->kind, kind);
	assert_true(!text || span_is(cell->text, text));
	user_texts_free(&texts);
}

#define SECRET "card=4711\ncard.sent=4711\npassword=77\n"

static void secrets_are_masked(void **state)
{
	(void)state;
	user_has("", SECRET, 0, USER_MASKED, "password", OUT_TEXT, "(set)");
	user_has("", SECRET, 0, USER_MASKED, "card", OUT_TEXT, "(set)");
	user_has("", SECRET, 0, USER_MASKED, "vice_card", OUT_NONE, NULL);
	user_has("", SECRET, 0, USER_REVEALED, "password", OUT_TEXT, "77");
	user_has("", SECRET, 0, USER_REVEALED, "card", OUT_TEXT, "4711");
	user_has("", SECRET, 0, USER_UNKNOWN, "card", OUT_UNKNOWN, NULL);
	user_has("", NULL, 0, USER_UNKNOWN, "password", OUT_UNKNOWN, NULL);
	user_has("", NULL, 0, USER_MASKED, "password", OUT_NONE, NULL);
	user_has("", "card=\ncard.sent=0\npassword=\n", 0, USER_MASKED, "card", OUT_NONE, NULL);
	user_has("", "card=\npassword=\n", 0, USER_REVEALED, "password", OUT_NONE, NULL);
	user_has("", "card.sent=XYZ\n", 0, USER_MASKED, "card", OUT_TEXT, "(set)");
	user_has("", "card.sent=XYZ\n", 0, USER_REVEALED, "card", OUT_TEXT, "XYZ");
}

static void what_was_taken_away_is_not_set(void **state)
{
	(void)state;
	user_has("", SECRET, ITEM_NO_PASSWORD, USER_MASKED, "password", OUT_NONE, NULL);
	user_has("", SECRET, ITEM_NO_PASSWORD, USER_MASKED, "card", OUT_TEXT, "(set)");
	user_has("", SECRET, ITEM_NO_CARD, USER_REVEALED, "card", OUT_NONE, NULL);
	user_has("", SECRET, ITEM_DELETED, USER_REVEALED, "password", OUT_NONE, NULL);
}

static void users_have_facts(void **state)
{
	(void)state;
	user_has("name=Anna\nprivilege=14\n", NULL, 0, USER_MASKED, "name", OUT_TEXT, "Anna");
	user_has("name=Anna\nprivilege=14\n", NULL, 0, USER_MASKED, "privilege", OUT_TEXT, "14");
	user_has("name=\n", NULL, 0, USER_MASKED, "name", OUT_NONE, NULL);
	assert_true(span_is(user_privilege(span_str("14")), "super"));
	assert_true(span_is(user_privilege(span_str("3")), "3"));
}

static void a_template_is_never_in_its_row(void **state)
{
	(void)state;
	struct template_texts texts = {0};
	struct out_cell cells[TEMPLATE_COLUMNS];
	struct item i = template_of("finger", "version=10\n\nSECRETBYTES");
	i.flags = ITEM_DELETED | ITEM_SIZE_WRONG;
	assert_int_equal(template_cells(&i, 11, &texts, cells), 0);
	for (size_t n = 0; n < TEMPLATE_COLUMNS; n++)
		assert_true(cells[n].kind == OUT_NUMBER || cells[n].text.len == 0 ||
			    !memmem(cells[n].text.ptr, cells[n].text.len, "SECRET", 6));
	assert_true(span_is(cell_of(template_columns, TEMPLATE_COLUMNS, cells, "flags")->text,
		"deleted size_wrong"));
	assert_true(
		span_is(cell_of(template_columns, TEMPLATE_COLUMNS, cells, "version")->text, "10"));
	assert_int_equal(cell_of(template_columns, TEMPLATE_COLUMNS, cells, "bytes")->number, 11);
	template_texts_free(&texts);
}

static void a_status_says_which_way(void **state)
{
	static const char *const cases[][2] = {{"0", "in"}, {"1", "out"}, {"2", "out"}, {"3", "in"},
		{"4", "in"}, {"5", "out"}, {"8", ""}, {"9", ""}, {"255", ""}, {"", ""}, {"00", ""},
		{"in", ""}};
	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++)
		assert_string_equal(direction_of_status(span_str(cases[n][0])), cases[n][1]);
}

static void a_photo_says_what_is_wrong_with_it(void **state)
{
	static const struct {
		uint32_t flags;
		const char *words;
	} cases[] = {
		{PHOTO_SIZE_WRONG, "size_wrong"},
		{PHOTO_SHORT | PHOTO_NO_PIN, "short no_pin"},
		{PUNCH_TIME_ABSURD | PHOTO_SHORT | PHOTO_SIZE_WRONG | PHOTO_LIVE | PHOTO_NO_PIN,
			"time_absurd short size_wrong live no_pin"},
	};
	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		struct photo p = {.time = {2026, 1, 5, 8, 0, 0},
			.serial = span_str("GATE1"),
			.entry = {.name = ENTRY, .number = 1},
			.flags = cases[n].flags};
		struct out_cell cells[PHOTO_COLUMNS];
		struct photo_texts texts;
		photo_cells(&p, span_str(""), &texts, cells);
		assert_true(span_is(cell_of(photo_columns, PHOTO_COLUMNS, cells, "flags")->text,
			cases[n].words));
	}
}

static void any_item_is_a_row(void **state)
{
	(void)state;
	struct item_texts texts = {0};
	struct out_cell cells[ITEM_ROW_COLUMNS];
	struct item i = template_of("finger", "valid=1\nversion=1%09 0\n\nABC");
	assert_int_equal(item_cells(&i, OUT_JSON, &texts, cells), 0);
	assert_true(span_is(cell_of(item_row_columns, ITEM_ROW_COLUMNS, cells, "ids")->text,
		"1001\tfinger\t6\t0"));
	assert_true(span_is(
		cell_of(item_row_columns, ITEM_ROW_COLUMNS, cells, "content")->text, "QUJD"));
	const struct out_rows *fields =
		cell_of(item_row_columns, ITEM_ROW_COLUMNS, cells, "fields")->rows;
	assert_int_equal(fields->column_count, 2);
	assert_string_equal(fields->columns[0].key, "valid");
	assert_string_equal(fields->columns[1].key, "version");
	assert_true(span_is(fields->cells[1].text, "1\t 0"));
	assert_int_equal(item_cells(&i, OUT_CSV, &texts, cells), 0);
	assert_true(span_is(cell_of(item_row_columns, ITEM_ROW_COLUMNS, cells, "fields")->text,
		"valid=1\nversion=1%09 0\n"));
	item_texts_free(&texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pile_outlives_what_was_read),
		cmocka_unit_test(a_pile_of_heads_knows_the_size_of_contents),
		cmocka_unit_test(a_pile_finds_by_pin),
		cmocka_unit_test(a_pile_grows),
		cmocka_unit_test(changes_are_named),
		cmocka_unit_test(contents_are_no_fields),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(names_are_read_anew),
		cmocka_unit_test(names_stand_as_they_are),
		cmocka_unit_test(templates_have_names),
		cmocka_unit_test(names_are_understood),
		cmocka_unit_test(other_names_are_not),
		cmocka_unit_test(secrets_are_masked),
		cmocka_unit_test(what_was_taken_away_is_not_set),
		cmocka_unit_test(users_have_facts),
		cmocka_unit_test(a_template_is_never_in_its_row),
		cmocka_unit_test(a_status_says_which_way),
		cmocka_unit_test(a_photo_says_what_is_wrong_with_it),
		cmocka_unit_test(any_item_is_a_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
