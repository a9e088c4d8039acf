/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify_private: what verify.c (from the question to its answer), verify_look.c (is it the one
 * whom the records know?) and verify_count.c (who has failed too often, and what is written down)
 * share. For these alone. */
#ifndef PUNCHD_CMDQD_VERIFY_PRIVATE_H
#define PUNCHD_CMDQD_VERIFY_PRIVATE_H

#include "cmdqd/learn.h"
#include "cmdqd/probe.h"
#include "cmdqd/verify.h"
#include "store/audit.h"

enum outcome {
	GRANTED,
	REFUSED,
	REPLAYED,    /* refused, and somebody should look */
	UNDECIDED,   /* nobody's failure: nothing can be said about it */
	TURNED_AWAY, /* locked out: it is not looked at */
	WAITING,     /* for the referee */
};

/* One question; no secret is in it. */
struct attempt {
	LIST_ENTRY(attempt) others;
	uint64_t id; /* of the referee's case */
	struct desk_ticket ticket;
	uint64_t deadline_ms;
	char serial[SERIAL_MAX + 1], address[48], site[32];
	char pin[PUNCH_PIN_MAX + 1]; /* as asked, or as found by card */
	enum probe_method method;
	enum matching_format format;
	bool counted;                   /* the PIN's lock-out waits for what comes of it */
	char why[AUDIT_WHY_BYTES - 16]; /* with room for what stands before it in the audit */
};

/* What is too long is cut. */
#define ATTEMPT_COPY(to, from) learn_text(to, sizeof(to), from)

/* Sets `why` and gives `outcome`. */
static inline enum outcome attempt_ends(struct attempt *a, enum outcome outcome, const char *why)
{
	ATTEMPT_COPY(a->why, span_str(why));
	return outcome;
}

/* ---- verify_look.c ---- */

/* Holds what is shown, by the attempt's method, against the records. Of a finger WAITING; `a` says
 * whom it is about and, where it ends, why. */
enum outcome verify_look(
	struct verify *v, struct attempt *a, const struct device *d, const struct probe *p);
/* Makes the line that lets the attempt's PIN in. GRANTED; REFUSED for who is not valid now; or
 * UNDECIDED. */
enum outcome verify_put_line(
	struct verify *v, struct attempt *a, const struct device *d, uint64_t now_us);

/* ---- verify_count.c ---- */

/* 0 or a negative errno, as verify_open and verify_close do for these. */
must_check int verify_open_counts(struct verify *v, uint64_t now_us);
void verify_close_counts(struct verify *v);

/* Is the device locked out, or has it asked too much, or is the PIN, which is that of somebody whom
 * the records know? 0 or a negative errno: then nobody looks. Whoever began tells attempt_settle
 * what came of it. */
must_check int attempt_begin(
	struct verify *v, struct device *d, const struct attempt *a, uint64_t now_us);
must_check int attempt_begin_pin(struct verify *v, struct attempt *a, struct span pin);
/* Counts and audits it; `outcome` is not WAITING. DESK_HOLD when there is something to wait for. */
enum desk_fate attempt_settle(
	struct verify *v, const struct attempt *a, enum outcome outcome, uint64_t now_us);
/* Audits what was turned away while somebody was locked out, once that is over. */
void verify_audit_over(struct verify *v, uint64_t now_us);

/* A warning in the log: the event, and who, without what was shown. */
void attempt_tell(struct log_limit *limit, const char *event, const struct attempt *a);

#endif
