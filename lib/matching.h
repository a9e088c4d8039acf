/* SPDX-License-Identifier: GPL-2.0-or-later */
/* matching: the words between matchd and a matcher, and between cmdqd and matchd: docs/MATCHER.md.
 * Each is one line with its LF; in match.sock (AF_UNIX, SOCK_SEQPACKET) one a packet. And what a
 * template's bytes say of its format. Pure. */
#ifndef PUNCHD_LIB_MATCHING_H
#define PUNCHD_LIB_MATCHING_H

#include <stdint.h>

#include "lib/buf.h"

/* Bytes of a line with its LF. */
#define MATCHING_REQUEST_MAX    65536
#define MATCHING_ANSWER_MAX     256
#define MATCHING_PROBE_MAX      49152 /* bytes of a template; more does not fit in a request */
#define MATCHING_REFERENCES_MAX 64
#define MATCHING_WORD_MAX       32 /* of an error */

enum matching_format {
	MATCHING_UNKNOWN,
	MATCHING_ISO_19794_2, /* "iso19794-2", of 2005 */
	MATCHING_ANSI_378,    /* "ansi378-2004" */
	MATCHING_ZKFINGER_9,  /* "zkfinger9" */
	MATCHING_ZKFINGER_10, /* "zkfinger10" */
	MATCHING_FORMATS
};

/* NULL for MATCHING_UNKNOWN. */
const char *matching_format_name(enum matching_format format);
/* MATCHING_UNKNOWN for what is the name of none. */
enum matching_format matching_format_named(struct span name);
/* By its bytes, not in base64. A length within them that is not theirs makes them unknown. */
enum matching_format matching_format_of(struct span template_bytes);

/* "hello 1 formats=F[,F…] probe_bytes=N references=N": what a matcher takes. With no formats there
 * is none at work, and both numbers are 0; a matcher itself never says that. */
struct matching_hello {
	unsigned formats;     /* bits: 1 << format */
	uint64_t probe_bytes; /* of a probe or a reference, at most; up to MATCHING_PROBE_MAX */
	uint64_t references;  /* in a request, at most; up to MATCHING_REFERENCES_MAX */
};

/* "verify ID FORMAT PROBE REF [REF…]". */
struct matching_request {
	uint64_t id; /* never 0 */
	enum matching_format format;
	struct span probe;      /* base64, not empty */
	struct span references; /* 1 or more of the same, one blank between two */
};

enum matching_verdict {
	MATCHING_MATCH,   /* "match ID" */
	MATCHING_NOMATCH, /* "nomatch ID" */
	MATCHING_ERROR,   /* "error ID WORD" */
};

/* What matchd itself says with "error"; words of the matcher are handed on as they are. */
#define MATCHING_LATE   "late"   /* not answered within matcher_timeout */
#define MATCHING_BUSY   "busy"   /* too many requests wait */
#define MATCHING_GONE   "gone"   /* no matcher is at work, or it ended over this request */
#define MATCHING_FORMAT "format" /* the matcher does not take this one */
#define MATCHING_SIZE   "size"   /* more bytes or more references than the matcher takes */

struct matching_answer {
	uint64_t id;
	enum matching_verdict verdict;
	struct span word; /* of MATCHING_ERROR: 1 to 32 of a-z, 0-9 and '-' */
};

/* 0; -EINVAL for what may not be said; -EMSGSIZE, -ENOMEM. The buffer is emptied first. */
must_check int matching_put_hello(struct buf *b, const struct matching_hello *hello);
must_check int matching_put_request(struct buf *b, const struct matching_request *request);
must_check int matching_put_answer(struct buf *b, const struct matching_answer *answer);

/* 0 or -EBADMSG. Each has one spelling, but for the order of formats; the spans point into the
 * line. */
must_check int matching_get_hello(struct span line, struct matching_hello *ret);
must_check int matching_get_request(struct span line, struct matching_request *ret);
must_check int matching_get_answer(struct span line, struct matching_answer *ret);

/* The request is within what `hello` allows: NULL; else MATCHING_FORMAT or MATCHING_SIZE. */
const char *matching_objection(
	const struct matching_hello *hello, const struct matching_request *request);

#endif
