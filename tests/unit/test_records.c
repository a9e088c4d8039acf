/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records: what is written once, twice, in any order, and what the readers find. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "parserd/records.h"
#include "tests/unit/scratch.h"

#define NOW_US ((uint64_t)1767600000 * 1000000)
#define DAY_US ((uint64_t)24 * 3600 * 1000000)
#define ENTRY  "0006478f9d5e0040-0123456789abcdef"

static struct records_writer *open_writer(void **state)
{
	struct records_writer *w;
	char private_path[SCRATCH_BYTES + 128];

	snprintf(private_path, sizeof(private_path), "%s", scratch_path(state, "private"));
	assert_int_equal(
		records_writer_open(scratch_path(state, "records"), private_path, 1 << 20, &w), 0);
	return w;
}

static struct records_reader *open_reader(void **state)
{
	struct records_reader *r;

	assert_int_equal(records_open(scratch_path(state, "records"), &r), 0);
	return r;
}

static struct punch punch_at(unsigned minute, const char *serial, const char *pin)
{
	return (struct punch){
		.time = {2026, 1, 5, (uint8_t)(minute / 60), (uint8_t)(minute % 60), 0},
		.serial = span_str(serial),
		.pin = span_str(pin),
		.status = span_str("0"),
		.verify = span_str("1"),
		.received_us = NOW_US,
		.entry = {ENTRY, 1},
	};
}

static void add(struct records_writer *w, unsigned minute, const char *serial, const char *pin)
{
	struct punch p = punch_at(minute, serial, pin);

	assert_int_equal(records_add_punch(w, &p), 1);
}

/* ---- reading as text: "minute/serial/pin#seq " ---- */

static int write_punch(void *context, const struct punch *p)
{
	return buf_printf(context, "%u/%.*s/%.*s#%llu ", p->time.hour * 60U + p->time.minute,
		SPAN_ARG(p->serial), SPAN_ARG(p->pin), (unsigned long long)p->seq);
}

static void assert_found(struct records_reader *r, struct punch_query q, const char *wanted)
{
	struct buf out = buf_with_max(4096);

	assert_int_equal(records_punches(r, &q, write_punch, &out), 0);
	assert_int_equal(buf_add(&out, "", 1), 0);
	assert_string_equal(out.ptr, wanted);
	buf_free(&out);
}

static void assert_followed(
	struct records_reader *r, uint64_t after, struct punch_query q, const char *wanted)
{
	struct buf out = buf_with_max(4096);

	assert_int_equal(records_follow(r, after, &q, write_punch, &out), 0);
	assert_int_equal(buf_add(&out, "", 1), 0);
	assert_string_equal(out.ptr, wanted);
	buf_free(&out);
}

static void store_some(void **state)
{
	struct records_writer *w = open_writer(state);

	assert_int_equal(records_begin(w), 0);
	add(w, 30, "B", "2");
	add(w, 10, "A", "1");
	add(w, 20, "A", "12");
	add(w, 20, "A", "1");
	add(w, 20, "AB", "1");
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
}

static struct clock_local minute(unsigned m)
{
	return punch_at(m, "", "").time;
}

static void test_questions(void **state)
{
	store_some(state);
	struct records_reader *r = open_reader(state);

	assert_found(r, (struct punch_query){.limit = 0},
		"10/A/1#2 20/A/1#4 20/A/12#3 20/AB/1#5 30/B/2#1 ");
	assert_found(r, (struct punch_query){.limit = 2}, "10/A/1#2 20/A/1#4 ");
	assert_found(r, (struct punch_query){.since = minute(20)},
		"20/A/1#4 20/A/12#3 20/AB/1#5 30/B/2#1 ");
	assert_found(r, (struct punch_query){.until = minute(20)}, "10/A/1#2 ");
	assert_found(r, (struct punch_query){.since = minute(11), .until = minute(30)},
		"20/A/1#4 20/A/12#3 20/AB/1#5 ");
	assert_found(r, (struct punch_query){.since = minute(31)}, "");
	assert_found(
		r, (struct punch_query){.serial = span_str("A")}, "10/A/1#2 20/A/1#4 20/A/12#3 ");
	assert_found(r, (struct punch_query){.pin = span_str("1")}, "10/A/1#2 20/A/1#4 20/AB/1#5 ");
	assert_found(r, (struct punch_query){.serial = span_str("A"), .pin = span_str("1")},
		"10/A/1#2 20/A/1#4 ");
	assert_found(r, (struct punch_query){.serial = span_str("C")}, "");
	records_close(r);
}

