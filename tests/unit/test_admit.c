/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admit: who is let in from where; the list is read again when it was replaced, and a damaged one
 * changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "ingestd/admit.h"
#include "lib/io.h"
#include "tests/unit/scratch.h"

#define MAGIC  "punchd-admission 1\n"
#define MAGIC2 "punchd-admission 2\n"

static bool read_fails;

ssize_t read(int fd, void *into, size_t room)
{
	if (read_fails) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_read, fd, into, room);
}

static int setup(void **state)
{
	read_fails = false;
	return scratch_make(state);
}

static void put(void *const *state, struct span text)
{
	int dir = io_open_dir(AT_FDCWD, *state);

	assert_int_equal(io_replace_file(dir, "admission", text, 0644), 0);
	io_close(dir);
}

static struct admit *open_list(void *const *state)
{
	struct admit *a = NULL;

	assert_int_equal(admit_open(scratch_path(state, "admission"), false, &a), 0);
	return a;
}

static bool has(const struct admit *a, const char *serial)
{
	return admit_ask(a, serial, "192.0.2.7") == ADMIT_IN;
}

static void no_list_nobody(void **state)
{
	struct admit *a = open_list(state);

	assert_int_equal(admit_count(a), 0);
	assert_false(has(a, "A"));
	assert_int_equal(admit_refresh(a), 0);
	put(state, span_str(MAGIC "A\n"));
	assert_int_equal(admit_refresh(a), 1);
	assert_true(has(a, "A"));
	admit_close(a);
}

static void everybody(void **state)
{
	struct admit *a = NULL;

	put(state, span_str("damaged"));
	assert_int_equal(admit_open(scratch_path(state, "admission"), true, &a), 0);
	assert_true(has(a, "A"));
	assert_int_equal(admit_refresh(a), 0);
	admit_close(a);
}

static void who_is_on_it(void **state)
{
	static const char *const in[] = {"B", "A1", "a1", "12345678901234567890123456789_-Z"};
	static const char *const out[] = {"", "A", "b", "A12", "B\n",
		"12345678901234567890123456789_-", "12345678901234567890123456789_-ZZ",
		"punchd-admission 1"};

	put(state, span_str(MAGIC "B\na1\n12345678901234567890123456789_-Z\nA1\nB\n"));
	struct admit *a = open_list(state);
	for (size_t i = 0; i < sizeof(in) / sizeof(*in); i++)
		assert_true(has(a, in[i]));
	for (size_t i = 0; i < sizeof(out) / sizeof(*out); i++)
		assert_false(has(a, out[i]));
	admit_close(a);
}

static void many(void **state)
{
	struct buf b = buf_with_max(1 << 20);
	char serial[16];

	assert_int_equal(buf_add_str(&b, MAGIC), 0);
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(buf_printf(&b, "S%u\n", i * 7919 % 10000), 0);
	put(state, buf_span(&b));
	struct admit *a = open_list(state);
	assert_int_equal(admit_count(a), 10000);
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(serial, sizeof(serial), "S%u", i);
		assert_true(has(a, serial));
	}
	assert_false(has(a, "S10000"));
	admit_close(a);
	buf_free(&b);
}

