/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch: see the header. Order is everything here: bad parts are set aside, the good ones are
 * committed, and then the file is moved. Whatever stops it in between, doing all of it again ends
 * the same. */
#include "parserd/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/log.h"
#include "parserd/batch_file.h"

int batch_open(struct batch *b, const struct spool *spool, struct records_writer *records,
	struct photos *photos, size_t file_max_bytes)
{
	*b = (struct batch){.spool = spool,
		.records = records,
		.photos = photos,
		.file_max_bytes = file_max_bytes,
		.taker.spool = spool};
	b->files = calloc(BATCH_FILES_MAX, sizeof(*b->files));
	return b->files ? 0 : -ENOMEM;
}

static void forget(struct batch *b)
{
	for (size_t i = 0; i < b->file_count; i++)
		buf_free(&b->files[i].bytes);
	b->file_count = 0;
	b->bytes = 0;
}

void batch_close(struct batch *b)
{
	forget(b);
	free(b->files);
	*b = (struct batch){.spool = NULL};
}

static int tell(const char *name, int fate, const struct spool_taking *t)
{
	if (fate == SPOOL_REFUSED)
		log_warning("file refused", LOG_TEXT("entry", name), LOG_TEXT("bad", t->bad_name),
			LOG_TEXT("kind", "upload"), LOG_TEXT("reason", t->why));
	if (fate == SPOOL_LEFT && t->first)
		log_warning("file can be neither taken nor refused; it is left",
			LOG_TEXT("entry", name), LOG_TEXT("kind", "upload"),
			LOG_TEXT("reason", t->why), LOG_ERR(t->error));
	return fate;
}

int batch_refuse(struct batch *b, const char *name, const char *why, uint64_t now_us)
{
	struct spool_taking t;

	return tell(name, spool_take_refuse(&b->taker, name, now_us, why, &t), &t);
}

/* ---- loading ---- */

bool batch_full(const struct batch *b)
{
	return b->file_count == BATCH_FILES_MAX || b->bytes >= BATCH_BYTES_MAX;
}

typedef int take_function(
	struct spool_taker *, const char *, uint64_t, struct buf *, struct spool_taking *);

static int take_by(struct batch *b, take_function *take, const char *name, uint64_t now_us)
{
	struct batch_file *f = &b->files[b->file_count];
	struct spool_taking t;

	*f = (struct batch_file){.bytes = buf_with_max(b->file_max_bytes)};
	int fate = tell(name, take(&b->taker, name, now_us, &f->bytes, &t), &t);
	if (fate != SPOOL_TAKEN) {
		buf_free(&f->bytes);
		return fate;
	}
	snprintf(f->name, sizeof(f->name), "%s", name);
	b->file_count++;
	b->bytes += f->bytes.len;
	return fate;
}

int batch_take(struct batch *b, const char *name, uint64_t now_us)
{
	return take_by(b, spool_take, name, now_us);
}

int batch_take_up(struct batch *b, const char *name, uint64_t now_us)
{
	return take_by(b, spool_take_up, name, now_us);
}

/* ---- the transaction ---- */

/* Some of the batch's files, which become durable together. */
struct part {
	struct batch_file *files;
	size_t count;
};

static int store_files(struct batch *b, struct part p, uint64_t now_us)
{
	int rc = 0;

	b->in_file = true;
	for (size_t i = 0; rc == 0 && i < p.count; i++)
		rc = batch_file_store(&p.files[i], b->records, b->photos, now_us, &b->stored);
	for (size_t i = 0; rc == 0 && i < p.count; i++)
		if (p.files[i].good > 0 && p.files[i].bad > 0)
			rc = batch_file_refuse_parts(&p.files[i], b->spool);
	return rc;
}

static int store_all(struct batch *b, struct part p, uint64_t now_us)
{
	stored_begin(&b->stored);
	b->in_file = false;
	int rc = records_begin(b->records);
	if (rc == 0)
		rc = store_files(b, p, now_us);
	if (rc == 0) {
		b->in_file = false;
		rc = photos_settle(b->photos);
	}
	if (rc == 0)
		return records_commit(b->records);
	records_abort(b->records);
	return rc;
}

