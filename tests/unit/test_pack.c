/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pack, punch, kept, entry_ref: what is packed comes back, and sorts as it should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "store/records.h"

static int order(struct span a, struct span b)
{
	int rc = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
	return rc != 0 ? rc : (a.len > b.len) - (a.len < b.len);
}

static void assert_span(struct span got, const char *wanted)
{
	assert_int_equal(got.len, strlen(wanted));
	assert_memory_equal(got.ptr, wanted, got.len);
}

static void test_numbers_and_texts_come_back(void **state)
{
	struct pack p = {.len = 0};

	(void)state;
	pack_u8(&p, 0xab);
	pack_u16(&p, 0xabcd);
	pack_u32(&p, 0xabcdef01);
	pack_u64(&p, 0xabcdef0123456789);
	pack_text(&p, span_str("R001"));
	pack_text(&p, span_of(NULL, 0));
	pack_bytes(&p, span_of("\0\1", 2));
	assert_false(p.failed);

	struct unpack u = {.rest = pack_span(&p)};
	assert_int_equal(unpack_u8(&u), 0xab);
	assert_int_equal(unpack_u16(&u), 0xabcd);
	assert_int_equal(unpack_u32(&u), 0xabcdef01);
	assert_true(unpack_u64(&u) == 0xabcdef0123456789);
	assert_span(unpack_text(&u), "R001");
	assert_int_equal(unpack_text(&u).len, 0);
	assert_memory_equal(unpack_bytes(&u, 2).ptr, "\0\1", 2);
	assert_int_equal(u.rest.len, 0);
	assert_false(u.failed);
	assert_int_equal(unpack_u8(&u), 0);
	assert_true(u.failed);
}

static void test_big_endian(void **state)
{
	struct pack p = {.len = 0};

	(void)state;
	pack_u32(&p, 1);
	assert_memory_equal(p.bytes, "\0\0\0\1", 4);
}

static void test_what_does_not_fit_fails_and_stays_failed(void **state)
{
	static char big[PACK_MAX + 1];
	struct pack p = {.len = 0};

	(void)state;
	pack_bytes(&p, span_of(big, PACK_MAX));
	assert_false(p.failed);
	pack_u8(&p, 0);
	assert_true(p.failed);
	pack_clear(&p);
	memset(big, 'x', sizeof(big));
	pack_text(&p, span_of(big, PACK_MAX)); /* its NUL does not fit */
	assert_true(p.failed);
	pack_u8(&p, 0);
	assert_true(p.failed);
	pack_clear(&p);
	pack_text(&p, span_of("a\0b", 3));
	assert_true(p.failed);
}

static void test_a_text_without_end_is_damage(void **state)
{
	struct unpack u = {.rest = span_str("abc")};

	(void)state;
	assert_int_equal(unpack_text(&u).len, 0);
	assert_true(u.failed);
	assert_int_equal(unpack_bytes(&u, 1).len, 0);
}

static struct punch some_punch(void)
{
	return (struct punch){
		.time = {2026, 1, 5, 8, 0, 0},
		.serial = span_str("ABCD250100001"),
		.pin = span_str("R001"),
		.status = span_str("0"),
		.verify = span_str("15"),
		.workcode = span_str(""),
		.extra = span_str("0\t0\t\t36.5"),
		.seq = 77,
		.received_us = 1767600000123456,
		.entry = {"0006478f9d5e0040-0123456789abcdef", 3},
		.flags = PUNCH_TIME_ABSURD,
	};
}

static void test_a_punch_comes_back(void **state)
{
	struct punch p = some_punch(), got;
	struct pack k = {.len = 0}, v = {.len = 0};

	(void)state;
	punch_pack_key(&k, &p);
	punch_pack_value(&v, &p);
	assert_false(k.failed || v.failed);
	assert_int_equal(punch_unpack(pack_span(&k), pack_span(&v), &got), 0);
	assert_int_equal(got.time.year, p.time.year);
	assert_int_equal(got.time.month, p.time.month);
	assert_int_equal(got.time.day, p.time.day);
	assert_int_equal(got.time.hour, p.time.hour);
	assert_int_equal(got.time.minute, p.time.minute);
	assert_int_equal(got.time.second, p.time.second);
	assert_span(got.serial, "ABCD250100001");
	assert_span(got.pin, "R001");
	assert_span(got.status, "0");
	assert_span(got.verify, "15");
	assert_span(got.workcode, "");
	assert_span(got.extra, "0\t0\t\t36.5");
	assert_int_equal(got.seq, 77);
	assert_int_equal(got.received_us, p.received_us);
	assert_string_equal(got.entry.name, p.entry.name);
	assert_int_equal(got.entry.number, 3);
	assert_int_equal(got.flags, PUNCH_TIME_ABSURD);
}

