/* SPDX-License-Identifier: GPL-2.0-or-later */
/* msg: what ingestd and cmdqd say to each other over desk.sock, one message a packet (AF_UNIX,
 * SOCK_SEQPACKET).
 *
 *   question  "<id> <kind> <serial> <peer> <asked>\n<target>"   kind: hello | poll; asked: ms,
 * monotonic answer    "<id> <status>\n<body>"                      status: 200 | 403 | 503
 *
 * Pure but for the two functions that make sockets. */
#ifndef PUNCHD_LIB_MSG_H
#define PUNCHD_LIB_MSG_H

#include <stdint.h>

#include "lib/buf.h"

/* Bytes of a packet; a full batch of commands is 40 KB (docs/PROTOCOL.md 4). */
#define MSG_MAX 65536

enum msg_kind { MSG_HELLO, MSG_POLL };

struct msg_question {
	uint64_t id; /* the asker's own; comes back in the answer */
	enum msg_kind kind;
	struct span serial; /* checked by the asker, and again by the reader */
	struct span peer;   /* address without port: "192.0.2.7" */
	struct span target; /* the request target as it came */
	uint64_t asked_ms;  /* CLOCK_MONOTONIC, which both sides share; 0: not said */
};

struct msg_answer {
	uint64_t id;
	unsigned status;  /* of HTTP */
	struct span body; /* the reply's bytes, exactly */
};

/* 0, -EMSGSIZE or -ENOMEM; the buffer is emptied first. */
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
