/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logbook: log lines and photos there and back, paths, and operations in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "store/logbook.h"

#define ENTRY "0006478f9d5e0040-0123456789abcdef"

static struct logged some_line(void)
{
	return (struct logged){
		.time = {2026, 1, 5, 8, 1, 2},
		.kind = LOG_EVENT,
		.serial = span_str("A"),
		.digest = {1, 2, 3},
		.ordinal = 4,
		.seq = 5,
		.received_us = 6,
		.entry = {ENTRY, 7},
		.flags = PUNCH_TIME_ABSURD,
		.line = span_of("x\0y", 3),
	};
}

static void test_a_line_there_and_back(void **state)
{
	struct logged l = some_line(), back;
	struct pack key = {.len = 0}, value = {.len = 0};

	(void)state;
	logged_pack_key(&key, &l);
	logged_pack_head(&value, &l);
	pack_bytes(&value, l.line);
	assert_false(key.failed || value.failed);
	assert_int_equal(logged_unpack(pack_span(&key), pack_span(&value), &back), 0);
	assert_memory_equal(&back.time, &l.time, sizeof(l.time));
	assert_int_equal(back.kind, LOG_EVENT);
	assert_true(span_is(back.serial, "A"));
	assert_memory_equal(back.digest, l.digest, sizeof(l.digest));
	assert_int_equal(back.ordinal, 4);
	assert_int_equal(back.seq, 5);
	assert_int_equal(back.received_us, 6);
	assert_int_equal(back.entry.number, 7);
	assert_string_equal(back.entry.name, ENTRY);
	assert_int_equal(back.flags, PUNCH_TIME_ABSURD);
	assert_true(span_eq(back.line, l.line));
	key.len--;
	assert_int_equal(logged_unpack(pack_span(&key), pack_span(&value), &back), -EUCLEAN);
	l.serial = span_str("123456789012345678901234567890123");
	pack_clear(&key);
	logged_pack_key(&key, &l);
	assert_true(key.failed);
}

static struct photo some_photo(void)
{
	return (struct photo){
		.time = {2026, 1, 5, 8, 1, 2},
		.serial = span_str("A"),
		.pin = span_str(""),
		.digest = {1, 2, 3},
		.seq = 5,
		.received_us = 6,
		.entry = {ENTRY, 7},
		.flags = PHOTO_LIVE | PHOTO_NO_PIN,
		.bytes = (uint64_t)1 << 40,
		.name = "080102-12.jpg",
	};
}

static void test_a_photo_there_and_back(void **state)
{
	struct photo p = some_photo(), back;
	struct pack key = {.len = 0}, value = {.len = 0};

	(void)state;
	photo_pack_key(&key, &p);
	photo_pack_value(&value, &p);
	assert_false(key.failed || value.failed);
	assert_int_equal(photo_unpack(pack_span(&key), pack_span(&value), &back), 0);
	assert_true(span_is(back.serial, "A") && back.pin.len == 0);
	assert_memory_equal(back.digest, p.digest, sizeof(p.digest));
	assert_int_equal(back.seq, 5);
	assert_int_equal(back.received_us, 6);
	assert_int_equal(back.flags, PHOTO_LIVE | PHOTO_NO_PIN);
	assert_int_equal(back.bytes, (uint64_t)1 << 40);
	assert_string_equal(back.name, "080102-12.jpg");
	pack_bytes(&value, span_str("a name that is by far too long for the room that a name has"));
	assert_int_equal(photo_unpack(pack_span(&key), pack_span(&value), &back), -EUCLEAN);
	memset(p.name, 'x', sizeof(p.name));
	pack_clear(&value);
	photo_pack_value(&value, &p);
	assert_true(value.failed);
	p.pin = span_str("12345678901234567890123456789012345678901234567890123456789012345");
	pack_clear(&key);
	photo_pack_key(&key, &p);
	assert_true(key.failed);
}

static void assert_path(const char *serial, const char *name, const char *wanted)
{
	struct photo p = some_photo();
	struct buf into = buf_with_max(256);

	p.serial = span_str(serial);
	snprintf(p.name, sizeof(p.name), "%s", name);
	assert_int_equal(buf_add_str(&into, "old"), 0);
	assert_int_equal(photo_path(&p, &into), wanted ? 0 : -EINVAL);
	if (wanted)
		assert_true(span_is(buf_span(&into), wanted));
	buf_free(&into);
}

static void test_paths(void **state)
{
	(void)state;
	assert_path("A", "080102-12.jpg", "A/2026-01-05/080102-12.jpg");
	assert_path("..", "x", NULL);
	assert_path("A/B", "x", NULL);
	assert_path("", "x", NULL);
	assert_path("A", "", NULL);
	assert_path("A", "..", NULL);
	assert_path("A", ".x", NULL);
	assert_path("A", "x/y", NULL);
	assert_path("A", "x y", NULL);
	struct photo p = some_photo();
	struct buf into = buf_with_max(256);
	memset(p.name, 'x', sizeof(p.name));
	assert_int_equal(photo_path(&p, &into), -EINVAL);
	buf_free(&into);
}

/* ---- operations ---- */

static void assert_words(const char *line, const char *wanted)
{
	char room[OPERATION_WORDS_BYTES];
	struct operation o;

	assert_true(operation_read(span_str(line), &o));
	assert_string_equal(operation_words(&o, room), wanted);
}

static void test_words(void **state)
{
	(void)state;
	assert_words("6\t1\t2026-01-05 08:00:00\t12\t6\t1234\t0", "finger enrolled");
	assert_words("0\t0\t2026-01-05 08:00:00\t0\t0\t0\t0", "switched on");
	assert_words("114", "face");
	assert_words("33\t0", "code 33");
	assert_words("4294967295\t0", "code 4294967295");
	assert_words("4294967296\t0", "code that is no number");
	assert_words("x\033y\t0", "code that is no number");
	assert_words("-1", "code that is no number");
	assert_words("3\t0\t2026-01-05 08:00:00\t54\t0\t0\t0", "alarm: door forced");
	assert_words("3\t0\t2026-01-05 08:00:00\t65535\t0\t0\t0", "alarm cancelled");
	assert_words("3\t0\t2026-01-05 08:00:00\t57\t0\t0\t0", "alarm");
	assert_words("3", "alarm");
}

static void test_fields_of_an_operation(void **state)
{
	struct operation o = {.code = span_str("old")};

	(void)state;
	assert_true(operation_read(span_str("5\tadmin\ttime\t1\t\tthree\t4\textra"), &o));
	assert_true(span_is(o.code, "5") && span_is(o.admin, "admin") && span_is(o.time, "time"));
	assert_true(span_is(o.operands[0], "1") && o.operands[1].len == 0);
	assert_true(span_is(o.operands[2], "three") && span_is(o.operands[3], "4"));
	assert_true(operation_read(span_str("5\tadmin"), &o));
	assert_true(o.time.len == 0 && o.operands[3].len == 0);
	assert_false(operation_read(span_str(""), &o));
	assert_false(operation_read(span_str("\tadmin"), &o));
	assert_true(span_is(o.admin, "admin"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_there_and_back),
		cmocka_unit_test(test_a_photo_there_and_back),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_fields_of_an_operation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
