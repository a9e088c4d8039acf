/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch, inbox, upload, tries: from a file in new/ to records, and where the file is then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "parserd/inbox.h"
#include "parserd/upload.h"
#include "tests/unit/caught.h"
#include "tests/unit/scratch.h"

#define NOW_US ((uint64_t)1767600000 * 1000000)
#define PUNCH  "\t2026-01-05 07:59:59\t0\t1\n"

struct bench {
	struct spool spool;
	struct records_writer *records;
	struct photos photos;
	struct batch batch;
	struct inbox inbox;
};

static void open_bench(void **state, struct bench *t)
{
	*t = (struct bench){.records = NULL};
	assert_int_equal(spool_make(*state, "upload"), 0);
	assert_int_equal(spool_open(*state, "upload", SPOOL_FOR_CONSUMING, &t->spool), 0);
	char private_path[SCRATCH_BYTES + 128];
	snprintf(private_path, sizeof(private_path), "%s", scratch_path(state, "private"));
	assert_int_equal(records_writer_open(scratch_path(state, "records"), private_path, 1 << 20,
				 &t->records),
		0);
	assert_int_equal(photos_open(scratch_path(state, "photos"), &t->photos), 0);
	assert_int_equal(batch_open(&t->batch, &t->spool, t->records, &t->photos, 1 << 20), 0);
	t->inbox = (struct inbox){.spool = &t->spool, .batch = &t->batch};
}

static void close_bench(struct bench *t)
{
	inbox_close(&t->inbox);
	batch_close(&t->batch);
	records_writer_close(t->records);
	photos_close(&t->photos);
	spool_close(&t->spool);
}

static void put_entry(struct buf *b, const char *target, const char *body)
{
	struct spool_entry e = {.received_us = NOW_US,
		.kind = span_str("upload"),
		.serial = span_str("A"),
		.target = span_str(target),
		.body = span_str(body)};

	assert_int_equal(spool_entry_put(b, &e), 0);
}

static void post(struct bench *t, const struct buf *b, char name[static SPOOL_NAME_BYTES])
{
	assert_int_equal(spool_post(&t->spool, buf_span(b), name), 0);
}

static void post_one(struct bench *t, const char *target, const char *body)
{
	struct buf b = buf_with_max(1 << 20);
	char name[SPOOL_NAME_BYTES];

	put_entry(&b, target, body);
	post(t, &b, name);
	buf_free(&b);
}

static unsigned files_in(struct bench *t, enum spool_state where)
{
	struct spool_list l;

	assert_int_equal(spool_scan(&t->spool, where, 1000, &l), 0);
	unsigned count = (unsigned)l.count;
	spool_list_free(&l);
	return count;
}

static void assert_spool(struct bench *t, unsigned fresh, unsigned cur, unsigned done, unsigned bad)
{
	assert_int_equal(files_in(t, SPOOL_NEW), fresh);
	assert_int_equal(files_in(t, SPOOL_CUR), cur);
	assert_int_equal(files_in(t, SPOOL_DONE), done);
	assert_int_equal(files_in(t, SPOOL_BAD), bad);
}

/* Closes the bench: one process may not have the environments open twice. */
static struct records_counts counts_of(void **state, struct bench *t)
{
	char private_path[SCRATCH_BYTES + 128];
	struct records_reader *r;
	struct records_counts c;

	close_bench(t);
	snprintf(private_path, sizeof(private_path), "%s", scratch_path(state, "private"));
	assert_int_equal(items_open(scratch_path(state, "records"), private_path, &r), 0);
	assert_int_equal(records_count(r, &c), 0);
	records_close(r);
	return c;
}

/* raw and refused: wherever they are. */
static void assert_stored(
	void **state, struct bench *t, uint64_t punches, uint64_t raw, uint64_t refused)
{
	struct records_counts c = counts_of(state, t);

	assert_int_equal(c.punches, punches);
	assert_int_equal(c.raw + c.private_raw, raw);
	assert_int_equal(c.refused + c.private_refused, refused);
}

