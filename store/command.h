/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command: the commands as cmdqd keeps them in STATE/cmdqd/control, and the side for readers. The
 * side that writes is cmdqd/queue.h. Databases:
 *
 *   command  id (u64)               -> the text of control_put_command: lines "key=value"
 *   history  serial NUL id          -> nothing: a device's commands, old and new
 *   open     serial NUL id          -> u8: those that are queued or offered, with bits of
 *                                      cmdqd/ledger_command.h
 *   order    "NAME.1" of the entry  -> lines "id=", "why=": what became of an order; a file that is
 *                                      worked on twice orders once, and who may not look into bad/
 *                                      can read here why it was refused
 *   stray    entry_ref, u32 ordinal -> the text of control_put_stray: results that nobody asked for
 *   fact     serial                 -> lines "key=value" escaped like a device's, of the last INFO
 *   token    token (32 hex digits)  -> id: the open commands that let a file be fetched
 *   wanted   sha256 (hex) NUL id    -> nothing: the same by the file
 *   meta     "last_command"         -> u64, the id given out last; never given again
 */
#ifndef PUNCHD_STORE_COMMAND_H
#define PUNCHD_STORE_COMMAND_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/file_target.h"
#include "lib/serial.h"
#include "lib/span.h"
#include "store/control.h"
#include "store/pack.h"

#define COMMAND_ORDER_BYTES 64                         /* "NAME.3" with NUL */
#define COMMAND_WHY_BYTES   192                        /* with NUL */
#define COMMAND_ID_MAX      UINT64_C(9999999999999999) /* 16 digits: docs/PROTOCOL.md 4 */

/* queued → offered → done | failed; queued, or offered and without a result, → expired, cancelled
 * or failed. A result that comes later still makes it done or failed: the terminal did carry it
 * out. */
enum command_state {
	COMMAND_QUEUED,
	COMMAND_OFFERED,
	COMMAND_DONE,
	COMMAND_FAILED,
	COMMAND_EXPIRED,
	COMMAND_CANCELLED,
	COMMAND_STATES
};

const char *command_state_name(enum command_state state);
static inline bool command_is_open(enum command_state state)
{
	return state == COMMAND_QUEUED || state == COMMAND_OFFERED;
}

/* What a put-file lets its device fetch. */
struct command_file {
	char token[FILE_TOKEN_BYTES + 1]; /* of its address; "" in a command of any other verb */
	char sha256[FILE_SHA256_BYTES + 1];
	uint64_t bytes;
	uint64_t fetched_us; /* when it was first asked for; 0: not yet */
};

/* A command. Times are µs since 1970, 0 when it has not come to that. */
struct command {
	uint64_t id;
	char serial[SERIAL_MAX + 1];
	enum command_state state;
	char order[COMMAND_ORDER_BYTES]; /* the entry that ordered it; "cmdqd" when it did by itself
					  */
	uint64_t owner_uid;              /* who owned that file */
	uint64_t queued_us, offered_us, ended_us;
	uint64_t expires_us; /* 0: never */
	uint64_t offers;     /* how often it was handed out */
	bool has_return;
	int64_t return_code;
	char result[COMMAND_ORDER_BYTES]; /* the entry that brought its result */
	char why[COMMAND_WHY_BYTES]; /* failed, expired, cancelled: the reason in words; else empty
				      */
	uint64_t content_bytes;      /* of the file CONF_CONTENT/<id>; 0 when there is none */
	struct command_file file;
	struct span
		text; /* command/typed.h; what is secret is masked in it once the command is over */
};

/* The stored text appended to `b`, and back, as in control.h. The span points into `text`'s own
 * unescaped copy in `into` (emptied first). 0; -EUCLEAN; -EMSGSIZE, -ENOMEM. */
must_check int control_put_command(struct buf *b, const struct command *c);
must_check int control_get_command(
	uint64_t id, struct span text, struct buf *into, struct command *ret);

/* A result that belongs to no command of that device, or to one that was never offered. */
struct stray {
	char serial[SERIAL_MAX + 1];
	char entry[COMMAND_ORDER_BYTES];
	char id[24];   /* as it came, made printable and cut */
	char name[32]; /* CMD as it came, the same */
	bool has_return;
	int64_t return_code;
	uint64_t received_us;
	char why[COMMAND_WHY_BYTES];
};

must_check int control_put_stray(struct buf *b, const struct stray *s);
must_check int control_get_stray(struct span text, struct stray *ret);

/* What became of an order's entry "NAME.1". */
struct ordered {
	uint64_t id; /* of the command that it made; 0 when it was no order of a command */
	char why[COMMAND_WHY_BYTES]; /* it was refused; else empty */
};

must_check int control_put_ordered(struct buf *b, const struct ordered *o);
must_check int control_get_ordered(struct span text, struct ordered *ret);

/* ---- keys; those that pack start with an empty pack and set k->failed for what is no key ---- */

#define COMMAND_LAST_ID "last_command" /* in meta; its value is as command_pack_id has it */

/* Of command. */
void command_pack_id(struct pack *k, uint64_t id);
must_check int command_unpack_id(struct span key, uint64_t *ret_id);
/* Of history and open. Without an id, command_pack_serial: what all keys of a device begin with.
 * The span points into `key`. */
void command_pack_serial(struct pack *k, struct span serial);
void command_pack_key(struct pack *k, struct span serial, uint64_t id);
must_check int command_unpack_key(struct span key, struct span *ret_serial, uint64_t *ret_id);
/* Of wanted. Without an id, command_pack_sha256: what all keys of a file begin with. */
void command_pack_sha256(struct pack *k, struct span sha256);
void command_pack_wanted(struct pack *k, struct span sha256, uint64_t id);
/* Of stray: of the entry "NAME.1" that brought the result, and the result's place in its body. A
 * key of order is the text "NAME.1" itself, a key of fact the serial. */
void stray_pack_key(struct pack *k, const char *entry, uint32_t ordinal);

/* ---- the readers' side ---- */

/* As device_visit: it must neither wait nor ask the same reader. The spans live until it returns.
 */
typedef int command_visit(void *context, const struct command *c);

struct command_query {
	struct span serial; /* empty: of all devices */
	unsigned states;    /* bits 1 << enum command_state; 0: all */
	uint64_t after;     /* only ids above it */
	uint64_t limit;     /* at most so many, the newest; 0: all */
};
/* In order of id, the newest first. 0, what `visit` returned, or a negative errno (-EINVAL for a
 * serial that none can have). */
must_check int control_commands(struct control_reader *r, const struct command_query *q,
	command_visit *visit, void *context);
/* 0; -ENOENT; other negative errno. `into` holds the text that ret->text points to. */
must_check int control_command(
	struct control_reader *r, uint64_t id, struct buf *into, struct command *ret);
/* What became of an order's entry: 0; -ENOENT while cmdqd has not worked on it; other negative
 * errno. */
must_check int control_ordered(struct control_reader *r, const char *entry, struct ordered *ret);

/* In order of arrival. */
typedef int stray_visit(void *context, const struct stray *s);
must_check int control_strays(struct control_reader *r, stray_visit *visit, void *context);
/* What a device said in its last INFO, lines "key=value" (control characters escaped as %XX), into
 * `into` (emptied first). 0, -ENOENT, other negative errno. */
must_check int control_facts(struct control_reader *r, struct span serial, struct buf *into);

#endif
