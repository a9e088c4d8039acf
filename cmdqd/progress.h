/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress: how a command goes from queued to its end: time, an offer, a result, a cancellation
 * come in, and the command is what it is then. Pure. docs/PROTOCOL.md 4 */
#ifndef PUNCHD_CMDQD_PROGRESS_H
#define PUNCHD_CMDQD_PROGRESS_H

#include "command/typed.h"
#include "store/command.h"

struct progress_rules {
	uint64_t lease_us;   /* how long an offered command may be without a result */
	uint64_t offers_max; /* how often it is offered at most */
};

/* What the passing of time makes of an open command: queued and past its expiry → expired; offered,
 * its lease over → queued again, failed (never twice, or offered often enough) or expired. True
 * when it changed. A wall clock that was set back ends no lease early and lets no command live on
 * for as long as it was set back: what began in the future is taken to begin now. */
bool progress_time(
	struct command *c, unsigned traits, uint64_t now_us, const struct progress_rules *rules);
/* May it be offered now? Only a queued one. */
bool progress_may_offer(const struct command *c);
void progress_offer(struct command *c, uint64_t now_us);
/* Why nothing can be made of it for this device; → failed. */
void progress_refuse(struct command *c, const char *why, uint64_t now_us);

enum progress_verdict { PROGRESS_TAKEN, PROGRESS_KNOWN, PROGRESS_STRAY };
/* A result came. TAKEN: it is done or failed now; failed, too, when a terminal has another number
 * of bytes of the file that it was given (docs/PROTOCOL.md 4.1). KNOWN: its result was there
 * before; nothing changed. STRAY: it was never offered; nothing changed. */
enum progress_verdict progress_result(struct command *c, const struct verb *verb, unsigned traits,
	int64_t code, const char *entry, uint64_t now_us);
/* An operator takes it back: true when it is cancelled now; of one that was offered `why` says that
 * it may have been carried out. False for one that is over. */
bool progress_cancel(struct command *c, uint64_t now_us);

#endif
