/* SPDX-License-Identifier: GPL-2.0-or-later */
/* place: to look, without being led astray. */
#include "ctl/place.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/fail.h"
#include "lib/io.h"

#define WHY_MAX_BYTES 4096

static const struct place kinds[PLACES] = {
	[PLACE_UPLOAD] = {.kind = "upload", .consumer = "parserd"},
	[PLACE_RESULT] = {.kind = "result", .consumer = "cmdqd"},
	[PLACE_ORDER] = {.kind = "order", .consumer = "cmdqd"},
	[PLACE_ERASE] = {.kind = "erase", .consumer = "parserd"},
};

bool place_named(const char *word, enum place_kind *ret)
{
	for (unsigned i = 0; i < PLACES; i++)
		if (strcmp(word, kinds[i].kind) == 0) {
			*ret = (enum place_kind)i;
			return true;
		}
	return false;
}

static int not_open(const struct places *ps, const struct place *p, int rc)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", ps->dir, p->kind);
	if (rc == -ENOENT)
		return fail(EX_UNAVAILABLE,
			"there is no spool %s yet: %s is not there, or not whole; the daemons make "
			"it",
			p->kind, path);
	return fail_at(rc, "open", path);
}

static int open_one(struct places *ps, enum place_kind kind)
{
	struct place *p = &ps->at[kind];
	int rc = spool_open(ps->dir, p->kind, SPOOL_FOR_OPERATING, &p->spool);
	p->open = rc == 0;
	p->missing = rc == -ENOENT;
	return rc;
}

static bool all_missing(const struct places *ps)
{
	for (unsigned i = 0; i < PLACES; i++)
		if (!ps->at[i].missing)
			return false;
	return true;
}

int places_open(const struct ask *a, const enum place_kind *only, struct places *ret)
{
	int rcs[PLACES] = {0}, code = EX_OK;
	bool any = false;

	*ret = (struct places){.dir = a->conf.spool_dir, .file_max_bytes = a->conf.file_max_bytes};
	memcpy(ret->at, kinds, sizeof(kinds));
	for (unsigned i = 0; i < PLACES; i++)
		if (!only || *only == i) {
			rcs[i] = open_one(ret, (enum place_kind)i);
			any |= ret->at[i].open;
		}
	if (all_missing(ret))
		return fail(EX_UNAVAILABLE, "there are no spools in %s yet; the daemons make them",
			ret->dir);
	for (unsigned i = 0; i < PLACES; i++)
		if (rcs[i] < 0)
			code = not_open(ret, &ret->at[i], rcs[i]);
	return any ? EX_OK : code;
}

void places_close(struct places *p)
{
	for (unsigned i = 0; i < PLACES; i++)
		if (p->at[i].open)
			spool_close(&p->at[i].spool);
}

int place_refused(const struct places *ps, const struct place *p, enum spool_state state)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s/%s", ps->dir, p->kind, spool_state_name(state));
	return fail_at(-EACCES, "look into", path);
}

/* All of a spool's closed states belong to its consumer: one line says it for all. */
static int refused_states(const struct places *ps, const struct place *p, unsigned states)
{
	char names[64] = "", shown[4096], path[4096];
	unsigned count = 0;
	for (unsigned i = 0; i < SPOOL_STATES; i++) {
		const char *name = spool_state_name((enum spool_state)i);
		size_t len = strlen(names);
		if (!(states & 1u << i) || place_may(p, (enum spool_state)i))
			continue;
		snprintf(names + len, sizeof(names) - len, "%s%s", len ? "," : "", name);
		snprintf(path, sizeof(path), "%s/%s/%s", ps->dir, p->kind, name);
		count++;
	}
	if (count == 0)
		return EX_OK;
	snprintf(shown, sizeof(shown), count > 1 ? "%s/%s/{%s}" : "%s/%s/%s", ps->dir, p->kind,
		names);
	return fail_permission("look into", shown, path);
}