static void test_uploads_of_every_kind(void **state)
{
	struct bench t;

	open_bench(state, &t);
	post_one(&t, "/iclock/cdata?SN=A&table=ATTLOG&Stamp=9999", "1" PUNCH "2" PUNCH "1" PUNCH);
	post_one(&t, "/iclock/cdata?SN=A&Stamp=9", "3" PUNCH "no punch\n");
	post_one(&t, "/iclock/cdata?SN=A&table=OPERLOG&OpStamp=9",
		"OPLOG 4\t0\nOPLOG 4\t0\t2026-01-05 08:00:00\t0\t0\t0\t0\nUSER PIN=1\tPasswd=made "
		"up\n"
		"NEWWORD a=b\n");
	post_one(&t, "/iclock/cdata?SN=A", "a body of no table");
	post_one(&t, "/iclock/cdata?SN=A&table=ATTLOG&Stamp=5", "");
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 5);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 0);
	assert_spool(&t, 0, 0, 5, 0);
	struct records_counts c = counts_of(state, &t);
	assert_int_equal(c.punches, 3);
	assert_int_equal(c.logged, 1);
	assert_int_equal(c.items, 1);
	assert_int_equal(c.private_items, 1);
	assert_int_equal(c.raw, 0);
	assert_int_equal(c.private_raw, 2);
	assert_int_equal(c.refused, 1);
	assert_int_equal(c.private_refused, 1);

	struct records_reader *r;
	struct buf stamp = buf_with_max(64);
	assert_int_equal(records_open(scratch_path(state, "records"), &r), 0);
	assert_int_equal(records_stamp(r, span_str("A"), "ATTLOG", &stamp), 0);
	assert_true(span_is(buf_span(&stamp), "9")); /* the later one; the empty body's is none */
	assert_int_equal(records_stamp(r, span_str("A"), "OPERLOG", &stamp), 0);
	records_close(r);
	buf_free(&stamp);
}

static void test_replay_ends_the_same(void **state)
{
	struct bench t;
	struct spool_list l;

	open_bench(state, &t);
	post_one(&t, "/iclock/cdata?SN=A&table=ATTLOG&Stamp=9999", "1" PUNCH "x\n");
	post_one(&t, "/iclock/cdata?SN=A&table=OPERLOG", "body");
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 2);
	assert_int_equal(spool_scan(&t.spool, SPOOL_DONE, 10, &l), 0);
	for (size_t i = 0; i < l.count; i++)
		assert_int_equal(spool_move(&t.spool, l.items[i].name, SPOOL_DONE, SPOOL_NEW), 0);
	spool_list_free(&l);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 2);
	assert_spool(&t, 0, 0, 2, 0);
	assert_stored(state, &t, 1, 1, 1);
}

static void test_bad_entries_leave_the_good_ones_alone(void **state)
{
	struct bench t;
	struct buf b = buf_with_max(1 << 20);
	char name[SPOOL_NAME_BYTES], part[SPOOL_NAME_BYTES + 8];

	open_bench(state, &t);
	put_entry(&b, "/iclock/cdata?SN=A&table=ATTLOG", "1" PUNCH);
	put_entry(&b, "/iclock/cdata?SN=A&table=ATTLOG", "2" PUNCH);
	b.ptr[b.len - 2] ^= 1; /* its checksum */
	put_entry(&b, "/iclock/cdata?SN=A&table=A/B", "no name of a table");
	put_entry(&b, "/iclock/cdata?SN=A&table=ATTLOG", "3" PUNCH);
	assert_int_equal(buf_add_str(&b, "and then rubbish\n"), 0);
	post(&t, &b, name);
	caught_begin();
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	assert_non_null(strstr(caught_end(), "stored files=1 entries=2 records=2 "));
	assert_spool(&t, 0, 0, 1, 3);
	for (unsigned n = 2; n <= 5; n++) {
		snprintf(part, sizeof(part), "%s.%u", name, n);
		assert_int_equal(
			faccessat(t.spool.dirs[SPOOL_BAD], part, F_OK, 0), n == 4 ? -1 : 0);
	}
	assert_stored(state, &t, 2, 0, 0);
	buf_free(&b);
}