static void test_a_damaged_punch_is_told(void **state)
{
	struct punch p = some_punch(), got;
	struct pack k = {.len = 0}, v = {.len = 0};

	(void)state;
	punch_pack_key(&k, &p);
	punch_pack_value(&v, &p);
	struct span key = pack_span(&k), value = pack_span(&v);
	for (size_t len = 0; len < key.len; len++)
		assert_int_equal(punch_unpack(span_of(key.ptr, len), value, &got), -EUCLEAN);
	assert_int_equal(punch_unpack(key, span_of(value.ptr, 40), &got), -EUCLEAN);
	pack_u8(&k, 0);
	assert_int_equal(punch_unpack(pack_span(&k), value, &got), -EUCLEAN);
}

static struct span key_of(
	struct pack *k, struct clock_local time, const char *serial, const char *pin)
{
	struct punch p = {.time = time, .serial = span_str(serial), .pin = span_str(pin)};

	pack_clear(k);
	punch_pack_key(k, &p);
	assert_false(k->failed);
	return pack_span(k);
}

/* Absurd readings too: what no calendar has still has its place. */
static void test_keys_sort_by_time_then_serial_then_pin(void **state)
{
	static const struct {
		struct clock_local time;
		const char *serial, *pin;
	} rising[] = {
		{{0, 0, 0, 0, 0, 0}, "Z", "9"},
		{{0, 99, 99, 99, 99, 99}, "A", "1"},
		{{1999, 12, 31, 23, 59, 59}, "A", "1"},
		{{2000, 0, 0, 0, 0, 0}, "A", "1"},
		{{2026, 2, 29, 12, 0, 0}, "A", "1"},
		{{2026, 2, 31, 0, 0, 0}, "A", "1"},
		{{2026, 3, 1, 0, 0, 0}, "A", "1"},
		{{2026, 3, 1, 0, 0, 60}, "A", "1"},
		{{2026, 3, 1, 0, 1, 0}, "A", "1"},
		{{2026, 3, 1, 0, 1, 0}, "A", "10"},
		{{2026, 3, 1, 0, 1, 0}, "A", "2"},
		{{2026, 3, 1, 0, 1, 0}, "AB", "1"},
		{{2026, 3, 1, 0, 1, 0}, "B", "1"},
		{{2026, 10, 1, 0, 0, 0}, "A", "1"},
		{{9999, 99, 99, 99, 99, 99}, "A", "1"},
	};
	struct pack a, b;

	(void)state;
	for (size_t i = 1; i < sizeof(rising) / sizeof(rising[0]); i++) {
		struct span low =
			key_of(&a, rising[i - 1].time, rising[i - 1].serial, rising[i - 1].pin);
		struct span high = key_of(&b, rising[i].time, rising[i].serial, rising[i].pin);
		assert_true(order(low, high) < 0);
	}
}

static void test_longest_texts_and_one_byte_more(void **state)
{
	static char long_text[PUNCH_EXTRA_MAX + 2];
	struct punch p = some_punch();
	struct {
		struct span *field;
		size_t max;
	} limits[] = {
		{&p.serial, 32},
		{&p.pin, PUNCH_PIN_MAX},
		{&p.status, PUNCH_CODE_MAX},
		{&p.verify, PUNCH_CODE_MAX},
		{&p.workcode, PUNCH_WORKCODE_MAX},
		{&p.extra, PUNCH_EXTRA_MAX},
	};

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		for (size_t more = 0; more < 2; more++) {
			struct pack k = {.len = 0}, v = {.len = 0};
			*limits[i].field = span_of(long_text, limits[i].max + more);
			punch_pack_key(&k, &p);
			punch_pack_value(&v, &p);
			assert_int_equal(k.failed || v.failed, more);
		}
		limits[i].field->len = limits[i].max; /* all at their longest in the end */
	}
}

static void test_entry_names(void **state)
{
	static const char *const good[] = {
		"0006478f9d5e0040-0123456789abcdef",
		"0006478f9d5e0040-0123456789abcdef.1",
		"0006478f9d5e0040-0123456789abcdef.4294967295",
	};
	static const char *const bad[] = {
		"",
		"0006478f9d5e0040",
		"0006478f9d5e0040_0123456789abcdef",
		"0006478F9d5e0040-0123456789abcdef",
		"0006478f9d5e0040-0123456789abcde",
		"0006478f9d5e0040-0123456789abcdef.",
		"0006478f9d5e0040-0123456789abcdef.0",
		"0006478f9d5e0040-0123456789abcdef.01",
		"0006478f9d5e0040-0123456789abcdef.4294967296",
		"0006478f9d5e0040-0123456789abcdefx1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct entry_ref entry = {.number = 9}, got;
		struct pack p = {.len = 0};
		snprintf(entry.name, sizeof(entry.name), "%s", good[i]);
		entry_ref_pack(&p, &entry);
		assert_false(p.failed);
		struct unpack u = {.rest = pack_span(&p)};
		entry_ref_unpack(&u, &got);
		assert_string_equal(got.name, good[i]);
		assert_int_equal(got.number, 9);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct entry_ref entry = {.number = 9};
		struct pack p = {.len = 0};
		snprintf(entry.name, sizeof(entry.name), "%s", bad[i]);
		entry_ref_pack(&p, &entry);
		assert_true(p.failed);
	}
}

