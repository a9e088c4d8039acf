/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shelf: the files that terminals may fetch: of each that an order names a copy CONF_SERVED/<its
 * SHA-256>, so that what was checked is what is sent, whoever changes the source. A copy is whole
 * and durable before it has its name.
 *
 * A copy's time of modification says when it was last wanted. */
#ifndef PUNCHD_CMDQD_SHELF_H
#define PUNCHD_CMDQD_SHELF_H

#include <sys/stat.h>

#include "cmdqd/ledger.h"
#include "lib/sha256.h"
#include "spool/spool.h"
#include "store/command.h"

#define SHELF_STEP      (1U << 20) /* bytes copied at a time; the desk is deaf for as long */
#define SHELF_GRACE_US  UINT64_C(600000000) /* a copy that nobody wants any more goes after it */
#define SHELF_LOOK_MOST 4096                /* names looked at in one shelf_sweep */

struct shelf {
	int from, to;              /* both directories held; `from` may be -ENOENT or -EACCES */
	struct shelf_job *job;     /* the copy that is being made, or NULL */
	struct shelf_known *known; /* what is at hand of each source, by its name */
	size_t known_count;
};

/* `from` is CONF_FILES, `to` CONF_SERVED, which is made when it is missing (2750). Drafts that were
 * left in it go. Where `from` is missing or closed to us nothing can be sent, and that is not what
 * this fails for. 0 or a negative errno. */
must_check int shelf_open(const char *from, const char *to, struct shelf *ret);
void shelf_close(struct shelf *s);

/* The copy of CONF_FILES/<name> as it is now, which is made if need be: sha256 and bytes of `*ret`
 * are set. 0; -EAGAIN when a step of the copying was done and more are to come: call it again with
 * the same name, after others had their turn; -EBADMSG with the reason: no such file, none that can
 * be had, or it was changed meanwhile; another negative errno when the surroundings are bad. */
must_check int shelf_take(struct shelf *s, struct span name, struct command_file *ret,
	char ret_why[static SPOOL_WHY_BYTES]);

/* It is wanted now: it stays for SHELF_GRACE_US at least. 0; -ENOENT; other negative errno. */
must_check int shelf_touch(const struct shelf *s, const struct command_file *file);

/* Takes away the copies that no open command names and that nobody has wanted for SHELF_GRACE_US.
 * Reads within the ledger's transaction. How many, or a negative errno. */
must_check int shelf_sweep(const struct shelf *s, struct ledger *l, uint64_t now_us);

#endif
