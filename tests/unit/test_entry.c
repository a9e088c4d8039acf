/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entry: what goes in comes out, every reason to refuse is met, and no byte of a body is ever taken
 * for an entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "lib/buf.h"
#include "spool/spool.h"

#define NOW_US 1767607200123456 /* 2026-01-05T10:00:00.123456Z */
#define TARGET "/iclock/cdata?SN=ABCD250100001&table=ATTLOG&Stamp=9999"

#define assert_span(s, text) assert_true(span_is((s), (text)))

static struct spool_entry entry_with(struct span body)
{
	return (struct spool_entry){
		.received_us = NOW_US,
		.kind = span_str("upload"),
		.serial = span_str("ABCD250100001"),
		.peer = span_str("192.0.2.7"),
		.target = span_str(TARGET),
		.body = body,
	};
}

/* One entry, whole. */
static struct buf file_with(struct span body)
{
	struct buf b = buf_with_max(1 << 20);
	struct spool_entry e = entry_with(body);

	assert_int_equal(spool_entry_put(&b, &e), 0);
	return b;
}

struct reading {
	size_t offset;
	unsigned number;
	struct spool_entry e;
	struct span part;
	const char *why;
};

static enum spool_verdict next(struct span file, struct reading *r)
{
	return spool_entry_next(
		file, span_str("upload"), &r->offset, &r->number, &r->e, &r->part, &r->why);
}

/* The verdict on a file's first entry. */
static enum spool_verdict first(struct span file, struct reading *r)
{
	*r = (struct reading){.why = ""};
	return next(file, r);
}

/* ---- there and back ---- */

static void assert_same(const struct spool_entry *a, const struct spool_entry *b)
{
	assert_int_equal(a->received_us, b->received_us);
	assert_true(span_eq(a->kind, b->kind));
	assert_true(span_eq(a->serial, b->serial));
	assert_true(span_eq(a->peer, b->peer));
	assert_true(span_eq(a->target, b->target));
	assert_true(span_eq(a->body, b->body));
}

static void comes_back(void **state)
{
	static const struct span bodies[] = {
		{"", 0},
		{"\n", 1},
		{"\0\0\0", 3},
		{"end\n", 4},
		{"1\t2026-01-05 08:00:00\t0\t1\n", 26},
		{"\nend 00000000\npunchd-spool 1\n", 29},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		struct spool_entry in = entry_with(bodies[i]);
		struct buf b = file_with(bodies[i]);
		struct reading r;
		assert_int_equal(first(buf_span(&b), &r), SPOOL_ENTRY);
		assert_same(&r.e, &in);
		assert_int_equal(r.e.number, 1);
		assert_true(r.e.checked);
		assert_int_equal(r.offset, b.len);
		assert_int_equal(next(buf_span(&b), &r), SPOOL_FILE_ENDED);
		assert_int_equal(r.number, 1);
		buf_free(&b);
	}
}

static void is_written_as_documented(void **state)
{
	static const char expected[] = "punchd-spool 1\n"
				       "received: 2026-01-05T10:00:00.123456Z\n"
				       "kind: upload\n"
				       "serial: ABCD250100001\n"
				       "peer: 192.0.2.7\n"
				       "target: " TARGET "\n"
				       "length: 0000000005\n"
				       "\n"
				       "abc\n\n"
				       "\n";
	char end[16];
	struct buf b = file_with(span_str("abc\n\n"));
	struct buf want = buf_with_max(1024);

	(void)state;
	snprintf(end, sizeof(end), "end %08lx\n",
		crc32(0, (const Bytef *)expected, sizeof(expected) - 1));
	assert_int_equal(buf_add_str(&want, expected), 0);
	assert_int_equal(buf_add_str(&want, end), 0);
	assert_true(span_eq(buf_span(&b), buf_span(&want)));
	buf_free(&b);
	buf_free(&want);
}

static void needs_neither_serial_nor_target(const char *kind)
{
	struct spool_entry in = {.kind = span_str(kind), .body = span_str("a: x\n")}, out;
	struct span part;
	const char *why = "";
	size_t offset = 0;
	unsigned number = 0;
	struct buf b = buf_with_max(1024);

	assert_int_equal(spool_entry_put(&b, &in), 0);
	assert_int_equal(
		spool_entry_next(buf_span(&b), span_str(kind), &offset, &number, &out, &part, &why),
		SPOOL_ENTRY);
	assert_same(&out, &in);
	buf_free(&b);
}

