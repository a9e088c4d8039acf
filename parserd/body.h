/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body: every table but ATTLOG taken apart into rows. Pure. docs/PROTOCOL.md 3.2 to 3.4 */
#ifndef PUNCHD_PARSERD_BODY_H
#define PUNCHD_PARSERD_BODY_H

#include "parserd/row.h"

/* Called in the order of the body. Anything but 0 ends the parsing and is given back. Every line
 * that is not empty is shown once, to one of them; of options every pair, of ATTPHOTO and FPImag
 * the body. An item may come twice in one body: the later one holds. */
struct body_visitor {
	void *context;
	int (*row)(void *context, const struct row *row);
	/* A line of a known kind that is not right, and why, in words. */
	int (*refused)(void *context, struct span line, const char *why);
	/* A line whose keyword nobody knows: kept as it is. */
	int (*unknown)(void *context, struct span line);
};

/* What a body is besides its bytes. */
struct body_source {
	struct span table; /* upper case: target_upload */
	struct span pin,
		number; /* PIN=, FID= of the target; empty: none (FPIMAGE, the oldest photos) */
	uint64_t received_us; /* tells what is absurdly far ahead */
};

/* Has this table a parser? ATTLOG is body_attlog.h's. */
bool body_knows(struct span table);
/* 0, or what a visitor returned; -ENOMEM; -ENOENT for a table that body_knows does not know. An
 * empty body shows nothing. */
must_check int body_parse(
	struct span body, const struct body_source *source, const struct body_visitor *visitor);

#endif
