/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shelf: see the header. */
#include "cmdqd/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmdqd/ledger_command.h"
#include "lib/io.h"
#include "lib/log.h"

#define DRAFT ".draft" /* one copy is made at a time */

/* A source: its name, and what its status was; with the copy that was made of it. */
struct shelf_known {
	char name[FILE_NAME_MAX + 1];
	struct stat was;
	struct command_file copy;
};

struct shelf_job {
	struct shelf_known source;
	int from, to; /* the source and the draft, both open */
	uint64_t done_bytes;
	struct sha256 hash;
	char step[SHELF_STEP];
};

static int refuse(const char *why, char ret_why[static SPOOL_WHY_BYTES])
{
	snprintf(ret_why, SPOOL_WHY_BYTES, "%s", why);
	return -EBADMSG;
}

/* ---- opening ---- */

int shelf_open(const char *from, const char *to, struct shelf *ret)
{
	struct shelf s = {.from = io_open_dir(AT_FDCWD, from)};
	bool without = s.from == -ENOENT || s.from == -EACCES;
	int rc = s.from < 0 && !without ? s.from : io_make_dir(to, 02750);

	if (rc == 0)
		rc = s.to = io_open_dir(AT_FDCWD, to);
	if (rc >= 0)
		rc = unlinkat(s.to, DRAFT, 0) < 0 && errno != ENOENT ? -errno : 0;
	if (rc == 0)
		*ret = s;
	return rc;
}

/* What it was at is forgotten; the draft goes with it. */
static void drop_job(struct shelf *s)
{
	if (!s->job)
		return;
	io_close(s->job->from);
	io_close(s->job->to);
	(void)unlinkat(s->to, DRAFT, 0);
	free(s->job);
	s->job = NULL;
}

void shelf_close(struct shelf *s)
{
	drop_job(s);
	free(s->known);
	io_close(s->from);
	io_close(s->to);
	*s = (struct shelf){.from = -1, .to = -1};
}

/* ---- the source ---- */

static int say_unopened(int rc, char ret_why[static SPOOL_WHY_BYTES])
{
	switch (rc) {
	case -ENOENT:
		return refuse("there is no such file: see punchctl file ls", ret_why);
	case -ELOOP:
		return refuse("the file is a symbolic link", ret_why);
	case -EACCES:
		return refuse("cmdqd may not read the file", ret_why);
	default:
		return rc;
	}
}

static int check(const struct stat *st, char ret_why[static SPOOL_WHY_BYTES])
{
	if (!S_ISREG(st->st_mode))
		return refuse("the file is no regular one", ret_why);
	if (st->st_size == 0)
		return refuse("the file is empty", ret_why);
	if ((uint64_t)st->st_size > FILE_BYTES_MAX)
		return refuse("the file is larger than 64 MiB", ret_why);
	return 0;
}