/* A part that was set aside is a file of its own when an operator gives it back. */
static void test_a_part_given_back(void **state)
{
	struct bench t;
	struct buf b = buf_with_max(1 << 20);
	char name[SPOOL_NAME_BYTES], part[SPOOL_NAME_BYTES + 8];

	open_bench(state, &t);
	put_entry(&b, "/iclock/cdata?SN=A&table=ATTLOG", "1" PUNCH);
	put_entry(&b, "/iclock/cdata?SN=A&table=A/B", "x");
	post(&t, &b, name);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	snprintf(part, sizeof(part), "%s.2", name);
	int fd = openat(t.spool.dirs[SPOOL_BAD], part, O_WRONLY | O_TRUNC);
	buf_clear(&b);
	put_entry(&b, "/iclock/cdata?SN=A&table=ATTLOG", "2" PUNCH); /* mended */
	assert_int_equal(write(fd, b.ptr, b.len), (ssize_t)b.len);
	close(fd);
	assert_int_equal(spool_move(&t.spool, part, SPOOL_BAD, SPOOL_NEW), 0);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	assert_spool(&t, 0, 0, 2, 0);
	assert_stored(state, &t, 2, 0, 0);
	buf_free(&b);
}

static void test_a_file_without_a_good_entry(void **state)
{
	struct bench t;
	struct buf b = buf_with_max(1 << 20);
	char name[SPOOL_NAME_BYTES];

	open_bench(state, &t);
	assert_int_equal(buf_add_str(&b, "rubbish"), 0);
	post(&t, &b, name);
	caught_begin();
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	assert_null(strstr(caught_end(), "stored"));
	assert_spool(&t, 0, 0, 0, 1);
	assert_int_equal(faccessat(t.spool.dirs[SPOOL_BAD], name, F_OK, 0), 0);
	assert_stored(state, &t, 0, 0, 0);
	buf_free(&b);
}

static void test_what_is_no_file(void **state)
{
	struct bench t;
	int new_fd;

	open_bench(state, &t);
	new_fd = t.spool.dirs[SPOOL_NEW];
	assert_int_equal(mkdirat(new_fd, "directory", 0700), 0);
	assert_int_equal(mkdirat(new_fd, "0000000000000001-0000000000000001", 0700), 0);
	assert_int_equal(symlinkat("/etc/passwd", new_fd, "0000000000000001-0000000000000002"), 0);
	assert_int_equal(mkfifoat(new_fd, "0000000000000001-0000000000000003", 0600), 0);
	close(openat(new_fd, "0000000000000001-0000000000000004", O_CREAT | O_WRONLY, 0640));
	close(openat(new_fd, "-rf *", O_CREAT | O_WRONLY, 0640));
	post_one(&t, "/iclock/cdata?SN=A&table=ATTLOG", "1" PUNCH);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 7);
	assert_spool(&t, 0, 0, 1, 6);
	assert_stored(state, &t, 1, 0, 0);
}

static void test_a_name_that_was_used_before(void **state)
{
	struct bench t;
	struct buf b = buf_with_max(1 << 20);
	char name[SPOOL_NAME_BYTES];

	open_bench(state, &t);
	put_entry(&b, "/iclock/cdata?SN=A&table=ATTLOG", "1" PUNCH);
	post(&t, &b, name);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	int fd = openat(t.spool.dirs[SPOOL_NEW], name, O_CREAT | O_WRONLY, 0640);
	assert_int_equal(write(fd, b.ptr, b.len), (ssize_t)b.len);
	close(fd);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	assert_spool(&t, 0, 0, 1, 1);
	close_bench(&t);
	buf_free(&b);
}

static void test_received_is_the_names_when_the_head_does_not_say(void **state)
{
	static const char file[] =
		"punchd-spool 1\nkind: upload\nserial: A\n"
		"target: /iclock/cdata?SN=A&table=ATTLOG\nlength: 26\n\n1" PUNCH "\nend\n";
	struct spool_entry e;
	struct upload u;
	struct span part;
	const char *why = "";
	size_t offset = 0;
	unsigned number = 0;

	(void)state;
	assert_int_equal(spool_entry_next(span_str(file), span_str("upload"), &offset, &number, &e,
				 &part, &why),
		SPOOL_ENTRY);
	assert_int_equal(upload_read(&e, "0006478f9d5e0040-0123456789abcdef", &u, &why), 0);
	assert_true(u.received_us == 0x0006478f9d5e0040);
	e.received_us = 5;
	assert_int_equal(upload_read(&e, "0006478f9d5e0040-0123456789abcdef", &u, &why), 0);
	assert_true(u.received_us == 5);
	e.target = span_str("not a target");
	assert_int_equal(upload_read(&e, "0006478f9d5e0040-0123456789abcdef", &u, &why), -EBADMSG);
}