static void an_order_needs_neither_serial_nor_target(void **state)
{
	(void)state;
	needs_neither_serial_nor_target("order");
	needs_neither_serial_nor_target("erase");
}

/* In steps, as for a body whose length is known at its end: the same bytes. */
static void steps_equal_one_go(void **state)
{
	static const struct span bodies[] = {{"", 0}, {"x", 1}, {"\n", 1}, {"a\0b\nend\n", 8}};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		struct spool_entry e = entry_with(bodies[i]);
		struct buf whole = file_with(bodies[i]), steps = buf_with_max(4096);
		assert_int_equal(spool_entry_put_head(&steps, &e), 0);
		size_t head_bytes = steps.len;
		assert_int_equal(buf_add_span(&steps, bodies[i]), 0);
		assert_int_equal(spool_entry_set_length(steps.ptr, head_bytes, bodies[i].len), 0);
		uint32_t crc = (uint32_t)crc32_z(0, (const Bytef *)steps.ptr, steps.len);
		assert_int_equal(spool_entry_put_tail(&steps, crc), 0);
		assert_true(span_eq(buf_span(&whole), buf_span(&steps)));
		buf_free(&whole);
		buf_free(&steps);
	}
}

static void length_has_ten_digits(void **state)
{
	struct spool_entry e = entry_with(span_str("x"));
	struct buf b = buf_with_max(4096);

	(void)state;
	assert_int_equal(spool_entry_put_head(&b, &e), 0);
	assert_int_equal(spool_entry_set_length(b.ptr, b.len, UINT64_C(9999999999)), 0);
	assert_memory_equal(b.ptr + b.len - 20, "length: 9999999999\n\n", 20);
	assert_int_equal(spool_entry_set_length(b.ptr, b.len, UINT64_C(10000000000)), -EMSGSIZE);
	assert_memory_equal(b.ptr + b.len - 20, "length: 9999999999\n\n", 20);
	buf_free(&b);
}

/* A blank at the end of a target is the terminal's: "OpStamp " is another name than "OpStamp". */
static void target_keeps_its_last_blank(void **state)
{
	struct spool_entry e = entry_with(span_str("x"));
	struct buf b = buf_with_max(4096);
	struct reading r;

	(void)state;
	e.target = span_str("/iclock/cdata?SN=A&OpStamp ");
	assert_int_equal(spool_entry_put(&b, &e), 0);
	assert_int_equal(first(buf_span(&b), &r), SPOOL_ENTRY);
	assert_true(span_eq(r.e.target, e.target));
	buf_free(&b);
}

static void put_refuses(void **state)
{
	static const char *const controls[] = {"/a\nb", "/a\rb", "/a\tb", "/a\x7f", "/a\x01", "\n"};
	struct buf b = buf_with_max(4096);
	struct spool_entry e;

	(void)state;
	assert_int_equal(buf_add_str(&b, "before"), 0);
	for (size_t i = 0; i < sizeof(controls) / sizeof(*controls); i++) {
		e = entry_with(span_str("x"));
		e.target = span_str(controls[i]);
		assert_int_equal(spool_entry_put(&b, &e), -EINVAL);
		e = entry_with(span_str("x"));
		e.peer = span_str(controls[i]);
		assert_int_equal(spool_entry_put(&b, &e), -EINVAL);
		e = entry_with(span_str("x"));
		e.kind = span_str(controls[i]);
		assert_int_equal(spool_entry_put(&b, &e), -EINVAL);
		e = entry_with(span_str("x"));
		e.serial = span_str(controls[i]);
		assert_int_equal(spool_entry_put(&b, &e), -EINVAL);
	}
	e = entry_with(span_str("x"));
	e.target = span_of("/a\0b", 4);
	assert_int_equal(spool_entry_put(&b, &e), -EINVAL);
	e = entry_with(span_str("x"));
	e.serial = span_str("");
	assert_int_equal(spool_entry_put(&b, &e), -EINVAL);
	assert_span(buf_span(&b), "before");
	buf_free(&b);
}