static void test_following(void **state)
{
	uint64_t last;

	store_some(state);
	struct records_reader *r = open_reader(state);
	assert_followed(r, 0, (struct punch_query){.limit = 0},
		"30/B/2#1 10/A/1#2 20/A/12#3 20/A/1#4 20/AB/1#5 ");
	assert_followed(r, 3, (struct punch_query){.limit = 0}, "20/A/1#4 20/AB/1#5 ");
	assert_followed(r, 5, (struct punch_query){.limit = 0}, "");
	assert_followed(r, UINT64_MAX, (struct punch_query){.limit = 0}, "");
	assert_followed(
		r, 0, (struct punch_query){.pin = span_str("1"), .limit = 2}, "10/A/1#2 20/A/1#4 ");
	assert_followed(r, 0, (struct punch_query){.since = minute(20), .until = minute(30)},
		"20/A/12#3 20/A/1#4 20/AB/1#5 ");
	assert_int_equal(records_last_seq(r, &last), 0);
	assert_int_equal(last, 5);
	records_close(r);
}

static int stop(void *context, const struct punch *p)
{
	(void)context, (void)p;
	return 42;
}

static void test_a_visitor_ends_it(void **state)
{
	struct punch_query q = {.limit = 0};

	store_some(state);
	struct records_reader *r = open_reader(state);
	assert_int_equal(records_punches(r, &q, stop, NULL), 42);
	assert_int_equal(records_follow(r, 0, &q, stop, NULL), 42);
	q.pin = span_of("a\0b", 3);
	assert_int_equal(records_punches(r, &q, stop, NULL), -EINVAL);
	records_close(r);
}

static void test_nothing_yet(void **state)
{
	struct records_reader *r;
	uint64_t last = 9;

	assert_int_equal(records_open(scratch_path(state, "records"), &r), -ENOENT);
	records_writer_close(open_writer(state));
	r = open_reader(state);
	assert_found(r, (struct punch_query){.limit = 0}, "");
	assert_followed(r, 0, (struct punch_query){.limit = 0}, "");
	assert_int_equal(records_last_seq(r, &last), 0);
	assert_int_equal(last, 0);
	records_close(r);
}

/* ---- identity ---- */

static void test_identity_is_all_six(void **state)
{
	struct records_writer *w = open_writer(state);
	struct punch p = punch_at(1, "A", "1"), other;

	assert_int_equal(records_begin(w), 0);
	assert_int_equal(records_add_punch(w, &p), 1);
	assert_int_equal(records_add_punch(w, &p), 0);
	other = p; /* what is not identity changes nothing */
	other.extra = span_str("9");
	other.received_us++;
	other.flags = PUNCH_TIME_ABSURD;
	other.entry.number = 7;
	assert_int_equal(records_add_punch(w, &other), 0);
	other = p, other.time.second++;
	assert_int_equal(records_add_punch(w, &other), 1);
	other = p, other.serial = span_str("B");
	assert_int_equal(records_add_punch(w, &other), 1);
	other = p, other.pin = span_str("01");
	assert_int_equal(records_add_punch(w, &other), 1);
	other = p, other.status = span_str("1");
	assert_int_equal(records_add_punch(w, &other), 1);
	other = p, other.verify = span_str("");
	assert_int_equal(records_add_punch(w, &other), 1);
	other = p, other.workcode = span_str("5");
	assert_int_equal(records_add_punch(w, &other), 1);
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
}

