/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lockout: who has failed too often in a row, and is not looked at for a while. Pure: time comes
 * in, in ms of a clock that never steps.
 *
 * A row of failures ends with a success, or when nothing was counted for `lockout_ms`; one that has
 * reached `failures` is locked until then. What is being looked at counts as failed until it is
 * decided, so that many attempts at a time are no more guesses than as many one after the other.
 *
 * The table is bounded, and a row makes room for another one when it has ended and not before:
 * whoever tries many names to have a lock forgotten finds the table full, and then those who are
 * not in it are not looked at either. */
#ifndef PUNCHD_CMDQD_LOCKOUT_H
#define PUNCHD_CMDQD_LOCKOUT_H

#include <stdint.h>

#include "lib/span.h"

#define LOCKOUT_WHO_MAX 128 /* bytes; a longer name counts by its beginning */

struct lockout;

struct lockout_rules {
	uint64_t failures, lockout_ms;
	size_t rows_max;
};
/* 0 or -ENOMEM. `seed` is secret and random. */
must_check int lockout_open(const struct lockout_rules *rules, uint64_t seed, struct lockout **ret);
void lockout_close(struct lockout *l);

/* Somebody is about to be looked at, at the device `where`. 0: look, and say what came of it by one
 * of the three below; -EPERM when he is locked out, or what is being looked at could make it so;
 * -ENOSPC when the table is full; -ENOMEM. What was turned away is counted. */
must_check int lockout_begin(
	struct lockout *l, struct span who, struct span where, uint64_t now_ms);
/* True when he is locked out from now on. */
bool lockout_failed(struct lockout *l, struct span who, uint64_t now_ms);
void lockout_succeeded(struct lockout *l, struct span who);
/* It could not be decided: as if nobody had asked. */
void lockout_undecided(struct lockout *l, struct span who);

/* What came of an attempt of before, in order of time. What there is no room for is left out. */
void lockout_recall(struct lockout *l, struct span who, bool failed, uint64_t at_ms);

/* Takes a row out that has ended and has turned somebody away since this was said last. False when
 * there is none. What the spans point into holds until the next call of anything here. */
struct lockout_over {
	struct span who, where; /* where: the device that was turned away last */
	uint64_t turned_away;
};
bool lockout_next_over(struct lockout *l, uint64_t now_ms, struct lockout_over *ret);

/* How many rows there are, those that have ended included; for tests. */
size_t lockout_rows(const struct lockout *l);

#endif
