/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outbox: what one client of the desk is still to hear: answers that are held until what they say
 * is durable, and packets that its socket had no room for. */
#ifndef PUNCHD_CMDQD_OUTBOX_H
#define PUNCHD_CMDQD_OUTBOX_H

#include <sys/queue.h>

#include "lib/msg.h"

#define OUTBOX_HELD_MAX (1024 * 1024) /* bytes; above it no more questions should be taken */

struct letter;
STAILQ_HEAD(letters, letter);

struct outbox {
	int fd; /* non-blocking; borrowed */
	struct letters held, unsent;
	size_t held_count, held_bytes;
};

void outbox_open(struct outbox *o, int fd);
/* What was not sent is lost. */
void outbox_close(struct outbox *o);

/* Is there something that its socket has no room for? */
bool outbox_stalled(const struct outbox *o);
/* May another question be taken? Not before it has heard what there was, and not while too much is
 * held. That bounds an outbox to OUTBOX_HELD_MAX and two packets. */
bool outbox_has_room(const struct outbox *o);

/* Sends the packet, or keeps it behind those that wait for the socket. 0 or a negative errno. */
must_check int outbox_send(struct outbox *o, struct span packet);
/* Keeps `packet`, the answer to a question of this id and kind, until outbox_release. 0 or -ENOMEM.
 */
must_check int outbox_hold(struct outbox *o, uint64_t id, enum msg_kind kind, struct span packet);
/* Sends what was held, in its order; unless it is durable, in the place of each answer one that
 * promises nothing, made in `scratch`: 200 and "OK" to a poll, 200 and "AUTH=Failed" LF to who asks
 * if somebody is who he says, 503 to every other. 0 or a negative errno. */
must_check int outbox_release(struct outbox *o, bool durable, struct buf *scratch);
/* The socket has room again. 0 or a negative errno. */
must_check int outbox_flush(struct outbox *o);

#endif
