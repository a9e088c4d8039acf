/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A spool file: read to its end whatever it holds, and every good entry written again. */
#include <errno.h>
#include <zlib.h>

#include "lib/serial.h"
#include "spool/spool.h"
#include "tests/fuzz/fuzz.h"

#define KINDS   3
#define STEPS   64
#define HEADING 128 /* bytes that a head may grow by when it is written again */

static const char *const kinds[KINDS] = {"upload", "result", "order"};

struct reading {
	enum spool_verdict verdict;
	size_t offset;
	unsigned number;
	struct spool_entry entry;
	struct span part;
	const char *why;
};

static struct reading read_first(struct span file, struct span kind)
{
	struct reading r = {.why = NULL};

	r.verdict = spool_entry_next(file, kind, &r.offset, &r.number, &r.entry, &r.part, &r.why);
	return r;
}

static void check_same(const struct spool_entry *a, const struct spool_entry *b)
{
	CHECK(a->received_us == b->received_us);
	CHECK(span_eq(a->kind, b->kind));
	CHECK(span_eq(a->serial, b->serial));
	CHECK(span_eq(a->peer, b->peer));
	CHECK(span_eq(a->target, b->target));
	CHECK(span_eq(a->body, b->body));
}

/* ---- what was written can be read, and damage is seen ---- */

/* One byte is changed, but none of the length: a body may hold an end line of its own, to which a
 * wrong length would lead. */
static void check_damage(struct buf *b, size_t head_len, size_t body_len, struct span kind)
{
	uint64_t hash = fuzz_hash(buf_span(b));
	size_t at = (size_t)(hash % b->len);
	const char *length = memmem(b->ptr, head_len, "\nlength: ", 9);
	char mask = (char)(1U << (hash >> 32 & 7));
	struct reading r;

	CHECK(length != NULL);
	if (at >= (size_t)(length - b->ptr) && at < head_len)
		return;
	b->ptr[at] = (char)(b->ptr[at] ^ mask);
	r = read_first(buf_span(b), kind);
	CHECK(r.verdict != SPOOL_ENTRY || !r.entry.checked);
	if (at >= head_len && at < head_len + body_len)
		CHECK(r.verdict == SPOOL_ENTRY_BAD && r.offset == b->len);
	b->ptr[at] = (char)(b->ptr[at] ^ mask);
}

/* Cut off anywhere: it is an entry only if all of the body was there. */
static void check_cut(const struct buf *b, const struct spool_entry *e)
{
	size_t len = (size_t)(fuzz_hash(buf_span(b)) / 7 % b->len);
	struct reading r = read_first(span_of(b->ptr, len), e->kind);

	if (r.verdict == SPOOL_ENTRY)
		CHECK(len >= b->len - 10 && span_eq(r.entry.body, e->body));
}

static void check_two(const struct buf *b, const struct spool_entry *e)
{
	struct buf two = buf_with_max(2 * b->len);
	struct reading r;

	CHECK(buf_add_span(&two, buf_span(b)) == 0 && buf_add_span(&two, buf_span(b)) == 0);
	r = read_first(buf_span(&two), e->kind);
	CHECK(r.verdict == SPOOL_ENTRY && r.offset == b->len);
	r = read_first(span_from(buf_span(&two), r.offset), e->kind);
	CHECK(r.verdict == SPOOL_ENTRY && r.offset == b->len);
	buf_free(&two);
}

/* As ingestd writes: the head without a length, the body, the length, the tail. */
static void check_steps(const struct buf *whole, const struct spool_entry *e)
{
	struct buf steps = buf_with_max(whole->max);

	CHECK(spool_entry_put_head(&steps, e) == 0);
	size_t head_len = steps.len;
	CHECK(buf_add_span(&steps, e->body) == 0);
	CHECK(spool_entry_set_length(steps.ptr, head_len, e->body.len) == 0);
	CHECK(spool_entry_put_tail(
		      &steps, (uint32_t)crc32_z(0, (const Bytef *)steps.ptr, steps.len)) == 0);
	CHECK(span_eq(buf_span(&steps), buf_span(whole)));
	buf_free(&steps);
}

static size_t head_bytes(const struct spool_entry *e, size_t max)
{
	struct buf head = buf_with_max(max);
	size_t len;

	CHECK(spool_entry_put_head(&head, e) == 0);
	len = head.len;
	buf_free(&head);
	return len;
}

static void check_written(struct buf *b, const struct spool_entry *e)
{
	struct reading r = read_first(buf_span(b), e->kind);

	CHECK(r.verdict == SPOOL_ENTRY);
	CHECK(r.entry.checked && r.offset == b->len && r.number == 1);
	check_same(&r.entry, e);
	check_two(b, e);
	check_steps(b, e);
	check_cut(b, e);
	check_damage(b, head_bytes(e, b->max), e->body.len, e->kind);
}

/* ---- a file ---- */

