/* SPDX-License-Identifier: GPL-2.0-or-later */
/* queue: the commands of all devices in STATE/cmdqd/control. Every function works within the
 * ledger's transaction, which it begins when none is open; nothing is kept before ledger_commit.
 * After -EXFULL and any other failure the transaction is to be given up (ledger_give_up), and what
 * was done in it is to be done again: orders and results come again, an offer that was not
 * committed is not made. */
#ifndef PUNCHD_CMDQD_QUEUE_H
#define PUNCHD_CMDQD_QUEUE_H

#include "cmdqd/ledger.h"
#include "cmdqd/ledger_command.h"
#include "cmdqd/progress.h"
#include "command/render.h"
#include "store/command.h"

#define QUEUE_OPEN_MAX   10000 /* open commands of one device */
#define QUEUE_BATCH_MAX  200   /* commands in a reply: docs/PROTOCOL.md 4 */
#define QUEUE_SWEEP_MOST 4096  /* open commands looked at in one queue_sweep */

struct queue_order {
	struct span serial;
	const char *entry; /* "NAME.1"; QUEUE_OWN_ENTRY for one of its own, never a repetition */
	uint64_t owner_uid;
	uint64_t expires_us;
	const struct typed *command;
	const struct command_file *file; /* of put-file; else NULL */
};

#define QUEUE_OWN_ENTRY "cmdqd"
/* 1 when it is queued now, 0 when this entry was taken before (then `*ret_id` is the command of
 * then); -ENOSPC when QUEUE_OPEN_MAX wait; -EMSGSIZE when its text is longer than TYPED_MAX; other
 * negative errno. */
must_check int queue_add(
	struct ledger *l, const struct queue_order *o, uint64_t now_us, uint64_t *ret_id);

/* What a device is offered. */
struct queue_offer {
	struct span serial;
	const struct dialect *dialect;
	uint64_t batch_bytes; /* of the whole reply at most */
	const struct progress_rules *rules;
};
/* Appends the lines "C:<id>:<command>" LF of what is due and marks them as offered: in order of id,
 * at most QUEUE_BATCH_MAX and so many that `lines` has batch_bytes, nothing behind one that
 * VERB_ENDS_BATCH. VERB_URGENT ones go before all others, for those can be many replies long;
 * while one that was offered has no result, they alone go. One that cannot be rendered for this
 * device, or does not fit into its replies, has failed. How many lines; `*ret_open` says whether
 * any command of the device is open still (offered ones too); negative errno, then `lines` is as
 * it was. */
must_check int queue_offer(struct ledger *l, const struct queue_offer *o, uint64_t now_us,
	struct buf *lines, bool *ret_open);

/* What a stored text orders, as far as it can be understood still. */
struct queue_kind {
	const struct verb *verb; /* NULL: none that we know */
	unsigned traits;
};
struct queue_kind queue_kind_of(struct span text);

struct queue_result {
	struct span serial;
	uint64_t id;
	int64_t code;
	const char *entry; /* that brought it */
	uint64_t content_bytes;
};
/* `into` here and below has room for TYPED_MASKED_MAX. A verdict of progress.h: PROGRESS_STRAY too
 * when there is no such command of this very device.
 * `*ret` is the command as it is now, but for a stray; its text is in `into`. */
must_check int queue_result(struct ledger *l, const struct queue_result *r, uint64_t now_us,
	struct buf *into, struct command *ret);
/* The command, if it is this device's; `into` holds its text. 0, -ENOENT, other negative errno. */
must_check int queue_find(
	struct ledger *l, struct span serial, uint64_t id, struct buf *into, struct command *ret);

/* 0; -ENOENT when there is no such command; -EALREADY when it is over. `*ret` without its text. */
must_check int queue_cancel(struct ledger *l, uint64_t id, uint64_t now_us, struct command *ret);
/* All open ones of a device that is removed. How many, or a negative errno. */
must_check int queue_cancel_all(struct ledger *l, struct span serial, uint64_t now_us);

/* Lets time pass for open commands, at most QUEUE_SWEEP_MOST of them, from where the last call
 * stopped (`*cursor`: starts zeroed). `due` is called with the serial of each that is queued again.
 * How many changed, or a negative errno; then the cursor stays. */
struct queue_cursor {
	struct open_place at;
};
typedef void queue_due(void *context, struct span serial);
must_check int queue_sweep(struct ledger *l, struct queue_cursor *cursor,
	const struct progress_rules *rules, uint64_t now_us, queue_due *due, void *context);

/* Calls `due` for every serial that has open commands, at the start. 0 or a negative errno. */
must_check int queue_open_serials(struct ledger *l, queue_due *due, void *context);

#endif
