/* SPDX-License-Identifier: GPL-2.0-or-later */
/* take: how every consumer gets at its next file. One file's fault must not be another's: what can
 * be neither taken nor refused is left, and the others are taken. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/hash.h"
#include "spool/spool.h"

/* ---- what stays behind ---- */

static size_t find_left(const struct spool_taker *t, uint64_t hash)
{
	size_t i = 0;

	while (i < SPOOL_LEFT_MAX && t->left[i].hash != hash)
		i++;
	return i;
}

/* A clock that was set back must not make it wait for long. */
static bool is_waiting(uint64_t again_us, uint64_t now_us)
{
	return again_us > now_us && again_us - now_us <= SPOOL_LEFT_US;
}

static bool was_just_left(const struct spool_taker *t, const char *name, uint64_t now_us)
{
	size_t i = find_left(t, hash_bytes(span_str(name)));

	return i < SPOOL_LEFT_MAX && is_waiting(t->left[i].again_us, now_us);
}

/* 1 the first time, 0 later. So many at a time are no files' own fault: -ENOBUFS. */
static int remember(struct spool_taker *t, const char *name, uint64_t now_us)
{
	uint64_t hash = hash_bytes(span_str(name));
	size_t i = find_left(t, hash);
	bool first = i == SPOOL_LEFT_MAX;

	if (first) {
		i = t->left_next;
		if (is_waiting(t->left[i].again_us, now_us))
			return -ENOBUFS;
		t->left_next = (i + 1) % SPOOL_LEFT_MAX;
	}
	t->left[i].hash = hash;
	t->left[i].again_us = now_us + SPOOL_LEFT_US;
	return first;
}

static int leave(struct spool_taker *t, const char *name, uint64_t now_us, const char *why,
	int error, struct spool_taking *ret)
{
	int first = remember(t, name, now_us);

	if (first < 0)
		return error;
	*ret = (struct spool_taking){.why = why, .error = error, .first = first > 0};
	return SPOOL_LEFT;
}

int spool_take_leave(struct spool_taker *t, const char *name, uint64_t now_us, const char *why,
	int error, struct spool_taking *ret)
{
	int rc = spool_release(t->spool, name);

	if (rc == 0)
		return leave(t, name, now_us, why, error, ret);
	t->stranded = true;
	return leave(t, name, now_us, "it can neither be worked on nor leave cur/", rc, ret);
}

static int refuse(struct spool_taker *t, enum spool_state from, const char *name, uint64_t now_us,
	const char *why, struct spool_taking *ret)
{
	struct spool_taking taking = {.why = why};
	int rc = spool_refuse(t->spool, from, name, why, taking.bad_name);

	if (rc == -ENOENT)
		return SPOOL_PASSED;
	if (rc < 0 && from == SPOOL_CUR)
		return spool_take_leave(t, name, now_us, why, rc, ret);
	if (rc < 0)
		return leave(t, name, now_us, why, rc, ret);
	*ret = taking;
	return SPOOL_REFUSED;
}

/* ---- taking ---- */

int spool_take_refuse(struct spool_taker *t, const char *name, uint64_t now_us, const char *why,
	struct spool_taking *ret)
{
	return refuse(t, SPOOL_CUR, name, now_us, why, ret);
}

static int load(struct spool_taker *t, const char *name, uint64_t now_us, struct buf *into,
	struct spool_taking *ret)
{
	const char *why;

	buf_clear(into);
	int rc = spool_load(t->spool, name, into, &why);
	if (rc == 0)
		return SPOOL_TAKEN;
	if (rc == -ENOENT)
		return SPOOL_PASSED;
	if (rc == -EBADMSG)
		return refuse(t, SPOOL_CUR, name, now_us, why, ret);
	return spool_take_leave(t, name, now_us, "it cannot be read now", rc, ret);
}

int spool_take_up(struct spool_taker *t, const char *name, uint64_t now_us, struct buf *into,
	struct spool_taking *ret)
{
	if (!was_just_left(t, name, now_us))
		return load(t, name, now_us, into, ret);
	t->stranded = true;
	return SPOOL_PASSED;
}

/* Still there under its name, too: in one that was moved away the sandbox lets nothing be changed.
 */
static bool is_ours_to_change(const struct spool *s, enum spool_state state)
{
	struct stat held, named;

	return faccessat(s->dirs[state], ".", W_OK | X_OK, 0) == 0 &&
	       fstat(s->dirs[state], &held) == 0 &&
	       fstatat(s->root, spool_state_name(state), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* Where a directory of the spool has lost its mode, its owner or its place every file would be
 * refused. */
static bool is_the_files_own_fault(const struct spool *s, int rc)
{
	if (rc == -EACCES || rc == -EPERM)
		return is_ours_to_change(s, SPOOL_NEW) && is_ours_to_change(s, SPOOL_CUR);
	return rc == -EEXIST || rc == -EBUSY;
}

int spool_take(struct spool_taker *t, const char *name, uint64_t now_us, struct buf *into,
	struct spool_taking *ret)
{
	if (was_just_left(t, name, now_us))
		return SPOOL_PASSED;
	if (!spool_name_valid(span_str(name), NULL))
		return refuse(
			t, SPOOL_NEW, name, now_us, "its name is not one that spoolput makes", ret);
	int rc = spool_claim(t->spool, name);
	if (rc == 0)
		return load(t, name, now_us, into, ret);
	if (rc == -ENOENT)
		return SPOOL_PASSED;
	if (!is_the_files_own_fault(t->spool, rc))
		return rc;
	return refuse(t, SPOOL_NEW, name, now_us,
		rc == -EEXIST ? "its name is that of another file of this spool"
			      : "it may not be moved: a directory, or not of the spool's group",
		ret);
}
