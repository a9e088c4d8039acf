/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upload: whether a body stays in memory or goes to disk as it comes, the entry is the same to the
 * byte, and all memory is given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "ingestd/upload.h"
#include "lib/io.h"
#include "tests/unit/scratch.h"

#define NOW_US  1767607200123456 /* 2026-01-05T10:00:00.123456Z */
#define MEMORY  (256u * 1024)    /* what upload.c keeps of a body in memory */
#define MUCH    (64u * 1024 * 1024)
#define LARGEST (600u * 1024)

static struct spool spool;
static char body[LARGEST];

static int open_spool(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_CONSUMING, &spool), 0);
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)(i * 2654435761u >> 13);
	return 0;
}

static int close_spool(void **state)
{
	spool_close(&spool);
	return scratch_remove(state);
}

static size_t drafts(void)
{
	struct spool_list l;

	assert_int_equal(spool_scan(&spool, SPOOL_TMP, 100, &l), 0);
	size_t n = l.count;
	spool_list_free(&l);
	return n;
}

static struct spool_entry head(void)
{
	return (struct spool_entry){
		.received_us = NOW_US,
		.kind = span_str("upload"),
		.serial = span_str("ABCD250100001"),
		.peer = span_str("192.0.2.7"),
		.target = span_str("/iclock/cdata?SN=ABCD250100001&table=ATTLOG&Stamp=9999"),
	};
}

static struct upload fresh(void)
{
	return (struct upload){.body_max_bytes = MUCH, .lines_max = UINT64_MAX};
}

/* What the finished upload holds, wherever it is. */
static struct buf bytes_of(const struct upload *u)
{
	struct buf b = buf_with_max(2 * LARGEST);

	if (u->item.bytes.ptr) {
		assert_int_equal(u->item.draft.fd, -1);
		assert_int_equal(buf_add_span(&b, u->item.bytes), 0);
		return b;
	}
	int fd = openat(spool.dirs[SPOOL_TMP], u->item.draft.name, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(io_read_all(fd, &b), 0);
	close(fd);
	return b;
}

/* It is what spool_entry_put would have made, and it can be read. */
static void assert_entry(const struct upload *u, struct span expected_body)
{
	struct spool_entry e = head(), out;
	struct buf want = buf_with_max(2 * LARGEST), have = bytes_of(u);
	struct span part;
	const char *why = "";
	size_t offset = 0;
	unsigned number = 0;

	e.body = expected_body;
	assert_int_equal(spool_entry_put(&want, &e), 0);
	assert_true(span_eq(buf_span(&have), buf_span(&want)));
	assert_int_equal(spool_entry_next(buf_span(&have), span_str("upload"), &offset, &number,
				 &out, &part, &why),
		SPOOL_ENTRY);
	assert_true(out.checked);
	assert_int_equal(offset, have.len);
	assert_true(span_eq(out.body, expected_body));
	buf_free(&want);
	buf_free(&have);
}

/* Sends `len` bytes in pieces. True when it went to disk. */
static bool goes_to_disk(size_t len, size_t piece_bytes, uint64_t hint, size_t budget_bytes)
{
	struct upload_budget budget = {.max_bytes = budget_bytes};
	struct spool_entry e = head();
	struct upload u = fresh();

	assert_int_equal(upload_begin(&u, &spool, &budget, &e, hint), 0);
	assert_true(budget.used_bytes > 0);
	for (size_t at = 0; at < len; at += piece_bytes)
		upload_add(&u, span_of(body + at, len - at < piece_bytes ? len - at : piece_bytes));
	assert_int_equal(u.body_bytes, len);
	if (u.item.draft.fd >= 0) /* only the head is kept */
		assert_true(budget.used_bytes <= 1024);
	assert_int_equal(upload_end(&u), 0);
	bool on_disk = u.item.draft.fd >= 0;
	assert_int_equal(drafts(), on_disk);
	assert_entry(&u, span_of(body, len));
	upload_drop(&u);
	assert_int_equal(budget.used_bytes, 0);
	assert_int_equal(drafts(), 0);
	return on_disk;
}

static void the_same_bytes_in_memory_and_on_disk(void **state)
{
	static const size_t lens[] = {1, 2, 100, 4095, 4096, 65536, MEMORY - 1, MEMORY, MEMORY + 1,
		MEMORY + 16384 - 300, MEMORY + 16384 + 100, LARGEST};
	static const size_t pieces[] = {997, 4096, 65536, LARGEST};

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++)
		for (size_t p = 0; p < sizeof(pieces) / sizeof(*pieces); p++)
			for (int hinted = 0; hinted < 2; hinted++) {
				bool on_disk = goes_to_disk(
					lens[i], pieces[p], hinted ? lens[i] : 0, MUCH);
				if (lens[i] <= MEMORY)
					assert_false(on_disk);
				if (lens[i] > MEMORY + SPOOL_HEAD_MAX)
					assert_true(on_disk);
			}
}