static void check_entry(struct span part, const struct spool_entry *e)
{
	struct buf b = buf_with_max(part.len + SPOOL_HEAD_MAX + HEADING);
	bool may_be_none = span_is(e->kind, "order") && e->serial.len == 0;
	int rc;

	CHECK(fuzz_inside(e->serial, part) && fuzz_inside(e->peer, part));
	CHECK(fuzz_inside(e->target, part) && fuzz_inside(e->body, part));
	CHECK(span_starts(
		span_from(part, (size_t)(e->body.ptr - part.ptr) + e->body.len), "\nend"));
	CHECK(serial_valid(e->serial) || may_be_none);
	CHECK(!fuzz_has_control(e->target) && !fuzz_has_control(e->peer));
	CHECK(span_is(e->kind, "order") || span_starts(e->target, "/"));
	rc = spool_entry_put(&b, e);
	if (rc == -EMSGSIZE)
		CHECK(part.len - e->body.len > SPOOL_HEAD_MAX - HEADING && b.len == 0);
	else
		CHECK(rc == 0);
	if (rc == 0)
		check_written(&b, e);
	buf_free(&b);
}

/* What was taken off a file is the same thing when it is alone: so a part that was set aside can be
 * looked at later. */
static void check_alone(struct span part, struct span kind, const struct reading *r)
{
	struct reading alone = read_first(part, kind);

	CHECK(alone.verdict == r->verdict && alone.offset == part.len && alone.number == 1);
	if (r->verdict == SPOOL_ENTRY) {
		check_same(&alone.entry, &r->entry);
		CHECK(alone.entry.checked == r->entry.checked);
	} else {
		CHECK(strcmp(alone.why, r->why) == 0);
	}
}

static void check_step(struct span file, struct span kind, size_t before, const struct reading *r)
{
	struct span part = span_of(file.ptr + before, r->offset - before);

	CHECK(r->offset > before && r->offset <= file.len);
	if (r->verdict == SPOOL_ENTRY) {
		CHECK(r->entry.number == r->number && span_eq(r->entry.kind, kind));
		check_entry(part, &r->entry);
	} else {
		CHECK(r->part.ptr == part.ptr && r->part.len == part.len);
		CHECK(r->why != NULL);
	}
	if (r->verdict == SPOOL_REST_BAD)
		CHECK(r->offset == file.len);
	check_alone(part, kind, r);
}

/* How far each of the first steps went; how many there were. */
static unsigned walk(struct span file, struct span kind, size_t offsets[static STEPS])
{
	struct reading r = {.why = NULL};

	for (;;) {
		size_t before = r.offset;
		unsigned number = r.number;

		r.verdict = spool_entry_next(
			file, kind, &r.offset, &r.number, &r.entry, &r.part, &r.why);
		if (r.verdict == SPOOL_FILE_ENDED) {
			CHECK(r.offset == file.len && r.number == number);
			CHECK(r.number <= file.len);
			return number;
		}
		CHECK(r.number == number + 1);
		check_step(file, kind, before, &r);
		if (number < STEPS)
			offsets[number] = r.offset;
	}
}

/* Where the entries lie does not depend on what is looked for. */
static void check_file(struct span file)
{
	size_t offsets[KINDS][STEPS] = {{0}};
	unsigned count = walk(file, span_str(kinds[0]), offsets[0]);

	for (int i = 1; i < KINDS; i++) {
		CHECK(walk(file, span_str(kinds[i]), offsets[i]) == count);
		CHECK(memcmp(offsets[i], offsets[0], sizeof(offsets[i])) == 0);
	}
}

/* ---- anything as an entry ---- */

static void check_anything(struct span input)
{
	struct spool_entry e = {.received_us = fuzz_hash(input) >> 14};
	struct buf b = buf_with_max(input.len + SPOOL_HEAD_MAX + HEADING);
	struct reading r;
	bool fits;
	int rc;

	e.kind = span_str(kinds[input.len % KINDS]);
	e.serial = fuzz_piece(&input);
	e.peer = fuzz_piece(&input);
	e.target = fuzz_piece(&input);
	e.body = input;
	fits = !fuzz_has_control(e.peer) && !fuzz_has_control(e.target) &&
	       (serial_valid(e.serial) || (span_is(e.kind, "order") && e.serial.len == 0));
	rc = spool_entry_put(&b, &e);
	CHECK((rc == -EINVAL) == !fits);
	CHECK(rc == 0 || b.len == 0);
	if (rc == 0) {
		r = read_first(buf_span(&b), e.kind);
		/* Blanks around a value are nobody's, but those at a target's end are its own. */
		e.peer = span_trim(e.peer);
		while (span_starts(e.target, " "))
			e.target = span_from(e.target, 1);
		CHECK(r.offset == b.len);
		if (span_is(e.kind, "order") || span_starts(e.target, "/"))
			CHECK(r.verdict == SPOOL_ENTRY);
		else
			CHECK(r.verdict == SPOOL_ENTRY_BAD);
		if (r.verdict == SPOOL_ENTRY)
			check_same(&r.entry, &e);
	}
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_file(span_of(data, size));
	check_anything(span_of(data, size));
	return 0;
}
