/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scan: the first ones in order, however many there are, in bounded memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>

#include "spool/spool.h"
#include "tests/unit/scratch.h"

#define MANY 5000

static struct spool spool;

static int open_spool(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_OPERATING, &spool), 0);
	return 0;
}

static int close_spool(void **state)
{
	spool_close(&spool);
	return scratch_remove(state);
}

static void create(enum spool_state where, const char *name)
{
	int fd = openat(spool.dirs[where], name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	close(fd);
}

/* Number `i` of MANY in a mixed order. */
static void create_many(void)
{
	char name[SPOOL_NAME_BYTES];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%016x-0000000000000000", i * 1237u % MANY);
		create(SPOOL_NEW, name);
	}
}

static void the_smallest_in_order(void **state)
{
	static const size_t mosts[] = {0, 1, 32, 33, 100, 4999, 5000, 5001, 100000};
	char name[SPOOL_NAME_BYTES];
	struct spool_list l;

	(void)state;
	create_many();
	for (size_t m = 0; m < sizeof(mosts) / sizeof(*mosts); m++) {
		assert_int_equal(spool_scan(&spool, SPOOL_NEW, mosts[m], &l), 0);
		assert_int_equal(l.total, MANY);
		assert_int_equal(l.count, mosts[m] < MANY ? mosts[m] : MANY);
		for (unsigned i = 0; i < l.count; i++) {
			snprintf(name, sizeof(name), "%016x-0000000000000000", i);
			assert_string_equal(l.items[i].name, name);
		}
		spool_list_free(&l);
		assert_null(l.items);
		assert_int_equal(l.count, 0);
	}
}

static void memory_is_bounded_by_what_is_wanted(void **state)
{
	struct spool_list l;

	(void)state;
	create_many();
	assert_int_equal(spool_scan(&spool, SPOOL_NEW, 100, &l), 0);
	/* Twice as many as wanted, and the next power of two. */
	assert_true(malloc_usable_size(l.items) <= 256 * sizeof(*l.items) + 64);
	spool_list_free(&l);
}

static void an_empty_one(void **state)
{
	struct spool_list l;

	(void)state;
	assert_int_equal(spool_scan(&spool, SPOOL_NEW, 100, &l), 0);
	assert_int_equal(l.count, 0);
	assert_int_equal(l.total, 0);
	spool_list_free(&l);
}

static void any_name_is_listed(void **state)
{
	char longest[256];
	const char *const names[] = {"\x01\n", " ", "-rf", ".hidden", "...", longest, "\xff\xfe"};
	struct spool_list l;

	(void)state;
	memset(longest, 'n', 255);
	longest[255] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		create(SPOOL_NEW, names[i]);
	assert_int_equal(mkdirat(spool.dirs[SPOOL_NEW], "zdir", 0700), 0);
	assert_int_equal(symlinkat("nowhere", spool.dirs[SPOOL_NEW], "zlink"), 0);
	assert_int_equal(spool_scan(&spool, SPOOL_NEW, 100, &l), 0);
	assert_int_equal(l.count, 9);
	for (size_t i = 1; i < l.count; i++)
		assert_true(strcmp(l.items[i - 1].name, l.items[i].name) < 0);
	spool_list_free(&l);
}

/* They may be there for ever, and would fill the list for ever. */
static void directories_do_not_fill_the_list(void **state)
{
	static const struct {
		enum spool_state where;
		size_t most, listed;
	} cases[] = {
		{SPOOL_NEW, 1000, SPOOL_SCAN_DIRS + 1},
		{SPOOL_TMP, 1000, SPOOL_SCAN_DIRS + 1},
		{SPOOL_NEW, SPOOL_SCAN_ALL, SPOOL_SCAN_DIRS + 4},
		{SPOOL_HOLD, 1000, SPOOL_SCAN_DIRS + 4},
	};
	struct spool_list l;
	char name[16];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (unsigned n = 0; n < SPOOL_SCAN_DIRS + 3; n++) {
			snprintf(name, sizeof(name), "d%u", n);
			(void)!mkdirat(spool.dirs[cases[i].where], name, 0700);
		}
		if (i != 2)
			create(cases[i].where, "file");
		assert_int_equal(spool_scan(&spool, cases[i].where, cases[i].most, &l), 0);
		assert_int_equal(l.count, cases[i].listed);
		assert_int_equal(l.total, SPOOL_SCAN_DIRS + 4);
		assert_string_equal(l.items[l.count - 1].name, "file");
		spool_list_free(&l);
	}
}

/* "NAME.why" in bad/ and "NAME.try" in cur/ are the consumer's own; elsewhere they are files. */
static void what_lies_beside_is_left_out(void **state)
{
	static const struct {
		enum spool_state where;
		size_t listed;
	} cases[] = {
		{SPOOL_NEW, 7},
		{SPOOL_CUR, 5},
		{SPOOL_BAD, 5},
		{SPOOL_DONE, 7},
		{SPOOL_HOLD, 7},
	};
	struct spool_list l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		create(cases[i].where, "0000000000000001-0000000000000000");
		create(cases[i].where, "0000000000000001-0000000000000000.why");
		create(cases[i].where, "0000000000000001-0000000000000000.3.why");
		create(cases[i].where, "0000000000000001-0000000000000000.try");
		create(cases[i].where, "0000000000000001-0000000000000000.3.try");
		create(cases[i].where, ".why");
		create(cases[i].where, "x.try");
		assert_int_equal(spool_scan(&spool, cases[i].where, 100, &l), 0);
		assert_int_equal(l.count, cases[i].listed);
		assert_int_equal(l.total, cases[i].listed);
		spool_list_free(&l);
	}
}

static void a_second_scan_sees_all_again(void **state)
{
	struct spool_list l;

	(void)state;
	create(SPOOL_NEW, "a");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(spool_scan(&spool, SPOOL_NEW, 10, &l), 0);
		assert_int_equal(l.count, 1);
		spool_list_free(&l);
	}
}

static void a_state_that_is_not_open(void **state)
{
	struct spool_list l = {.total = 77};
	struct spool closed = spool;

	(void)state;
	closed.dirs[SPOOL_BAD] = -1;
	assert_int_equal(spool_scan(&closed, SPOOL_BAD, 10, &l), -EACCES);
	assert_int_equal(l.total, 77);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_spool, close_spool)
	const struct CMUnitTest tests[] = {
		each(the_smallest_in_order),
		each(memory_is_bounded_by_what_is_wanted),
		each(an_empty_one),
		each(any_name_is_listed),
		each(directories_do_not_fill_the_list),
		each(what_lies_beside_is_left_out),
		each(a_second_scan_sees_all_again),
		each(a_state_that_is_not_open),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
