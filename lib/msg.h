/* SPDX-License-Identifier: GPL-2.0-or-later */
/* msg: what ingestd and cmdqd say to each other over desk.sock, one message a packet (AF_UNIX,
 * SOCK_SEQPACKET).
 *
 *   question  "<id> <kind> <serial> <peer> <asked>\n<target>[\n<body>]"
 *             kind: hello | poll | lookup | verify | file | time; asked: ms, monotonic
 *   answer    "<id> <status>\n<body>"          status: 200 | 403 | 404 | 503
 *
 * Only `verify` has a body: that of its request. Only `file` may come from nobody: a terminal
 * fetches just the address it was given, and its serial is "-" then; what the address says is whom
 * it is for (lib/file_target.h). An answer's body is what the terminal hears, but for `file`:
 * "<sha256 in hex> <bytes>", the name and the size of a file below CONF_SERVED.
 *
 * Pure but for the two functions that make sockets. */
#ifndef PUNCHD_LIB_MSG_H
#define PUNCHD_LIB_MSG_H

#include <stdint.h>

#include "lib/buf.h"

/* Bytes of a packet; a full batch of commands is 40 KB (docs/PROTOCOL.md 4). */
#define MSG_MAX 65536

/* How long a verification may take, from the end of its request, whatever desk_timeout says: the
 * terminal itself waits for 3 s (docs/PROTOCOL.md 6). */
#define MSG_VERIFY_MS 1000

enum msg_kind {
	MSG_HELLO,
	MSG_POLL,
	MSG_LOOKUP, /* remote attendance: who is this PIN? */
	MSG_VERIFY, /* background verification: is this person who he says he is? */
	MSG_FILE,   /* may this device fetch this file? */
	MSG_TIME,   /* what time is it there? */
};

struct msg_question {
	uint64_t id; /* the asker's own; comes back in the answer */
	enum msg_kind kind;
	struct span serial; /* checked by the asker, and again by the reader; of MSG_FILE empty when
			       the terminal did not say it */
	struct span peer;   /* address without port: "192.0.2.7" */
	struct span target; /* the request target as it came; of MSG_VERIFY without LF */
	uint64_t asked_ms;  /* CLOCK_MONOTONIC, which both sides share; 0: not said */
	struct span body;   /* of MSG_VERIFY, else empty */
};

struct msg_answer {
	uint64_t id;
	unsigned status;  /* of HTTP */
	struct span body; /* the reply's bytes, exactly */
};

/* 0, -EMSGSIZE, -ENOMEM, or -EINVAL for a target that may not be; the buffer is emptied first. */
must_check int msg_put_question(struct buf *b, const struct msg_question *q);
must_check int msg_put_answer(struct buf *b, const struct msg_answer *a);
/* 0 or -EBADMSG; the spans point into `packet`. */
must_check int msg_get_question(struct span packet, struct msg_question *ret);
must_check int msg_get_answer(struct span packet, struct msg_answer *ret);

/* A listening or connected socket, non-blocking and close-on-exec, or a negative errno. msg_listen
 * replaces a socket file that nobody listens on and gives the new one `mode`; -EADDRINUSE when
 * somebody does. */
must_check int msg_listen(const char *path, unsigned mode);
must_check int msg_connect(const char *path);

#endif
