/* SPDX-License-Identifier: GPL-2.0-or-later */
/* claim: the consumer trusts nothing that it finds in new/, loses nothing, and may be killed
 * anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "lib/io.h"
#include "spool/spool.h"
#include "tests/unit/scratch.h"
#include "tests/unit/somebody.h"

#define NAME  "0000000000000001-00000000000000ff"
#define OTHER "0000000000000002-00000000000000ff"
#define MAX   1000 /* bytes of a file that is taken */

static struct spool spool;

static int open_spool(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_CONSUMING, &spool), 0);
	return 0;
}

static int close_spool(void **state)
{
	spool_close(&spool);
	return scratch_remove(state);
}

/* ---- files ---- */

static void create(enum spool_state where, const char *name, struct span bytes, mode_t mode)
{
	int fd = openat(spool.dirs[where], name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, bytes), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static bool is_there(enum spool_state where, const char *name)
{
	return faccessat(spool.dirs[where], name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct buf contents(enum spool_state where, const char *name)
{
	struct buf b = buf_with_max(1 << 16);
	int fd = openat(spool.dirs[where], name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(io_read_all(fd, &b), 0);
	close(fd);
	return b;
}

static void assert_contents(enum spool_state where, const char *name, const char *expected)
{
	struct buf b = contents(where, name);

	assert_true(span_is(buf_span(&b), expected));
	buf_free(&b);
}

/* The reason file of bad/NAME has this in it. */
static void assert_why(const char *name, const char *part)
{
	char file[SPOOL_NAME_BYTES + 8];

	snprintf(file, sizeof(file), "%s.why", name);
	struct buf b = contents(SPOOL_BAD, file);
	assert_int_equal(buf_add(&b, "", 1), 0);
	if (!strstr(b.ptr, part))
		fail_msg("\"%s\" is not in \"%s\"", part, b.ptr);
	buf_free(&b);
}

static size_t count(enum spool_state where)
{
	struct spool_list l;

	assert_int_equal(spool_scan(&spool, where, 100, &l), 0);
	size_t n = l.count;
	spool_list_free(&l);
	return n;
}

/* ---- one that changes while it is read ---- */

static void (*during_read)(void); /* once, between the bytes and the end */

ssize_t read(int fd, void *into, size_t room)
{
	ssize_t n = syscall(SYS_read, fd, into, room);

	if (during_read && n > 0) {
		void (*act)(void) = during_read;
		during_read = NULL;
		act();
	}
	return n;
}

static void grow(void)
{
	int fd = openat(spool.dirs[SPOOL_CUR], NAME, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_int_equal(write(fd, "more", 4), 4);
	close(fd);
}

static void shrink(void)
{
	int fd = openat(spool.dirs[SPOOL_CUR], NAME, O_WRONLY | O_TRUNC | O_CLOEXEC);

	close(fd);
}

static void touch(void)
{
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	assert_int_equal(utimensat(spool.dirs[SPOOL_CUR], NAME, times, 0), 0);
}

/* ---- claiming ---- */

static void a_file_goes_its_way(void **state)
{
	(void)state;
	create(SPOOL_NEW, NAME, span_str("x"), 0640);
	assert_int_equal(spool_claim(&spool, NAME), 0);
	assert_false(is_there(SPOOL_NEW, NAME));
	assert_contents(SPOOL_CUR, NAME, "x");
	assert_int_equal(spool_release(&spool, NAME), 0);
	assert_contents(SPOOL_NEW, NAME, "x");
	assert_int_equal(spool_claim(&spool, NAME), 0);
	assert_int_equal(spool_finish(&spool, NAME), 0);
	assert_false(is_there(SPOOL_CUR, NAME));
	assert_contents(SPOOL_DONE, NAME, "x");
}

static void what_is_not_there(void **state)
{
	struct buf b = buf_with_max(MAX);
	const char *why = "";
	char bad_name[SPOOL_NAME_BYTES];

	(void)state;
	assert_int_equal(spool_claim(&spool, NAME), -ENOENT);
	assert_int_equal(spool_load(&spool, NAME, &b, &why), -ENOENT);
	assert_int_equal(spool_finish(&spool, NAME), -ENOENT);
	assert_int_equal(spool_release(&spool, NAME), -ENOENT);
	assert_int_equal(spool_refuse(&spool, SPOOL_NEW, NAME, "why", bad_name), -ENOENT);
	assert_int_equal(count(SPOOL_BAD), 0);
	assert_false(is_there(SPOOL_BAD, NAME ".why")); /* no reason without a file */
}

/* G1 */
static void a_name_is_in_one_state_only(void **state)
{
	static const enum spool_state others[] = {SPOOL_CUR, SPOOL_DONE, SPOOL_BAD, SPOOL_HOLD};
	char bad_name[SPOOL_NAME_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		create(others[i], NAME, span_str("first"), 0640);
		create(SPOOL_NEW, NAME, span_str("second"), 0640);
		assert_int_equal(spool_claim(&spool, NAME), -EEXIST);
		assert_contents(others[i], NAME, "first");
		assert_contents(SPOOL_NEW, NAME, "second");
		assert_int_equal(spool_refuse(&spool, SPOOL_NEW, NAME, "twin", bad_name), 0);
		assert_contents(others[i], NAME, "first");
		assert_contents(SPOOL_BAD, bad_name, "second");
		assert_string_not_equal(bad_name, NAME);
		assert_why(bad_name, "name: " NAME "\n");
		assert_false(is_there(SPOOL_NEW, NAME));
		assert_int_equal(unlinkat(spool.dirs[others[i]], NAME, 0), 0);
		unlinkat(spool.dirs[SPOOL_BAD], bad_name, 0);
	}
}

static void nothing_is_replaced_on_the_way(void **state)
{
	(void)state;
	create(SPOOL_CUR, NAME, span_str("working"), 0640);
	create(SPOOL_DONE, NAME, span_str("done"), 0640);
	create(SPOOL_NEW, NAME, span_str("new"), 0640);
	assert_int_equal(spool_finish(&spool, NAME), -EEXIST);
	assert_contents(SPOOL_CUR, NAME, "working");
	assert_contents(SPOOL_DONE, NAME, "done");
	assert_contents(SPOOL_NEW, NAME, "new");
}

/* Whoever takes the name of a file in work cannot keep that from coming back. */
static void a_twin_is_pushed_aside_on_release(void **state)
{
	struct spool_list l;

	(void)state;
	create(SPOOL_CUR, NAME, span_str("working"), 0640);
	create(SPOOL_NEW, NAME, span_str("twin"), 0640);
	assert_int_equal(spool_release(&spool, NAME), 0);
	assert_contents(SPOOL_NEW, NAME, "working");
	assert_int_equal(spool_scan(&spool, SPOOL_BAD, 9, &l), 0);
	assert_int_equal(l.count, 1);
	assert_contents(SPOOL_BAD, l.items[0].name, "twin");
	spool_list_free(&l);
}

/* ---- loading ---- */

/* Claims new/NAME and loads it; then it is refused and must be in bad/, whatever it is. */
static void assert_refused(const char *part_of_reason)
{
	struct buf b = buf_with_max(MAX);
	const char *why = "";
	char bad_name[SPOOL_NAME_BYTES];

	assert_int_equal(spool_claim(&spool, NAME), 0);
	assert_int_equal(spool_load(&spool, NAME, &b, &why), -EBADMSG);
	if (!strstr(why, part_of_reason))
		fail_msg("\"%s\" is not in \"%s\"", part_of_reason, why);
	assert_int_equal(spool_refuse(&spool, SPOOL_CUR, NAME, why, bad_name), 0);
	assert_string_equal(bad_name, NAME);
	assert_true(is_there(SPOOL_BAD, NAME));
	assert_false(is_there(SPOOL_CUR, NAME));
	assert_why(NAME, why);
	buf_free(&b);
}

static void a_plain_file_is_read_once(void **state)
{
	static char most[MAX];
	struct buf b = buf_with_max(MAX);
	const char *why = "untouched";

	(void)state;
	create(SPOOL_CUR, NAME, span_of("a\0b", 3), 0440);
	assert_int_equal(spool_load(&spool, NAME, &b, &why), 0);
	assert_true(span_eq(buf_span(&b), span_of("a\0b", 3)));
	buf_clear(&b);
	create(SPOOL_CUR, OTHER, span_of(most, MAX), 0640);
	assert_int_equal(spool_load(&spool, OTHER, &b, &why), 0);
	assert_int_equal(b.len, MAX);
	assert_string_equal(why, "untouched");
	buf_free(&b);
}

static void no_symbolic_link(void **state)
{
	(void)state;
	create(SPOOL_HOLD, OTHER, span_str("secret"), 0640);
	assert_int_equal(symlinkat("../hold/" OTHER, spool.dirs[SPOOL_NEW], NAME), 0);
	assert_refused("symbolic link");
	assert_contents(SPOOL_HOLD, OTHER, "secret");
}

static void no_dangling_link(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("/nowhere/at/all", spool.dirs[SPOOL_NEW], NAME), 0);
	assert_refused("symbolic link");
}

static void no_directory(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(spool.dirs[SPOOL_NEW], NAME, 0700), 0);
	assert_refused("directory");
}

/* Without looking first, opening it would wait for a writer for ever. */
static void no_fifo(void **state)
{
	(void)state;
	assert_int_equal(mkfifoat(spool.dirs[SPOOL_NEW], NAME, 0640), 0);
	assert_refused("FIFO");
}

static void no_socket(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" NAME, spool.dirs[SPOOL_NEW]);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_refused("socket");
	close(fd);
}

static void no_further_hard_link(void **state)
{
	(void)state;
	create(SPOOL_NEW, NAME, span_str("x"), 0640);
	assert_int_equal(linkat(spool.dirs[SPOOL_NEW], NAME, spool.dirs[SPOOL_TMP], "twin", 0), 0);
	assert_refused("hard links");
	assert_contents(SPOOL_TMP, "twin", "x");
}

/* As btrfs leaves it after a power cut. */
static void a_draft_of_the_same_file_is_shed(void **state)
{
	struct buf b = buf_with_max(MAX);
	const char *why = "";

	(void)state;
	create(SPOOL_NEW, NAME, span_str("x"), 0640);
	assert_int_equal(linkat(spool.dirs[SPOOL_NEW], NAME, spool.dirs[SPOOL_TMP], NAME, 0), 0);
	assert_int_equal(spool_claim(&spool, NAME), 0);
	assert_int_equal(spool_load(&spool, NAME, &b, &why), 0);
	assert_true(span_is(buf_span(&b), "x"));
	assert_false(is_there(SPOOL_TMP, NAME));
	buf_free(&b);
}

static void another_draft_of_that_name_is_not(void **state)
{
	(void)state;
	create(SPOOL_NEW, NAME, span_str("x"), 0640);
	create(SPOOL_TMP, NAME, span_str("y"), 0640);
	assert_int_equal(linkat(spool.dirs[SPOOL_NEW], NAME, spool.dirs[SPOOL_TMP], "twin", 0), 0);
	assert_refused("hard links");
	assert_contents(SPOOL_TMP, NAME, "y");
}

static void no_file_of_another_group(void **state)
{
	gid_t groups[64];
	int n = getgroups(64, groups), other = -1;

	(void)state;
	for (int i = 0; i < n; i++)
		if (groups[i] != spool.group)
			other = (int)groups[i];
	create(SPOOL_NEW, NAME, span_str("x"), 0640);
	if (other >= 0)
		assert_int_equal(
			fchownat(spool.dirs[SPOOL_NEW], NAME, (uid_t)-1, (gid_t)other, 0), 0);
	else
		spool.group++; /* this user has only one */
	assert_refused("group");
}

static void no_unreadable_file(void **state)
{
	(void)state;
	create(SPOOL_NEW, NAME, span_str("x"), 0200);
	assert_refused("may not read");
}

static void no_empty_file(void **state)
{
	(void)state;
	create(SPOOL_NEW, NAME, span_str(""), 0640);
	assert_refused("empty");
}

static void no_file_that_is_too_large(void **state)
{
	static char much[MAX + 1];

	(void)state;
	create(SPOOL_NEW, NAME, span_of(much, sizeof(much)), 0640);
	assert_refused("larger than file_max");
}

static void no_file_that_is_still_written(void **state)
{
	static void (*const acts[])(void) = {grow, shrink, touch};
	static char full[MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		create(SPOOL_NEW, NAME, span_str("half"), 0640);
		during_read = acts[i];
		assert_refused("still being written");
		assert_null(during_read);
		assert_int_equal(unlinkat(spool.dirs[SPOOL_BAD], NAME, 0), 0);
	}
	create(SPOOL_NEW, NAME, span_of(full, MAX), 0640); /* grows over the limit */
	during_read = grow;
	assert_refused("still being written");
}

/* ---- refusing ---- */

static void a_bad_name_gets_a_good_one(void **state)
{
	static char longest[256];
	const struct {
		const char *name, *escaped;
	} cases[] = {
		{"new\nline", "name: new\\x0aline\n"},
		{"-rf", "name: -rf\n"},
		{" ", "name: \\x20\n"},
		{"back\\slash", "name: back\\x5cslash\n"},
		{"\xff\x1b[31m", "name: \\xff\\x1b[31m\n"},
		{NAME ".why", "name: " NAME ".why\n"},
		{".hidden", "name: .hidden\n"},
		{longest, "name: \\xee\\xee\\xee"},
	};
	char bad_name[SPOOL_NAME_BYTES];

	(void)state;
	memset(longest, 0xee, 255);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		create(SPOOL_NEW, cases[i].name, span_str("x"), 0640);
		assert_int_equal(
			spool_refuse(&spool, SPOOL_NEW, cases[i].name, "bad name", bad_name), 0);
		assert_true(spool_name_valid(span_str(bad_name), NULL));
		assert_false(is_there(SPOOL_NEW, cases[i].name));
		assert_contents(SPOOL_BAD, bad_name, "x");
		assert_why(bad_name, "reason: bad name\n");
		assert_why(bad_name, cases[i].escaped);
	}
	assert_int_equal(count(SPOOL_BAD), sizeof(cases) / sizeof(*cases));
}

/* G1, also when it is the one in work that has to go. */
static void a_name_in_use_is_not_used_in_bad(void **state)
{
	static const enum spool_state others[] = {SPOOL_NEW, SPOOL_DONE, SPOOL_BAD, SPOOL_HOLD};
	char bad_name[SPOOL_NAME_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		create(others[i], NAME, span_str("first"), 0640);
		create(SPOOL_CUR, NAME, span_str("second"), 0640);
		assert_int_equal(spool_refuse(&spool, SPOOL_CUR, NAME, "twin", bad_name), 0);
		assert_string_not_equal(bad_name, NAME);
		assert_contents(others[i], NAME, "first");
		assert_contents(SPOOL_BAD, bad_name, "second");
		assert_int_equal(unlinkat(spool.dirs[others[i]], NAME, 0), 0);
	}
}

/* Killed between the reason and the move: the reason is there, the file is not. */
static void refusing_is_done_again(void **state)
{
	static char longer[500];
	char bad_name[SPOOL_NAME_BYTES];

	(void)state;
	create(SPOOL_CUR, NAME, span_str("x"), 0640);
	create(SPOOL_BAD, NAME ".why", span_of(longer, sizeof(longer)), 0600);
	assert_int_equal(spool_refuse(&spool, SPOOL_CUR, NAME, "short", bad_name), 0);
	assert_string_equal(bad_name, NAME);
	struct buf b = contents(SPOOL_BAD, NAME ".why");
	assert_true(span_starts(buf_span(&b), "reason: short\nrefused: "));
	assert_true(b.len < 150);
	buf_free(&b);
}

static void a_part_is_set_aside_once(void **state)
{
	(void)state;
	create(SPOOL_CUR, NAME, span_str("good bad"), 0640);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			spool_refuse_part(&spool, NAME, 3, span_of("b\0d", 3), "wrong"), 0);
		assert_int_equal(count(SPOOL_BAD), 1);
		struct buf b = contents(SPOOL_BAD, NAME ".3");
		assert_true(span_eq(buf_span(&b), span_of("b\0d", 3)));
		buf_free(&b);
		assert_why(NAME ".3", "reason: wrong\n");
		assert_contents(SPOOL_CUR, NAME, "good bad");
	}
	/* Killed within io_replace_file: its draft is no obstacle. */
	create(SPOOL_BAD, "." NAME ".4.new", span_str("half"), 0600);
	assert_int_equal(spool_refuse_part(&spool, NAME, 4, span_str("four"), "wrong"), 0);
	assert_int_equal(count(SPOOL_BAD), 2);
	assert_contents(SPOOL_BAD, NAME ".4", "four");
}

