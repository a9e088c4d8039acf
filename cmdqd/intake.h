/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake: takes the files out of a spool of cmdqd's ("order", "result") and sees that they are done
 * (docs/SPOOL.md). Files that are there together are settled together: one transaction, what else
 * has to follow it, then the renames. */
#ifndef PUNCHD_CMDQD_INTAKE_H
#define PUNCHD_CMDQD_INTAKE_H

#include <stdint.h>

#include "cmdqd/loop.h"
#include "lib/buf.h"
#include "lib/conf.h"
#include "spool/spool.h"

#define INTAKES_MAX 2 /* in a process */

/* What is done with the files. */
struct intake_work {
	const char *kind; /* "order", "result"; also how it is called in the log */
	/* As obey_file. 0; -EBADMSG with the reason: it is refused, after the next settle();
	 * another negative errno: what was done since the last settle() is given up. */
	int (*file)(void *context, const struct spool *spool, const char *name, struct span bytes,
		const char **ret_why);
	/* Makes the effects of all files since the last call durable, of the refused ones too. 0,
	 * or a negative errno: then all of them are to be done again, after -EAGAIN at once. */
	int (*settle)(void *context, uint64_t now_ms);
	/* Those effects are given up: what was done since the last settle() will be done again.
	 * Called after either of the above has failed. */
	void (*abandon)(void *context);
	void *context;
};

struct intake {
	struct intake_work work;
	struct spool spool;
	struct spool_taker taker;
	struct buf file;
	uint64_t rescan_ms, draft_stale_ms;
	uint64_t next_scan_ms, next_sweep_ms;
	struct spool_list in_work; /* of the last cmdqd; each is worked on alone, before the rest */
	size_t next_in_work;
	bool recovered;
	bool hurry;  /* something came, or there was more than one pass takes */
	bool failed; /* the last pass; the next one waits for its time */
};

/* Makes and opens the spool CONF->spool_dir/KIND and adds it to the watch of the process; `work`,
 * with that kind, is set before the first intake_turn. -EBUSY while another process consumes it;
 * other negative errno.
 * `*ret_watch_fd` is the watch's descriptor, the same for all spools of a process. */
must_check int intake_open(
	struct intake *in, const char *kind, const struct conf *conf, int *ret_watch_fd);

/* Does what is there to do now: nothing, mostly. Call it after every turn of the loop. 0; a
 * negative errno when the store is damaged, so that nothing can ever be done (devices_damaged). */
must_check int intake_turn(struct intake *in, uint64_t now_ms);
/* The watch of the process ends with the first that is closed. */
void intake_close(struct intake *in);

/* The watch of all intakes of a process (spool/watch.c): in the loop, it raises `hurry` of each.
 * `intakes` are set before; those that are NULL do not count. 0 or a negative errno. */
struct intake_watch {
	struct loop_source source; /* first: a pointer to it is one to the watch */
	int loop_fd;
	struct intake *intakes[INTAKES_MAX];
};
must_check int intake_watch(struct intake_watch *w, int loop_fd, int watch_fd);

#endif
