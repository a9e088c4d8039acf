/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_files and progress: how far an export came, and that nothing of another one is lost. */
#include "ctl/export_files.h"
#include "ctl/oplog_row.h"
#include "ctl/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"

/* ---- last_seq ---- */

static void the_state_is_read_again(void **state)
{
	(void)state;
	const uint64_t lengths[EXPORT_FILES] = {1, 22, 0, 4444, UINT32_MAX};
	uint64_t seq, again[EXPORT_FILES];
	struct buf b = buf_with_max(4096);
	assert_int_equal(export_put_state(&b, 4711, OUT_JSON, lengths), 0);
	assert_memory_equal(b.ptr, "4711\npunches.jsonl 1\n", 21);
	assert_int_equal(export_get_state(buf_span(&b), OUT_JSON, &seq, again), 0);
	assert_int_equal(seq, 4711);
	assert_memory_equal(again, lengths, sizeof(lengths));
	/* An export in another form is another one. */
	assert_int_equal(export_get_state(buf_span(&b), OUT_CSV, &seq, again), -EBADMSG);
	for (size_t len = 0; len + 11 < b.len; len++)
		assert_int_equal(
			export_get_state(span_of(b.ptr, len), OUT_JSON, &seq, again), -EBADMSG);
	buf_free(&b);
}

/* ---- files ---- */

static void put_punch(struct export_files *f, const char *text)
{
	assert_true(fputs(text, f->sinks[EXPORT_PUNCHES].memory) >= 0);
}

static int length_of(int dir, const char *name)
{
	struct stat st;
	return fstatat(dir, name, &st, 0) < 0 ? -errno : (int)st.st_size;
}

static void put_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
}

static int begin(struct export_files *f, int dir)
{
	return export_files_open(f, dir, "here", OUT_JSON);
}

static void what_was_cut_off_is_taken_away(void **state)
{
	struct export_files f;
	int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(begin(&f, dir), EX_OK);
	assert_int_equal(f.seq, 0);
	put_punch(&f, "one\n");
	assert_int_equal(export_files_write(&f, 12), 0);
	put_punch(&f, "two\n");
	assert_int_equal(export_files_write(&f, 13), 0);
	export_files_close(&f);
	assert_int_equal(length_of(dir, "punches.jsonl"), 8);
	/* Written, and not noted. */
	put_file(dir, "punches.jsonl", "three\n");
	put_file(dir, "users.jsonl", "half a li");
	assert_int_equal(begin(&f, dir), EX_OK);
	assert_int_equal(f.seq, 13);
	assert_int_equal(length_of(dir, "punches.jsonl"), 8);
	assert_int_equal(length_of(dir, "users.jsonl"), 0);
	put_punch(&f, "three\n");
	assert_int_equal(export_files_write(&f, 14), 0);
	export_files_close(&f);
	assert_int_equal(length_of(dir, "punches.jsonl"), 14);
	close(dir);
}

static void anybodys_files_stay(void **state)
{
	struct export_files f;
	int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put_file(dir, "users.jsonl", "mine\n");
	assert_int_equal(begin(&f, dir), EX_DATAERR);
	export_files_close(&f);
	assert_int_equal(length_of(dir, "users.jsonl"), 5);
	assert_int_equal(length_of(dir, "last_seq"), -ENOENT);
	close(dir);
}

static void what_became_shorter_is_refused(void **state)
{
	struct export_files f;
	int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(begin(&f, dir), EX_OK);
	put_punch(&f, "one\n");
	assert_int_equal(export_files_write(&f, 12), 0);
	export_files_close(&f);
	assert_int_equal(unlinkat(dir, "punches.jsonl", 0), 0);
	assert_int_equal(begin(&f, dir), EX_DATAERR);
	export_files_close(&f);
	close(dir);
}

static void two_at_a_time_are_one_too_many(void **state)
{
	struct export_files f, other;
	int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int again = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(begin(&f, dir), EX_OK);
	put_punch(&f, "one\n");
	assert_int_equal(export_files_write(&f, 12), 0);
	put_file(dir, "punches.jsonl", "tw"); /* it is at work there */
	assert_int_equal(begin(&other, again), EX_TEMPFAIL);
	export_files_close(&other);
	assert_int_equal(length_of(dir, "punches.jsonl"), 6);
	export_files_close(&f);
	close(dir);
	/* However the first one ended, the next goes on. */
	assert_int_equal(begin(&other, again), EX_OK);
	assert_int_equal(other.seq, 12);
	export_files_close(&other);
	close(again);
}