static int write_received(void *context, const struct punch *p)
{
	return buf_printf(context, "%llu.%u/%.*s#%llu ", (unsigned long long)p->received_us,
		p->entry.number, SPAN_ARG(p->extra), (unsigned long long)p->seq);
}

/* In whatever order two uploads bring the same punch. */
static void test_the_first_upload_stands(void **state)
{
	struct records_writer *w = open_writer(state);
	struct punch p = punch_at(1, "A", "1");
	struct punch_query all = {.limit = 0};
	struct buf out = buf_with_max(256);

	assert_int_equal(records_begin(w), 0);
	p.extra = span_str("later"), p.entry.number = 2;
	assert_int_equal(records_add_punch(w, &p), 1);
	p.extra = span_str("first"), p.entry.number = 1;
	assert_int_equal(records_add_punch(w, &p), 0);
	p.extra = span_str("last"), p.received_us++;
	assert_int_equal(records_add_punch(w, &p), 0);
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
	struct records_reader *r = open_reader(state);
	assert_int_equal(records_punches(r, &all, write_received, &out), 0);
	assert_int_equal(buf_add(&out, "", 1), 0);
	assert_string_equal(out.ptr, "1767600000000000.1/first#1 ");
	records_close(r);
	buf_free(&out);
}

static void assert_counts(void **state, uint64_t punches, uint64_t raw, uint64_t refused)
{
	struct records_reader *r = open_reader(state);
	struct records_counts c;

	assert_int_equal(records_count(r, &c), 0);
	assert_int_equal(c.punches, punches);
	assert_int_equal(c.raw, raw);
	assert_int_equal(c.refused, refused);
	assert_int_equal(c.journal, punches + raw + refused);
	assert_true(c.used_bytes > 0 && c.used_bytes <= c.map_bytes);
	records_close(r);
}

static void test_replay_changes_nothing(void **state)
{
	uint64_t last;

	store_some(state);
	struct records_writer *w = open_writer(state);
	struct punch p = punch_at(10, "A", "1");
	assert_int_equal(records_begin(w), 0);
	assert_int_equal(records_add_punch(w, &p), 0);
	add(w, 40, "A", "1");
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
	assert_counts(state, 6, 0, 0);
	struct records_reader *r = open_reader(state);
	assert_int_equal(records_last_seq(r, &last), 0);
	assert_int_equal(last, 6);
	records_close(r);
}

static void test_abort_leaves_nothing(void **state)
{
	store_some(state);
	struct records_writer *w = open_writer(state);
	assert_int_equal(records_begin(w), 0);
	add(w, 50, "A", "1");
	records_abort(w);
	records_abort(w);
	assert_int_equal(records_begin(w), 0);
	add(w, 51, "A", "1");
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
	struct records_reader *r = open_reader(state);
	assert_followed(r, 5, (struct punch_query){.limit = 0}, "51/A/1#6 ");
	records_close(r);
}

static void test_what_no_key_can_hold(void **state)
{
	struct records_writer *w = open_writer(state);
	struct punch p = punch_at(1, "A", "1");

	assert_int_equal(records_begin(w), 0);
	p.pin = span_of("1\0", 2);
	assert_int_equal(records_add_punch(w, &p), -EINVAL);
	p = punch_at(1, "A", "1");
	p.entry.name[0] = 'x';
	assert_int_equal(records_add_punch(w, &p), -EINVAL);
	records_writer_close(w);
	assert_counts(state, 0, 0, 0);
}

/* ---- kept bodies and lines ---- */

static int write_kept(void *context, const struct kept *k)
{
	return buf_printf(context, "%.*s/%.*s:%.*s:%.*s#%llu ", SPAN_ARG(k->serial),
		SPAN_ARG(k->table), SPAN_ARG(k->note), SPAN_ARG(k->bytes),
		(unsigned long long)k->seq);
}

