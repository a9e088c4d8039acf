/* SPDX-License-Identifier: GPL-2.0-or-later */
/* obey: does what the orders of one file say: to the devices as far as memory goes, to the queue
 * within the ledger's transaction. What became of each is kept there too, and of an order that was
 * done, and then refused or done again, the first; so a command's order, its cancellation, a
 * device.resend and a device.remove are carried out once, however often their file is worked on. */
#ifndef PUNCHD_CMDQD_OBEY_H
#define PUNCHD_CMDQD_OBEY_H

#include "cmdqd/devices.h"
#include "cmdqd/later.h"
#include "cmdqd/ledger.h"
#include "cmdqd/poke.h"
#include "cmdqd/shelf.h"
#include "lib/conf.h"
#include "spool/spool.h"

struct obey {
	struct devices *devices;
	struct ledger *ledger;
	const struct conf *conf; /* what is allowed */
	struct later *later;     /* gets the lines about what was done */
	struct shelf *shelf;     /* of the files that orders name */
	/* Who is to be woken once all is durable: filled by obey_file, emptied by obey_wake. */
	struct obey_woken *woken;
	size_t woken_count, woken_room;
};

/* `bytes` are what is in cur/NAME. The good entries are done even if others are refused: those are
 * set aside. 0; -EBADMSG with the reason (good until the next call) when there is no good one:
 * refuse all of it, once what the transaction says of it is durable; another negative errno: the
 * transaction was given up, and all files since the last commit are to be done again (-EAGAIN: at
 * once), doing it twice is as good as once. */
must_check int obey_file(struct obey *o, const struct spool *orders, const char *name,
	struct span bytes, const char **ret_why);

/* After the commit: pokes the devices that commands are waiting for. With `poke` NULL, when the
 * transaction was given up, none. */
void obey_wake(struct obey *o, struct poke *poke, uint64_t now_ms);
void obey_close(struct obey *o);

#endif
