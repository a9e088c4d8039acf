/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http: HTTP as terminals speak it, and the only file that knows libmicrohttpd. It runs on the
 * program's own loop, takes requests apart, and lets each wait for its answer without a thread.
 * docs/PROTOCOL.md 0, 9 */
#ifndef PUNCHD_INGESTD_HTTP_H
#define PUNCHD_INGESTD_HTTP_H

#include <stdint.h>
#include <sys/socket.h>

#include "lib/network.h"
#include "lib/span.h"

/* One request and its reply. Owned by http. */
struct http_exchange;

#define HTTP_LENGTH_UNKNOWN UINT64_MAX       /* chunked */
#define HTTP_LENGTH_NONE    (UINT64_MAX - 1) /* not said: no body is read, whatever comes */
#define HTTP_LENGTH_BAD     (UINT64_MAX - 2) /* said twice, with chunks, or no number */

#define HTTP_PEER_BYTES NETWORK_TEXT_BYTES

struct http_head {
	const char *method;
	struct span target;      /* as it came, blanks and all; lives as long as the exchange */
	const char *peer;        /* as network_text writes it: "192.0.2.7", "local" */
	uint64_t content_length; /* or one of HTTP_LENGTH_… */
	/* Of header lines, empty without one: what is asked of a file. Live as long as the
	 * exchange. */
	struct span range, if_range, if_none_match;
};

/* What http tells the program. Each may call http_reply once for its exchange, at once or at any
 * time later. */
struct http_calls {
	/* The head is read. Gives the program's own part of the exchange, which may be NULL. After
	 * a reply here the other calls but `gone` do not come for this exchange. */
	void *(*begin)(void *context, struct http_exchange *x, const struct http_head *head);
	/* A piece of the body. */
	void (*body)(void *own, struct span piece);
	/* The body is whole (or there is none). Without a reply now, the connection waits for
	 * http_reply. */
	void (*end)(void *own);
	/* The exchange is over, answered or not; `own` must be given up. Not called when it is
	 * NULL. */
	void (*gone)(void *own);
};

struct http_limits {
	unsigned connections, per_address; /* per_address 0: no limit */
	unsigned idle_s;
	uint64_t deadline_ms;   /* from the first byte that may come to the last, but for a body */
	uint64_t body_rate_min; /* bytes a second: a body earns time at this rate; 0: needs none */
};

struct http;

/* Serves the listening socket, which it owns from here on; -1: only whom http_add brings. 0 or a
 * negative errno. */
must_check int http_open(int listen_fd, const struct http_limits *limits,
	const struct http_calls *calls, void *context, struct http **ret);

/* Serves a connected, non-blocking socket, which it owns from here on, whatever comes, for the
 * client at that address. 0; -EBUSY when there are too many connections, of all or of the client.
 */
must_check int http_add(
	struct http *h, int fd, const struct sockaddr *client, socklen_t client_len);

/* The descriptor to poll for reading. */
int http_fd(const struct http *h);
/* How long to wait at most, in milliseconds; -1: as long as you like. */
int http_wait_ms(const struct http *h);
/* Does what is to be done; call it after polling and after every http_reply that did not come from
 * a call. */
void http_run(struct http *h);
/* Ends connections that are past their deadline: how many. */
unsigned http_expire(struct http *h, uint64_t now_ms);

/* Answers an exchange; the bytes are copied. Such a reply is text/plain. */
void http_reply(struct http_exchange *x, unsigned status, struct span body);

/* A file, or a part of it, as the answer. */
struct http_file {
	unsigned status;       /* 200 whole, 206 a part; without a descriptor 304 or 416 */
	int fd;                /* a regular file, which http closes, whatever comes; or -1 */
	uint64_t size;         /* of the whole file */
	uint64_t from, length; /* what is sent of it; with 206 not empty */
	const char *etag;      /* with its quotes, copied; NULL: none is said */
};

/* Answers an exchange with bytes of a file as application/octet-stream; a HEAD hears the same head
 * without them. It may take as much longer as body_rate_min gives a body of that length. A file
 * that becomes shorter meanwhile, or is too short, ends the connection. */
void http_reply_file(struct http_exchange *x, const struct http_file *file);

unsigned http_connections(const struct http *h);
/* Takes no more connections, and no more requests: whoever is not waiting for an answer yet hears
 * nothing. http_close wants every exchange answered before. */
void http_quiesce(struct http *h);
void http_close(struct http *h);

#endif