static struct kept keep(const char *serial, const char *table, const char *bytes)
{
	return (struct kept){.serial = span_str(serial),
		.table = span_str(table),
		.received_us = NOW_US,
		.entry = {ENTRY, 1},
		.note = span_str("note"),
		.bytes = span_str(bytes)};
}

static void assert_kept(
	struct records_reader *r, enum fact_kind kind, const char *serial, const char *wanted)
{
	struct buf out = buf_with_max(4096);

	assert_int_equal(records_kept(r, kind, span_str(serial), write_kept, &out), 0);
	assert_int_equal(buf_add(&out, "", 1), 0);
	assert_string_equal(out.ptr, wanted);
	buf_free(&out);
}

static void test_bodies_and_lines_are_kept_once(void **state)
{
	struct records_writer *w = open_writer(state);
	struct kept k[] = {
		keep("B", "ATTLOG", "x"), keep("A", "ATTLOG", "x"), keep("AB", "ATTLOG", "y")};

	assert_int_equal(records_begin(w), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(records_add_raw(w, &k[i]), 1);
		k[i].note = span_str("another");
		assert_int_equal(records_add_raw(w, &k[i]), 0);
	}
	assert_int_equal(records_add_refused(w, &k[0]), 1);
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
	assert_counts(state, 0, 3, 1);

	struct records_reader *r = open_reader(state);
	assert_kept(r, FACT_RAW, "", "A/ATTLOG:note:x#2 AB/ATTLOG:note:y#3 B/ATTLOG:note:x#1 ");
	assert_kept(r, FACT_RAW, "A", "A/ATTLOG:note:x#2 ");
	assert_kept(r, FACT_RAW, "C", "");
	assert_kept(r, FACT_REFUSED, "", "B/ATTLOG:another:x#4 ");
	assert_int_equal(records_kept(r, FACT_PUNCH, span_of(NULL, 0), write_kept, NULL), -EINVAL);
	assert_followed(r, 0, (struct punch_query){.limit = 0}, "");
	records_close(r);
}

/* Bodies and refused lines of every table but ATTLOG may hold passwords. */
static void test_what_may_be_secret_is_private(void **state)
{
	struct records_writer *w = open_writer(state);
	struct kept attlog = keep("A", "ATTLOG", "x"), other = keep("A", "OPERLOG", "x"),
		    none = keep("A", "", "x");
	struct records_counts c;

	assert_int_equal(records_begin(w), 0);
	assert_int_equal(records_add_raw(w, &other), 1);
	assert_int_equal(records_add_raw(w, &other), 0);
	assert_int_equal(records_add_raw(w, &none), 1);
	assert_int_equal(records_add_refused(w, &attlog), 1);
	assert_int_equal(records_add_refused(w, &other), 1);
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);

	struct records_reader *r = open_reader(state);
	assert_false(records_has_private(r));
	assert_kept(r, FACT_RAW, "", "");
	assert_kept(r, FACT_REFUSED, "", "A/ATTLOG:note:x#3 ");
	assert_int_equal(records_count(r, &c), 0);
	assert_true(!c.has_private && c.raw == 0 && c.refused == 1 && c.private_raw == 0);
	assert_int_equal(c.journal, 4);

	assert_int_equal(records_open_private(r, scratch_path(state, "nowhere")), -ENOENT);
	assert_int_equal(records_open_private(r, scratch_path(state, "private")), 0);
	assert_true(records_has_private(r));
	assert_int_equal(records_open_private(r, scratch_path(state, "private")), -EALREADY);
	assert_kept(r, FACT_RAW, "", "A/:note:x#2 A/OPERLOG:note:x#1 ");
	assert_kept(r, FACT_REFUSED, "", "A/ATTLOG:note:x#3 A/OPERLOG:note:x#4 ");
	assert_int_equal(records_count(r, &c), 0);
	assert_true(c.has_private && c.private_raw == 2 && c.private_refused == 1);
	assert_true(c.private_used_bytes > 0 && c.private_used_bytes <= c.private_map_bytes);
	records_close(r);
}