/* ---- a file that stands in the way of the others ---- */

static int fault; /* of each upload with the stamp 666 */

/* Linked in the place of records_set_stamp (Makefile): there is no upload that the records refuse.
 */
int __real_records_set_stamp(struct records_writer *w, struct span serial, struct span table,
	const struct stamp *stamp, uint64_t now_us);
int __wrap_records_set_stamp(struct records_writer *w, struct span serial, struct span table,
	const struct stamp *stamp, uint64_t now_us);
int __wrap_records_set_stamp(struct records_writer *w, struct span serial, struct span table,
	const struct stamp *stamp, uint64_t now_us)
{
	if (fault != 0 && span_is(stamp->text, "666"))
		return fault;
	return __real_records_set_stamp(w, serial, table, stamp, now_us);
}

static void test_a_file_that_cannot_be_stored(void **state)
{
	struct bench t;
	char body[64];

	open_bench(state, &t);
	fault = -EINVAL;
	for (int i = 0; i < 11; i++) {
		snprintf(body, sizeof(body), "%d" PUNCH, i);
		post_one(&t,
			i == 3 || i == 8 ? "/iclock/cdata?SN=A&table=ATTLOG&Stamp=666"
					 : "/iclock/cdata?SN=A&table=ATTLOG&Stamp=5",
			body);
	}
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 11);
	fault = 0;
	assert_spool(&t, 0, 0, 9, 2);
	assert_stored(state, &t, 9, 0, 0);
}

/* The surroundings' fault is nobody's: all of it waits. */
static void test_bad_surroundings_refuse_nothing(void **state)
{
	struct bench t;

	open_bench(state, &t);
	post_one(&t, "/iclock/cdata?SN=A&table=ATTLOG&Stamp=666", "1" PUNCH);
	post_one(&t, "/iclock/cdata?SN=A&table=ATTLOG&Stamp=5", "2" PUNCH);
	/* The last three are what a photo's file may meet. */
	static const int faults[] = {-ENOSPC, -ENOMEM, -EIO, -EACCES, -ENOENT};
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		fault = faults[i];
		assert_int_equal(inbox_work(&t.inbox, NOW_US), fault);
		assert_spool(&t, 2, 0, 0, 0);
	}
	fault = 0;
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 2);
	assert_spool(&t, 0, 0, 2, 0);
	assert_stored(state, &t, 2, 0, 0);
}

static ino_t unsynced; /* the directory that cannot be synced */

/* Stands in for libc's. */
int fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	if (unsynced != 0 && st.st_ino == unsynced) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

/* Before the name of its file is on the disk no record names a photo. */
static void test_a_photo_that_is_not_settled(void **state)
{
	static const char target[] = "/iclock/fdata?SN=A&PIN=20260105080000-7&PhotoStamp=5";
	struct bench t;
	struct stat st;

	open_bench(state, &t);
	post_one(&t, target, "\xff\xd8");
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	assert_int_equal(fstatat(t.photos.dir, "A/2026-01-05", &st, 0), 0);
	post_one(&t, target, "\xff\xd9");
	unsynced = st.st_ino;
	int rc = inbox_work(&t.inbox, NOW_US);
	unsynced = 0;
	assert_int_equal(rc, -EIO);
	assert_spool(&t, 1, 0, 1, 0);
	assert_int_equal(counts_of(state, &t).photos, 1);
	open_bench(state, &t);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	assert_int_equal(counts_of(state, &t).photos, 2);
}