static void put_leaves_a_full_buffer_as_it_was(void **state)
{
	struct spool_entry e = entry_with(span_str("1\t2026-01-05 08:00:00\n"));
	struct buf whole = file_with(e.body);

	(void)state;
	for (size_t max = 6; max < 6 + whole.len; max++) {
		struct buf b = buf_with_max(max);
		assert_int_equal(buf_add_str(&b, "before"), 0);
		assert_int_equal(spool_entry_put(&b, &e), -EMSGSIZE);
		assert_span(buf_span(&b), "before");
		buf_free(&b);
	}
	buf_free(&whole);
}

/* What may be written can be read, up to the last byte of a head; one byte more is refused at
 * once. */
static void a_head_of_the_most_bytes_is_read(void **state)
{
	static char target[SPOOL_HEAD_MAX + 1];
	struct spool_entry e = entry_with(span_str("x"));
	struct buf b = buf_with_max(64 * 1024);
	struct reading r;

	(void)state;
	memset(target, 'a', sizeof(target));
	target[0] = '/';
	e.target = span_of(target, 1);
	assert_int_equal(spool_entry_put_head(&b, &e), 0);
	e.target.len += SPOOL_HEAD_MAX - b.len;
	buf_clear(&b);
	assert_int_equal(spool_entry_put_head(&b, &e), 0);
	assert_int_equal(b.len, SPOOL_HEAD_MAX);
	buf_clear(&b);
	assert_int_equal(spool_entry_put(&b, &e), 0);
	assert_int_equal(first(buf_span(&b), &r), SPOOL_ENTRY);
	assert_same(&r.e, &e);
	buf_clear(&b);
	e.target.len++;
	assert_int_equal(spool_entry_put(&b, &e), -EMSGSIZE);
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

/* ---- damage ---- */

static void no_flipped_bit_goes_unseen(void **state)
{
	struct buf b = file_with(span_str("1\t2026-01-05 08:00:00\t0\t1\n\nend\n\nend 0\n"));
	struct reading r;

	(void)state;
	for (size_t i = 0; i < b.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			b.ptr[i] = (char)(b.ptr[i] ^ (1 << bit));
			enum spool_verdict v = first(buf_span(&b), &r);
			assert_true(v == SPOOL_ENTRY_BAD || v == SPOOL_REST_BAD);
			assert_string_not_equal(r.why, "");
			assert_int_equal(r.offset, b.len);
			assert_ptr_equal(r.part.ptr, b.ptr);
			assert_int_equal(r.part.len, b.len);
			b.ptr[i] = (char)(b.ptr[i] ^ (1 << bit));
		}
	assert_int_equal(first(buf_span(&b), &r), SPOOL_ENTRY);
	buf_free(&b);
}

static void no_cut_goes_unseen(void **state)
{
	struct span body = span_str("1\t2026-01-05 08:00:00\t0\t1\n");
	struct buf b = file_with(body);
	struct reading r;

	(void)state;
	assert_int_equal(first(span_of(b.ptr, 0), &r), SPOOL_FILE_ENDED);
	for (size_t len = 1; len < b.len; len++) {
		/* A copy, so that a sanitizer sees every byte read past the cut. */
		char *copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, b.ptr, len);
		enum spool_verdict v = first(span_of(copy, len), &r);
		if (len == b.len - 1) { /* only the last LF is missing */
			assert_int_equal(v, SPOOL_ENTRY);
			assert_true(r.e.checked);
		} else if (len == b.len - 10) { /* a bare "end": the body is whole */
			assert_int_equal(v, SPOOL_ENTRY);
			assert_false(r.e.checked);
			assert_true(span_eq(r.e.body, body));
		} else {
			assert_true(v == SPOOL_ENTRY_BAD || v == SPOOL_REST_BAD);
		}
		free(copy);
	}
	buf_free(&b);
}

/* Head lines, body and end, by hand. */
static struct buf by_hand(const char *head, struct span body, const char *after)
{
	struct buf b = buf_with_max(1 << 20);

	assert_int_equal(buf_add_str(&b, head), 0);
	assert_int_equal(buf_add_span(&b, body), 0);
	assert_int_equal(buf_add_str(&b, after), 0);
	return b;
}

#define HEAD "punchd-spool 1\nkind: upload\nserial: GATE7\ntarget: /iclock/cdata?SN=GATE7\n"

