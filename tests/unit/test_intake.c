/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake: takes files of two spools by one watch, settles together what came together, and loses
 * nothing when any of it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "cmdqd/intake.h"
#include "lib/clock.h"
#include "lib/io.h"
#include "tests/unit/scratch.h"

/* Work that only counts. A file that says "bad" is refused; of one that says "fails" the work
 * fails with `error`. */
struct work {
	unsigned files, settled, abandoned;
	unsigned waiting; /* files since the last settle */
	int error, settle_error;
	char order[256]; /* what the files said, in their order */
};

static struct room {
	void **state;
	struct intake intakes[2];
	struct work work[2];
	struct spool writers[2];
	struct intake_watch watch;
	int loop_fd;
	uint64_t now_ms;
} room;

static const char *const kinds[] = {"order", "result"};

static int do_file(void *context, const struct spool *spool, const char *name, struct span bytes,
	const char **ret_why)
{
	struct work *w = context;
	(void)spool;

	assert_true(spool_name_valid(span_str(name), NULL));
	if (span_is(bytes, "fails") && w->error)
		return w->error;
	w->files++;
	w->waiting++;
	strncat(w->order, bytes.ptr, bytes.len);
	if (!span_is(bytes, "bad"))
		return 0;
	*ret_why = "it says so";
	return -EBADMSG;
}

static int settle(void *context, uint64_t now_ms)
{
	struct work *w = context;
	int error = w->settle_error;

	assert_int_equal(now_ms, room.now_ms);
	assert_true(w->waiting > 0);
	if (error)
		return error;
	w->settled++;
	w->waiting = 0;
	return 0;
}

static void abandon(void *context)
{
	struct work *w = context;

	w->abandoned++;
	w->waiting = 0;
}

static int open_room(void **state)
{
	int fds[2];

	if (scratch_make(state) != 0)
		return -1;
	const struct conf conf = {.spool_dir = *state,
		.file_max_bytes = 1 << 20,
		.rescan_ms = 1000,
		.draft_stale_ms = 60000};
	room = (struct room){.state = state, .now_ms = clock_mono_ms(), .loop_fd = loop_open()};
	for (int i = 0; i < 2; i++) {
		assert_int_equal(intake_open(&room.intakes[i], kinds[i], &conf, &fds[i]), 0);
		room.intakes[i].work =
			(struct intake_work){kinds[i], do_file, settle, abandon, &room.work[i]};
		room.watch.intakes[i] = &room.intakes[i];
		assert_int_equal(
			spool_open(*state, kinds[i], SPOOL_FOR_WRITING, &room.writers[i]), 0);
		/* The first turn finds that nothing was in work. */
		assert_int_equal(intake_turn(&room.intakes[i], room.now_ms), 0);
		assert_int_equal(intake_turn(&room.intakes[i], room.now_ms), 0);
		assert_false(room.intakes[i].hurry);
	}
	assert_int_equal(fds[0], fds[1]);
	return intake_watch(&room.watch, room.loop_fd, fds[0]);
}

static int close_room(void **state)
{
	for (int i = 0; i < 2; i++) {
		spool_close(&room.writers[i]);
		intake_close(&room.intakes[i]);
	}
	io_close(room.loop_fd);
	return scratch_remove(state);
}

static void post_in(int spool, const char *bytes, char ret_name[static SPOOL_NAME_BYTES])
{
	assert_int_equal(spool_post(&room.writers[spool], span_str(bytes), ret_name), 0);
}

static void post(const char *bytes, char ret_name[static SPOOL_NAME_BYTES])
{
	post_in(0, bytes, ret_name);
}

static int turn_now(void)
{
	return intake_turn(&room.intakes[0], room.now_ms);
}

static void turn(void)
{
	room.now_ms += 1000;
	assert_int_equal(turn_now(), 0);
}