static void from_where(void **state)
{
	static const struct {
		const char *serial, *peer;
		enum admit_verdict verdict;
	} cases[] = {
		{"ANY", "192.0.2.7", ADMIT_IN},
		{"ANY", "2001:db8::7", ADMIT_IN},
		{"ANY", "", ADMIT_IN},
		{"ONE", "192.0.2.7", ADMIT_IN},
		{"ONE", "::ffff:192.0.2.7", ADMIT_IN},
		{"ONE", "192.0.3.7", ADMIT_ELSEWHERE},
		{"ONE", "2001:db8::7", ADMIT_ELSEWHERE},
		{"ONE", "", ADMIT_ELSEWHERE},
		{"ONE", "192.0.2.7 ", ADMIT_ELSEWHERE},
		{"TWO", "198.51.100.9", ADMIT_IN},
		{"TWO", "198.51.100.8", ADMIT_ELSEWHERE},
		{"TWO", "2001:db8:1::7", ADMIT_IN},
		{"TWO", "2001:db9::7", ADMIT_ELSEWHERE},
		{"TWO", "192.0.2.7", ADMIT_ELSEWHERE},
		{"NONE", "192.0.2.7", ADMIT_UNKNOWN},
	};

	put(state, span_str(MAGIC2 "TWO 198.51.100.9,2001:db8::/32\nANY\nONE 192.0.2.0/24\n"));
	struct admit *a = open_list(state);
	assert_int_equal(admit_count(a), 3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(admit_ask(a, cases[i].serial, cases[i].peer), cases[i].verdict);
	/* They hold for as long as the list says so. */
	put(state, span_str(MAGIC2 "ONE\nANY 198.51.100.0/24\n"));
	assert_int_equal(admit_refresh(a), 1);
	assert_int_equal(admit_ask(a, "ONE", "192.0.3.7"), ADMIT_IN);
	assert_int_equal(admit_ask(a, "ANY", "192.0.2.7"), ADMIT_ELSEWHERE);
	assert_int_equal(admit_ask(a, "TWO", "198.51.100.9"), ADMIT_UNKNOWN);
	admit_close(a);
}

static void many_with_networks(void **state)
{
	struct buf b = buf_with_max(1 << 20);
	char serial[16], peer[32];

	assert_int_equal(buf_add_str(&b, MAGIC2), 0);
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(buf_printf(&b, "S%u 10.%u.%u.0/24\n", i, i >> 8, i & 255), 0);
	put(state, buf_span(&b));
	struct admit *a = open_list(state);
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(serial, sizeof(serial), "S%u", i);
		snprintf(peer, sizeof(peer), "10.%u.%u.200", i >> 8, i & 255);
		assert_int_equal(admit_ask(a, serial, peer), ADMIT_IN);
		peer[1] = '1';
		assert_int_equal(admit_ask(a, serial, peer), ADMIT_ELSEWHERE);
	}
	admit_close(a);
	buf_free(&b);
}

static void a_list_of_nobody(void **state)
{
	put(state, span_str(MAGIC "A\n"));
	struct admit *a = open_list(state);
	put(state, span_str(MAGIC));
	assert_int_equal(admit_refresh(a), 1);
	assert_int_equal(admit_count(a), 0);
	assert_false(has(a, "A"));
	admit_close(a);
}

static void it_is_replaced(void **state)
{
	put(state, span_str(MAGIC "A\n"));
	struct admit *a = open_list(state);
	for (int i = 0; i < 50; i++) {
		/* The same length: it is another file all the same. */
		put(state, span_str(i % 2 ? MAGIC "A\n" : MAGIC "B\n"));
		assert_int_equal(admit_refresh(a), 1);
		assert_int_equal(has(a, "A"), i % 2 != 0);
		assert_int_equal(has(a, "B"), i % 2 == 0);
		assert_int_equal(admit_refresh(a), 0);
	}
	admit_close(a);
}

/* cmdqd is being set up anew: that shuts nobody out. */
static void it_is_gone(void **state)
{
	put(state, span_str(MAGIC "A\n"));
	struct admit *a = open_list(state);
	assert_int_equal(unlink(scratch_path(state, "admission")), 0);
	assert_int_equal(admit_refresh(a), 0);
	assert_true(has(a, "A"));
	admit_close(a);
}