static void test_a_body_is_dropped_once_it_is_understood(void **state)
{
	struct records_writer *w = open_writer(state);
	struct kept other = keep("A", "OPERLOG", "x"), attlog = keep("A", "ATTLOG", "x"),
		    unknown = keep("A", "OPERLOG", "y"), resent = other;

	assert_int_equal(records_begin(w), 0);
	assert_int_equal(records_add_raw(w, &other), 1);
	assert_int_equal(records_add_raw(w, &attlog), 1);
	resent.received_us++;
	assert_int_equal(records_drop_raw(w, &unknown), 0);
	assert_int_equal(records_drop_raw(w, &resent), 0);
	assert_int_equal(records_drop_raw(w, &other), 1);
	assert_int_equal(records_drop_raw(w, &other), 0);
	assert_int_equal(records_drop_raw(w, &attlog), 1);
	assert_int_equal(records_add_raw(w, &other), 1);
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
}

/* ---- stamps ---- */

struct offer {
	const char *text;
	uint64_t received_us;
	const char *name;
	unsigned number;
	int rc;
};

static int offer(struct records_writer *w, const struct offer *o)
{
	struct stamp s = {.text = span_str(o->text), .received_us = o->received_us};

	snprintf(s.entry.name, sizeof(s.entry.name), "%s", o->name ? o->name : ENTRY);
	s.entry.number = o->number;
	return records_set_stamp(w, span_str("A"), span_str("ATTLOG"), &s, NOW_US);
}

static void assert_stamp(void **state, const char *wanted)
{
	struct records_reader *r = open_reader(state);
	struct buf text = buf_with_max(64);

	assert_int_equal(buf_add_str(&text, "old"), 0);
	int rc = records_stamp(r, span_str("A"), "ATTLOG", &text);
	assert_int_equal(rc, wanted ? 0 : -ENOENT);
	if (wanted) {
		assert_int_equal(text.len, strlen(wanted));
		assert_memory_equal(text.ptr, wanted, text.len);
	}
	buf_free(&text);
	records_close(r);
}

