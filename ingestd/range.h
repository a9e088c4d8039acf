/* SPDX-License-Identifier: GPL-2.0-or-later */
/* range: which part of a file a request wants (RFC 9110, 13 and 14). Pure. */
#ifndef PUNCHD_INGESTD_RANGE_H
#define PUNCHD_INGESTD_RANGE_H

#include <stdint.h>

#include "lib/span.h"

/* Header lines as they came; empty without one. */
struct range_request {
	struct span range, if_range, if_none_match;
};

struct range {
	unsigned status;       /* 200, 206, 304 or 416 */
	uint64_t from, length; /* what is to be sent of it; of 304 and 416 nothing */
};

/* `etag` with its quotes. One part is given; who asks for several, or for one in words that are
 * none, gets the whole, and so does whoever has begun with another file (If-Range). */
struct range range_decide(const struct range_request *r, uint64_t size, const char *etag);

#endif
