/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serve_private: what the halves of serve share. For ingestd/serve.c and ingestd/serve_ask.c alone.
 */
#ifndef PUNCHD_INGESTD_SERVE_PRIVATE_H
#define PUNCHD_INGESTD_SERVE_PRIVATE_H

#include "ingestd/range.h"
#include "ingestd/route.h"
#include "ingestd/serve.h"

#define SERVE_VERIFY_BYTES (32u * 1024) /* of the body of a verification */

struct visit {
	struct upload upload; /* first: what a committer gives back is the visit */
	bool uploading;       /* `upload` is to be dropped */
	struct serve *serve;
	struct http_exchange *x;
	struct route route;
	struct span target; /* lives as long as the exchange does */
	char peer[HTTP_PEER_BYTES];
	struct range_request wanted; /* of a file; as `target` */
	struct buf question;         /* the body of a verification */
	bool question_bad;           /* it is too long, or there is no memory for it */
};

void serve_reply(struct visit *v, unsigned status, const char *text);
/* What a terminal reads beside a status: never a body with "OK". */
const char *serve_words(unsigned status);

/* serve_ask.c: what the body of a question brings, and what is given back at its end. */
void serve_ask_body(struct visit *v, struct span piece);
void serve_ask_drop(struct visit *v);
/* Asks at the desk; serve_answered replies. Only once the request is whole. */
void serve_ask(struct visit *v, enum msg_kind kind);
/* As if the desk were away. */
void serve_unanswered(struct visit *v);

#endif