static void offer_all(void **state, const struct offer *offers, size_t count)
{
	struct records_writer *w = open_writer(state);

	assert_int_equal(records_begin(w), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(offer(w, &offers[i]), offers[i].rc);
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
}
#define OFFER(...)                                            \
	offer_all(state, (const struct offer[]){__VA_ARGS__}, \
		sizeof((const struct offer[]){__VA_ARGS__}) / sizeof(struct offer))

static void test_stamps_never_taken(void **state)
{
	OFFER({"", 1, NULL, 1, 0}, {"0", 2, NULL, 1, 0}, {"00", 3, NULL, 1, 0},
		{"None", 4, NULL, 1, 0}, {"-1", 5, NULL, 1, 0}, {"1\nx", 6, NULL, 1, 0},
		{"18446744073709551616", 7, NULL, 1, 0});
	assert_stamp(state, NULL);
	OFFER({"9999", 8, NULL, 1, 1}, {"0", 9, NULL, 1, 0});
	assert_stamp(state, "9999");
	OFFER({"0815", 10, NULL, 1, 1});
	assert_stamp(state, "0815"); /* exactly what was sent */
}

/* All orders of arrival end the same. */
static void test_stamps_in_any_order(void **state)
{
	static const struct offer offers[] = {
		{"1", 100, "0006478f9d5e0040-0123456789abcdef", 1, 0},
		{"2", 100, "0006478f9d5e0040-0123456789abcdef", 2, 0},
		{"3", 100, "0006478f9d5e0041-0023456789abcdef", 1, 0},
		{"4", 101, "0000000000000001-0000000000000000", 1, 0}, /* receipt counts first */
	};
	static const unsigned orders[][4] = {
		{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 3, 0, 1}, {1, 3, 2, 0}};

	for (size_t i = 0; i < 4; i++) {
		for (unsigned upto = 1; upto <= 4; upto++) {
			struct records_writer *w = open_writer(state);
			unsigned last = 0;
			assert_int_equal(records_begin(w), 0);
			for (unsigned n = 0; n < upto; n++) {
				assert_true(offer(w, &offers[orders[i][n]]) >= 0);
				last = orders[i][n] > last ? orders[i][n] : last;
			}
			assert_int_equal(offer(w, &offers[last]), 0); /* and again */
			assert_int_equal(records_commit(w), 0);
			records_writer_close(w);
			assert_stamp(state, offers[last].text);
			(void)scratch_remove(state);
			assert_int_equal(scratch_make(state), 0);
		}
	}
}

static void test_a_stamp_from_the_future_gives_way(void **state)
{
	OFFER({"7", NOW_US + DAY_US, NULL, 1, 1}, {"8", NOW_US, NULL, 1, 0});
	assert_stamp(state, "7"); /* a day is borne */
	OFFER({"9", NOW_US + DAY_US + 1, NULL, 1, 1}, {"8", NOW_US, NULL, 1, 1});
	assert_stamp(state, "8");
}

static int write_stamp(void *context, struct span table, struct span stamp, uint64_t received_us)
{
	return buf_printf(context, "%.*s=%.*s@%llu ", SPAN_ARG(table), SPAN_ARG(stamp),
		(unsigned long long)received_us);
}

static void test_all_stamps_of_a_device(void **state)
{
	static const char *const where[][2] = {
		{"A", "OPERLOG"}, {"A", "ATTLOG"}, {"AB", "ATTLOG"}, {"A", ""}};
	struct records_writer *w = open_writer(state);
	struct stamp s = {span_str("5"), 3, {ENTRY, 1}};
	struct buf out = buf_with_max(256);

	assert_int_equal(records_begin(w), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(records_set_stamp(w, span_str(where[i][0]), span_str(where[i][1]),
					 &s, NOW_US),
			1);
	assert_int_equal(records_commit(w), 0);
	records_writer_close(w);
	struct records_reader *r = open_reader(state);
	assert_int_equal(records_stamps(r, span_str("A"), write_stamp, &out), 0);
	assert_int_equal(buf_add(&out, "", 1), 0);
	assert_string_equal(out.ptr, "=5@3 ATTLOG=5@3 OPERLOG=5@3 ");
	records_close(r);
	buf_free(&out);
}

/* ---- growth ---- */

static int add_many(struct records_writer *w, unsigned count)
{
	char pin[16];
	int rc = records_begin(w);

	for (unsigned i = 0; rc >= 0 && i < count; i++) {
		snprintf(pin, sizeof(pin), "%u", i);
		struct punch p = punch_at(i % 1440, "ABCD250100001", pin);
		rc = records_add_punch(w, &p);
	}
	return rc < 0 ? rc : records_commit(w);
}

static void test_a_full_map_grows_and_nothing_is_lost(void **state)
{
	struct records_writer *w = open_writer(state);
	unsigned grown = 0;
	int rc;

	while ((rc = add_many(w, 50000)) == -EXFULL) {
		records_abort(w);
		assert_int_equal(records_grow(w), 0);
		grown++;
	}
	assert_int_equal(rc, 0);
	assert_true(grown > 1);
	records_writer_close(w);
	assert_counts(state, 50000, 0, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_questions),
		TEST(test_following),
		TEST(test_a_visitor_ends_it),
		TEST(test_nothing_yet),
		TEST(test_identity_is_all_six),
		TEST(test_replay_changes_nothing),
		TEST(test_abort_leaves_nothing),
		TEST(test_what_no_key_can_hold),
		TEST(test_bodies_and_lines_are_kept_once),
		TEST(test_what_may_be_secret_is_private),
		TEST(test_a_body_is_dropped_once_it_is_understood),
		TEST(test_the_first_upload_stands),
		TEST(test_stamps_never_taken),
		TEST(test_stamps_in_any_order),
		TEST(test_a_stamp_from_the_future_gives_way),
		TEST(test_all_stamps_of_a_device),
		TEST(test_a_full_map_grows_and_nothing_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
