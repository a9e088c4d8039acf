/* SPDX-License-Identifier: GPL-2.0-or-later */
/* promise: what clients were told before the power cut, read from their marks, and whether it is
 * kept. README.md "Marks" has the lines. */
#ifndef PUNCHD_TESTS_POWERCUT_PROMISE_H
#define PUNCHD_TESTS_POWERCUT_PROMISE_H

#include "lib/clock.h"
#include "lib/serial.h"
#include "spool/spool.h"
#include "tests/powercut/image.h"

enum promise_kind {
	PROMISE_PUNCHES,
	PROMISE_PHOTO,
	PROMISE_ORDER,
	PROMISE_RESULT,
	PROMISE_APPROVAL
};

struct promise {
	enum promise_kind kind;
	size_t event; /* of the mark */
	char serial[SERIAL_MAX + 1];
	uint64_t body_bytes, body_crc; /* of the entry in the spool; an order has `entry` instead */
	struct clock_local time;
	uint64_t first_pin,
		pins;    /* punches: as many, with PINs that nothing else has; a photo: 1 */
	char digest[33]; /* photo: BLAKE2b-128 of its bytes, in hex */
	char entry[SPOOL_ENTRY_ID_BYTES];
	uint64_t command;
	int64_t return_code;
	unsigned found; /* while a check goes on */
};

struct promises {
	struct promise *list; /* in the order of their events; there is room for one more */
	size_t count;
	uint64_t last_pin;
};

/* Ends the program when a mark cannot be understood. */
struct promises promises_read(const struct recording *r);
/* How many were made up to this event. */
size_t promises_made(const struct promises *p, size_t event);

/* What a check finds wrong: its first word says what kind of fault it is. It goes into the text
 * that objection_into named, and the process ends. */
void objection_into(char *text, size_t bytes);
__attribute__((noreturn, format(printf, 1, 2))) void objection(const char *format, ...);

/* Before anything runs: every file in new/, cur/ and done/ is whole ("torn:"), and the first `made`
 * promises are in some of them, once ("lost:", "double:"). Of an approval no name is known. */
void check_spools(const struct promises *p, size_t made, const char *spool_dir);
/* When all is worked off: nothing waits and nothing was refused ("left:", "refused:"). */
void check_worked_off(const char *spool_dir);

struct store_sizes {
	uint64_t journal, punches, photos, commands;
};
/* And in the stores is what was promised, once ("lost:", "double:"); they can be opened
 * ("unreadable:"). */
struct store_sizes check_stores(const struct promises *p, size_t made, const char *state_dir);

#endif
