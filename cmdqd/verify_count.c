/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify_count: who has failed too often, and what is written down of attempts. */
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "cmdqd/answer_private.h"
#include "cmdqd/audit.h"
#include "cmdqd/ration.h"
#include "cmdqd/verify_private.h"
#include "lib/clock.h"

#define ROWS_MAX    262144 /* of each kind of lock-out */
#define OVER_A_TURN 256    /* lock-outs that are audited in one turn of the loop */

/* What makes an entry of the audit none that counts when it is read again. */
#define NOT_DECIDED "not decided: "
#define NOT_LOOKED  "not looked at: "

#define HOUR_MS (UINT64_C(3600) * 1000)
/* Of the time before this machine was started: as long as a lock-out may be. */
#define BEFORE_START_MS (24 * HOUR_MS)

static const struct ration_rule asked_rule = VERIFY_ASKED, alarm_rule = VERIFY_ALARM;

static uint64_t now_ms(void)
{
	return clock_mono_ms() + BEFORE_START_MS;
}

void attempt_tell(struct log_limit *limit, const char *event, const struct attempt *a)
{
	uint64_t dropped;

	if (log_allow(limit, clock_mono_ms(), &dropped))
		log_warning(event, LOG_TEXT("serial", a->serial), LOG_TEXT("pin", a->pin),
			LOG_TEXT("peer", a->address), LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

/* ---- the audit ---- */

/* Within the transaction of this turn's answers: if it cannot be entered none of them is given. */
static void enter(struct verify *v, struct audit *entry)
{
	struct answerer *answerer = v->answerer;

	if (answerer->failed < 0)
		return;
	int rc = audit_add(answerer->ledger, entry);
	if (rc < 0)
		(void)answer_give_up(answerer, rc);
}

static struct audit entry_of(const struct attempt *a, enum audit_what what, uint64_t now_us)
{
	struct audit entry = {.at_us = now_us, .what = what};

	ATTEMPT_COPY(entry.serial, span_str(a->serial));
	ATTEMPT_COPY(entry.address, span_str(a->address));
	ATTEMPT_COPY(entry.pin, span_str(a->pin));
	ATTEMPT_COPY(entry.method, span_str(probe_method_name(a->method)));
	ATTEMPT_COPY(entry.format, span_str(matching_format_name(a->format)));
	return entry;
}

static void audit_attempt(
	struct verify *v, const struct attempt *a, enum outcome outcome, uint64_t now_us)
{
	struct audit entry = entry_of(a, AUDIT_VERIFY, now_us);

	entry.granted = outcome == GRANTED;
	entry.count = 1;
	if (!entry.granted)
		snprintf(entry.why, sizeof(entry.why), "%s%s",
			outcome == UNDECIDED ? NOT_DECIDED : "", a->why);
	enter(v, &entry);
}

static void alarm(
	struct verify *v, const struct attempt *a, const char *event, bool of_pin, uint64_t now_us)
{
	struct audit entry = entry_of(a, AUDIT_ALARM, now_us);

	ATTEMPT_COPY(entry.why, span_str(event));
	if (!of_pin)
		ATTEMPT_COPY(entry.pin, span_str(""));
	enter(v, &entry);
	attempt_tell(&v->alarm_limit, event, a);
}

/* ---- who has failed too often ---- */

/* "SITE\0PIN": a PIN is somebody at a site. */
struct whose {
	char text[32 + PUNCH_PIN_MAX + 1];
	size_t len;
};

static struct span whose(struct whose *w, const char *site, const char *pin)
{
	size_t site_len = strlen(site) + 1, pin_len = strlen(pin);

	memcpy(w->text, site, site_len);
	memcpy(w->text + site_len, pin, pin_len);
	return span_of(w->text, site_len + pin_len);
}

static int begin(struct verify *v, struct lockout *l, struct span who, const struct attempt *a)
{
	int rc = lockout_begin(l, who, span_str(a->serial), now_ms());

	if (rc < 0 && rc != -EPERM)
		attempt_tell(
			&v->full_limit, "too many have failed for one more to be looked at", a);
	return rc;
}

/* Failures of a device come back with time alone: who has a card that is right gains no guesses by
 * showing it between them. */
static struct ration_rule failed_rule(const struct verify *v)
{
	const uint64_t an_hour = v->conf->verify_device_failures;

	return (struct ration_rule){.at_once = an_hour, .every_ms = HOUR_MS / an_hour};
}

static bool within_rations(
	struct verify *v, struct device *d, const struct attempt *a, uint64_t now_us)
{
	struct device_rations *r = devices_rations(d);
	const struct ration_rule failed = failed_rule(v);
	const char *why = NULL;

	if (!ration_left(r->failed_ms, &failed, now_ms()))
		why = "a device fails more often than one may";
	else if (!ration_take(&r->verified_ms, &asked_rule, now_ms()))
		why = "a device asks more often than one may";
	if (why && ration_take(&r->verify_alarmed_ms, &alarm_rule, now_ms()))
		alarm(v, a, why, false, now_us);
	return !why;
}

int attempt_begin(struct verify *v, struct device *d, const struct attempt *a, uint64_t now_us)
{
	int rc = begin(v, v->devices, span_str(a->serial), a);

	if (rc < 0 || within_rations(v, d, a, now_us))
		return rc;
	lockout_undecided(v->devices, span_str(a->serial));
	return -EDQUOT;
}

int attempt_begin_pin(struct verify *v, struct attempt *a, struct span pin)
{
	struct whose w;

	ATTEMPT_COPY(a->pin, pin);
	int rc = begin(v, v->pins, whose(&w, a->site, a->pin), a);
	a->counted = rc == 0;
	return rc;
}

static void count_failure(struct verify *v, const struct attempt *a, uint64_t now_us)
{
	struct device *d = devices_find(v->answerer->devices, span_str(a->serial));
	const struct ration_rule failed = failed_rule(v);
	struct whose w;

	if (d)
		ration_spend(&devices_rations(d)->failed_ms, &failed, now_ms());
	if (lockout_failed(v->devices, span_str(a->serial), now_ms()))
		alarm(v, a, "a device is locked out: too many failures in a row", false, now_us);
	if (a->counted && lockout_failed(v->pins, whose(&w, a->site, a->pin), now_ms()))
		alarm(v, a, "a PIN is locked out: too many failures in a row", true, now_us);
}

static void count_nothing(struct verify *v, const struct attempt *a, bool succeeded)
{
	void (*over)(struct lockout *, struct span) =
		succeeded ? lockout_succeeded : lockout_undecided;
	struct whose w;

	over(v->devices, span_str(a->serial));
	if (a->counted)
		over(v->pins, whose(&w, a->site, a->pin));
}

/* What cannot be decided again and again is no more worth an entry of its own. */
static bool worth_an_entry(struct verify *v, const struct attempt *a)
{
	struct span serial = span_str(a->serial);

	if (lockout_begin(v->undecided, serial, serial, now_ms()) < 0)
		return false;
	(void)lockout_failed(v->undecided, serial, now_ms());
	return true;
}

/* ---- what becomes of it ---- */

/* Counts and audits it. What nobody writes down need not wait for the disk. */
enum desk_fate attempt_settle(
	struct verify *v, const struct attempt *a, enum outcome outcome, uint64_t now_us)
{
	if (outcome == REFUSED || outcome == REPLAYED)
		count_failure(v, a, now_us);
	else
		count_nothing(v, a, outcome == GRANTED);
	if (outcome == TURNED_AWAY || (outcome == UNDECIDED && !worth_an_entry(v, a)))
		return DESK_SEND;
	audit_attempt(v, a, outcome, now_us);
	if (outcome == REPLAYED)
		alarm(v, a, "a stored template was shown as a finger", true, now_us);
	return DESK_HOLD;
}

/* ---- what lock-outs turned away ---- */

static void audit_over(struct verify *v, const struct lockout_over *over, const char *why,
	bool of_pin, uint64_t now_us)
{
	struct span site, pin = over->who;
	struct audit entry = {.at_us = now_us, .what = AUDIT_VERIFY, .count = over->turned_away};

	ATTEMPT_COPY(entry.serial, over->where);
	if (of_pin && span_next(&pin, '\0', &site))
		ATTEMPT_COPY(entry.pin, pin);
	ATTEMPT_COPY(entry.why, span_str(why));
	enter(v, &entry);
}

static void audit_all_over(
	struct verify *v, struct lockout *l, const char *why, bool of_pin, uint64_t now_us)
{
	struct lockout_over over;

	for (int i = 0; i < OVER_A_TURN && lockout_next_over(l, now_ms(), &over); i++)
		audit_over(v, &over, why, of_pin, now_us);
}

void verify_audit_over(struct verify *v, uint64_t now_us)
{
	audit_all_over(v, v->pins, NOT_LOOKED "the PIN was locked out", true, now_us);
	audit_all_over(v, v->devices, NOT_LOOKED "the device was locked out", false, now_us);
	audit_all_over(v, v->undecided, NOT_DECIDED "as those before", false, now_us);
}

/* ---- opening and closing ---- */

static int open_lockouts(struct verify *v)
{
	const struct lockout_rules rules = {
		v->conf->verify_failures, v->conf->verify_lockout_ms, ROWS_MAX};
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return -EIO;
	int rc = lockout_open(&rules, seed, &v->pins);
	if (rc == 0)
		rc = lockout_open(&rules, seed, &v->devices);
	return rc < 0 ? rc : lockout_open(&rules, seed, &v->undecided);
}

struct recalling {
	struct verify *v;
	uint64_t now_us;
};

static int recall(void *context, const struct audit *entry)
{
	const struct recalling *r = context;
	struct span serial = span_str(entry->serial), why = span_str(entry->why);
	struct device *d = devices_find(r->v->answerer->devices, serial);
	const struct ration_rule failed = failed_rule(r->v);
	uint64_t age_ms = r->now_us > entry->at_us ? (r->now_us - entry->at_us) / 1000 : 0;
	struct whose w;

	if (entry->what != AUDIT_VERIFY || !d || age_ms > BEFORE_START_MS ||
		span_starts(why, NOT_DECIDED) || span_starts(why, NOT_LOOKED))
		return 0;
	uint64_t at_ms = now_ms() - age_ms;
	/* What a clock that was ahead wrote down has no age, and there may be much of it: of all
	 * that only as many as are left are taken. */
	if (!entry->granted)
		(void)ration_take(&devices_rations(d)->failed_ms, &failed, at_ms);
	lockout_recall(r->v->devices, serial, !entry->granted, at_ms);
	if (entry->pin[0])
		lockout_recall(
			r->v->pins, whose(&w, d->set.site, entry->pin), !entry->granted, at_ms);
	return 0;
}

static int recall_all(struct verify *v, uint64_t now_us)
{
	struct recalling r = {v, now_us};
	uint64_t lockout_ms = v->conf->verify_lockout_ms;
	uint64_t back_us = (lockout_ms > HOUR_MS ? lockout_ms : HOUR_MS) * 1000;
	uint64_t since_us = now_us > back_us ? now_us - back_us : 0;
	int rc = audit_since(v->answerer->ledger, since_us, recall, &r);

	ledger_abort(v->answerer->ledger);
	return rc;
}

int verify_open_counts(struct verify *v, uint64_t now_us)
{
	const struct log_limit limit = {.burst = 5, .window_ms = 10000};

	v->full_limit = v->alarm_limit = limit;
	int rc = open_lockouts(v);
	return rc < 0 || !v->conf->allow_verify ? rc : recall_all(v, now_us);
}

void verify_close_counts(struct verify *v)
{
	lockout_close(v->pins);
	lockout_close(v->devices);
	lockout_close(v->undecided);
}