static void every_reason_is_met(void **state)
{
	static const struct {
		enum spool_verdict verdict;
		const char *head, *after, *why;
	} cases[] = {
		{SPOOL_REST_BAD, "punchd-spool 2\nlength: 1\n\n", "\nend\n",
			"does not begin with \"punchd-spool 1\""},
		{SPOOL_REST_BAD, "punchd-spool 1\r\nlength: 1\n\n", "\nend\n",
			"does not begin with \"punchd-spool 1\""},
		{SPOOL_REST_BAD, "\n" HEAD "length: 1\n\n", "\nend\n",
			"does not begin with \"punchd-spool 1\""},
		{SPOOL_REST_BAD, HEAD "length: 1\r\n\n", "\nend\n",
			"a head line holds a control character"},
		{SPOOL_REST_BAD, HEAD "note:\ttab\nlength: 1\n\n", "\nend\n",
			"a head line holds a control character"},
		{SPOOL_REST_BAD, HEAD "note: \x7f\nlength: 1\n\n", "\nend\n",
			"a head line holds a control character"},
		{SPOOL_REST_BAD, HEAD "length 1\n\n", "\nend\n",
			"a head line is not \"key: value\""},
		{SPOOL_REST_BAD, HEAD "kind: upload\nlength: 1\n\n", "\nend\n",
			"a head line stands twice"},
		{SPOOL_REST_BAD, HEAD "length: 1\nlength: 1\n\n", "\nend\n",
			"a head line stands twice"},
		{SPOOL_REST_BAD, HEAD "length: 1\n", "end\n", "a head line is not \"key: value\""},
		{SPOOL_REST_BAD, HEAD "length: 1\n", "", "the head does not end, or is too long"},
		{SPOOL_REST_BAD, HEAD "\n", "\nend\n",
			"length is missing or is not a number of bytes"},
		{SPOOL_REST_BAD, HEAD "length:\n\n", "\nend\n",
			"length is missing or is not a number of bytes"},
		{SPOOL_REST_BAD, HEAD "length: 1x\n\n", "\nend\n",
			"length is missing or is not a number of bytes"},
		{SPOOL_REST_BAD, HEAD "length: -1\n\n", "\nend\n",
			"length is missing or is not a number of bytes"},
		{SPOOL_REST_BAD, HEAD "length: 0x1\n\n", "\nend\n",
			"length is missing or is not a number of bytes"},
		{SPOOL_REST_BAD, HEAD "length: 9223372036854775808\n\n", "\nend\n",
			"length is missing or is not a number of bytes"},
		{SPOOL_REST_BAD, HEAD "length: 18446744073709551616\n\n", "\nend\n",
			"length is missing or is not a number of bytes"},
		{SPOOL_REST_BAD, HEAD "length: 9223372036854775807\n\n", "\nend\n",
			"the file ends before the body does"},
		{SPOOL_REST_BAD, HEAD "length: 7\n\n", "\nend\n",
			"the file ends before the body does"},
		{SPOOL_REST_BAD, HEAD "length: 5\n\n", "\nend\n",
			"the end line is missing where the length says it is"},
		{SPOOL_REST_BAD, HEAD "length: 0\n\n", "\nend\n",
			"the body is longer than its length says"},
		{SPOOL_REST_BAD, HEAD "length: 1\n\n", "\n",
			"the end line is missing where the length says it is"},
		{SPOOL_REST_BAD, HEAD "length: 1\n\n", "\n\nend\n",
			"the end line is missing where the length says it is"},
		{SPOOL_REST_BAD, HEAD "length: 1\n\n", "\nEnd\n",
			"the end line is missing where the length says it is"},
		{SPOOL_REST_BAD, HEAD "length: 1\n\n", "\nend\r\n",
			"the end line is missing where the length says it is"},
		{SPOOL_ENTRY_BAD, HEAD "length: 1\n\n", "\nend \n",
			"the end line's checksum is not 8 hex digits"},
		{SPOOL_ENTRY_BAD, HEAD "length: 1\n\n", "\nend 1234567\n",
			"the end line's checksum is not 8 hex digits"},
		{SPOOL_ENTRY_BAD, HEAD "length: 1\n\n", "\nend 123456789\n",
			"the end line's checksum is not 8 hex digits"},
		{SPOOL_ENTRY_BAD, HEAD "length: 1\n\n", "\nend 00000000\n",
			"the checksum is wrong"},
		{SPOOL_ENTRY_BAD,
			"punchd-spool 1\nkind: order\nserial: A\ntarget: /x\nlength: 1\n\n",
			"\nend\n", "its kind is not what this spool takes"},
		{SPOOL_ENTRY_BAD,
			"punchd-spool 1\nkind: Upload\nserial: A\ntarget: /x\nlength: 1\n\n",
			"\nend\n", "its kind is not what this spool takes"},
		{SPOOL_ENTRY_BAD, "punchd-spool 1\nserial: A\ntarget: /x\nlength: 1\n\n", "\nend\n",
			"its kind is not what this spool takes"},
		{SPOOL_ENTRY_BAD, HEAD "received: yesterday\nlength: 1\n\n", "\nend\n",
			"received is not a time like 2026-01-05T08:00:00.000000Z"},
		{SPOOL_ENTRY_BAD, HEAD "received:\nlength: 1\n\n", "\nend\n",
			"received is not a time like 2026-01-05T08:00:00.000000Z"},
		{SPOOL_ENTRY_BAD, "punchd-spool 1\nkind: upload\ntarget: /x\nlength: 1\n\n",
			"\nend\n", "the serial is missing or is not 1 to 32 of A-Z a-z 0-9 _ -"},
		{SPOOL_ENTRY_BAD,
			"punchd-spool 1\nkind: upload\nserial: A B\ntarget: /x\nlength: 1\n\n",
			"\nend\n", "the serial is missing or is not 1 to 32 of A-Z a-z 0-9 _ -"},
		{SPOOL_ENTRY_BAD, "punchd-spool 1\nkind: upload\nserial: A\nlength: 1\n\n",
			"\nend\n", "the target is missing or does not begin with /"},
		{SPOOL_ENTRY_BAD,
			"punchd-spool 1\nkind: upload\nserial: A\ntarget: x/\nlength: 1\n\n",
			"\nend\n", "the target is missing or does not begin with /"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf b = by_hand(cases[i].head, span_str("x"), cases[i].after);
		struct reading r;
		enum spool_verdict v = first(buf_span(&b), &r);
		assert_string_equal(r.why, cases[i].why);
		assert_int_equal(v, cases[i].verdict);
		assert_true(span_eq(r.part, buf_span(&b)));
		assert_int_equal(r.offset, b.len);
		assert_int_equal(r.number, 1);
		assert_null(r.e.kind.ptr); /* untouched */
		assert_int_equal(next(buf_span(&b), &r), SPOOL_FILE_ENDED);
		buf_free(&b);
	}
}

static void no_nul_passes_in_a_head(void **state)
{
	struct buf b = by_hand(HEAD "length: 1\n\n", span_str("x"), "\nend\n");
	size_t head_bytes = sizeof(HEAD "length: 1\n\n") - 1;
	struct reading r;

	(void)state;
	for (size_t i = 0; i < head_bytes; i++) {
		char kept = b.ptr[i];
		b.ptr[i] = '\0';
		assert_int_equal(first(buf_span(&b), &r), SPOOL_REST_BAD);
		b.ptr[i] = kept;
	}
	assert_int_equal(first(buf_span(&b), &r), SPOOL_ENTRY);
	buf_free(&b);
}

static void a_foreign_writer_may_be_simple(void **state)
{
	static const char *const heads[] = {
		HEAD "length: 1\n\n",
		"punchd-spool 1\nlength:1\nkind:upload\nserial:GATE7\n"
		"target:/iclock/cdata?SN=GATE7\n\n",
		HEAD "length: 0000000000000000001\n\n",
		HEAD "colour: blue\ncolour: red\nx-made-by: a script: v1\n: no key\nlength: 1\n\n",
		"punchd-spool 1\nkind:   upload   \nserial: GATE7 \n"
		"target:  /iclock/cdata?SN=GATE7\nlength: 1 \n\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		for (int lf = 0; lf < 2; lf++) {
			struct buf b = by_hand(heads[i], span_str("x"), lf ? "\nend\n" : "\nend");
			struct reading r;
			assert_int_equal(first(buf_span(&b), &r), SPOOL_ENTRY);
			assert_false(r.e.checked);
			assert_int_equal(r.e.received_us, 0);
			assert_int_equal(r.e.peer.len, 0);
			assert_span(r.e.kind, "upload");
			assert_span(r.e.serial, "GATE7");
			assert_span(r.e.target, "/iclock/cdata?SN=GATE7");
			assert_span(r.e.body, "x");
			buf_free(&b);
		}
}

static void a_head_has_at_most_64_lines(void **state)
{
	(void)state;
	for (unsigned extra = 59; extra <= 61; extra++) {
		struct buf head = buf_with_max(SPOOL_HEAD_MAX);
		struct reading r;
		assert_int_equal(buf_add_str(&head, HEAD), 0); /* three lines and the magic */
		for (unsigned i = 0; i < extra; i++)
			assert_int_equal(buf_add_str(&head, "a: b\n"), 0);
		assert_int_equal(buf_add_span(&head, span_of("length: 1\n\n\0", 12)), 0);
		struct buf b = by_hand(head.ptr, span_str("x"), "\nend\n");
		if (3 + extra + 1 <= SPOOL_HEAD_LINES_MAX) {
			assert_int_equal(first(buf_span(&b), &r), SPOOL_ENTRY);
		} else {
			assert_int_equal(first(buf_span(&b), &r), SPOOL_REST_BAD);
			assert_string_equal(r.why, "the head does not end, or is too long");
		}
		buf_free(&head);
		buf_free(&b);
	}
}

static void a_head_has_at_most_16_kib(void **state)
{
	static char line[SPOOL_HEAD_MAX + 64];

	(void)state;
	for (int over = 0; over < 2; over++) {
		size_t fixed = sizeof(HEAD "note: \nlength: 1\n\n") - 1;
		size_t fill = SPOOL_HEAD_MAX - fixed + (size_t)over;
		struct reading r;
		memset(line, 'n', fill);
		line[fill] = '\0';
		struct buf head = buf_with_max(2 * SPOOL_HEAD_MAX);
		assert_int_equal(buf_printf(&head, HEAD "note: %s\nlength: 1\n\n", line), 0);
		struct buf b = by_hand(head.ptr, span_str("x"), "\nend\n");
		assert_int_equal(first(buf_span(&b), &r), over ? SPOOL_REST_BAD : SPOOL_ENTRY);
		buf_free(&head);
		buf_free(&b);
	}
}

/* ---- many entries ---- */

static void many_entries_in_a_file(void **state)
{
	struct buf b = buf_with_max(1 << 20);
	struct reading r = {.why = ""};
	char body[32];

	(void)state;
	for (unsigned i = 1; i <= 1000; i++) {
		snprintf(body, sizeof(body), "body %u", i);
		struct spool_entry e = entry_with(span_str(body));
		assert_int_equal(spool_entry_put(&b, &e), 0);
	}
	for (unsigned i = 1; i <= 1000; i++) {
		snprintf(body, sizeof(body), "body %u", i);
		assert_int_equal(next(buf_span(&b), &r), SPOOL_ENTRY);
		assert_int_equal(r.e.number, i);
		assert_span(r.e.body, body);
	}
	assert_int_equal(next(buf_span(&b), &r), SPOOL_FILE_ENDED);
	buf_free(&b);
}

static void a_bad_entry_harms_no_other(void **state)
{
	struct buf one = file_with(span_str("one")), two = file_with(span_str("two"));
	struct buf b = buf_with_max(1 << 16);
	struct reading r = {.why = ""};

	(void)state;
	two.ptr[two.len - 2] ^= 1;
	assert_int_equal(buf_add_span(&b, buf_span(&one)), 0);
	assert_int_equal(buf_add_span(&b, buf_span(&two)), 0);
	assert_int_equal(buf_add_span(&b, buf_span(&one)), 0);
	assert_int_equal(next(buf_span(&b), &r), SPOOL_ENTRY);
	assert_int_equal(next(buf_span(&b), &r), SPOOL_ENTRY_BAD);
	assert_true(span_eq(r.part, buf_span(&two)));
	assert_int_equal(r.number, 2);
	assert_int_equal(next(buf_span(&b), &r), SPOOL_ENTRY);
	assert_int_equal(r.e.number, 3);
	assert_span(r.e.body, "one");
	assert_int_equal(next(buf_span(&b), &r), SPOOL_FILE_ENDED);
	buf_free(&one);
	buf_free(&two);
	buf_free(&b);
}

/* A body that holds a whole entry with a right checksum. Whatever is broken around it, it is never
 * read as one: not after it, and not when the length of the outer one is wrong. */
static void a_forged_entry_in_a_body_stays_a_body(void **state)
{
	struct spool_entry forged = entry_with(span_str("9\t2026-01-05 23:59:59\t0\t1\n"));
	struct buf body = buf_with_max(1 << 16), b;
	struct reading r;

	(void)state;
	forged.serial = span_str("FORGED");
	assert_int_equal(buf_add_str(&body, "1\t2026-01-05 08:00:00\n\nend\n"), 0);
	assert_int_equal(spool_entry_put(&body, &forged), 0);
	b = file_with(buf_span(&body));
	assert_int_equal(first(buf_span(&b), &r), SPOOL_ENTRY);
	assert_span(r.e.serial, "ABCD250100001");
	assert_true(span_eq(r.e.body, buf_span(&body)));
	assert_int_equal(next(buf_span(&b), &r), SPOOL_FILE_ENDED);
	for (size_t i = 0; i < b.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			b.ptr[i] = (char)(b.ptr[i] ^ (1 << bit));
			r = (struct reading){.why = ""};
			for (enum spool_verdict v;
				(v = next(buf_span(&b), &r)) != SPOOL_FILE_ENDED;)
				assert_int_not_equal(v, SPOOL_ENTRY);
			b.ptr[i] = (char)(b.ptr[i] ^ (1 << bit));
		}
	for (size_t len = 0; len < b.len - 10; len++) {
		r = (struct reading){.why = ""};
		for (enum spool_verdict v; (v = next(span_of(b.ptr, len), &r)) != SPOOL_FILE_ENDED;)
			assert_int_not_equal(v, SPOOL_ENTRY);
	}
	buf_free(&body);
	buf_free(&b);
}

/* Anything at all: it ends, it stays inside, and what is called good was good. */
static void noise_does_no_harm(void **state)
{
	struct buf one = file_with(span_str("1\t2026-01-05 08:00:00\n"));
	uint64_t seed = 88172645463325252u;
	struct buf b = buf_with_max(1 << 16);

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct reading r = {.why = ""};
		unsigned steps = 0;
		buf_clear(&b);
		for (int i = 0; i < 3; i++)
			assert_int_equal(buf_add_span(&b, buf_span(&one)), 0);
		for (unsigned i = 0; i < 1 + round % 7; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			b.ptr[seed % b.len] = (char)(seed >> 56);
		}
		size_t before = 0;
		for (enum spool_verdict v; (v = next(buf_span(&b), &r)) != SPOOL_FILE_ENDED;) {
			assert_true(r.offset > before && r.offset <= b.len);
			if (v == SPOOL_ENTRY && r.e.checked)
				assert_span(r.e.serial, "ABCD250100001");
			before = r.offset;
			assert_true(++steps <= 4); /* an LF in the last line makes one more */
		}
	}
	buf_free(&one);
	buf_free(&b);
}

