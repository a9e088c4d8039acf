/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_files: see the header. */
#include "ctl/export_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/fail.h"
#include "ctl/item_row.h"
#include "ctl/oplog_row.h"
#include "ctl/photo_row.h"
#include "ctl/rows.h"
#include "ctl/user_row.h"
#include "lib/io.h"
#include "lib/num.h"

#define STATE_FILE "last_seq"
#define STATE_MAX  ((size_t)4096)
#define NAME_BYTES 32

static const struct {
	const char *name;
	const struct out_column *columns;
	size_t column_count;
} files[EXPORT_FILES] = {
	[EXPORT_PUNCHES] = {"punches", rows_columns, ROWS_COLUMNS},
	[EXPORT_USERS] = {"users", user_columns, USER_COLUMNS},
	[EXPORT_ITEMS] = {"items", item_row_columns, ITEM_ROW_COLUMNS},
	[EXPORT_LOG] = {"log", oplog_columns, OPLOG_COLUMNS},
	[EXPORT_PHOTOS] = {"photos", photo_columns, PHOTO_COLUMNS},
};

static void file_name(unsigned i, enum out_format format, char ret[static NAME_BYTES])
{
	snprintf(ret, NAME_BYTES, "%s.%s", files[i].name, format == OUT_CSV ? "csv" : "jsonl");
}

/* ---- how far it came ---- */

int export_put_state(struct buf *b, uint64_t seq, enum out_format format,
	const uint64_t lengths[static EXPORT_FILES])
{
	char name[NAME_BYTES];
	int rc = buf_printf(b, "%llu\n", (unsigned long long)seq);
	for (unsigned i = 0; rc == 0 && i < EXPORT_FILES; i++) {
		file_name(i, format, name);
		rc = buf_printf(b, "%s %llu\n", name, (unsigned long long)lengths[i]);
	}
	return rc;
}

int export_get_state(struct span text, enum out_format format, uint64_t *ret_seq,
	uint64_t ret_lengths[static EXPORT_FILES])
{
	uint64_t seq, lengths[EXPORT_FILES];
	struct span line, word;
	char name[NAME_BYTES];
	if (!span_next_line(&text, &line) || num_u64(line, 0, INT64_MAX, &seq) < 0)
		return -EBADMSG;
	for (unsigned i = 0; i < EXPORT_FILES; i++) {
		file_name(i, format, name);
		if (!span_next_line(&text, &line) || !span_next(&line, ' ', &word) ||
			!span_is(word, name) || num_u64(line, 0, INT64_MAX, &lengths[i]) < 0)
			return -EBADMSG;
	}
	*ret_seq = seq;
	memcpy(ret_lengths, lengths, sizeof(lengths));
	return 0;
}

/* 0; -ENOENT: nothing was exported there yet; -EBADMSG. */
static int read_state(struct export_files *f)
{
	uint64_t lengths[EXPORT_FILES];
	struct buf text = buf_with_max(STATE_MAX);
	int fd = openat(f->dir, STATE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int rc = fd < 0 ? -errno : io_read_all(fd, &text);
	io_close(fd);
	if (rc == 0)
		rc = export_get_state(buf_span(&text), f->format, &f->seq, lengths);
	buf_free(&text);
	for (unsigned i = 0; rc == 0 && i < EXPORT_FILES; i++)
		f->sinks[i].length = lengths[i];
	return rc;
}

/* ---- the files ---- */

/* To where it was when it was last known to be whole. */
static int cut_back(int fd, uint64_t length)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < length)
		return -EBADMSG;
	if (length == 0 && st.st_size > 0)
		return -EEXIST; /* it may be anybody's */
	return (uint64_t)st.st_size > length && ftruncate(fd, (off_t)length) < 0 ? -errno : 0;
}

static int open_sink(struct export_files *f, unsigned i, bool known)
{
	struct export_sink *s = &f->sinks[i];
	char name[NAME_BYTES];
	file_name(i, f->format, name);
	s->fd = openat(f->dir, name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return -errno;
	int rc = known && s->length == 0 && ftruncate(s->fd, 0) < 0 ? -errno : 0;
	if (rc == 0)
		rc = cut_back(s->fd, s->length);
	s->memory = open_memstream(&s->bytes, &s->byte_count);
	if (!s->memory)
		return -ENOMEM;
	out_begin(&s->out, s->memory, f->format, files[i].columns, files[i].column_count);
	s->out.headed = s->length > 0;
	return rc;
}

int export_files_open(struct export_files *f, int dir, const char *path, enum out_format format)
{
	char name[NAME_BYTES];
	*f = (struct export_files){.dir = dir, .format = format};
	for (unsigned i = 0; i < EXPORT_FILES; i++)
		f->sinks[i].fd = -1;
	/* Until `dir` is closed: two at a time would both append what is new. */
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? fail(EX_TEMPFAIL, "another export into %s is under way", path)
			       : fail_at(-errno, "lock", path);
	int rc = read_state(f);
	bool known = rc == 0;
	if (rc == -EBADMSG)
		return fail(
			EX_DATAERR, "%s/" STATE_FILE " is none of an export of this form", path);
	if (rc < 0 && rc != -ENOENT)
		return fail_at(rc, "read " STATE_FILE " in", path);
	for (unsigned i = 0; i < EXPORT_FILES; i++) {
		rc = open_sink(f, i, known);
		file_name(i, format, name);
		if (rc == -EEXIST)
			return fail(EX_DATAERR,
				"there is a %s/%s already, and no " STATE_FILE " beside it", path,
				name);
		if (rc == -EBADMSG)
			return fail(EX_DATAERR, "%s/%s is shorter than it was", path, name);
		if (rc < 0)
			return fail_at(rc, "write into", path);
	}
	return EX_OK;
}

static int write_sink(struct export_sink *s)
{
	int rc = out_flushed(s->memory);
	size_t bytes = s->byte_count;
	if (rc < 0 || bytes == 0)
		return rc;
	rc = io_write_all(s->fd, span_of(s->bytes, bytes));
	/* Durability: before last_seq says that it is there. */
	if (rc == 0 && fsync(s->fd) < 0)
		rc = -errno;
	if (rc == 0 && fseeko(s->memory, 0, SEEK_SET) < 0)
		rc = -errno;
	s->length += rc == 0 ? bytes : 0;
	return rc;
}

int export_files_write(struct export_files *f, uint64_t seq)
{
	struct buf text = buf_with_max(STATE_MAX);
	uint64_t lengths[EXPORT_FILES];
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < EXPORT_FILES; i++) {
		rc = write_sink(&f->sinks[i]);
		lengths[i] = f->sinks[i].length;
	}
	if (rc == 0)
		rc = export_put_state(&text, seq, f->format, lengths);
	/* Durability: one step, and the directory is synced, which has the new files' names. */
	if (rc == 0)
		rc = io_replace_file(f->dir, STATE_FILE, buf_span(&text), 0600);
	if (rc == 0)
		f->seq = seq;
	buf_free(&text);
	return rc;
}

void export_files_close(struct export_files *f)
{
	for (unsigned i = 0; i < EXPORT_FILES; i++) {
		struct export_sink *s = &f->sinks[i];
		io_close(s->fd);
		if (!s->memory)
			continue;
		buf_free(&s->out.held);
		fclose(s->memory);
		free(s->bytes);
	}
}