static void links_are_not_followed(void **state)
{
	struct export_files f;
	int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put_file(dir, "other", "");
	assert_int_equal(symlinkat("other", dir, "log.jsonl"), 0);
	assert_int_not_equal(begin(&f, dir), EX_OK);
	export_files_close(&f);
	close(dir);
}

/* ---- the bar ---- */

static void bar(uint64_t done, uint64_t all, const char *expected)
{
	char text[PROGRESS_BYTES];
	progress_text(done, all, text);
	assert_string_equal(text, expected);
}

static void the_bar_shows_how_far(void **state)
{
	(void)state;
	bar(0, 10, "[..............................]   0%  0 of 10");
	bar(5, 10, "[###############...............]  50%  5 of 10");
	bar(10, 10, "[##############################] 100%  10 of 10");
	bar(11, 10, "[##############################] 100%  10 of 10");
	bar(0, 0, "[##############################] 100%  0 of 0");
	bar(UINT64_MAX, UINT64_MAX,
		"[##############################] 100%  18446744073709551615 of "
		"18446744073709551615");
}

/* ---- operations ---- */

static const struct out_cell *cell_of(const struct out_cell *cells, const char *key)
{
	for (size_t i = 0; i < OPLOG_COLUMNS; i++)
		if (strcmp(oplog_columns[i].key, key) == 0)
			return &cells[i];
	fail();
	return NULL;
}

static struct logged line(enum logged_kind kind, const char *text)
{
	return (struct logged){.kind = kind,
		.time = {2026, 1, 5, 8, 0, 0},
		.serial = span_str("GATE1"),
		.entry = {.name = "0000000000000001-0000000000000001", .number = 1},
		.line = span_str(text)};
}

static void an_operation_is_told_in_words(void **state)
{
	(void)state;
	struct out_cell cells[OPLOG_COLUMNS];
	struct oplog_texts texts;
	struct logged l = line(LOG_OPERATION, "6\t0\t2026-01-05 08:00:00\t1001\t6\t0\t0");
	oplog_cells(&l, &texts, cells);
	assert_true(span_is(cell_of(cells, "what")->text, "finger enrolled"));
	assert_true(span_is(cell_of(cells, "o1")->text, "1001"));
	assert_true(span_is(cell_of(cells, "kind")->text, "operation"));
	l = line(LOG_ERROR, "ErrCode=6");
	oplog_cells(&l, &texts, cells);
	assert_int_equal(cell_of(cells, "what")->kind, OUT_NONE);
	assert_true(span_is(cell_of(cells, "line")->text, "ErrCode=6"));
}

static void people_get_the_columns_of_the_kind(void **state)
{
	(void)state;
	enum logged_kind kind;
	struct out_column columns[OPLOG_COLUMNS];
	assert_true(oplog_kind_of(span_str("event"), &kind));
	assert_int_equal(kind, LOG_EVENT);
	assert_false(oplog_kind_of(span_str("events"), &kind));
	for (unsigned i = 0; i < 2; i++) {
		oplog_columns_of(i ? LOG_EVENT : LOG_OPERATION, columns);
		for (size_t n = 0; n < OPLOG_COLUMNS; n++) {
			if (strcmp(columns[n].key, "line") == 0)
				assert_int_equal(columns[n].heading != NULL, i);
			if (strcmp(columns[n].key, "o1") == 0)
				assert_int_equal(columns[n].heading != NULL, !i);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_state_is_read_again),
		cmocka_unit_test_setup_teardown(
			what_was_cut_off_is_taken_away, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(anybodys_files_stay, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(
			two_at_a_time_are_one_too_many, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(
			what_became_shorter_is_refused, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(
			links_are_not_followed, scratch_make, scratch_remove),
		cmocka_unit_test(the_bar_shows_how_far),
		cmocka_unit_test(an_operation_is_told_in_words),
		cmocka_unit_test(people_get_the_columns_of_the_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
