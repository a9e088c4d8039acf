/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entries: goes through the entries of one file that is in cur/, and sets those aside that are bad;
 * what is done for each is decided by whom it works for. */
#ifndef PUNCHD_CMDQD_ENTRIES_H
#define PUNCHD_CMDQD_ENTRIES_H

#include "cmdqd/later.h"
#include "spool/spool.h"

#define ENTRIES_WHY_BYTES 192 /* room for a reason in words, with NUL */

/* `id` is the entry's text, "NAME.1". */
struct entries_work {
	const char *kind; /* "order", "result" */
	/* 0: it is done. -EBADMSG with the reason: it is refused. Another negative errno: nothing
	 * more is done with this file now. */
	int (*entry)(void *context, const struct spool_entry *e, const char *id,
		char ret_why[static ENTRIES_WHY_BYTES]);
	/* It is going to be set aside: by the above, or because it could not be read. 0 or a
	 * negative errno, as above. May be NULL. */
	int (*refused)(void *context, const char *id, const char *why);
	void *context;
	struct later *later; /* gets the lines about what is set aside */
};

/* 0: every entry is done or set aside; -EBADMSG with the reason of the last one (good until the
 * next call) when none is good: refuse the file; another negative errno: try again later. */
must_check int entries_do(const struct entries_work *w, const struct spool *spool, const char *name,
	struct span bytes, const char **ret_why);

/* When an entry came in: by its head, else by its file's name (`named_us`, or 0); never after
 * `now_us`, for a clock that was wrong then must not make anything live for longer. */
uint64_t entries_received_us(const struct spool_entry *e, uint64_t named_us, uint64_t now_us);

#endif