/* The boundary itself, to the byte: the memory holds head, body and tail. */
static void around_the_boundary(void **state)
{
	bool before = false;
	unsigned changes = 0;

	(void)state;
	for (size_t len = MEMORY + SPOOL_HEAD_MAX - 260; len < MEMORY + SPOOL_HEAD_MAX - 140;
		len++) {
		bool now = goes_to_disk(len, 65536, 0, MUCH);
		changes += now != before;
		before = now;
	}
	assert_true(before);
	assert_int_equal(changes, 1);
}

/* With little left to share, at whatever byte it runs out. */
static void spills_wherever_the_budget_ends(void **state)
{
	bool spilled = false, kept = false;

	(void)state;
	for (size_t budget = 0; budget < 6000; budget += 61)
		for (int hinted = 0; hinted < 2; hinted++)
			if (goes_to_disk(2000, 13, hinted ? 2000 : 0, budget))
				spilled = true;
			else
				kept = true;
	assert_true(spilled);
	assert_true(kept);
}

static void a_wrong_hint_does_no_harm(void **state)
{
	(void)state;
	goes_to_disk(1, 1, 1000000000, MUCH);
	goes_to_disk(1, 1, UINT64_MAX, MUCH);
	goes_to_disk(100000, 4096, 1, MUCH);
	goes_to_disk(1, 1, MEMORY, MUCH);
}

/* Many at once, each announcing much: memory stays within what all may have, but for the heads
 * and for the last one that found room, whose buffer is rounded up. */
static void all_together_stay_within_the_budget(void **state)
{
	enum {
		MANY = 60,
		ANNOUNCED = 200000,
		BUDGET = 1000000,
		HEADS = MANY * 1024,
		ONE_MORE = MEMORY + SPOOL_HEAD_MAX + 16
	};
	static struct upload many[MANY];
	struct upload_budget budget = {.max_bytes = BUDGET};
	struct spool_entry e = head();
	size_t on_disk = 0;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		many[i] = fresh();
		assert_int_equal(upload_begin(&many[i], &spool, &budget, &e, ANNOUNCED), 0);
		assert_true(budget.used_bytes <= BUDGET + HEADS + ONE_MORE);
	}
	for (size_t at = 0; at < ANNOUNCED; at += 10000)
		for (size_t i = 0; i < MANY; i++) {
			upload_add(&many[i], span_of(body + at, 10000));
			assert_true(budget.used_bytes <= BUDGET + HEADS + ONE_MORE);
		}
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(upload_end(&many[i]), 0);
		on_disk += many[i].item.draft.fd >= 0;
		assert_entry(&many[i], span_of(body, ANNOUNCED));
		upload_drop(&many[i]);
	}
	assert_true(on_disk > 0 && on_disk < MANY);
	assert_int_equal(budget.used_bytes, 0);
	assert_int_equal(drafts(), 0);
}

static void texts_may_go_once_it_began(void **state)
{
	char serial[] = "ABCD250100001", peer[] = "192.0.2.7";
	char target[] = "/iclock/cdata?SN=ABCD250100001&table=ATTLOG&Stamp=9999";
	struct upload_budget budget = {.max_bytes = MUCH};
	struct spool_entry e = head();
	struct upload u = fresh();

	(void)state;
	e.serial = span_str(serial);
	e.peer = span_str(peer);
	e.target = span_str(target);
	assert_int_equal(upload_begin(&u, &spool, &budget, &e, 3), 0);
	memset(serial, 'x', sizeof(serial));
	memset(peer, 'x', sizeof(peer));
	memset(target, 'x', sizeof(target));
	upload_add(&u, span_str("abc"));
	assert_int_equal(upload_end(&u), 0);
	assert_entry(&u, span_str("abc"));
	upload_drop(&u);
}

/* ---- refusals and failures ---- */

