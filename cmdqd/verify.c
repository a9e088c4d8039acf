/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify: from the question to its answer. */
#include "cmdqd/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmdqd/verdict.h"
#include "cmdqd/verify_private.h"
#include "lib/clock.h"

/* ---- what becomes of it ---- */

/* `outcome` is not WAITING. */
static enum desk_fate end(struct verify *v, struct attempt *a, const struct device *d,
	enum outcome outcome, uint64_t now_us, struct msg_answer *ret)
{
	if (outcome == GRANTED)
		outcome = verify_put_line(v, a, d, now_us);
	ret->status = 200;
	ret->body = outcome == GRANTED ? buf_span(&v->line) : span_str(VERDICT_FAILED);
	return attempt_settle(v, a, outcome, now_us);
}

/* ---- questions ---- */

static bool is_on(const struct verify *v, const struct device *d)
{
	return v->conf->allow_verify && d->set.verify > 0;
}

static struct attempt new_attempt(
	const struct desk *desk, const struct msg_question *q, const struct device *d)
{
	uint64_t asked_ms = q->asked_ms ? q->asked_ms : clock_mono_ms();
	struct attempt a = {.ticket = desk_ticket(desk, q), .deadline_ms = asked_ms + VERIFY_MS};

	ATTEMPT_COPY(a.serial, q->serial);
	ATTEMPT_COPY(a.address, q->peer);
	ATTEMPT_COPY(a.site, span_str(d->set.site));
	return a;
}

static enum outcome look(
	struct verify *v, struct attempt *a, const struct device *d, const struct msg_question *q)
{
	struct target *target = &v->answerer->target;
	struct probe probe;

	if (target_parse(q->target, target) < 0)
		return attempt_ends(a, REFUSED, "a target that cannot be read");
	a->method = probe_method_of(target);
	const char *why = probe_read(q->body, &probe);
	if (why)
		return attempt_ends(a, REFUSED, why);
	ATTEMPT_COPY(a->pin, probe.pin);
	if (clock_mono_ms() >= a->deadline_ms)
		return attempt_ends(a, UNDECIDED, "it came too late");
	return verify_look(v, a, d, &probe);
}

/* What is in it is wanted for no longer than this. */
static void wipe(struct verify *v)
{
	buf_wipe(&v->sample);
	buf_wipe(&v->references);
}

static int wait_for_referee(struct verify *v, const struct attempt *a)
{
	struct attempt *kept = malloc(sizeof(*kept));

	if (!kept)
		return -ENOMEM;
	*kept = *a;
	LIST_INSERT_HEAD(&v->waiting, kept, others);
	return 0;
}

enum desk_fate verify_answer(struct verify *v, struct desk *desk, const struct msg_question *q,
	uint64_t now_us, struct msg_answer *ret)
{
	struct device *d = answer_admit(v->answerer, q, now_us, ret);

	if (!d)
		return DESK_SEND;
	struct attempt a = new_attempt(desk, q, d);
	*ret = (struct msg_answer){.status = 200, .body = span_str(VERDICT_FAILED)};
	if (!is_on(v, d)) {
		attempt_tell(&v->off_limit, "background verification is off for this device", &a);
		return DESK_SEND;
	}
	if (attempt_begin(v, d, &a, now_us) < 0)
		return DESK_SEND;
	enum outcome outcome = look(v, &a, d, q);
	if (outcome == WAITING && wait_for_referee(v, &a) < 0)
		outcome = attempt_ends(&a, UNDECIDED, "out of memory");
	enum desk_fate fate = outcome == WAITING ? DESK_LATER : end(v, &a, d, outcome, now_us, ret);
	wipe(v);
	return fate;
}

/* ---- what the referee has decided ---- */

static enum outcome outcome_of(struct attempt *a, const struct referee_said *said)
{
	char why[64];

	switch (said->verdict) {
	case REFEREE_MATCH:
		return GRANTED;
	case REFEREE_NOMATCH:
		return attempt_ends(a, REFUSED, "another finger");
	case REFEREE_ERROR:
		snprintf(why, sizeof(why), "the matcher says %s", said->word);
		return attempt_ends(a, UNDECIDED, why);
	case REFEREE_LATE:
		return attempt_ends(a, UNDECIDED, "the matcher was late");
	case REFEREE_GONE:
		break;
	}
	return attempt_ends(a, UNDECIDED, "the matcher is gone");
}

static struct attempt *take_waiting(struct verify *v, uint64_t id)
{
	struct attempt *a;

	LIST_FOREACH(a, &v->waiting, others)
	{
		if (a->id == id)
			break;
	}
	if (a)
		LIST_REMOVE(a, others);
	return a;
}

/* Much may have been ordered meanwhile. */
static enum outcome if_still_on(
	struct verify *v, struct attempt *a, const struct device *d, enum outcome outcome)
{
	bool on = d && d->state == DEVICE_APPROVED && is_on(v, d) &&
		  span_is(span_str(a->site), d->set.site);

	return outcome != GRANTED || on
		       ? outcome
		       : attempt_ends(a, UNDECIDED, "the device may not ask any more");
}

static void answer_waiting(
	struct verify *v, struct desk *desk, const struct referee_said *said, uint64_t now_us)
{
	struct attempt *a = take_waiting(v, said->id);
	struct msg_answer answer;

	if (!a)
		return;
	const struct device *d = devices_find(v->answerer->devices, span_str(a->serial));
	enum outcome outcome = if_still_on(v, a, d, outcome_of(a, said));
	enum desk_fate fate = end(v, a, d, outcome, now_us, &answer);
	desk_answer_later(desk, &a->ticket, &answer, fate);
	free(a);
}

void verify_turn(struct verify *v, struct desk *desk, uint64_t now_us)
{
	struct referee_said said;

	while (referee_next(v->referee, clock_mono_ms(), &said)) {
		answer_waiting(v, desk, &said, now_us);
		wipe(v);
	}
	/* The desk has sent or kept its own of what this turn's answers said. */
	if (v->line.len > 0)
		buf_wipe(&v->line);
	verify_audit_over(v, now_us);
}

/* ---- opening and closing ---- */

/* Whole, so that none of them grows and leaves a part of a template where it was. */
static int reserve(struct verify *v)
{
	int rc = buf_reserve(&v->line, v->line.max);

	if (rc == 0)
		rc = buf_reserve(&v->sample, v->sample.max);
	return rc < 0 ? rc : buf_reserve(&v->references, v->references.max);
}

int verify_open(struct verify *v, uint64_t now_us)
{
	const struct log_limit limit = {.burst = 5, .window_ms = 10000};

	v->line = buf_with_max(VERDICT_MAX + 1); /* base64 is written with a NUL */
	v->sample = buf_with_max(MSG_MAX);
	v->references = buf_with_max(MATCHING_REQUEST_MAX);
	int rc = reserve(v);
	if (rc < 0)
		return rc;
	v->off_limit = v->full_limit = v->alarm_limit = limit;
	LIST_INIT(&v->waiting);
	return verify_open_counts(v, now_us);
}

void verify_close(struct verify *v)
{
	struct attempt *a;

	while ((a = LIST_FIRST(&v->waiting))) {
		LIST_REMOVE(a, others);
		free(a);
	}
	verify_close_counts(v);
	wipe(v);
	buf_wipe(&v->line);
	buf_free(&v->line);
	buf_free(&v->sample);
	buf_free(&v->references);
}
