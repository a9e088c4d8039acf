/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body_attlog: the body of an ATTLOG upload, taken apart. Pure. docs/PROTOCOL.md 3.1 */
#ifndef PUNCHD_PARSERD_BODY_ATTLOG_H
#define PUNCHD_PARSERD_BODY_ATTLOG_H

#include "store/records.h"

/* Called for each line that is not empty, in their order. Anything but 0 ends the parsing and is
 * given back. The spans point into the body. */
struct attlog_visitor {
	void *context;
	/* A punch without serial, seq, received_us and entry; they are the visitor's to fill in. */
	int (*punch)(void *context, struct span line, struct punch *p);
	/* A line that is no punch, and why not, in words. */
	int (*refused)(void *context, struct span line, const char *why);
};

/* `received_us` tells what is absurdly far ahead. 0, or what a visitor returned. */
must_check int body_attlog_parse(
	struct span body, uint64_t received_us, const struct attlog_visitor *visitor);

#endif
