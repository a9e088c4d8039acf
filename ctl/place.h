/* SPDX-License-Identifier: GPL-2.0-or-later */
/* place: the spools as an operator meets them: some of their states may be closed to him, any
 * of their files may be hostile. */
#ifndef PUNCHD_CTL_PLACE_H
#define PUNCHD_CTL_PLACE_H

#include <stdint.h>
#include <sys/stat.h>

#include "ctl/ask.h"
#include "spool/spool.h"

enum place_kind { PLACE_UPLOAD, PLACE_RESULT, PLACE_ORDER, PLACE_ERASE, PLACES };

struct place {
	const char *kind;     /* "upload" */
	const char *consumer; /* "parserd" */
	bool open;
	bool missing; /* it was never made */
	struct spool spool;
};

struct places {
	struct place at[PLACES];
	const char *dir; /* of the configuration */
	uint64_t file_max_bytes;
};

/* The name of a spool; false when it is none. */
bool place_named(const char *word, enum place_kind *ret);

/* Opens all spools, or only `*only` when that is not NULL. An exit code, said: EX_UNAVAILABLE when
 * nothing was ever made there; `*ret` may be looked at even then. Of several spools one at least is
 * open then, and of the others it is said why they are not. */
int places_open(const struct ask *a, const enum place_kind *only, struct places *ret);
void places_close(struct places *p);

/* May the state be looked into? */
static inline bool place_may(const struct place *p, enum spool_state state)
{
	return p->open && p->spool.dirs[state] >= 0;
}

/* Says which state may not be looked into and as whom it may. EX_NOPERM. */
int place_refused(const struct places *ps, const struct place *p, enum spool_state state);
/* For every closed state of an open spool that is among `states` (bits). EX_NOPERM when there was
 * one, else EX_OK. */
int places_refused(const struct places *ps, unsigned states);

#define PLACE_ALL_STATES ((1u << SPOOL_STATES) - 1)

/* ---- files ---- */

/* May it be a file's name at all? (No '/', not "." or "..", not the reason beside a refused file.)
 */
bool place_name_usable(const char *name);

/* What is there under that name, itself and not what a link points to. 0, -ENOENT, other negative
 * errno. */
must_check int place_look(
	const struct place *p, enum spool_state state, const char *name, struct stat *ret);

/* Reads a file whole. 0; -EBADMSG with the reason when it is no file to be read ("it is a symbolic
 * link"); other negative errno. */
must_check int place_read(const struct places *ps, const struct place *p, enum spool_state state,
	const char *name, struct buf *into, const char **ret_why);

/* Reads the reason beside a refused file: its first line's words go to `into`. 0, -ENOENT, other
 * negative errno. */
must_check int place_reason(const struct place *p, const char *name, struct buf *into);

/* How old a file is by its name; 0 when the name says nothing or a time to come. */
uint64_t place_age_us(const char *name, uint64_t now_us);

/* The name of the owner, or the number where there is none of that name. */
void place_owner(const struct stat *st, char *ret_owner, size_t room);

/* How many files a state has, and the age of the oldest. 0 or a negative errno. */
must_check int place_count(const struct place *p, enum spool_state state, uint64_t now_us,
	uint64_t *ret_files, uint64_t *ret_oldest_us);

#endif
