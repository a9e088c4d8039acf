/* SPDX-License-Identifier: GPL-2.0-or-later */
/* claim: the consumer's half. It trusts nothing that it finds in new/. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/hash.h"
#include "lib/io.h"
#include "spool/spool.h"

static bool exists(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int rename_between(const struct spool *s, enum spool_state from, const char *name,
	enum spool_state to, const char *to_name)
{
	/* Durability: none is needed for the move between two states of the consumer. Lost in a
	 * power cut, the file is where it was, and working on it twice is as good as once (G4). */
	if (renameat2(s->dirs[from], name, s->dirs[to], to_name, RENAME_NOREPLACE) < 0)
		return -errno;
	return 0;
}

int spool_claim(const struct spool *s, const char *name)
{
	static const enum spool_state others[] = {SPOOL_DONE, SPOOL_BAD, SPOOL_HOLD};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (exists(s->dirs[others[i]], name))
			return -EEXIST;
	return rename_between(s, SPOOL_NEW, name, SPOOL_CUR, name);
}

int spool_finish(const struct spool *s, const char *name)
{
	return rename_between(s, SPOOL_CUR, name, SPOOL_DONE, name);
}

/* What may not be taken in, by its looks alone. NULL when it is a plain file of this spool. */
static const char *suspicious(const struct spool *s, const struct stat *st, size_t max_bytes)
{
	if (S_ISLNK(st->st_mode))
		return "it is a symbolic link, not a file";
	if (S_ISDIR(st->st_mode))
		return "it is a directory, not a file";
	if (!S_ISREG(st->st_mode))
		return "it is a FIFO, socket or device, not a file";
	if (st->st_nlink != 1)
		return "it has further hard links, through which it could be changed";
	if (st->st_gid != s->group)
		return "its group is not the spool's: make it in tmp/, do not move it in";
	if (st->st_size == 0)
		return "it is empty";
	if ((uint64_t)st->st_size > max_bytes)
		return "it is larger than file_max";
	return NULL;
}

