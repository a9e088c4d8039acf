/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entries: each is done or set aside, when it came in is never later than now, and a file without a
 * good one is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>

#include "lib/io.h"
#include "spool/spool.h"
#include "tests/unit/scratch.h"

#define NAME     "0000000000000007-00000000000000ff" /* of the seventh microsecond */
#define NAMED_US 7
#define NOW_US   1000

static struct spool spool;
static struct buf file;
static struct buf said; /* what was done, in words */
static const char *why;

static int open_spool(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	assert_int_equal(spool_make(*state, "order"), 0);
	assert_int_equal(spool_open(*state, "order", SPOOL_FOR_CONSUMING, &spool), 0);
	file = buf_with_max(1 << 20);
	said = buf_with_max(1 << 20);
	why = "untouched";
	return 0;
}

static int close_spool(void **state)
{
	spool_close(&spool);
	buf_free(&file);
	buf_free(&said);
	return scratch_remove(state);
}

/* "no" is refused, "later" cannot be done now; all else is done. */
static int do_entry(void *context, const struct spool_entry *e, const char *id,
	char ret_why[static SPOOL_WHY_BYTES])
{
	assert_ptr_equal(context, &said);
	assert_int_equal(buf_printf(&said, "%s@%d ", id + strlen(NAME), (int)e->received_us), 0);
	if (span_is(e->body, "later"))
		return -ENOSPC;
	if (!span_is(e->body, "no"))
		return 0;
	snprintf(ret_why, SPOOL_WHY_BYTES, "it is no");
	return -EBADMSG;
}

static int refused(void *context, const char *id, const char *reason)
{
	assert_ptr_equal(context, &said);
	return buf_printf(&said, "refused%s:%s ", id + strlen(NAME), reason);
}

static int refused_is_not_kept(void *context, const char *id, const char *reason)
{
	(void)context, (void)id, (void)reason;
	return -EIO;
}

static void aside(void *context, const char *id, const char *reason)
{
	assert_ptr_equal(context, &said);
	assert_int_equal(buf_printf(&said, "aside%s:%s ", id + strlen(NAME), reason), 0);
}

static struct spool_entries work(void)
{
	return (struct spool_entries){.kind = "order",
		.now_us = NOW_US,
		.entry = do_entry,
		.aside = aside,
		.context = &said};
}

static void put(const char *body, uint64_t received_us)
{
	struct spool_entry e = {
		.received_us = received_us, .kind = span_str("order"), .body = span_str(body)};

	assert_int_equal(spool_entry_put(&file, &e), 0);
}

/* One without `received`, which spool_entry_put always writes. */
static void put_undated(const char *body)
{
	assert_int_equal(buf_printf(&file, "punchd-spool 1\nkind: order\nlength: %zu\n\n%s\nend\n",
				 strlen(body), body),
		0);
}

static int run(const struct spool_entries *w)
{
	return spool_entries_do(w, &spool, NAME, buf_span(&file), &why);
}

static void assert_said(const char *words)
{
	assert_string_equal(said.len ? said.ptr : "", words);
}

static void assert_bad(const char *name, const char *bytes)
{
	struct buf b = buf_with_max(1 << 20);
	int fd = openat(spool.dirs[SPOOL_BAD], name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s is not in bad/", name);
	assert_int_equal(io_read_all(fd, &b), 0);
	close(fd);
	assert_true(span_is(buf_span(&b), bytes));
	buf_free(&b);
}

static void assert_bad_count(size_t count)
{
	struct spool_list l;

	assert_int_equal(spool_scan(&spool, SPOOL_BAD, 100, &l), 0);
	assert_int_equal(l.count, count);
	spool_list_free(&l);
}

static void test_each_is_done(void **state)
{
	const struct spool_entries w = work();

	(void)state;
	put("yes", 3);
	put("yes", NOW_US + 1);
	put_undated("yes");
	assert_int_equal(run(&w), 0);
	assert_said(".1@3 .2@1000 .3@7 ");
	assert_string_equal(why, "untouched");
	assert_bad_count(0);
}

static void test_bad_ones_are_set_aside_behind_the_good_ones(void **state)
{
	struct spool_entries w = work();

	(void)state;
	w.refused = refused;
	put("yes", 1);
	size_t from = file.len;
	put("no", 2);
	size_t to = file.len;
	put("yes", 3);
	assert_int_equal(buf_add_str(&file, "nonsense\n"), 0);
	assert_int_equal(run(&w), 0);
	assert_true(strncmp(said.ptr, ".1@1 .2@2 refused.2:it is no .3@3 refused.4:", 44) == 0);
	assert_non_null(strstr(said.ptr, " aside.2:it is no aside.4:"));
	assert_bad_count(2);
	assert_bad(NAME ".4", "nonsense\n");
	char *part = strndup(file.ptr + from, to - from);
	assert_bad(NAME ".2", part);
	free(part);
	/* Once more: the same, under the same names. */
	assert_int_equal(run(&w), 0);
	assert_bad_count(2);
}

static void test_without_a_good_one_the_file_is_refused(void **state)
{
	struct spool_entries w = work();

	(void)state;
	w.refused = refused;
	put("no", 1);
	put("no", 2);
	assert_int_equal(run(&w), -EBADMSG);
	assert_string_equal(why, "it is no");
	assert_said(".1@1 refused.1:it is no .2@2 refused.2:it is no ");
	assert_bad_count(0);
	buf_clear(&file);
	assert_int_equal(run(&w), -EBADMSG);
	assert_string_equal(why, "no entry in it");
}

static void test_what_cannot_be_done_now_ends_it(void **state)
{
	struct spool_entries w = work();

	(void)state;
	put("no", 1);
	put("later", 2);
	put("yes", 3);
	assert_int_equal(run(&w), -ENOSPC);
	assert_said(".1@1 .2@2 ");
	assert_string_equal(why, "untouched");
	assert_bad_count(0);
	w.refused = refused_is_not_kept;
	assert_int_equal(run(&w), -EIO);
}

static void test_many_bad_ones(void **state)
{
	const struct spool_entries w = work();

	(void)state;
	for (int i = 0; i < 40; i++)
		put("no", 1);
	put("yes", 1);
	assert_int_equal(run(&w), 0);
	assert_bad_count(40);
}

static void test_who_made_it(void **state)
{
	(void)state;
	assert_int_equal(spool_owner(&spool, NAME), (uid_t)-1);
	assert_int_equal(io_replace_file(spool.dirs[SPOOL_CUR], NAME, span_str("x"), 0600), 0);
	assert_int_equal(spool_owner(&spool, NAME), getuid());
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_spool, close_spool)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_is_done),
		TEST(test_bad_ones_are_set_aside_behind_the_good_ones),
		TEST(test_without_a_good_one_the_file_is_refused),
		TEST(test_what_cannot_be_done_now_ends_it),
		TEST(test_many_bad_ones),
		TEST(test_who_made_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