static int open_source(const struct shelf *s, const char *name, struct stat *ret,
	char ret_why[static SPOOL_WHY_BYTES])
{
	int fd = io_open_beneath(s->from, name);

	if (fd < 0)
		return say_unopened(s->from < 0 ? s->from : fd, ret_why);
	int rc = fstat(fd, ret) < 0 ? -errno : check(ret, ret_why);
	if (rc < 0)
		io_close(fd);
	return rc < 0 ? rc : fd;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Nothing was written to it, and nothing else put in its place. */
static bool same_source(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

/* ---- what is at hand ---- */

static struct shelf_known *find_known(const struct shelf *s, const char *name)
{
	for (size_t i = 0; i < s->known_count; i++)
		if (strcmp(s->known[i].name, name) == 0)
			return &s->known[i];
	return NULL;
}

/* There are as many as an administrator has laid out. */
static int remember(struct shelf *s, const struct shelf_known *made)
{
	struct shelf_known *k = find_known(s, made->name);

	if (!k) {
		k = reallocarray(s->known, s->known_count + 1, sizeof(*k));
		if (!k)
			return -ENOMEM;
		s->known = k;
		k += s->known_count++;
	}
	*k = *made;
	return 0;
}

int shelf_touch(const struct shelf *s, const struct command_file *file)
{
	struct stat st;

	if (fstatat(s->to, file->sha256, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != file->bytes)
		return -ENOENT;
	return utimensat(s->to, file->sha256, NULL, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* ---- the copy ---- */

static int open_draft(const struct shelf *s)
{
	if (unlinkat(s->to, DRAFT, 0) < 0 && errno != ENOENT)
		return -errno;
	int fd = openat(s->to, DRAFT, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	/* Whatever the umask: ingestd reads it by the group. */
	int rc = fchmod(fd, 0640) < 0 ? -errno : 0;
	if (rc < 0)
		io_close(fd);
	return rc < 0 ? rc : fd;
}

/* `fd` belongs to the job, also on failure. The copy that was being made is given up, and only
 * here: orders that stand before its own are done again after each step, and their files are at
 * hand. */
static int begin_job(struct shelf *s, const char *name, int fd, const struct stat *st)
{
	drop_job(s);
	int draft = open_draft(s);
	struct shelf_job *job = draft < 0 ? NULL : calloc(1, sizeof(*job));

	if (!job) {
		io_close(fd);
		io_close(draft);
		return draft < 0 ? draft : -ENOMEM;
	}
	job->from = fd;
	job->to = draft;
	job->source.was = *st;
	snprintf(job->source.name, sizeof(job->source.name), "%s", name);
	sha256_begin(&job->hash);
	s->job = job;
	return 0;
}

/* 1 when there is more, 0 at its end. */
static int copy_step(struct shelf_job *job)
{
	ssize_t n = read(job->from, job->step, sizeof(job->step));

	if (n <= 0)
		return n < 0 ? -errno : 0;
	struct span bytes = span_of(job->step, (size_t)n);
	job->done_bytes += bytes.len;
	sha256_add(&job->hash, bytes);
	int rc = io_write_all(job->to, bytes);
	/* Durability: the bytes before their name. Step by step, or the last one would have the
	 * desk wait for all. */
	if (rc == 0 && fdatasync(job->to) < 0)
		rc = -errno;
	/* One that grows while it is read has no end. */
	return rc < 0 ? rc : job->done_bytes <= (uint64_t)job->source.was.st_size;
}

static int place_copy(const struct shelf *s, struct command_file *copy)
{
	copy->bytes = s->job->done_bytes;
	sha256_end(&s->job->hash, copy->sha256);
	/* Durability: the file's size and mode, before the name that leads to it. */
	if (fsync(s->job->to) < 0)
		return -errno;
	/* Durability: one step; a copy of this name is whole. */
	if (renameat(s->to, DRAFT, s->to, copy->sha256) < 0)
		return -errno;
	/* Durability: the name itself, before a command names it. */
	return fsync(s->to) < 0 ? -errno : 0;
}

static int end_job(struct shelf *s, char ret_why[static SPOOL_WHY_BYTES])
{
	struct shelf_known *made = &s->job->source;
	struct stat st;

	if (fstat(s->job->from, &st) < 0)
		return -errno;
	if (!same_source(&st, &made->was) || s->job->done_bytes != (uint64_t)st.st_size)
		return refuse("the file was changed while it was copied", ret_why);
	int rc = place_copy(s, &made->copy);
	return rc < 0 ? rc : remember(s, made);
}

/* As shelf_take. */
static int go_on(struct shelf *s, struct command_file *ret, char ret_why[static SPOOL_WHY_BYTES])
{
	int rc = copy_step(s->job);

	if (rc > 0 && s->job->done_bytes < (uint64_t)s->job->source.was.st_size)
		return -EAGAIN;
	rc = rc < 0 ? rc : end_job(s, ret_why);
	if (rc == 0)
		*ret = s->job->source.copy;
	drop_job(s);
	return rc;
}

static int begin(struct shelf *s, const char *name, struct command_file *ret,
	char ret_why[static SPOOL_WHY_BYTES])
{
	const struct shelf_known *known = find_known(s, name);
	struct stat st;
	int fd = open_source(s, name, &st, ret_why);

	if (fd < 0)
		return fd;
	if (known && same_source(&known->was, &st) && shelf_touch(s, &known->copy) == 0) {
		io_close(fd);
		*ret = known->copy;
		return 0;
	}
	int rc = begin_job(s, name, fd, &st);
	return rc < 0 ? rc : go_on(s, ret, ret_why);
}

int shelf_take(struct shelf *s, struct span name, struct command_file *ret,
	char ret_why[static SPOOL_WHY_BYTES])
{
	char text[FILE_NAME_MAX + 1];

	if (!file_name_valid(name))
		return refuse("the file has no name that can be", ret_why);
	snprintf(text, sizeof(text), "%.*s", SPAN_ARG(name));
	if (s->job && strcmp(s->job->source.name, text) == 0)
		return go_on(s, ret, ret_why);
	return begin(s, text, ret, ret_why);
}

/* ---- what nobody wants ---- */

static bool is_old(const struct stat *st, uint64_t now_us)
{
	uint64_t wanted_us = (uint64_t)st->st_mtim.tv_sec * 1000000;

	return now_us > wanted_us && now_us - wanted_us > SHELF_GRACE_US;
}

/* 1 when it has gone. */
static int sweep_one(const struct shelf *s, struct ledger *l, const char *name, uint64_t now_us)
{
	struct stat st;

	if (!file_hex_valid(span_str(name), FILE_SHA256_BYTES))
		return 0;
	if (fstatat(s->to, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !is_old(&st, now_us))
		return 0;
	int rc = ledger_wants_file(l, span_str(name));
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return unlinkat(s->to, name, 0) < 0 ? -errno : 1;
}

static int sweep_all(const struct shelf *s, struct ledger *l, DIR *dir, uint64_t now_us)
{
	const struct dirent *e;
	int gone = 0;

	for (unsigned looked = 0; looked < SHELF_LOOK_MOST && (e = readdir(dir)); looked++) {
		int rc = sweep_one(s, l, e->d_name, now_us);
		if (rc < 0)
			return rc;
		gone += rc;
	}
	return gone;
}

int shelf_sweep(const struct shelf *s, struct ledger *l, uint64_t now_us)
{
	int fd = fcntl(s->to, F_DUPFD_CLOEXEC, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		int rc = -errno;
		io_close(fd);
		return rc;
	}
	rewinddir(dir); /* the place is shared with `to` */
	int rc = ledger_need(l);
	if (rc == 0)
		rc = sweep_all(s, l, dir, now_us);
	closedir(dir);
	return rc;
}