int places_refused(const struct places *ps, unsigned states)
{
	int code = EX_OK;
	for (unsigned i = 0; i < PLACES; i++) {
		int one = ps->at[i].open ? refused_states(ps, &ps->at[i], states) : EX_OK;
		code = one == EX_OK ? code : one;
	}
	return code;
}

bool place_name_usable(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > 255 || strchr(name, '/') || strcmp(name, ".") == 0 ||
		strcmp(name, "..") == 0)
		return false;
	return len < 4 || strcmp(name + len - 4, ".why") != 0;
}

int place_look(const struct place *p, enum spool_state state, const char *name, struct stat *ret)
{
	if (!place_may(p, state))
		return -EACCES;
	if (fstatat(p->spool.dirs[state], name, ret, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static const char *no_file(const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return "it is a symbolic link, not a file";
	if (S_ISDIR(st->st_mode))
		return "it is a directory, not a file";
	return "it is a FIFO, socket or device, not a file";
}

/* Looked at before it is opened, for opening a device can do something, and again when it is open.
 */
static int open_file(
	const struct place *p, enum spool_state state, const char *name, const char **ret_why)
{
	struct stat st;
	int rc = place_look(p, state, name, &st);
	if (rc < 0)
		return rc;
	if (!S_ISREG(st.st_mode)) {
		*ret_why = no_file(&st);
		return -EBADMSG;
	}
	int fd = openat(p->spool.dirs[state], name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		io_close(fd);
		*ret_why = "it changed while it was looked at";
		return -EBADMSG;
	}
	return fd;
}

int place_read(const struct places *ps, const struct place *p, enum spool_state state,
	const char *name, struct buf *into, const char **ret_why)
{
	int fd = open_file(p, state, name, ret_why);
	if (fd < 0)
		return fd;
	*into = buf_with_max(ps->file_max_bytes);
	int rc = io_read_all(fd, into);
	io_close(fd);
	if (rc == -EMSGSIZE) {
		*ret_why = "it is larger than file_max";
		rc = -EBADMSG;
	}
	if (rc < 0)
		buf_free(into);
	return rc;
}

int place_reason(const struct place *p, const char *name, struct buf *into)
{
	char file[264];
	const char *why;
	struct buf text = buf_with_max(WHY_MAX_BYTES);
	struct span rest, line;

	snprintf(file, sizeof(file), "%s.why", name);
	int fd = open_file(p, SPOOL_BAD, file, &why);
	if (fd < 0)
		return fd;
	int rc = io_read_all(fd, &text);
	io_close(fd);
	rest = buf_span(&text);
	if (rc == -EMSGSIZE)
		rc = 0;
	if (rc == 0 && !span_next_line(&rest, &line))
		rc = -ENOENT;
	if (rc == 0)
		rc = buf_add_span(into, span_starts(line, "reason: ") ? span_from(line, 8) : line);
	buf_free(&text);
	return rc;
}

uint64_t place_age_us(const char *name, uint64_t now_us)
{
	uint64_t at_us;
	if (!spool_name_valid(span_str(name), &at_us) || at_us > now_us)
		return 0;
	return now_us - at_us;
}

void place_owner(const struct stat *st, char *ret_owner, size_t room)
{
	const struct passwd *pw = getpwuid(st->st_uid);
	if (pw)
		snprintf(ret_owner, room, "%s", pw->pw_name);
	else
		snprintf(ret_owner, room, "%u", (unsigned)st->st_uid);
}

int place_count(const struct place *p, enum spool_state state, uint64_t now_us, uint64_t *ret_files,
	uint64_t *ret_oldest_us)
{
	struct spool_list l;
	/* A few, because a name that is not of the form may come before the oldest file's. */
	int rc = spool_scan(&p->spool, state, 16, &l);
	if (rc < 0)
		return rc;
	*ret_files = l.total;
	*ret_oldest_us = 0;
	for (size_t i = 0; i < l.count && *ret_oldest_us == 0; i++)
		*ret_oldest_us = place_age_us(l.items[i].name, now_us);
	spool_list_free(&l);
	return 0;
}
