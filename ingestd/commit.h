/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commit: makes entries durable in groups. While one group is being synced the next one gathers;
 * all of a group go into one spool file and hear their answer together, so that one fsync serves as
 * many terminals as are waiting. */
#ifndef PUNCHD_INGESTD_COMMIT_H
#define PUNCHD_INGESTD_COMMIT_H

#include "lib/span.h"
#include "spool/spool.h"

/* One entry on its way. It belongs to the lane from commit_submit until commit_collect gives it
 * back. */
struct commit_item {
	struct commit_item *next;
	struct span bytes;        /* a whole entry, or a NULL pointer: then it is in the draft */
	struct spool_draft draft; /* a whole entry in a file of its own; else its fd is -1 */
	int result; /* after collecting: 0 durable, or a negative errno: promise nothing */
};

struct commit_lane;

/* A lane is a spool and its committers, threads of their own. A file holds at most
 * `group_max_bytes`, or one entry. `done_fd` is an eventfd that becomes
 * readable when items are back. The spool must outlive the lane. 0 or a negative errno. */
must_check int commit_open(
	const struct spool *s, int done_fd, size_t group_max_bytes, struct commit_lane **ret);
/* Hands an item over. Nobody is woken for it before commit_kick, so that all that came in one turn
 * of the loop go together; only a committer that is at work already may take it earlier. */
void commit_submit(struct commit_lane *l, struct commit_item *item);
void commit_kick(struct commit_lane *l);
/* Takes back all that are finished, as a list in no order that matters; NULL when there are none.
 */
struct commit_item *commit_collect(struct commit_lane *l);
/* Finishes what was submitted and ends the threads. Collect before and after. */
void commit_finish(struct commit_lane *l);
void commit_free(struct commit_lane *l);

#endif
