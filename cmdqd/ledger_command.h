/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_command: the commands in the ledger, one by one, and what is kept beside them; what is to
 * be done with them is cmdqd/queue.h. All of it within the ledger's open transaction. The
 * databases: store/command.h. */
#ifndef PUNCHD_CMDQD_LEDGER_COMMAND_H
#define PUNCHD_CMDQD_LEDGER_COMMAND_H

#include "cmdqd/ledger.h"
#include "store/command.h"

/* Gives it the next id, which no command of any device ever had, and writes it. `urgent` as in
 * OPEN_URGENT. */
must_check int ledger_add_command(struct ledger *l, struct command *c, bool urgent);
/* Writes a command that is there. Once it is over it is no longer among the open ones, and never
 * is again. */
must_check int ledger_put_command(struct ledger *l, const struct command *c, bool urgent);
/* Is there an open command that lets this file be fetched? 1, 0, or a negative errno. */
must_check int ledger_wants_file(struct ledger *l, struct span sha256);
/* The open command whose file has this token: its id. 0, -ENOENT, another negative errno. */
must_check int ledger_find_token(struct ledger *l, struct span token, uint64_t *ret_id);
/* As control_get_command; -ENOENT when there is none. */
must_check int ledger_get_command(
	struct ledger *l, uint64_t id, struct buf *into, struct command *ret);

/* What stands beside an open command, so that a search reads only those that it is for; bits. */
enum open_mark {
	OPEN_OFFERED = 1 << 0,
	OPEN_URGENT = 1 << 1,
	OPEN_EXPIRES = 1 << 2, /* it has an expiry */
};

/* A place among the open commands, which are in order of serial and then of id. All zeros is before
 * the first one; with a serial and no id, before the first one of that device. */
struct open_place {
	char serial[SERIAL_MAX + 1];
	uint64_t id;
	unsigned marks;
};
/* To the next one behind it, also when the one at the place is gone by now. 0; -ENOENT when there
 * is none, then the place stays; another negative errno. */
must_check int ledger_next_open(struct ledger *l, struct open_place *at);
/* The same within the device, to the next one whose marks are `wanted` as far as `mask` goes. */
must_check int ledger_next_open_of(
	struct ledger *l, struct open_place *at, unsigned mask, unsigned wanted);
/* To the first one of the next device. */
must_check int ledger_next_open_device(struct ledger *l, struct open_place *at);
/* How many the device has, or a negative errno. Once it has counted, it knows the answer until the
 * transaction ends, one of them does, or another device is asked about. */
must_check int ledger_count_open(struct ledger *l, struct span serial);

/* What a device said in its last INFO (store/command.h): `lines` are escaped already. -ENOENT when
 * there is none; ledger_get_facts empties `into` first. */
must_check int ledger_put_facts(struct ledger *l, struct span serial, struct span lines);
must_check int ledger_get_facts(struct ledger *l, struct span serial, struct buf *into);
/* What became of an order's entry. -ENOENT when it was never worked on. */
must_check int ledger_put_ordered(struct ledger *l, const char *entry, const struct ordered *o);
must_check int ledger_get_ordered(struct ledger *l, const char *entry, struct ordered *ret);
/* A result that nobody asked for; entry and ordinal are its key, so that a replay changes nothing.
 */
must_check int ledger_put_stray(struct ledger *l, const struct stray *s, unsigned ordinal);

#endif