static bool is_in(enum spool_state where, const char *name)
{
	return faccessat(room.intakes[0].spool.dirs[where], name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- what comes together ---- */

static void test_files_are_settled_together_and_in_order(void **state)
{
	char a[SPOOL_NAME_BYTES], b[SPOOL_NAME_BYTES], c[SPOOL_NAME_BYTES];

	(void)state;
	post("a", a);
	post("b", b);
	post("c", c);
	turn();
	assert_string_equal(room.work[0].order, "abc");
	assert_int_equal(room.work[0].settled, 1);
	assert_true(is_in(SPOOL_DONE, a) && is_in(SPOOL_DONE, b) && is_in(SPOOL_DONE, c));
	turn();
	assert_int_equal(room.work[0].settled, 1);
	assert_int_equal(room.work[0].abandoned, 0);
}

static void test_one_watch_for_both(void **state)
{
	char name[SPOOL_NAME_BYTES];

	(void)state;
	for (int i = 0; i < 2; i++) {
		post_in(i, "a", name);
		assert_int_equal(loop_turn(room.loop_fd, 0), 0);
		assert_true(room.intakes[0].hurry && room.intakes[1].hurry);
		assert_int_equal(intake_turn(&room.intakes[0], room.now_ms), 0);
		assert_int_equal(intake_turn(&room.intakes[1], room.now_ms), 0);
		assert_int_equal(room.work[i].files, 1);
		assert_false(room.intakes[0].hurry || room.intakes[1].hurry);
		assert_int_equal(loop_turn(room.loop_fd, 0), 0);
		assert_false(room.intakes[0].hurry || room.intakes[1].hurry);
	}
}

/* A watch that fails must not wake the loop for ever; files are found all the same. */
static void test_a_lost_watch(void **state)
{
	int broken_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), fd = room.watch.source.fd;
	char name[SPOOL_NAME_BYTES];

	(void)state;
	assert_int_equal(dup2(broken_fd, fd), fd);
	assert_int_equal(loop_add(room.loop_fd, &room.watch.source, EPOLLIN), 0);
	assert_int_equal(loop_turn(room.loop_fd, 0), 0);
	assert_true(room.intakes[0].hurry && room.intakes[1].hurry);
	room.intakes[0].hurry = false;
	assert_int_equal(loop_turn(room.loop_fd, 0), 0);
	assert_false(room.intakes[0].hurry);
	post("a", name);
	turn();
	assert_true(is_in(SPOOL_DONE, name));
	io_close(broken_fd);
}

/* ---- what is refused ---- */

/* Only after what the work says of it is durable. */
static void test_a_refused_file_waits_for_the_settling_too(void **state)
{
	char name[SPOOL_NAME_BYTES], why[SPOOL_NAME_BYTES + 4];

	(void)state;
	post("bad", name);
	room.work[0].settle_error = -EIO;
	turn();
	assert_true(is_in(SPOOL_NEW, name));
	room.work[0].settle_error = 0;
	turn();
	assert_true(is_in(SPOOL_BAD, name));
	assert_int_equal(room.work[0].settled, 1);
	snprintf(why, sizeof(why), "%s.why", name);
	assert_true(is_in(SPOOL_BAD, why));
}

static void test_good_and_bad_files_together(void **state)
{
	char first[SPOOL_NAME_BYTES], second[SPOOL_NAME_BYTES], third[SPOOL_NAME_BYTES];

	(void)state;
	post("bad", first);
	post("good", second);
	post("bad", third);
	turn();
	assert_true(is_in(SPOOL_BAD, first));
	assert_true(is_in(SPOOL_DONE, second));
	assert_true(is_in(SPOOL_BAD, third));
	assert_false(room.intakes[0].failed);
}

static void test_a_name_that_was_done_before(void **state)
{
	char name[SPOOL_NAME_BYTES];

	(void)state;
	post("a", name);
	turn();
	io_close(openat(room.writers[0].dirs[SPOOL_NEW], name, O_CREAT | O_WRONLY, 0640));
	turn();
	assert_true(is_in(SPOOL_DONE, name));
	assert_false(is_in(SPOOL_NEW, name));
	assert_false(is_in(SPOOL_CUR, name));
}

/* Here it cannot be refused, for its reason finds a directory in the way. */
static void test_what_is_left_keeps_nobody_waiting(void **state)
{
	static const char stuck[] = "0000000000000001-0000000000000001";
	int bad = room.intakes[0].spool.dirs[SPOOL_BAD];
	char name[SPOOL_NAME_BYTES], why[SPOOL_NAME_BYTES + 4];

	(void)state;
	snprintf(why, sizeof(why), "%s.why", stuck);
	io_close(openat(room.writers[0].dirs[SPOOL_NEW], stuck, O_CREAT | O_WRONLY, 0640));
	assert_int_equal(mkdirat(bad, why, 0700), 0);
	post("a", name);
	turn();
	assert_true(is_in(SPOOL_NEW, stuck));
	assert_true(is_in(SPOOL_DONE, name));
	assert_false(room.intakes[0].failed);
	assert_int_equal(unlinkat(bad, why, AT_REMOVEDIR), 0);
	turn();
	assert_true(is_in(SPOOL_NEW, stuck));
	assert_false(room.intakes[0].hurry);
	room.now_ms += SPOOL_LEFT_US / 1000;
	turn();
	assert_true(is_in(SPOOL_BAD, stuck));
}

/* ---- what fails ---- */

static void test_settling_fails(void **state)
{
	char a[SPOOL_NAME_BYTES], b[SPOOL_NAME_BYTES];

	(void)state;
	post("a", a);
	post("b", b);
	room.work[0].settle_error = -EIO;
	turn();
	assert_true(is_in(SPOOL_NEW, a) && is_in(SPOOL_NEW, b));
	assert_int_equal(room.work[0].abandoned, 1);
	/* What is given back raises the watch; only time starts the next pass. */
	room.intakes[0].hurry = true;
	room.work[0].settle_error = 0;
	room.now_ms++;
	assert_int_equal(turn_now(), 0);
	assert_true(is_in(SPOOL_NEW, a));
	turn();
	assert_true(is_in(SPOOL_DONE, a) && is_in(SPOOL_DONE, b));
	assert_string_equal(room.work[0].order, "abab");
}

/* The disk refuses a rename: with the next scan it is worked on once more, and done. */
static void test_what_could_not_leave_is_taken_up_again(void **state)
{
	struct spool *s = &room.intakes[0].spool;
	int done = s->dirs[SPOOL_DONE];
	char a[SPOOL_NAME_BYTES];

	(void)state;
	post("a", a);
	s->dirs[SPOOL_DONE] = -1;
	turn();
	assert_true(is_in(SPOOL_CUR, a));
	turn();
	assert_true(is_in(SPOOL_CUR, a));
	s->dirs[SPOOL_DONE] = done;
	turn();
	turn();
	assert_true(is_in(SPOOL_DONE, a));
	assert_false(is_in(SPOOL_CUR, a));
	turn();
	turn();
	assert_false(room.intakes[0].hurry);
}

/* Nor can what failed go back: its time comes all the same. */
static void test_what_could_not_go_back_is_taken_up_again(void **state)
{
	struct spool *s = &room.intakes[0].spool;
	int new = s->dirs[SPOOL_NEW];
	char a[SPOOL_NAME_BYTES];

	(void)state;
	post("fails", a);
	room.work[0].error = -EIO;
	assert_int_equal(spool_claim(s, a), 0);
	room.intakes[0].recovered = false;
	s->dirs[SPOOL_NEW] = -1;
	turn();
	s->dirs[SPOOL_NEW] = new;
	assert_true(is_in(SPOOL_CUR, a));
	room.work[0].error = 0;
	turn();
	turn();
	assert_true(is_in(SPOOL_CUR, a));
	room.now_ms += SPOOL_LEFT_US / 1000;
	turn();
	turn();
	assert_true(is_in(SPOOL_DONE, a));
	assert_string_equal(room.work[0].order, "fails");
}

/* The map has grown: there is nothing to wait for. */
static void test_again_at_once(void **state)
{
	char a[SPOOL_NAME_BYTES], b[SPOOL_NAME_BYTES];

	(void)state;
	post("a", a);
	post("fails", b);
	room.work[0].error = -EAGAIN;
	turn();
	assert_true(is_in(SPOOL_NEW, a) && is_in(SPOOL_NEW, b));
	assert_true(room.intakes[0].hurry);
	assert_false(room.intakes[0].failed);
	room.work[0].error = 0;
	room.work[0].settle_error = -EAGAIN;
	assert_int_equal(turn_now(), 0);
	assert_true(is_in(SPOOL_NEW, a) && is_in(SPOOL_NEW, b));
	assert_int_equal(room.work[0].abandoned, 2);
	room.work[0].settle_error = 0;
	assert_int_equal(turn_now(), 0);
	assert_true(is_in(SPOOL_DONE, a) && is_in(SPOOL_DONE, b));
}

/* What one has put into the transaction half is given up with all that is in it; then the others
 * go on without it, until its time has come again. */
static void test_one_that_fails_is_left(void **state)
{
	char a[SPOOL_NAME_BYTES], b[SPOOL_NAME_BYTES], c[SPOOL_NAME_BYTES];

	(void)state;
	post("a", a);
	post("fails", b);
	post("c", c);
	room.work[0].error = -EIO;
	turn();
	assert_int_equal(room.work[0].settled, 0);
	assert_int_equal(room.work[0].abandoned, 1);
	assert_true(is_in(SPOOL_NEW, a) && is_in(SPOOL_NEW, b) && is_in(SPOOL_NEW, c));
	assert_int_equal(turn_now(), 0);
	assert_true(is_in(SPOOL_DONE, a) && is_in(SPOOL_NEW, b) && is_in(SPOOL_DONE, c));
	assert_string_equal(room.work[0].order, "aac");
	room.work[0].error = 0;
	room.now_ms += SPOOL_LEFT_US / 1000;
	turn();
	assert_true(is_in(SPOOL_DONE, b));
}

static void test_a_damaged_store_is_the_end(void **state)
{
	char a[SPOOL_NAME_BYTES];

	(void)state;
	post("fails", a);
	room.work[0].error = -EUCLEAN;
	room.now_ms += 1000;
	assert_int_equal(turn_now(), -EUCLEAN);
	assert_true(is_in(SPOOL_NEW, a));
	room.work[0].error = 0;
	room.work[0].settle_error = -ENOTRECOVERABLE;
	room.now_ms += 1000;
	assert_int_equal(turn_now(), -ENOTRECOVERABLE);
	assert_true(is_in(SPOOL_NEW, a));
}

/* ---- death ---- */

/* As after a death: `tries` of them were counted. */
static void die_with(const char *name, int tries)
{
	const struct spool *s = &room.intakes[0].spool;

	assert_int_equal(spool_claim(s, name), 0);
	for (int i = 0; i < tries; i++)
		assert_int_equal(spool_tries_count(s, name), i);
	room.intakes[0].recovered = false;
	room.intakes[0].next_in_work = 0;
	room.intakes[0].hurry = true;
}

static void test_what_was_in_work_is_done_alone_and_first(void **state)
{
	char first[SPOOL_NAME_BYTES], second[SPOOL_NAME_BYTES], third[SPOOL_NAME_BYTES];

	(void)state;
	post("a", first);
	post("b", second);
	post("c", third);
	die_with(third, 0);
	die_with(second, SPOOL_TRIES_MAX - 2);
	turn();
	assert_true(is_in(SPOOL_DONE, second));
	assert_true(is_in(SPOOL_CUR, third));
	assert_int_equal(turn_now(), 0);
	assert_true(is_in(SPOOL_DONE, third));
	assert_true(is_in(SPOOL_NEW, first));
	for (int i = 0; i < 2; i++) /* nothing else was in work; and then the rest */
		assert_int_equal(turn_now(), 0);
	assert_string_equal(room.work[0].order, "bca");
	assert_int_equal(room.work[0].settled, 3);
	assert_true(is_in(SPOOL_DONE, first));
}

/* It comes again with the others. */
static void test_what_was_in_work_fails(void **state)
{
	char name[SPOOL_NAME_BYTES];

	(void)state;
	post("a", name);
	die_with(name, 0);
	room.work[0].settle_error = -EAGAIN;
	turn();
	assert_true(is_in(SPOOL_NEW, name));
	room.work[0].settle_error = 0;
	for (int i = 0; i < 3; i++)
		assert_int_equal(turn_now(), 0);
	assert_true(is_in(SPOOL_DONE, name));
	assert_string_equal(room.work[0].order, "aa");
}

static void test_the_tenth_death_is_the_last(void **state)
{
	char name[SPOOL_NAME_BYTES], tries[SPOOL_NAME_BYTES + 4];

	(void)state;
	post("a", name);
	die_with(name, SPOOL_TRIES_MAX - 1);
	turn();
	assert_true(is_in(SPOOL_BAD, name));
	snprintf(tries, sizeof(tries), "%s.try", name);
	assert_false(is_in(SPOOL_CUR, tries));
	assert_int_equal(room.work[0].files, 0);
}

static void test_one_consumer_a_spool(void **state)
{
	const struct conf conf = {.spool_dir = *state, .file_max_bytes = 1, .rescan_ms = 1};
	struct intake second;
	int fd = 99;

	assert_int_equal(intake_open(&second, "order", &conf, &fd), -EBUSY);
	assert_int_equal(fd, 99);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_room, close_room)
	const struct CMUnitTest tests[] = {
		each(test_files_are_settled_together_and_in_order),
		each(test_one_watch_for_both),
		each(test_a_lost_watch),
		each(test_a_refused_file_waits_for_the_settling_too),
		each(test_good_and_bad_files_together),
		each(test_a_name_that_was_done_before),
		each(test_what_is_left_keeps_nobody_waiting),
		each(test_settling_fails),
		each(test_what_could_not_leave_is_taken_up_again),
		each(test_what_could_not_go_back_is_taken_up_again),
		each(test_again_at_once),
		each(test_one_that_fails_is_left),
		each(test_a_damaged_store_is_the_end),
		each(test_what_was_in_work_is_done_alone_and_first),
		each(test_what_was_in_work_fails),
		each(test_the_tenth_death_is_the_last),
		each(test_one_consumer_a_spool),
	};

	return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
