/* SPDX-License-Identifier: GPL-2.0-or-later */
/* route: what a request is, and what a terminal hears when it was taken. Pure. */
#ifndef PUNCHD_INGESTD_ROUTE_H
#define PUNCHD_INGESTD_ROUTE_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/serial.h"
#include "lib/target.h"

enum route_kind {
	ROUTE_UPLOAD, /* its body goes into spool/upload */
	ROUTE_RESULT, /* its body goes into spool/result */
	ROUTE_HELLO,  /* a handshake: asked at the desk */
	ROUTE_POLL,   /* asked at the desk */
	ROUTE_PING,   /* "OK" */
	ROUTE_LOOKUP, /* remote attendance: asked at the desk */
	ROUTE_VERIFY, /* background verification: asked at the desk with its body, which is kept
			 nowhere */
	ROUTE_TIME,   /* asked at the desk */
	ROUTE_FILE,   /* the desk is asked which file that is */
};

/* How an upload is acknowledged. docs/PROTOCOL.md 3 */
enum route_reply {
	ROUTE_REPLY_PLAIN, /* "OK" */
	ROUTE_REPLY_COUNT, /* "OK: <lines>" */
	ROUTE_REPLY_TABLE, /* "<tablename>=<count>", for access-control terminals */
};

struct route {
	enum route_kind kind;
	char serial[SERIAL_MAX + 1]; /* of a file "" when it was not said */
	enum route_reply reply;
	char table[TARGET_TABLE_MAX + 1];     /* of an upload */
	char tablename[TARGET_TABLE_MAX + 1]; /* for ROUTE_REPLY_TABLE */
	int64_t count; /* for ROUTE_REPLY_TABLE; -1 when the target names none */
};

/* 0, or the HTTP status to refuse with: 400 a missing or bad serial or table, 404 a page that is
 * not ours, 405 a method that the page does not take. */
/* The same for what file_target_is says is meant for a file: 404 for any other spelling than the
 * one that terminals are given. HEAD is taken here alone: elsewhere it would use up what is told
 * once. */
must_check unsigned route_decide_file(const char *method, struct span target, struct route *ret);
must_check unsigned route_decide(const char *method, const struct target *t, struct route *ret);

/* The reply to an upload or result that is durable now; `lines` counts all lines of its body that
 * are not blank. */
must_check int route_put_reply(struct buf *b, const struct route *r, uint64_t lines);

/* Counts lines of a body that comes in pieces; a line of blanks alone does not count. Start with
 * all zero. */
struct route_lines {
	uint64_t count;
	bool in_line; /* something that is not blank was seen since the last LF */
};
void route_count(struct route_lines *l, struct span piece);

#endif
