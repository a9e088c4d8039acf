/* SPDX-License-Identifier: GPL-2.0-or-later */
/* people: whom a site knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cmdqd/ledger.h"
#include "cmdqd/people.h"
#include "parserd/records.h"
#include "tests/unit/caught.h"
#include "tests/unit/scratch.h"

#define ENTRY "0006478f9d5e0040-0123456789abcdef"

static struct room {
	char records[SCRATCH_BYTES + 128], private[SCRATCH_BYTES + 128];
	struct devices *devices;
	struct library library;
	struct people people;
	struct records_writer *writer;
} room;

/* ---- a site: A and B are of "", C of "c", D of "" waits for approval, H says the high byte first
 */

static void add_device(const char *serial, const char *site, enum device_state state)
{
	assert_int_equal(devices_decide(room.devices, span_str(serial), state), 0);
	struct device *d = devices_find(room.devices, span_str(serial));
	snprintf(d->set.site, sizeof(d->set.site), "%s", site);
	if (serial[0] == 'H')
		snprintf(d->set.card_order, sizeof(d->set.card_order), "high");
}

static int open_room(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	room = (struct room){.writer = NULL};
	snprintf(room.records, sizeof(room.records), "%s", scratch_path(state, "records"));
	snprintf(room.private, sizeof(room.private), "%s", scratch_path(state, "private"));
	assert_int_equal(devices_open(scratch_path(state, "control"), false, &room.devices), 0);
	room.library = (struct library){.path = room.records, .private_path = room.private};
	room.people = (struct people){.devices = room.devices, .library = &room.library};
	assert_int_equal(records_writer_open(room.records, room.private, 1 << 20, &room.writer), 0);
	assert_int_equal(records_know_old(room.writer, 9), 0);
	add_device("A", "", DEVICE_APPROVED);
	add_device("B", "", DEVICE_APPROVED);
	add_device("C", "c", DEVICE_APPROVED);
	add_device("D", "", DEVICE_PENDING);
	add_device("H", "", DEVICE_APPROVED);
	return 0;
}

static int close_room(void **state)
{
	library_close(&room.library);
	records_writer_close(room.writer);
	devices_close(room.devices);
	return scratch_remove(state);
}

/* ---- uploads ---- */