/* Neither does its file stay behind: no order to erase would find it. */
static void test_a_photo_of_a_file_that_is_refused(void **state)
{
	static const char target[] = "/iclock/fdata?SN=A&PIN=20260105080000-7&PhotoStamp=";
	char good[sizeof(target) + 4], bad[sizeof(target) + 4];
	struct bench t;
	struct stat st;

	open_bench(state, &t);
	snprintf(good, sizeof(good), "%s5", target);
	snprintf(bad, sizeof(bad), "%s666", target);
	fault = -EINVAL;
	post_one(&t, bad, "\xff\xd8");
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	assert_spool(&t, 0, 0, 0, 1);
	assert_int_equal(fstatat(t.photos.dir, "A/2026-01-05", &st, 0), -1);
	/* One that a record names stays. */
	post_one(&t, good, "\xff\xd8");
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	post_one(&t, bad, "\xff\xd8");
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	fault = 0;
	assert_spool(&t, 0, 0, 1, 2);
	assert_int_equal(fstatat(t.photos.dir, "A/2026-01-05", &st, 0), 0);
	assert_int_equal(counts_of(state, &t).photos, 1);
}

/* It waits for who mends the directory, and nobody waits for it. */
static void test_a_directory_of_photos_that_is_none(void **state)
{
	static const char target[] = "/iclock/fdata?SN=A&PIN=20260105080000-7&PhotoStamp=5";
	struct bench t;

	open_bench(state, &t);
	close(openat(t.photos.dir, "A", O_CREAT | O_WRONLY, 0640));
	post_one(&t, target, "\xff\xd8");
	post_one(&t, "/iclock/cdata?SN=A&table=ATTLOG", "1" PUNCH);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 2);
	assert_spool(&t, 1, 0, 1, 0);
	assert_int_equal(unlinkat(t.photos.dir, "A", 0), 0);
	struct records_counts c = counts_of(state, &t);
	assert_true(c.punches == 1 && c.photos == 0);
	open_bench(state, &t);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	assert_int_equal(counts_of(state, &t).photos, 1);
}

/* Here it cannot be refused, for its reason finds a directory in the way. */
static void test_what_is_left_keeps_nobody_waiting(void **state)
{
	static const char name[] = "0000000000000001-0000000000000001";
	struct bench t;
	struct spool_list l;
	char why[SPOOL_NAME_BYTES + 8];

	open_bench(state, &t);
	close(openat(t.spool.dirs[SPOOL_NEW], name, O_CREAT | O_WRONLY, 0640)); /* it is empty */
	snprintf(why, sizeof(why), "%s.why", name);
	assert_int_equal(mkdirat(t.spool.dirs[SPOOL_BAD], why, 0700), 0);
	post_one(&t, "/iclock/cdata?SN=A&table=ATTLOG", "1" PUNCH);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	assert_spool(&t, 1, 0, 1, 0);
	/* It is not even touched for a while, so that it cannot raise the watch. */
	assert_int_equal(unlinkat(t.spool.dirs[SPOOL_BAD], why, AT_REMOVEDIR), 0);
	assert_int_equal(inbox_work(&t.inbox, NOW_US + 1000000), 0);
	assert_spool(&t, 1, 0, 1, 0);
	assert_int_equal(inbox_work(&t.inbox, NOW_US + SPOOL_LEFT_US), 1);
	assert_int_equal(spool_scan(&t.spool, SPOOL_BAD, 10, &l), 0);
	assert_int_equal(l.count, 1);
	assert_string_equal(l.items[0].name, name);
	spool_list_free(&l);
	close_bench(&t);
}

static void test_more_than_one_batch(void **state)
{
	struct bench t;
	char *body = malloc(900 * 1024);
	size_t len = 0;

	open_bench(state, &t);
	for (unsigned i = 0; len < 880 * 1024; i++)
		len += (size_t)snprintf(
			body + len, 64, "%u\t2026-01-%02u 0%u:00:00\n", i, i % 28 + 1, i % 10);
	for (int i = 0; i < 20; i++)
		post_one(&t, "/iclock/cdata?SN=A&table=ATTLOG", body);
	int first = inbox_work(&t.inbox, NOW_US);
	assert_true(first > 1 && first < 20);
	assert_int_equal(inbox_waiting(&t.inbox), (unsigned)(20 - first));
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 20 - first);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 0);
	assert_spool(&t, 0, 0, 20, 0);
	close_bench(&t);
	free(body);
}

