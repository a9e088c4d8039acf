/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commit: entries become durable in groups, nobody is told before the disk has it, and a failure is
 * everybody's whom it concerns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "ingestd/commit.h"
#include "lib/io.h"
#include "tests/unit/scratch.h"

#define GROUP_BYTES (8u * 1024 * 1024) /* as in commit.c */

static struct spool spool;
static struct commit_lane *lane;
static int done_fd;

/* ---- the committer's calls, watched and held ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool gate_closed, at_gate;
static char steps[4096]; /* F fsync of a file, D of a directory, r rename, ! answered */
static char fail_sync_of;
static unsigned fail_at; /* which of them, from 1; 0: all */
static unsigned synced_of;

static void note(char step)
{
	size_t len = strlen(steps);

	if (len + 1 < sizeof(steps))
		steps[len] = step;
}

int fsync(int fd)
{
	struct stat st;
	bool failing = false;

	if (fstat(fd, &st) < 0)
		return -1;
	char step = S_ISDIR(st.st_mode) ? 'D' : 'F';
	pthread_mutex_lock(&mutex);
	at_gate = true;
	pthread_cond_broadcast(&changed);
	while (gate_closed)
		pthread_cond_wait(&changed, &mutex);
	at_gate = false;
	note(step);
	if (step == fail_sync_of)
		failing = ++synced_of == fail_at || fail_at == 0;
	pthread_mutex_unlock(&mutex);
	if (failing) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	pthread_mutex_lock(&mutex);
	note('r');
	pthread_mutex_unlock(&mutex);
	return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

int eventfd_write(int fd, eventfd_t value)
{
	pthread_mutex_lock(&mutex);
	note('!');
	pthread_mutex_unlock(&mutex);
	return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}

static void close_gate(void)
{
	pthread_mutex_lock(&mutex);
	gate_closed = true;
	pthread_mutex_unlock(&mutex);
}

/* Until the committer stands in front of the closed gate. */
static void wait_at_gate(void)
{
	pthread_mutex_lock(&mutex);
	while (!at_gate)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
}

static void open_gate(void)
{
	pthread_mutex_lock(&mutex);
	gate_closed = false;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

/* ---- a lane ---- */

static int open_lane(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	fail_sync_of = 0;
	fail_at = synced_of = 0;
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_CONSUMING, &spool), 0);
	done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(commit_open(&spool, done_fd, 8 << 20, &lane), 0);
	memset(steps, 0, sizeof(steps));
	return 0;
}

static int close_lane(void **state)
{
	commit_finish(lane);
	commit_free(lane);
	close(done_fd);
	spool_close(&spool);
	return scratch_remove(state);
}

/* An item with an entry whose body is a number. */
struct one {
	struct commit_item item; /* first */
	struct buf bytes;
	unsigned number;
	bool back;
};

static void make_entry(unsigned number, size_t padding, struct buf *into)
{
	char text[16];
	struct buf body = buf_with_max(1 << 24);
	int len = snprintf(text, sizeof(text), "%u ", number);

	assert_int_equal(buf_add(&body, text, (size_t)len), 0);
	if (padding) {
		assert_int_equal(buf_reserve(&body, padding), 0);
		memset(body.ptr + body.len, '.', padding);
		body.len += padding;
	}
	struct spool_entry e = {
		.received_us = 1767607200123456,
		.kind = span_str("upload"),
		.serial = span_str("ABCD250100001"),
		.target = span_str("/iclock/cdata?SN=ABCD250100001&table=ATTLOG"),
		.body = buf_span(&body),
	};
	assert_int_equal(spool_entry_put(into, &e), 0);
	buf_free(&body);
}

static void make_one(struct one *o, unsigned number, size_t padding)
{
	*o = (struct one){.item = {.draft = {.fd = -1}}, .number = number};
	o->bytes = buf_with_max(1 << 24);
	make_entry(number, padding, &o->bytes);
	o->item.bytes = buf_span(&o->bytes);
}

static void make_draft(struct one *o, unsigned number)
{
	make_one(o, number, 0);
	assert_int_equal(spool_draft_open(&spool, &o->item.draft), 0);
	assert_int_equal(io_write_all(o->item.draft.fd, buf_span(&o->bytes)), 0);
	o->item.bytes = span_of(NULL, 0);
}