static void put(const struct item *i)
{
	assert_int_equal(records_begin(room.writer), 0);
	assert_int_equal(records_put_item(room.writer, i), 1);
	assert_int_equal(records_commit(room.writer), 0);
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

static void put_user(const char *serial, const char *pin, uint64_t at_us, const char *text)
{
	put(&(struct item[]){item_of(ITEM_USER, serial, pin, at_us, text)}[0]);
}

static void put_secret(const char *serial, const char *pin, uint64_t at_us, const char *text)
{
	put(&(struct item[]){item_of(ITEM_CREDENTIAL, serial, pin, at_us, text)}[0]);
}

static void put_template(
	const char *serial, const char *pin, const char *number, uint64_t at_us, const char *text)
{
	struct item i = item_of(ITEM_TEMPLATE, serial, pin, at_us, text);

	i.ids[1] = span_str("finger"), i.ids[2] = span_str(number), i.ids[3] = span_str("0");
	i.id_count = 4;
	put(&i);
}

static void clear(const char *serial, const char *what, const char *pin, uint64_t at_us)
{
	struct item i = item_of(ITEM_CLEARED, serial, what, at_us, "");

	i.ids[1] = span_str(pin), i.ids[2] = span_str("why"), i.id_count = 3;
	put(&i);
}

/* ---- questions ---- */

static void assert_person(int rc, struct person *p, const char *wanted)
{
	char text[512] = "";

	assert_int_equal(rc, 0);
	snprintf(text, sizeof(text), "%.*s@%.*s %.*s,%.*s,%.*s,%.*s %.*s %llu %llu",
		SPAN_ARG(p->pin), SPAN_ARG(p->serial), SPAN_ARG(p->name), SPAN_ARG(p->privilege),
		SPAN_ARG(p->group), SPAN_ARG(p->timezones), SPAN_ARG(p->password),
		(unsigned long long)p->card, (unsigned long long)p->vice_card);
	assert_string_equal(text, wanted);
	person_free(p);
}

static void assert_pin(const char *site, const char *pin, const char *wanted)
{
	struct person p;
	int rc = people_by_pin(&room.people, span_str(site), span_str(pin), &p);

	assert_person(rc, &p, wanted);
}

static int ask_pin(const char *site, const char *pin)
{
	struct person p = {.card = 99};
	int rc = people_by_pin(&room.people, span_str(site), span_str(pin), &p);

	assert_true(rc == 0 || p.card == 99);
	if (rc == 0)
		person_free(&p);
	return rc;
}

static void assert_card(const char *site, uint64_t card, const char *wanted)
{
	struct person p;
	int rc = people_by_card(&room.people, span_str(site), card, &p);

	assert_person(rc, &p, wanted);
}

static int ask_card(const char *site, uint64_t card)
{
	struct person p = {.card = 99};
	int rc = people_by_card(&room.people, span_str(site), card, &p);

	assert_true(rc == 0 || p.card == 99);
	if (rc == 0)
		person_free(&p);
	return rc;
}

/* ---- by PIN ---- */

static void test_all_that_was_said(void **state)
{
	(void)state;
	put_user("A", "1", 10,
		"group=2\nname=J\xc3\xb6rg%09X\nprivilege=14\ntime_zones=0001\nverify=-1\n");
	put_secret("A", "1", 10, "card=5\ncard.sent=5\npassword=pw%25\nvice_card.sent=6\n");
	assert_pin("", "1", "1@A J\xc3\xb6rg\tX,14,2,0001 pw% 5 6");
	assert_int_equal(ask_pin("c", "1"), -ENOENT);
	assert_int_equal(ask_pin("", "11"), -ENOENT);
	assert_int_equal(ask_pin("", ""), -ENOENT);
	assert_int_equal(ask_pin("", "0123456789012345678901234567890123456789012345678901234567890"
				     "12345"),
		-ENOENT);
	put_user("A", "2", 10, "");
	assert_pin("", "2", "2@A ,,,  0 0");
}

static void test_a_text_that_is_too_long(void **state)
{
	char text[PERSON_TEXT_MAX + 64] = "";
	(void)state;

	snprintf(text, sizeof(text), "group=3\nname=%0*d\n", PERSON_TEXT_MAX + 1, 0);
	put_user("A", "1", 10, text);
	assert_pin("", "1", "1@A ,,3,  0 0");
}

static void test_the_last_word_of_the_site(void **state)
{
	(void)state;
	put_user("B", "1", 20, "name=b\n");
	put_user("A", "1", 10, "name=a\n");
	put_user("C", "1", 30, "name=c\n");
	put_user("D", "1", 40, "name=d\n");
	put_user("unheard-of", "1", 50, "name=u\n");
	put_secret("A", "1", 25, "password=a\n");
	put_secret("C", "1", 30, "password=c\n");
	assert_pin("", "1", "1@B b,,, a 0 0");
	assert_pin("c", "1", "1@C c,,, c 0 0");
	put_user("A", "1", 21, "name=now\n");
	assert_pin("", "1", "1@A now,,, a 0 0");
	assert_int_equal(devices_decide(room.devices, span_str("D"), DEVICE_APPROVED), 0);
	assert_pin("", "1", "1@D d,,, a 0 0");
	assert_int_equal(devices_decide(room.devices, span_str("D"), DEVICE_REFUSED), 0);
	assert_pin("", "1", "1@A now,,, a 0 0");
}

static void test_what_was_deleted_says_nothing(void **state)
{
	(void)state;
	put_user("A", "1", 10, "name=a\n");
	put_secret("A", "1", 10, "card.sent=5\npassword=a\n");
	put_user("B", "1", 20, "name=b\n");
	put_secret("B", "1", 20, "card.sent=6\npassword=b\n");
	assert_pin("", "1", "1@B b,,, b 6 0");
	clear("B", "password", "1", 30);
	assert_pin("", "1", "1@B b,,, a 6 0");
	clear("A", "card", "", 30);
	clear("B", "card", "1", 31);
	assert_pin("", "1", "1@B b,,, a 0 0");
	clear("B", "users", "1", 40);
	assert_pin("", "1", "1@A a,,, a 0 0");
	clear("A", "all", "", 40);
	assert_int_equal(ask_pin("", "1"), -ENOENT);
	put_user("B", "1", 50, "name=again\n");
	assert_pin("", "1", "1@B again,,,  0 0");
}

#define AHEAD_US ((uint64_t)1 << 62)

/* A clock that was wrong holds nobody's word for years. */
static void test_what_is_ahead(void **state)
{
	(void)state;
	put_user("A", "1", AHEAD_US, "name=ahead\n");
	assert_pin("", "1", "1@A ahead,,,  0 0");
	put_user("B", "1", 20, "name=b\n");
	assert_pin("", "1", "1@B b,,,  0 0");
	put_user("A", "1", 30, "name=a\n");
	assert_pin("", "1", "1@A a,,,  0 0");
	put_user("H", "1", AHEAD_US + 1, "name=h\n");
	put_user("H", "1", 10, "name=older\n");
	assert_pin("", "1", "1@A a,,,  0 0");
	put_user("H", "1", 40, "name=younger\n");
	assert_pin("", "1", "1@H younger,,,  0 0");
}

static void erase(const char *pin, int count)
{
	struct entry_ref entry = {ENTRY, 1};

	assert_int_equal(records_begin(room.writer), 0);
	assert_int_equal(
		records_erase_pin(room.writer, span_str(pin), 20, &entry, UINT64_MAX, NULL, NULL),
		count);
	assert_int_equal(records_commit(room.writer), 0);
}

static void test_erased(void **state)
{
	(void)state;

	put_user("A", "1", 10, "name=a\n");
	put_secret("A", "1", 10, "card.sent=5\n");
	assert_int_equal(ask_card("", 5), 0);
	erase("1", 2);
	assert_int_equal(ask_card("", 5), -ENOENT);
	assert_int_equal(ask_pin("", "1"), -ENOENT);
}

/* ---- by card ---- */

static void test_cards(void **state)
{
	(void)state;
	put_user("A", "1", 10, "name=a\n");
	put_secret("A", "1", 10, "card=1\ncard.sent=[0100]\nvice_card.sent=9\n");
	put_user("H", "2", 10, "name=h\n");
	put_secret("H", "2", 10, "card=2\ncard.sent=[0200]\n");
	assert_card("", 1, "1@A a,,,  1 9");
	assert_card("", 9, "1@A a,,,  1 9");
	assert_card("", 512, "2@H h,,,  512 0");
	assert_int_equal(ask_card("", 256), -ENOENT); /* the other order */
	assert_int_equal(ask_card("", 2), -ENOENT);
	assert_int_equal(ask_card("c", 1), -ENOENT);
	assert_int_equal(ask_card("", 0), -ENOENT);
	assert_int_equal(ask_card("", 77), -ENOENT);
	/* He has another one now. */
	put_user("B", "1", 20, "name=b\n");
	put_secret("B", "1", 20, "card.sent=11\n");
	assert_int_equal(ask_card("", 1), -ENOENT);
	assert_card("", 11, "1@B b,,,  11 0");
	clear("B", "card", "1", 30);
	assert_int_equal(ask_card("", 11), -ENOENT);
	assert_card("", 1, "1@B b,,,  1 9");
}

/* H with decimals: it says the bytes of all cards the other way round. */
static void test_turned_cards(void **state)
{
	struct device *d = devices_find(room.devices, span_str("H"));

	(void)state;
	snprintf(d->set.card_form, sizeof(d->set.card_form), "decimal");
	put_user("H", "2", 10, "name=h\n");
	put_secret("H", "2", 10, "card.sent=365779719\n");
	assert_card("", 123456789, "2@H h,,,  123456789 0");
	assert_int_equal(ask_card("", 365779719), -ENOENT);
	/* Another device says the same card as it stands: still one person. */
	put_user("A", "2", 20, "name=a\n");
	put_secret("A", "2", 20, "card.sent=123456789\n");
	assert_card("", 123456789, "2@A a,,,  123456789 0");
	assert_int_equal(ask_card("", 365779719), -ENOENT);
	put_user("A", "3", 20, "name=c\n");
	put_secret("A", "3", 20, "card.sent=365779719\n");
	assert_card("", 123456789, "2@A a,,,  123456789 0");
	assert_card("", 365779719, "3@A c,,,  365779719 0");
}

static void test_a_card_that_two_have(void **state)
{
	(void)state;
	put_user("A", "1", 10, "");
	put_secret("A", "1", 10, "card.sent=5\n");
	put_user("B", "1", 11, "");
	put_secret("B", "1", 11, "card.sent=5\n");
	assert_card("", 5, "1@B ,,,  5 0");
	put_user("C", "2", 10, "");
	put_secret("C", "2", 10, "card.sent=5\n");
	assert_card("", 5, "1@B ,,,  5 0");
	put_user("B", "2", 10, "");
	put_secret("B", "2", 10, "card.sent=5\n");
	assert_int_equal(ask_card("", 5), -ENOTUNIQ);
	put_secret("B", "2", 12, "card.sent=6\n");
	assert_card("", 5, "1@B ,,,  5 0");
}

/* Nobody makes a question long by giving everybody the same card once. */
static void test_a_card_that_many_had(void **state)
{
	char pin[16];
	(void)state;

	for (unsigned n = 0; n <= PEOPLE_CARD_PINS; n++) {
		snprintf(pin, sizeof(pin), "%u", 100 + n);
		put_user("A", pin, 10, "");
		put_secret("A", pin, 10, "card.sent=5\n");
		if (n > 0)
			put_secret("A", pin, 20, "card.sent=6\n");
		if (n + 1 == PEOPLE_CARD_PINS)
			assert_card("", 5, "100@A ,,,  5 0");
	}
	assert_int_equal(ask_card("", 5), -ENOTUNIQ);
}

/* ---- templates ---- */

static int write_template(void *context, const struct item *i)
{
	return buf_printf(context, "%c%.*s@%.*s:%.*s ", i->kind, SPAN_ARG(i->ids[i->id_count - 2]),
		SPAN_ARG(i->serial), SPAN_ARG(item_content(i)));
}

static void assert_templates(const char *site, const char *pin, const char *wanted)
{
	struct buf out = buf_with_max(4096);

	assert_int_equal(
		people_templates(&room.people, span_str(site), span_str(pin), write_template, &out),
		0);
	assert_int_equal(buf_add(&out, "", 1), 0);
	assert_string_equal(out.ptr, wanted);
	buf_free(&out);
}

static int end_it(void *context, const struct item *i)
{
	(void)context, (void)i;
	return 7;
}

static void test_templates(void **state)
{
	struct item picture = item_of(ITEM_PICTURE, "B", "1", 10, "\njpg");
	(void)state;

	picture.ids[1] = span_str("user"), picture.id_count = 2;
	assert_templates("", "1", "");
	put_template("A", "1", "6", 10, "valid=1\n\nold");
	put_template("B", "1", "6", 20, "valid=1\n\nnew");
	put_template("A", "1", "7", 10, "valid=1\n\nseven");
	put_template("C", "1", "6", 30, "valid=1\n\nc");
	put_template("A", "12", "6", 30, "valid=1\n\nother");
	put(&picture);
	assert_templates("", "1", "t6@B:new t7@A:seven p1@B:jpg ");
	clear("B", "finger 6", "1", 30);
	assert_templates("", "1", "t6@A:old t7@A:seven p1@B:jpg ");
	assert_templates("c", "1", "t6@C:c ");
	assert_int_equal(
		people_templates(&room.people, span_str(""), span_str("1"), end_it, NULL), 7);
}

static void test_templates_of_several_algorithms(void **state)
{
	(void)state;
	put_template("A", "1", "6", 10, "minor=0\nversion=9\n\nnine");
	put_template("B", "1", "6", 20, "minor=0\nversion=10\n\nten");
	put_template("H", "1", "6", 15, "minor=0\nversion=10\n\nolder ten");
	put_template("A", "1", "7", 10,
		"\n\xa1\xca"
		"bytes"); /* by the bytes alone */
	put_template("B", "1", "7", 20, "\nM.SS21bytes");
	assert_templates("", "1",
		"t6@A:nine t7@A:\xa1\xca"
		"bytes t6@B:ten t7@B:M.SS21bytes ");
}

static void test_more_templates_than_a_person_has(void **state)
{
	char number[16];
	struct buf out = buf_with_max(1 << 20);
	(void)state;

	for (unsigned n = 0; n < PEOPLE_TEMPLATES_MAX; n++) {
		snprintf(number, sizeof(number), "%u", n);
		put_template("A", "1", number, 10, "\nx");
	}
	assert_int_equal(
		people_templates(&room.people, span_str(""), span_str("1"), write_template, &out),
		0);
	put_template("A", "1", "more", 10, "\nx");
	buf_clear(&out);
	assert_int_equal(
		people_templates(&room.people, span_str(""), span_str("1"), write_template, &out),
		-E2BIG);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static int has(const char *pin, const char *bytes)
{
	return people_has_template(&room.people, span_str(pin), span_str(bytes));
}

static void test_a_replay(void **state)
{
	(void)state;
	put_template("A", "1", "6", 10, "valid=1\n\none");
	put_template("A", "1", "6", 20, "valid=1\n\ntwo");
	put_template("C", "1", "8", 20, "valid=1\n\nthree");
	put_template("A", "2", "6", 20, "valid=1\n\nfour");
	put_template("A", "2", "7", 20, "valid=1\n\ntwo");
	put_template("D", "12", "6", 20, "valid=1\n\nfive");
	put_template("A", "1", "9", 20, "valid=1\n");
	clear("A", "all", "", 30);
	assert_int_equal(has("1", "two"), PEOPLE_OF_PIN);
	assert_int_equal(has("1", "one"), PEOPLE_OF_PIN);
	assert_int_equal(has("1", "three"), PEOPLE_OF_PIN);
	assert_int_equal(has("1", "four"), PEOPLE_OF_ANOTHER);
	assert_int_equal(has("1", "five"), PEOPLE_OF_ANOTHER);
	assert_int_equal(has("2", "two"), PEOPLE_OF_PIN);
	assert_int_equal(has("3", "two"), PEOPLE_OF_ANOTHER);
	assert_int_equal(has("1", "thre"), 0);
	assert_int_equal(has("1", ""), 0);
	erase("1", 4);
	assert_int_equal(has("1", "two"), PEOPLE_OF_ANOTHER);
	assert_int_equal(has("1", "one"), 0);
	assert_int_equal(has("2", "three"), 0);
}

/* ---- what can be read ---- */

static void test_nothing_is_there_yet(void **state)
{
	struct people none = room.people;
	struct library library = {
		.path = scratch_path(state, "nowhere"), .private_path = room.private};
	struct person p;

	none.library = &library;
	assert_int_equal(people_by_pin(&none, span_str(""), span_str("1"), &p), -EAGAIN);
	assert_int_equal(people_by_card(&none, span_str(""), 1, &p), -EAGAIN);
	assert_int_equal(people_has_template(&none, span_str("1"), span_str("x")), -EAGAIN);
	/* The records are there, what is private is not yet: it is looked for each time. */
	char private_path[SCRATCH_BYTES + 128];
	snprintf(private_path, sizeof(private_path), "%s", scratch_path(state, "later"));
	library = (struct library){.path = room.records, .private_path = private_path};
	assert_int_equal(people_by_pin(&none, span_str(""), span_str("1"), &p), -EAGAIN);
	assert_int_equal(rename(room.private, private_path), 0);
	assert_int_equal(people_by_pin(&none, span_str(""), span_str("1"), &p), -ENOENT);
	library_close(&library);
	assert_int_equal(rename(private_path, room.private), 0);
	/* Who does not want it does not open it. */
	library = (struct library){.path = room.records};
	assert_int_equal(people_by_pin(&none, span_str(""), span_str("1"), &p), -EACCES);
	library_close(&library);
}

static int ask_as_nobody(void **state)
{
	bool root = geteuid() == 0;

	assert_int_equal(chmod(*state, 0755), 0);
	assert_int_equal(chmod(room.records, 0755), 0);
	assert_int_equal(chmod(scratch_path(state, "records/data.mdb"), 0644), 0);
	assert_int_equal(chmod(scratch_path(state, "records/lock.mdb"), 0666), 0);
	assert_int_equal(chmod(room.private, root ? 0700 : 0), 0);
	if (root)
		assert_int_equal(setresuid(65534, 65534, 0), 0);
	int rc = ask_pin("", "1");
	rc = rc == ask_pin("", "1") ? rc : 1;
	if (root)
		assert_int_equal(setresuid(0, 0, 0), 0);
	assert_int_equal(chmod(room.private, 0750), 0);
	return rc;
}

/* Records that were moved away are not asked any more: somebody may be erased in the new ones. */
static void test_records_are_made_anew(void **state)
{
	struct person p;
	char aside[SCRATCH_BYTES + 128];

	put_user("A", "1", 10, "");
	put_secret("A", "1", 10, "password=7733\n");
	assert_pin("", "1", "1@A ,,, 7733 0 0");
	records_writer_close(room.writer);
	snprintf(aside, sizeof(aside), "%s", scratch_path(state, "aside"));
	assert_int_equal(rename(room.private, aside), 0);
	assert_int_equal(people_by_pin(&room.people, span_str(""), span_str("1"), &p), -EAGAIN);
	assert_int_equal(records_writer_open(room.records, room.private, 1 << 20, &room.writer), 0);
	assert_int_equal(people_by_pin(&room.people, span_str(""), span_str("1"), &p), -EAGAIN);
	assert_int_equal(records_know_old(room.writer, 9), 1);
	assert_pin("", "1", "1@A ,,,  0 0");
	put_secret("A", "1", 20, "password=7734\n");
	assert_pin("", "1", "1@A ,,, 7734 0 0");
}

/* It is told once, in words; and the other half goes on. */
static void test_what_is_private_may_not_be_read(void **state)
{
	struct records_reader *r;
	struct buf stamp = buf_with_max(64);
	int rc;

	put_user("A", "1", 10, "");
	caught_begin();
	rc = ask_as_nobody(state);
	const char *log = caught_end();
	assert_int_equal(rc, -EACCES);
	const char *told = strstr(log, "punchd-private");
	assert_non_null(told);
	assert_null(strstr(told + 1, "punchd-private"));
	assert_int_equal(library_open(&room.library, &r), 0);
	assert_int_equal(records_stamp(r, span_str("A"), "ATTLOG", &stamp), -ENOENT);
	buf_free(&stamp);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_room, close_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_that_was_said),
		TEST(test_a_text_that_is_too_long),
		TEST(test_the_last_word_of_the_site),
		TEST(test_what_was_deleted_says_nothing),
		TEST(test_what_is_ahead),
		TEST(test_erased),
		TEST(test_cards),
		TEST(test_turned_cards),
		TEST(test_a_card_that_two_have),
		TEST(test_a_card_that_many_had),
		TEST(test_templates),
		TEST(test_templates_of_several_algorithms),
		TEST(test_more_templates_than_a_person_has),
		TEST(test_a_replay),
		TEST(test_nothing_is_there_yet),
		TEST(test_records_are_made_anew),
		TEST(test_what_is_private_may_not_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
