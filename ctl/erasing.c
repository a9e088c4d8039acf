/* SPDX-License-Identifier: GPL-2.0-or-later */
/* erasing: see the header. */
#include "ctl/erasing.h"

#include <errno.h>
#include <grp.h>

#include "ctl/fail.h"
#include "ctl/place.h"

#define POLL_MS   50
#define ENTRY_MAX ((size_t)16 * 1024)

static int say_not_posted(int rc, const struct places *ps, const struct place *p)
{
	struct stat st;
	if (rc != -EACCES && rc != -EPERM)
		return fail_at(rc, "write an order into", ps->dir);
	const struct group *group = fstat(p->spool.root, &st) == 0 ? getgrgid(st.st_gid) : NULL;
	return fail(EX_NOPERM, "may not erase: run as root or as a member of the group %s",
		group ? group->gr_name : "of the spool erase");
}

/* Durability: spool_post returns when the order would survive a power cut. */
static int post(const struct place *p, const char *lines, char ret_name[static SPOOL_NAME_BYTES])
{
	struct buf file = buf_with_max(ENTRY_MAX);
	const struct spool_entry e = {
		.received_us = clock_wall_us(),
		.kind = span_str(p->kind),
		.peer = span_str("local"),
		.body = span_str(lines),
	};
	int rc = p->spool.dirs[SPOOL_TMP] < 0 || p->spool.dirs[SPOOL_NEW] < 0 ? -EACCES : 0;
	if (rc == 0)
		rc = spool_entry_put(&file, &e);
	if (rc == 0)
		rc = spool_post(&p->spool, buf_span(&file), ret_name);
	buf_free(&file);
	return rc;
}

enum fate { WAITS, TAKEN, DONE, REFUSED };

static enum fate look(const struct place *p, const char *name)
{
	struct stat st;
	if (place_look(p, SPOOL_NEW, name, &st) == 0)
		return WAITS;
	if (place_look(p, SPOOL_BAD, name, &st) == 0)
		return REFUSED;
	return place_look(p, SPOOL_DONE, name, &st) == 0 ? DONE : TAKEN;
}

/* Who may not look into done/ knows no more than that it was taken. */
static bool settled(const struct place *p, enum fate fate)
{
	return fate >= DONE || (fate == TAKEN && !place_may(p, SPOOL_DONE));
}

static enum fate await(const struct ask *a, const struct place *p, const char *name)
{
	uint64_t wait_ms = a->has_timeout ? a->timeout_ms : ERASING_WAIT_MS;
	uint64_t begun_ms = clock_mono_ms();
	enum fate fate = look(p, name);
	while (!settled(p, fate) && clock_mono_ms() - begun_ms < wait_ms) {
		if (fate == WAITS && spool_has_consumer(&p->spool) == 0)
			break;
		clock_sleep_ms(POLL_MS);
		fate = look(p, name);
	}
	return fate;
}

static int say_refused(const struct place *p, const char *name)
{
	struct buf why = buf_with_max(4096);
	if (place_reason(p, name, &why) < 0)
		(void)!buf_add_str(&why, "no reason was written");
	int code = fail(
		EX_DATAERR, "parserd refused the order %s.1: %.*s", name, SPAN_ARG(buf_span(&why)));
	buf_free(&why);
	return code;
}

/* Programs get nothing on standard output but what they can read. */
static void tell(const struct ask *a, const char *before, const char *name, const char *behind)
{
	if (a->format == OUT_TABLE)
		out_say("%s %s.1 %s", before, name, behind);
	else
		fail_note("%s %s.1 %s", before, name, behind);
}

static int say(const struct ask *a, const struct place *p, const char *name, enum fate fate)
{
	switch (fate) {
	case DONE:
		return EX_OK;
	case REFUSED:
		return say_refused(p, name);
	case TAKEN:
		if (place_may(p, SPOOL_DONE))
			return fail(
				EX_TEMPFAIL, "parserd is still at work on the order %s.1", name);
		tell(a, "parserd has taken the order", name, "and its log says what became of it");
		return EX_OK;
	case WAITS:
		break;
	}
	if (spool_has_consumer(&p->spool) == 0) {
		tell(a, "the order", name, "waits: parserd is not at work");
		return EX_OK;
	}
	return fail(EX_TEMPFAIL, "the order %s.1 still waits for parserd; it will be carried out",
		name);
}

int erasing_give(const struct ask *a, const char *lines, bool *ret_done)
{
	enum fate fate = WAITS;
	enum place_kind kind = PLACE_ERASE;
	struct places ps;
	char name[SPOOL_NAME_BYTES];
	int code = places_open(a, &kind, &ps);
	*ret_done = false;
	if (code != EX_OK)
		return code;
	const struct place *p = &ps.at[kind];
	int rc = post(p, lines, name);
	if (rc < 0)
		code = say_not_posted(rc, &ps, p);
	else if (a->no_wait)
		tell(a, "the order", name, "was given");
	else
		code = say(a, p, name, fate = await(a, p, name));
	*ret_done = fate == DONE;
	places_close(&ps);
	return code;
}