/* Takes back until `count` are there. */
static void collect(struct one *all, size_t count)
{
	size_t back = 0;

	while (back < count) {
		struct pollfd p = {.fd = done_fd, .events = POLLIN};
		eventfd_t n;
		assert_int_equal(poll(&p, 1, 60000), 1);
		assert_int_equal(eventfd_read(done_fd, &n), 0);
		struct commit_item *next, *i = commit_collect(lane);
		for (; i; i = next) {
			struct one *o = (struct one *)(void *)i;
			next = i->next;
			assert_true(o >= all && o < all + count);
			assert_false(o->back);
			o->back = true;
			back++;
		}
	}
	assert_null(commit_collect(lane));
}

static void free_all(struct one *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_free(&all[i].bytes);
		spool_draft_drop(&spool, &all[i].item.draft);
	}
}

/* ---- what is in the spool then ---- */

/* The numbers of a file's entries, which must follow each other. How many there are. */
static unsigned read_file(const char *name, unsigned *ret_first)
{
	struct buf b = buf_with_max(1 << 26);
	struct spool_entry e;
	struct span part;
	const char *why = "";
	size_t offset = 0;
	unsigned count = 0, last = 0;
	int fd = openat(spool.dirs[SPOOL_NEW], name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(io_read_all(fd, &b), 0);
	close(fd);
	for (;;) {
		enum spool_verdict v = spool_entry_next(
			buf_span(&b), span_str("upload"), &offset, &count, &e, &part, &why);
		if (v == SPOOL_FILE_ENDED)
			break;
		assert_int_equal(v, SPOOL_ENTRY);
		assert_true(e.checked);
		unsigned number = (unsigned)atoi(e.body.ptr); /* a blank follows */
		if (count == 1)
			*ret_first = number;
		else
			assert_int_equal(number, last + 1);
		last = number;
	}
	buf_free(&b);
	return count;
}

struct found {
	size_t files;
	unsigned entries, most; /* of a file */
};

static struct found look(void)
{
	struct found f = {0};
	struct spool_list l;
	unsigned first;

	assert_int_equal(spool_scan(&spool, SPOOL_NEW, 10000, &l), 0);
	for (size_t i = 0; i < l.count; i++) {
		unsigned n = read_file(l.items[i].name, &first);
		f.files++;
		f.entries += n;
		if (n > f.most)
			f.most = n;
	}
	spool_list_free(&l);
	return f;
}

static size_t drafts(void)
{
	struct spool_list l;

	assert_int_equal(spool_scan(&spool, SPOOL_TMP, 100, &l), 0);
	size_t n = l.count;
	spool_list_free(&l);
	return n;
}

static void submit(struct one *o)
{
	commit_submit(lane, &o->item);
	commit_kick(lane);
}

/* Submits them so that they are one group: the committer is busy with another one meanwhile. */
static void submit_together(struct one *first, struct one *rest, size_t count)
{
	close_gate();
	submit(first);
	wait_at_gate();
	for (size_t i = 0; i < count; i++)
		commit_submit(lane, &rest[i].item);
	open_gate();
}

/* ---- the tests ---- */

static unsigned count_steps(char step)
{
	unsigned count = 0;

	for (const char *s = steps; *s; s++)
		count += *s == step;
	return count;
}

/* So many groups, perhaps by both committers at once, and in none a step before its time. */
static void assert_in_order(unsigned groups)
{
	static const char order[] = "FrD!";
	unsigned seen[4] = {0};

	for (const char *s = steps; *s; s++) {
		size_t step = (size_t)(strchr(order, *s) - order);
		seen[step]++;
		for (size_t earlier = 0; earlier < step; earlier++)
			assert_true(seen[earlier] >= seen[step]);
	}
	for (size_t step = 0; step < 4; step++)
		assert_int_equal(seen[step], groups);
}

static void one_alone_in_the_order_that_keeps_the_promise(void **state)
{
	struct one o;

	(void)state;
	make_one(&o, 1, 0);
	submit(&o);
	collect(&o, 1);
	assert_int_equal(o.item.result, 0);
	assert_string_equal(steps, "FrD!");
	assert_int_equal(look().entries, 1);
	assert_int_equal(drafts(), 0);
	free_all(&o, 1);
}

static void sixty_four_share_a_file(void **state)
{
	static struct one all[65];

	(void)state;
	for (unsigned i = 0; i < 65; i++)
		make_one(&all[i], i, 0);
	submit_together(&all[0], all + 1, 64);
	collect(all, 65);
	for (unsigned i = 0; i < 65; i++)
		assert_int_equal(all[i].item.result, 0);
	assert_in_order(2); /* two syncs each for 1 and for 64 */
	struct found f = look();
	assert_int_equal(f.files, 2);
	assert_int_equal(f.entries, 65);
	assert_int_equal(f.most, 64);
	free_all(all, 65);
}

/* More than fit into one call of writev. */
static void three_thousand_share_a_file(void **state)
{
	enum { MANY = 3000 };
	static struct one all[1 + MANY];

	(void)state;
	for (unsigned i = 0; i <= MANY; i++)
		make_one(&all[i], i, 0);
	submit_together(&all[0], all + 1, MANY);
	collect(all, 1 + MANY);
	struct found f = look();
	assert_int_equal(f.files, 2);
	assert_int_equal(f.entries, 1 + MANY);
	assert_int_equal(f.most, MANY);
	free_all(all, 1 + MANY);
}

static void a_file_has_a_most(void **state)
{
	enum { MANY = 80 };
	static struct one all[1 + MANY];
	struct spool_list l;

	(void)state;
	for (unsigned i = 0; i <= MANY; i++)
		make_one(&all[i], i, 256 * 1024);
	submit_together(&all[0], all + 1, MANY);
	collect(all, 1 + MANY);
	struct found f = look();
	assert_int_equal(f.entries, 1 + MANY);
	assert_int_equal(f.files, 1 + 3); /* 20 MiB */
	assert_int_equal(spool_scan(&spool, SPOOL_NEW, 100, &l), 0);
	for (size_t i = 0; i < l.count; i++) {
		struct stat st;
		assert_int_equal(fstatat(spool.dirs[SPOOL_NEW], l.items[i].name, &st, 0), 0);
		assert_true(st.st_size <= GROUP_BYTES);
	}
	spool_list_free(&l);
	free_all(all, 1 + MANY);
}

static void large_ones_have_files_of_their_own(void **state)
{
	static struct one all[9];

	(void)state;
	make_one(&all[0], 0, 0);
	for (unsigned i = 1; i < 9; i++)
		if (i % 2)
			make_draft(&all[i], i);
		else
			make_one(&all[i], 1000 + i / 2, 0);
	assert_int_equal(drafts(), 4);
	submit_together(&all[0], all + 1, 8);
	collect(all, 9);
	for (unsigned i = 0; i < 9; i++) {
		assert_int_equal(all[i].item.result, 0);
		assert_int_equal(all[i].item.draft.fd, -1);
	}
	/* One sync of the directory for all five files, after the last rename. */
	assert_int_equal(count_steps('F'), 6);
	assert_int_equal(count_steps('r'), 6);
	assert_int_equal(count_steps('D'), 2);
	assert_int_equal(count_steps('!'), 2);
	assert_true(strrchr(steps, 'D') > strrchr(steps, 'r'));
	assert_true(strrchr(steps, '!') > strrchr(steps, 'D'));
	struct found f = look();
	assert_int_equal(f.files, 1 + 4 + 1);
	assert_int_equal(f.entries, 9);
	assert_int_equal(f.most, 4);
	assert_int_equal(drafts(), 0);
	free_all(all, 9);
}

static void a_file_that_fails_fails_its_own(void **state)
{
	/* The first group is one file; of the second the drafts come first, then the shared one. */
	for (fail_at = 2; fail_at <= 4; fail_at++) {
		static struct one all[5];
		(void)state;
		fail_sync_of = 'F';
		synced_of = 0;
		make_one(&all[0], 0, 0);
		make_draft(&all[1], 1);
		make_draft(&all[2], 2);
		make_one(&all[3], 3, 0);
		make_one(&all[4], 4, 0);
		submit_together(&all[0], all + 1, 4);
		collect(all, 5);
		assert_int_equal(all[0].item.result, 0);
		assert_int_equal(all[1].item.result, fail_at == 2 ? -EIO : 0);
		assert_int_equal(all[2].item.result, fail_at == 3 ? -EIO : 0);
		assert_int_equal(all[3].item.result, fail_at == 4 ? -EIO : 0);
		assert_int_equal(all[4].item.result, fail_at == 4 ? -EIO : 0);
		assert_int_equal(drafts(), 0); /* given up, not tried again */
		free_all(all, 5);
	}
	assert_int_equal(look().entries, 4 + 4 + 3);
}

static void without_the_directory_nothing_is_promised(void **state)
{
	static struct one all[4];

	(void)state;
	make_one(&all[0], 0, 0);
	make_draft(&all[1], 1);
	make_one(&all[2], 2, 0);
	make_one(&all[3], 3, 0);
	fail_sync_of = 'D';
	submit_together(&all[0], all + 1, 3);
	collect(all, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(all[i].item.result, -EIO);
	free_all(all, 4);
}

static void without_tmp_all_hear_so(void **state)
{
	static struct one all[65];

	assert_int_equal(rmdir(scratch_path(state, "upload/tmp")), 0);
	for (unsigned i = 0; i < 65; i++) {
		make_one(&all[i], i, 0);
		submit(&all[i]);
	}
	collect(all, 65);
	for (unsigned i = 0; i < 65; i++)
		assert_int_equal(all[i].item.result, -ENOENT);
	assert_int_equal(look().entries, 0);
	/* And it goes on when the surroundings are good again. */
	assert_int_equal(mkdir(scratch_path(state, "upload/tmp"), 0770), 0);
	io_close(spool.dirs[SPOOL_TMP]);
	spool.dirs[SPOOL_TMP] = open(scratch_path(state, "upload/tmp"), O_RDONLY | O_CLOEXEC);
	all[0].back = false;
	submit(&all[0]);
	collect(all, 1);
	assert_int_equal(all[0].item.result, 0);
	assert_int_equal(look().entries, 1);
	free_all(all, 65);
}

struct sender {
	pthread_t thread;
	struct one *from;
	size_t count;
};

static void *send_all(void *arg)
{
	struct sender *s = arg;

	for (size_t i = 0; i < s->count; i++)
		submit(&s->from[i]);
	return NULL;
}

static void several_threads_may_submit(void **state)
{
	enum { THREADS = 4, EACH = 250 };
	static struct one all[THREADS * EACH];
	struct sender senders[THREADS];
	bool seen[THREADS * EACH] = {false};
	struct spool_list l;

	(void)state;
	for (unsigned i = 0; i < THREADS * EACH; i++)
		make_one(&all[i], i, 0);
	for (size_t t = 0; t < THREADS; t++) {
		senders[t] = (struct sender){.from = all + t * EACH, .count = EACH};
		assert_int_equal(
			pthread_create(&senders[t].thread, NULL, send_all, &senders[t]), 0);
	}
	collect(all, THREADS * EACH);
	for (size_t t = 0; t < THREADS; t++)
		pthread_join(senders[t].thread, NULL);
	assert_int_equal(spool_scan(&spool, SPOOL_NEW, 10000, &l), 0);
	for (size_t f = 0; f < l.count; f++) {
		struct buf b = buf_with_max(1 << 26);
		struct spool_entry e;
		struct span part;
		const char *why;
		size_t offset = 0;
		unsigned number = 0;
		int fd = openat(spool.dirs[SPOOL_NEW], l.items[f].name, O_RDONLY | O_CLOEXEC);
		assert_int_equal(io_read_all(fd, &b), 0);
		close(fd);
		while (spool_entry_next(buf_span(&b), span_str("upload"), &offset, &number, &e,
			       &part, &why) == SPOOL_ENTRY) {
			unsigned i = (unsigned)atoi(e.body.ptr);
			assert_false(seen[i]);
			seen[i] = true;
		}
		assert_int_equal(offset, b.len);
		buf_free(&b);
	}
	spool_list_free(&l);
	for (unsigned i = 0; i < THREADS * EACH; i++)
		assert_true(seen[i]);
	free_all(all, THREADS * EACH);
}

static void what_was_submitted_is_finished(void **state)
{
	static struct one all[33];

	(void)state;
	for (unsigned i = 0; i < 33; i++)
		make_one(&all[i], i, 0);
	submit_together(&all[0], all + 1, 32);
	commit_finish(lane);
	size_t back = 0;
	for (struct commit_item *i = commit_collect(lane); i; i = i->next) {
		assert_int_equal(i->result, 0);
		back++;
	}
	assert_int_equal(back, 33);
	assert_int_equal(look().entries, 33);
	commit_free(lane);
	assert_int_equal(commit_open(&spool, done_fd, 8 << 20, &lane), 0); /* for the teardown */
	free_all(all, 33);
}

int main(void)
{
#define each(f) cmocka_unit_test_setup_teardown(f, open_lane, close_lane)
	const struct CMUnitTest tests[] = {
		each(one_alone_in_the_order_that_keeps_the_promise),
		each(sixty_four_share_a_file),
		each(three_thousand_share_a_file),
		each(a_file_has_a_most),
		each(large_ones_have_files_of_their_own),
		each(a_file_that_fails_fails_its_own),
		each(without_the_directory_nothing_is_promised),
		each(without_tmp_all_hear_so),
		each(several_threads_may_submit),
		each(what_was_submitted_is_finished),
	};

	return cmocka_run_group_tests_name("commit", tests, NULL, NULL);
}
