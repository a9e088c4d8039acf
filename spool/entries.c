/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entries: goes through the entries of one file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "spool/spool.h"

/* An entry that is to be set aside, if any other of its file is good. */
struct refused {
	unsigned number;
	struct span part;
	char *why;
};

struct run {
	const struct spool_entries *work;
	const struct spool *spool;
	const char *name;
	unsigned good;
	struct refused *refused;
	size_t refused_count, refused_room;
};

/* ---- those that are refused ---- */

static int make_room(struct run *r)
{
	if (r->refused_count < r->refused_room)
		return 0;
	size_t room = r->refused_room ? 2 * r->refused_room : 16;
	struct refused *more = realloc(r->refused, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	r->refused = more;
	r->refused_room = room;
	return 0;
}

static int remember_refused(
	struct run *r, unsigned number, const char *id, struct span part, const char *why)
{
	int rc = r->work->refused ? r->work->refused(r->work->context, id, why) : 0;

	if (rc == 0)
		rc = make_room(r);
	if (rc != 0)
		return rc;
	char *copy = strdup(why);
	if (!copy)
		return -ENOMEM;
	r->refused[r->refused_count++] = (struct refused){number, part, copy};
	return 0;
}

static int set_aside(const struct run *r)
{
	char id[SPOOL_ENTRY_ID_BYTES];

	for (size_t i = 0; i < r->refused_count; i++) {
		const struct refused *bad = &r->refused[i];
		int rc = spool_refuse_part(r->spool, r->name, bad->number, bad->part, bad->why);
		if (rc < 0)
			return rc;
		spool_entry_id(r->name, bad->number, id);
		r->work->aside(r->work->context, id, bad->why);
	}
	return 0;
}

static void forget_refused(struct run *r)
{
	for (size_t i = 0; i < r->refused_count; i++)
		free(r->refused[i].why);
	free(r->refused);
}

/* ---- the file ---- */

static void date(const struct run *r, struct spool_entry *e)
{
	if (e->received_us == 0)
		(void)spool_name_valid(span_str(r->name), &e->received_us);
	if (e->received_us == 0 || e->received_us > r->work->now_us)
		e->received_us = r->work->now_us;
}

/* A good frame may hold what is refused by whom it is for. */
static int do_one(
	struct run *r, unsigned number, struct spool_entry *e, struct span part, const char *why)
{
	char id[SPOOL_ENTRY_ID_BYTES], own_why[SPOOL_WHY_BYTES];

	spool_entry_id(r->name, number, id);
	if (!e)
		return remember_refused(r, number, id, part, why);
	date(r, e);
	int rc = r->work->entry(r->work->context, e, id, own_why);
	if (rc == -EBADMSG)
		return remember_refused(r, number, id, part, own_why);
	r->good += rc == 0;
	return rc;
}

static int do_all(struct run *r, struct span file)
{
	size_t offset = 0;
	unsigned number = 0;
	struct spool_entry e;
	struct span part;
	const char *why;
	enum spool_verdict verdict;
	int rc = 0;

	while (rc == 0 && (verdict = spool_entry_next(file, span_str(r->work->kind), &offset,
				   &number, &e, &part, &why)) != SPOOL_FILE_ENDED)
		rc = do_one(r, number, verdict == SPOOL_ENTRY ? &e : NULL, part, why);
	return rc;
}

static int refuse_all(const struct run *r, const char **ret_why)
{
	static char why[SPOOL_WHY_BYTES];

	snprintf(why, sizeof(why), "%s",
		r->refused_count ? r->refused[r->refused_count - 1].why : "no entry in it");
	*ret_why = why;
	return -EBADMSG;
}

int spool_entries_do(const struct spool_entries *w, const struct spool *spool, const char *name,
	struct span bytes, const char **ret_why)
{
	struct run r = {.work = w, .spool = spool, .name = name};
	int rc = do_all(&r, bytes);

	if (rc == 0)
		rc = r.good > 0 ? set_aside(&r) : refuse_all(&r, ret_why);
	forget_refused(&r);
	return rc;
}

uid_t spool_owner(const struct spool *s, const char *name)
{
	struct stat st;

	return fstatat(s->dirs[SPOOL_CUR], name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_uid
										: (uid_t)-1;
}
