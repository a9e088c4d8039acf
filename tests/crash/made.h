/* SPDX-License-Identifier: GPL-2.0-or-later */
/* made: entries whose bytes follow from a number, so that whoever finds one can say whether it is
 * whole. check.py makes the same by its own means. */
#ifndef PUNCHD_TESTS_CRASH_MADE_H
#define PUNCHD_TESTS_CRASH_MADE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/spool.h"

#define MADE_SERIAL "CRASH1"
#define MADE_TARGET "/iclock/cdata?SN=CRASH1&table=ATTLOG&Stamp=9999"

static inline void made_or_die(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-rc));
	exit(1);
}

/* Mostly a few punches, sometimes many. */
static inline unsigned made_lines(unsigned number)
{
	return number % 5 == 4 ? 400 : 1 + number % 3;
}

static inline struct buf made_body(unsigned number)
{
	struct buf b = buf_with_max(1 << 20);

	for (unsigned i = 0; i < made_lines(number); i++)
		made_or_die(buf_printf(&b, "%u\t2026-01-05 08:00:00\t0\t1\n", number * 10000 + i),
			"body");
	return b;
}

static inline struct spool_entry made_head(void)
{
	return (struct spool_entry){
		.received_us = 1767607200000000, /* 2026-01-05T10:00:00Z */
		.kind = span_str("upload"),
		.serial = span_str(MADE_SERIAL),
		.peer = span_str("192.0.2.7"),
		.target = span_str(MADE_TARGET),
	};
}

static inline struct buf made_entry(unsigned number)
{
	struct buf b = buf_with_max(1 << 20), body = made_body(number);
	struct spool_entry e = made_head();

	e.body = buf_span(&body);
	made_or_die(spool_entry_put(&b, &e), "entry");
	buf_free(&body);
	return b;
}

/* The acknowledgement: from here on the entry must not be lost. One write, not buffered. `name` may
 * be "-" where it is not known. */
static inline void made_acknowledge(unsigned number, const char *name)
{
	char line[SPOOL_NAME_BYTES + 16];
	int len = snprintf(line, sizeof(line), "%u %s\n", number, name);

	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		exit(1);
}

#endif