static void has_an_id(void **state)
{
	char id[SPOOL_ENTRY_ID_BYTES];

	(void)state;
	spool_entry_id("0000000000000001-00000000000000ff", 3, id);
	assert_string_equal(id, "0000000000000001-00000000000000ff.3");
	spool_entry_id("0000000000000001-00000000000000ff.4294967295", 4294967295u, id);
	assert_string_equal(id, "0000000000000001-00000000000000ff.4294967295.4294967295");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(is_written_as_documented),
		cmocka_unit_test(an_order_needs_neither_serial_nor_target),
		cmocka_unit_test(steps_equal_one_go),
		cmocka_unit_test(length_has_ten_digits),
		cmocka_unit_test(target_keeps_its_last_blank),
		cmocka_unit_test(put_refuses),
		cmocka_unit_test(put_leaves_a_full_buffer_as_it_was),
		cmocka_unit_test(a_head_of_the_most_bytes_is_read),
		cmocka_unit_test(no_flipped_bit_goes_unseen),
		cmocka_unit_test(no_cut_goes_unseen),
		cmocka_unit_test(every_reason_is_met),
		cmocka_unit_test(no_nul_passes_in_a_head),
		cmocka_unit_test(a_foreign_writer_may_be_simple),
		cmocka_unit_test(a_head_has_at_most_64_lines),
		cmocka_unit_test(a_head_has_at_most_16_kib),
		cmocka_unit_test(many_entries_in_a_file),
		cmocka_unit_test(a_bad_entry_harms_no_other),
		cmocka_unit_test(a_forged_entry_in_a_body_stays_a_body),
		cmocka_unit_test(noise_does_no_harm),
		cmocka_unit_test(has_an_id),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