/* ---- death ---- */

static void test_what_was_in_work_is_worked_first_and_alone(void **state)
{
	struct bench t;
	struct spool_list l;

	open_bench(state, &t);
	for (int i = 0; i < 3; i++)
		post_one(&t, "/iclock/cdata?SN=A&table=ATTLOG", "1" PUNCH);
	assert_int_equal(spool_scan(&t.spool, SPOOL_NEW, 10, &l), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(spool_claim(&t.spool, l.items[i].name), 0);
	spool_list_free(&l);
	assert_int_equal(inbox_recover(&t.inbox, NOW_US), 1);
	assert_spool(&t, 1, 1, 1, 0);
	assert_int_equal(inbox_recover(&t.inbox, NOW_US), 1);
	assert_int_equal(inbox_recover(&t.inbox, NOW_US), 0);
	assert_spool(&t, 1, 0, 2, 0);
	assert_int_equal(inbox_work(&t.inbox, NOW_US), 1);
	assert_spool(&t, 0, 0, 3, 0);
	assert_stored(state, &t, 1, 0, 0);
}

static void test_the_tenth_death_is_the_last(void **state)
{
	struct bench t;
	struct buf b = buf_with_max(1 << 20);
	char name[SPOOL_NAME_BYTES];

	open_bench(state, &t);
	put_entry(&b, "/iclock/cdata?SN=A&table=ATTLOG", "1" PUNCH);
	post(&t, &b, name);
	assert_int_equal(spool_claim(&t.spool, name), 0);
	/* It died in its batch, and in nine tries alone. */
	for (int i = 0; i < SPOOL_TRIES_MAX - 1; i++)
		assert_int_equal(spool_tries_count(&t.spool, name), i);
	assert_int_equal(inbox_recover(&t.inbox, NOW_US), 1);
	assert_int_equal(inbox_recover(&t.inbox, NOW_US), 0);
	assert_spool(&t, 0, 0, 0, 1);
	/* The count is gone: an operator may give it back, and it is a file like any other. */
	assert_int_equal(spool_move(&t.spool, name, SPOOL_BAD, SPOOL_NEW), 0);
	assert_int_equal(spool_claim(&t.spool, name), 0);
	assert_int_equal(inbox_recover(&t.inbox, NOW_US), 1);
	assert_spool(&t, 0, 0, 1, 0);
	assert_stored(state, &t, 1, 0, 0);
	buf_free(&b);
}

static void test_nine_deaths_are_borne(void **state)
{
	struct bench t;
	struct buf b = buf_with_max(1 << 20);
	char name[SPOOL_NAME_BYTES];

	open_bench(state, &t);
	put_entry(&b, "/iclock/cdata?SN=A&table=ATTLOG", "1" PUNCH);
	post(&t, &b, name);
	assert_int_equal(spool_claim(&t.spool, name), 0);
	for (int n = 0; n < SPOOL_TRIES_MAX - 2; n++)
		assert_int_equal(spool_tries_count(&t.spool, name), n);
	assert_int_equal(inbox_recover(&t.inbox, NOW_US), 1);
	assert_spool(&t, 0, 0, 1, 0);
	close_bench(&t);
	buf_free(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_uploads_of_every_kind),
		TEST(test_replay_ends_the_same),
		TEST(test_bad_entries_leave_the_good_ones_alone),
		TEST(test_a_part_given_back),
		TEST(test_a_file_without_a_good_entry),
		TEST(test_what_is_no_file),
		TEST(test_a_name_that_was_used_before),
		cmocka_unit_test(test_received_is_the_names_when_the_head_does_not_say),
		TEST(test_a_file_that_cannot_be_stored),
		TEST(test_bad_surroundings_refuse_nothing),
		TEST(test_a_photo_that_is_not_settled),
		TEST(test_a_photo_of_a_file_that_is_refused),
		TEST(test_a_directory_of_photos_that_is_none),
		TEST(test_what_is_left_keeps_nobody_waiting),
		TEST(test_more_than_one_batch),
		TEST(test_what_was_in_work_is_worked_first_and_alone),
		TEST(test_the_tenth_death_is_the_last),
		TEST(test_nine_deaths_are_borne),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