static void a_part_of_a_part_too(void **state)
{
	struct spool_list l;

	(void)state;
	create(SPOOL_CUR, NAME ".3", span_str("bad bad"), 0640);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			spool_refuse_part(&spool, NAME ".3", 1, span_str("one"), "wrong"), 0);
		assert_int_equal(
			spool_refuse_part(&spool, NAME ".3", 2, span_str("two"), "wrong"), 0);
		assert_int_equal(count(SPOOL_BAD), 2);
	}
	assert_int_equal(spool_scan(&spool, SPOOL_BAD, 10, &l), 0);
	for (size_t i = 0; i < l.count; i++) {
		assert_true(spool_name_valid(span_str(l.items[i].name), NULL));
		assert_why(l.items[i].name, "name: " NAME ".3\n");
	}
	spool_list_free(&l);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_spool, close_spool)
	const struct CMUnitTest tests[] = {
		each(a_file_goes_its_way),
		each(what_is_not_there),
		each(a_name_is_in_one_state_only),
		each(nothing_is_replaced_on_the_way),
		each(a_twin_is_pushed_aside_on_release),
		each(a_plain_file_is_read_once),
		each(no_symbolic_link),
		each(no_dangling_link),
		each(no_directory),
		each(no_fifo),
		each(no_socket),
		each(no_further_hard_link),
		each(a_draft_of_the_same_file_is_shed),
		each(another_draft_of_that_name_is_not),
		each(no_file_of_another_group),
		each(no_unreadable_file),
		each(no_empty_file),
		each(no_file_that_is_too_large),
		each(no_file_that_is_still_written),
		each(a_bad_name_gets_a_good_one),
		each(a_name_in_use_is_not_used_in_bad),
		each(refusing_is_done_again),
		each(a_part_is_set_aside_once),
		each(a_part_of_a_part_too),
	};

	return cmocka_run_group_tests_name("claim", tests, become_somebody, NULL);
}