static void too_many_bytes(void **state)
{
	static const size_t limits[] = {10, 1000, MEMORY + 100000};

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		for (size_t over = 0; over < 2; over++) {
			struct upload_budget budget = {.max_bytes = MUCH};
			struct spool_entry e = head();
			struct upload u = fresh();
			u.body_max_bytes = limits[i];
			assert_int_equal(upload_begin(&u, &spool, &budget, &e, 0), 0);
			upload_add(&u, span_of(body, limits[i] - 1));
			upload_add(&u, span_of(body + limits[i] - 1, 1 + over));
			assert_int_equal(u.error, over ? -EMSGSIZE : 0);
			if (over) {
				assert_int_equal(drafts(), 0); /* at once */
				upload_add(&u, span_of(body, 1));
				assert_int_equal(upload_end(&u), -EMSGSIZE);
			} else {
				assert_int_equal(upload_end(&u), 0);
				assert_entry(&u, span_of(body, limits[i]));
			}
			upload_drop(&u);
			assert_int_equal(budget.used_bytes, 0);
			assert_int_equal(drafts(), 0);
		}
}

static void too_many_lines(void **state)
{
	struct upload_budget budget = {.max_bytes = MUCH};
	struct spool_entry e = head();

	(void)state;
	for (int counts = 0; counts < 2; counts++) {
		struct upload u = fresh();
		u.counts_lines = counts;
		u.lines_max = 2;
		assert_int_equal(upload_begin(&u, &spool, &budget, &e, 0), 0);
		upload_add(&u, span_str("a\nb\n\n"));
		assert_int_equal(u.error, 0);
		assert_int_equal(u.lines.count, counts ? 2 : 0);
		upload_add(&u, span_str("c"));
		assert_int_equal(u.error, counts ? -EMSGSIZE : 0);
		upload_drop(&u);
		assert_int_equal(budget.used_bytes, 0);
	}
}

static void no_entry_can_be_made_of_it(void **state)
{
	struct upload_budget budget = {.max_bytes = MUCH};
	struct spool_entry e = head();
	struct upload u = fresh();

	(void)state;
	e.target = span_str("/a\tb");
	assert_int_equal(upload_begin(&u, &spool, &budget, &e, 0), -EINVAL);
	assert_int_equal(budget.used_bytes, 0);
	e = head();
	e.serial = span_str("no serial");
	u = fresh();
	assert_int_equal(upload_begin(&u, &spool, &budget, &e, 0), -EINVAL);
	assert_int_equal(budget.used_bytes, 0);
}

static void a_full_disk(void **state)
{
	struct rlimit before, small;
	struct upload_budget budget = {.max_bytes = 0};
	struct spool_entry e = head();
	struct upload u = fresh();

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 5000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(upload_begin(&u, &spool, &budget, &e, 0), 0);
	for (int i = 0; i < 10; i++)
		upload_add(&u, span_of(body, 1000));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(u.error, -EFBIG);
	assert_int_equal(drafts(), 0); /* its space is given back before the client is through */
	assert_int_equal(upload_end(&u), -EFBIG);
	upload_drop(&u);
	assert_int_equal(budget.used_bytes, 0);
}

static void no_place_for_a_draft(void **state)
{
	struct upload_budget budget = {.max_bytes = 0};
	struct spool_entry e = head();
	struct upload u = fresh();

	assert_int_equal(rmdir(scratch_path(state, "upload/tmp")), 0);
	assert_int_equal(upload_begin(&u, &spool, &budget, &e, 0), 0);
	upload_add(&u, span_of(body, 1000));
	assert_int_equal(u.error, -ENOENT);
	assert_int_equal(upload_end(&u), -ENOENT);
	upload_drop(&u);
	assert_int_equal(budget.used_bytes, 0);
}

static void a_posted_draft_is_not_removed(void **state)
{
	struct upload_budget budget = {.max_bytes = 0};
	struct spool_entry e = head();
	struct upload u = fresh();
	struct spool_list l;

	(void)state;
	assert_int_equal(upload_begin(&u, &spool, &budget, &e, 0), 0);
	upload_add(&u, span_of(body, 1000));
	assert_int_equal(upload_end(&u), 0);
	assert_int_equal(spool_draft_post(&spool, &u.item.draft), 0);
	upload_drop(&u);
	assert_int_equal(spool_scan(&spool, SPOOL_NEW, 10, &l), 0);
	assert_int_equal(l.count, 1);
	spool_list_free(&l);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_spool, close_spool)
	const struct CMUnitTest tests[] = {
		each(the_same_bytes_in_memory_and_on_disk),
		each(around_the_boundary),
		each(spills_wherever_the_budget_ends),
		each(a_wrong_hint_does_no_harm),
		each(all_together_stay_within_the_budget),
		each(texts_may_go_once_it_began),
		each(too_many_bytes),
		each(too_many_lines),
		each(no_entry_can_be_made_of_it),
		each(a_full_disk),
		each(no_place_for_a_draft),
		each(a_posted_draft_is_not_removed),
	};

	return cmocka_run_group_tests_name("upload", tests, NULL, NULL);
}