static void a_damaged_one_changes_nothing(void **state)
{
	static const struct span damaged[] = {
		{"", 0},
		{"B\n", 2},
		{"punchd-admission 3\nB\n", 21},
		{"punchd-admission 1 \nB\n", 22},
		{"\npunchd-admission 1\nB\n", 22},
		{MAGIC "B\n\nC\n", 24},
		{MAGIC "B\n\n", 22},
		{MAGIC "B \n", 22},
		{MAGIC "B\0\n", 22},
		{MAGIC "B\n#C\n", 24},
		{MAGIC "B\n123456789012345678901234567890123\n", 55},
		{MAGIC "B\nC D", 24},
		{MAGIC "B 192.0.2.0/24\n", 34},
		{MAGIC2 "B\n\n", 22},
		{MAGIC2 "B \n", 22},
		{MAGIC2 " 192.0.2.0/24\n", 33},
		{MAGIC2 "B  192.0.2.0/24\n", 35},
		{MAGIC2 "B 192.0.2.0/24 \n", 35},
		{MAGIC2 "B 192.0.2.0/24, 198.51.100.0/24\n", 51},
		{MAGIC2 "B 192.0.2.0/24,\n", 35},
		{MAGIC2 "B 192.0.2.1/24\n", 34},
		{MAGIC2 "B 192.0.2.0/33\n", 34},
		{MAGIC2 "B elsewhere\n", 31},
		{MAGIC2 "B\nC\nB\n", 25},
		{MAGIC2 "B 192.0.2.0/24\nB\n", 36},
	};

	put(state, span_str(MAGIC "A\n"));
	struct admit *a = open_list(state);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
		put(state, damaged[i]);
		assert_int_equal(admit_refresh(a), -EBADMSG);
		assert_int_equal(admit_refresh(a), 0); /* complained of once */
		assert_true(has(a, "A"));
		assert_false(has(a, "B"));
		assert_int_equal(admit_count(a), 1);
	}
	put(state, span_str(MAGIC "B\n"));
	assert_int_equal(admit_refresh(a), 1);
	assert_true(has(a, "B"));
	assert_false(has(a, "A"));
	admit_close(a);
}

/* The disk has a bad moment: the list is as good as before, and is read as soon as it can be. */
static void bad_surroundings_are_tried_again(void **state)
{
	put(state, span_str(MAGIC "A\n"));
	struct admit *a = open_list(state);
	put(state, span_str(MAGIC "B\n"));
	read_fails = true;
	assert_int_equal(admit_refresh(a), -EIO);
	assert_int_equal(admit_refresh(a), -EIO);
	assert_true(has(a, "A"));
	read_fails = false;
	assert_int_equal(admit_refresh(a), 1);
	assert_true(has(a, "B"));
	admit_close(a);
}

static void what_is_no_list(void **state)
{
	put(state, span_str(MAGIC "A\n"));
	struct admit *a = open_list(state);
	int dir = io_open_dir(AT_FDCWD, *state);
	assert_int_equal(io_replace_file(dir, "elsewhere", span_str(MAGIC "B\n"), 0644), 0);
	io_close(dir);
	assert_int_equal(unlink(scratch_path(state, "admission")), 0);
	assert_int_equal(symlink("elsewhere", scratch_path(state, "admission")), 0);
	assert_true(admit_refresh(a) < 0);
	assert_int_equal(unlink(scratch_path(state, "admission")), 0);
	assert_int_equal(mkfifo(scratch_path(state, "admission"), 0600), 0);
	assert_true(admit_refresh(a) < 0); /* and does not wait */
	assert_int_equal(unlink(scratch_path(state, "admission")), 0);
	assert_int_equal(mkdir(scratch_path(state, "admission"), 0700), 0);
	assert_true(admit_refresh(a) < 0);
	assert_true(has(a, "A"));
	assert_false(has(a, "B"));
	admit_close(a);
}

static void no_directory(void **state)
{
	struct admit *a = NULL;

	assert_int_equal(admit_open(scratch_path(state, "nowhere/admission"), false, &a), -ENOENT);
	assert_null(a);
	assert_int_equal(
		admit_open(scratch_path(state, "a-name-that-is-longer-than-sixty-four-bytes-and-so-"
					       "cannot-be-kept"),
			false, &a),
		-ENAMETOOLONG);
	assert_null(a);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, setup, scratch_remove)
	const struct CMUnitTest tests[] = {
		each(no_list_nobody),
		each(everybody),
		each(who_is_on_it),
		each(many),
		each(from_where),
		each(many_with_networks),
		each(a_list_of_nobody),
		each(it_is_replaced),
		each(it_is_gone),
		each(a_damaged_one_changes_nothing),
		each(bad_surroundings_are_tried_again),
		each(what_is_no_list),
		each(no_directory),
	};

	return cmocka_run_group_tests_name("admit", tests, NULL, NULL);
}