static void test_what_is_kept_comes_back(void **state)
{
	struct kept f = {.serial = span_str("S"),
		.table = span_str(""),
		.digest = "0123456789abcde",
		.seq = 5,
		.received_us = 6,
		.entry = {"0006478f9d5e0040-0123456789abcdef", 1},
		.note = span_str("/iclock/cdata?SN=S")};
	struct kept got;
	struct pack k = {.len = 0}, v = {.len = 0};
	unsigned char value[256];

	(void)state;
	kept_pack_key(&k, &f);
	kept_pack_head(&v, &f);
	assert_false(k.failed || v.failed);
	memcpy(value, v.bytes, v.len);
	memcpy(value + v.len, f.note.ptr, f.note.len);
	memcpy(value + v.len + f.note.len, "body\0", 5);
	struct span whole = span_of(value, v.len + f.note.len + 5);
	assert_int_equal(kept_unpack(pack_span(&k), whole, &got), 0);
	assert_span(got.serial, "S");
	assert_span(got.table, "");
	assert_memory_equal(got.digest, f.digest, KEPT_DIGEST_BYTES);
	assert_int_equal(got.seq, 5);
	assert_int_equal(got.received_us, 6);
	assert_span(got.note, "/iclock/cdata?SN=S");
	assert_int_equal(got.bytes.len, 5);
	assert_memory_equal(got.bytes.ptr, "body\0", 5);
	whole.len = v.len + f.note.len - 1;
	assert_int_equal(kept_unpack(pack_span(&k), whole, &got), -EUCLEAN);
}

static void test_what_may_hold_a_password_is_private(void **state)
{
	static const struct {
		const char *table, *bytes;
		bool private;
	} cases[] = {{"ATTLOG", "1001\t2026-01-05 08:00:00\t0", false}, {"ATTLOG", "", false},
		{"ATTLOG", "USER PIN=1001\tPasswd=x", true}, {"ATTLOG", "=", true},
		{"OPERLOG", "1001", true}, {"attlog", "1001", true}, {"ATTLOG2", "1001", true},
		{"", "1001", true}, {"", "", true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kept k = {
			.table = span_str(cases[i].table), .bytes = span_str(cases[i].bytes)};
		if (kept_is_private(&k) != cases[i].private)
			fail_msg("'%s' of '%s'", cases[i].bytes, cases[i].table);
	}
}

static void test_a_note_has_its_limit(void **state)
{
	static char note[UINT16_MAX + 1];
	struct kept f = {.entry = {"0006478f9d5e0040-0123456789abcdef", 1},
		.note = span_of(note, UINT16_MAX)};
	struct pack v = {.len = 0};

	(void)state;
	kept_pack_head(&v, &f);
	assert_false(v.failed);
	pack_clear(&v);
	f.note.len++;
	kept_pack_head(&v, &f);
	assert_true(v.failed);
}

static void test_stamps_and_facts_come_back(void **state)
{
	struct stamp s = {span_str("9999"), 8, {"0006478f9d5e0040-0123456789abcdef", 2}}, got;
	struct pack v = {.len = 0}, k = {.len = 0}, f = {.len = 0};
	struct fact fact;

	(void)state;
	stamp_pack_value(&v, &s);
	assert_int_equal(stamp_unpack(pack_span(&v), &got), 0);
	assert_span(got.text, "9999");
	assert_int_equal(got.received_us, 8);
	assert_int_equal(got.entry.number, 2);

	fact_pack_key(&k, 12);
	fact_pack_value(&f, FACT_RAW, span_str("key"));
	assert_int_equal(fact_unpack(pack_span(&k), pack_span(&f), &fact), 0);
	assert_int_equal(fact.seq, 12);
	assert_int_equal(fact.kind, FACT_RAW);
	assert_span(fact.key, "key");
	assert_int_equal(fact_unpack(span_str("short"), pack_span(&f), &fact), -EUCLEAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_and_texts_come_back),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_what_does_not_fit_fails_and_stays_failed),
		cmocka_unit_test(test_a_text_without_end_is_damage),
		cmocka_unit_test(test_a_punch_comes_back),
		cmocka_unit_test(test_a_damaged_punch_is_told),
		cmocka_unit_test(test_keys_sort_by_time_then_serial_then_pin),
		cmocka_unit_test(test_longest_texts_and_one_byte_more),
		cmocka_unit_test(test_entry_names),
		cmocka_unit_test(test_what_is_kept_comes_back),
		cmocka_unit_test(test_what_may_hold_a_password_is_private),
		cmocka_unit_test(test_a_note_has_its_limit),
		cmocka_unit_test(test_stamps_and_facts_come_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