static bool same_moment(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int read_once(int fd, const struct stat *before, struct buf *into, const char **ret_why)
{
	struct stat after;
	int rc = io_read_all(fd, into);
	if (rc == 0 && fstat(fd, &after) < 0)
		rc = -errno;
	if (rc == -EMSGSIZE || (rc == 0 && (!same_moment(before, &after) ||
						   into->len != (size_t)before->st_size))) {
		*ret_why = "it was still being written: write in tmp/, then rename to new/";
		rc = -EBADMSG;
	}
	return rc;
}

static int look(const struct spool *s, enum spool_state state, const char *name, struct stat *ret)
{
	return fstatat(s->dirs[state], name, ret, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* After a power cut btrfs may give a file that was renamed and promised its old name back beside
 * the new one, if the fsync of the file and that of new/ came in two of its transactions. The
 * draft's name is the sweeper's to remove, and so it is ours. */
static int shed_draft(const struct spool *s, const char *name, struct stat *st)
{
	struct stat draft;
	if (st->st_nlink != 2 || look(s, SPOOL_TMP, name, &draft) < 0 ||
		draft.st_dev != st->st_dev || draft.st_ino != st->st_ino)
		return 0;
	if (unlinkat(s->dirs[SPOOL_TMP], name, 0) < 0 && errno != ENOENT)
		return -errno;
	return look(s, SPOOL_CUR, name, st);
}

int spool_load(const struct spool *s, const char *name, struct buf *into, const char **ret_why)
{
	struct stat st;
	/* Looked at before it is opened: opening a FIFO or a device can already do something. cur/
	 * is the consumer's alone, so it stays what it was. */
	int rc = look(s, SPOOL_CUR, name, &st);
	if (rc == 0)
		rc = shed_draft(s, name, &st);
	if (rc < 0)
		return rc;
	const char *why = suspicious(s, &st, into->max);
	if (why) {
		*ret_why = why;
		return -EBADMSG;
	}
	int fd = openat(s->dirs[SPOOL_CUR], name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && (errno == EACCES || errno == EPERM)) {
		*ret_why = "the consumer may not read it: its mode lacks 0640";
		return -EBADMSG;
	}
	if (fd < 0)
		return -errno;
	rc = read_once(fd, &st, into, ret_why);
	io_close(fd);
	return rc;
}

/* The reason file; the old name is escaped, for it may be anything. Best effort after a crash: an
 * entry in bad/ without a reason is still an entry in bad/. */
static int write_why(
	const struct spool *s, const char *bad_name, const char *old_name, const char *why)
{
	char file[SPOOL_NAME_BYTES + 8], now[CLOCK_UTC_BYTES];
	struct buf text = buf_with_max(4096);
	clock_format_utc(clock_wall_us(), now);
	int rc = buf_printf(&text, "reason: %s\nrefused: %s\nname: ", why, now);
	for (const char *p = old_name; rc == 0 && *p; p++)
		rc = buf_printf(&text, *p > 0x20 && *p < 0x7f && *p != '\\' ? "%c" : "\\x%02x",
			(unsigned char)*p);
	if (rc == 0)
		rc = buf_add_str(&text, "\n");
	snprintf(file, sizeof(file), "%s.why", bad_name);
	int fd = rc < 0 ? rc
			: openat(s->dirs[SPOOL_BAD], file,
				  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (rc == 0 && fd < 0)
		rc = -errno;
	if (rc == 0)
		rc = io_write_all(fd, buf_span(&text));
	io_close(fd);
	buf_free(&text);
	return rc;
}

/* G1: is the name in use anywhere but in `from`, where its file is? */
static bool used_elsewhere(const struct spool *s, enum spool_state from, const char *name)
{
	for (unsigned i = SPOOL_NEW; i < SPOOL_STATES; i++)
		if (i != from && exists(s->dirs[i], name))
			return true;
	return false;
}

int spool_refuse(const struct spool *s, enum spool_state from, const char *name, const char *why,
	char ret_name[static SPOOL_NAME_BYTES])
{
	char bad_name[SPOOL_NAME_BYTES];
	if (spool_name_valid(span_str(name), NULL) && !used_elsewhere(s, from, name))
		snprintf(bad_name, sizeof(bad_name), "%s", name);
	else
		spool_name_make(clock_wall_us(), bad_name);
	int rc = write_why(s, bad_name, name, why);
	if (rc == 0)
		rc = rename_between(s, from, name, SPOOL_BAD, bad_name);
	if (rc < 0) {
		char file[SPOOL_NAME_BYTES + 8];
		snprintf(file, sizeof(file), "%s.why", bad_name);
		(void)unlinkat(
			s->dirs[SPOOL_BAD], file, 0); /* a reason without a file would mislead */
		return rc;
	}
	snprintf(ret_name, SPOOL_NAME_BYTES, "%s", bad_name);
	return 0;
}

/* A part of what is a part already ("NAME.3") has no name of its own in the grammar. It gets one
 * with the file's time, and the same one each time. */
static void name_part_of_part(const char *name, char id[static SPOOL_ENTRY_ID_BYTES])
{
	uint64_t wall_us = 0, hash = hash_bytes(span_str(id));
	(void)spool_name_valid(span_str(name), &wall_us);
	snprintf(id, SPOOL_ENTRY_ID_BYTES, "%016" PRIx64 "-%016" PRIx64, wall_us, hash);
}

int spool_refuse_part(
	const struct spool *s, const char *name, unsigned number, struct span part, const char *why)
{
	char id[SPOOL_ENTRY_ID_BYTES];
	spool_entry_id(name, number, id);
	if (!spool_name_valid(span_str(id), NULL))
		name_part_of_part(name, id);
	int rc = write_why(s, id, name, why);
	/* Durability: the part must be on the disk before the rest of its file goes to done/, or it
	 * would be lost. */
	if (rc == 0)
		rc = io_replace_file(s->dirs[SPOOL_BAD], id, part, 0600);
	return rc;
}

/* Somebody made new/NAME while cur/NAME was being worked on: the one in cur/ was first. */
static int push_aside(const struct spool *s, const char *name)
{
	char bad_name[SPOOL_NAME_BYTES];
	return spool_refuse(
		s, SPOOL_NEW, name, "its name is that of another file of this spool", bad_name);
}

int spool_release(const struct spool *s, const char *name)
{
	int rc = rename_between(s, SPOOL_CUR, name, SPOOL_NEW, name);
	if (rc != -EEXIST)
		return rc;
	rc = push_aside(s, name);
	return rc < 0 ? rc : rename_between(s, SPOOL_CUR, name, SPOOL_NEW, name);
}