static int store_all_growing(struct batch *b, struct part p, uint64_t now_us)
{
	int rc;

	while ((rc = store_all(b, p, now_us)) == -EXFULL) {
		b->in_file = false;
		rc = records_grow(b->records);
		if (rc != 0)
			break;
	}
	return rc;
}

/* ---- and then ---- */

/* The effects are durable by now, so that whatever goes wrong here costs only a second try. */
static void move_on(struct batch *b, struct batch_file *f, uint64_t now_us)
{
	int rc = f->good > 0 ? spool_finish(b->spool, f->name)
			     : batch_refuse(b, f->name, f->why, now_us);

	if (rc == -EEXIST)
		rc = batch_refuse(
			b, f->name, "its name is that of a file that was done before", now_us);
	if (rc < 0) {
		log_error("worked file stays in cur", LOG_TEXT("entry", f->name), LOG_ERR(rc));
		b->taker.stranded = true;
	}
	f->settled = true;
}

void batch_drop(struct batch *b, bool release)
{
	for (size_t i = 0; release && i < b->file_count; i++) {
		if (b->files[i].settled)
			continue;
		int rc = spool_release(b->spool, b->files[i].name);
		if (rc == 0)
			continue;
		log_error("file stays in cur", LOG_TEXT("entry", b->files[i].name), LOG_ERR(rc));
		b->taker.stranded = true;
	}
	forget(b);
}

/* What says something of the disk, the memory or the records, and nothing of a file, is waited for.
 * Where no file was being stored, nothing is a file's own fault. */
static bool may_be_a_files_own(const struct batch *b, int rc)
{
	static const int others[] = {ENOSPC, EDQUOT, EROFS, EIO, EACCES, EPERM, ENOENT, ENOMEM,
		EMFILE, ENFILE, EUCLEAN, ENOTRECOVERABLE, EPROTONOSUPPORT};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (rc == -others[i])
			return false;
	return b->in_file;
}

static int refuse_one(struct batch *b, struct batch_file *f, int error, uint64_t now_us)
{
	char why[128];

	batch_file_give_up(f, b->records, b->photos);
	snprintf(why, sizeof(why), "it cannot be stored: %s", strerror(-error));
	int fate = batch_refuse(b, f->name, why, now_us);
	f->settled = true;
	return fate < 0 ? fate : 0;
}

static int leave_one(struct batch *b, struct batch_file *f, int error, uint64_t now_us)
{
	struct spool_taking t;

	batch_file_give_up(f, b->records, b->photos);
	int fate = tell(f->name,
		spool_take_leave(&b->taker, f->name, now_us, "it cannot be stored now", error, &t),
		&t);

	f->settled = true;
	return fate < 0 ? fate : 0;
}

/* As much as possible in one transaction. Where a file stands in the way of the others, each half
 * goes by itself, down to the one. */
static int work_on(struct batch *b, struct part p, uint64_t now_us)
{
	int rc = store_all_growing(b, p, now_us);

	if (rc == 0) {
		for (size_t i = 0; i < p.count; i++)
			move_on(b, &p.files[i], now_us);
		stored_log(&b->stored);
		return 0;
	}
	if (!may_be_a_files_own(b, rc))
		return rc;
	if (p.count == 1)
		return photos_obstructed(rc) ? leave_one(b, p.files, rc, now_us)
					     : refuse_one(b, p.files, rc, now_us);
	size_t half = p.count / 2;
	rc = work_on(b, (struct part){p.files, half}, now_us);
	if (rc == 0)
		rc = work_on(b, (struct part){p.files + half, p.count - half}, now_us);
	return rc;
}

int batch_work(struct batch *b, uint64_t now_us, bool release)
{
	int rc = 0;

	if (b->file_count > 0)
		rc = work_on(b, (struct part){b->files, b->file_count}, now_us);
	batch_drop(b, release && rc != 0);
	return rc;
}
