/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answer: what a terminal hears to its handshake and its polls. */
#include "cmdqd/answer_private.h"

#include <errno.h>
#include <stdio.h>

#include "cmdqd/gate.h"
#include "cmdqd/learn.h"
#include "cmdqd/ledger.h"
#include "lib/clock.h"
#include "lib/log.h"

/* Terminals can cause each of these, so each has its own allowance. */
static struct log_limit first_sight_limit = {.burst = 20, .window_ms = 10000};
static struct log_limit trouble_limit = {.burst = 5, .window_ms = 10000};

static void log_first_sight(const struct msg_question *q, const struct device *d)
{
	char command[64];
	uint64_t dropped;

	if (!log_allow(&first_sight_limit, clock_mono_ms(), &dropped))
		return;
	if (d->state == DEVICE_APPROVED) {
		log_notice("new device admitted", LOG_SPAN("serial", q->serial),
			LOG_SPAN("peer", q->peer), LOG_NUM(dropped ? "dropped" : NULL, dropped));
		return;
	}
	snprintf(command, sizeof(command), "punchctl device approve %.*s", SPAN_ARG(q->serial));
	log_notice("unknown device waits for approval", LOG_SPAN("serial", q->serial),
		LOG_SPAN("peer", q->peer), LOG_TEXT("approve_with", command),
		LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

static void log_trouble(const char *event, struct span serial, int rc)
{
	uint64_t dropped;

	if (log_allow(&trouble_limit, clock_mono_ms(), &dropped))
		log_error(event, LOG_SPAN("serial", serial), LOG_ERR(rc),
			LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

/* ---- both: is anybody still there to hear it ---- */

/* ingestd has given up by then, or will before the commit: what is offered now is not heard, and of
 * what may never be done twice that would be the end. */
bool answer_too_late(const struct answerer *a, const struct msg_question *q)
{
	uint64_t now_ms = clock_mono_ms();

	return q->asked_ms != 0 && now_ms > q->asked_ms &&
	       now_ms - q->asked_ms >= a->defaults->desk_timeout_ms / 2;
}

/* ---- handshakes ---- */

/* Of a target that cannot be taken apart nothing is known, the key neither. */
static struct span key_of(const struct target *t)
{
	struct span key = {0};

	if (t)
		(void)target_param(t, "pushcommkey", &key);
	return key;
}

static enum desk_fate answer_hello(struct answerer *a, struct device *d,
	const struct msg_question *q, uint64_t now_us, struct msg_answer *ret)
{
	const struct target *t = target_parse(q->target, &a->target) == 0 ? &a->target : NULL;

	d->handshakes++;
	d->last_hello_us = now_us;
	/* Who has not its key says nothing that is worth learning. */
	if (d->state == DEVICE_APPROVED && !gate_key(d, key_of(t), q->peer, now_us))
		return DESK_SEND;
	if (t)
		learn_from_hello(d, t);
	if (d->state != DEVICE_APPROVED)
		return DESK_SEND;
	/* A stamp of 0 that was ordered would be spent on nobody. */
	int rc = d->resend && answer_too_late(a, q) ? -ETIMEDOUT : answer_greet(a, d, now_us);
	if (rc < 0) {
		ret->status = 503;
		log_trouble("handshake cannot be answered", q->serial, rc);
		return DESK_SEND;
	}
	ret->status = 200;
	ret->body = buf_span(&a->body);
	return rc > 0 ? DESK_HOLD : DESK_SEND;
}

/* ---- polls ---- */

/* Most polls name the serial and nothing else, and then there is nothing to take apart. */
static bool says_more(struct span target)
{
	return span_has(target, '&');
}

/* Only one that commands may wait for was ever woken, and an access-control terminal takes none of
 * ours. */
static bool wants_commands(const struct device *d)
{
	return devices_has_open(d) && strcmp(d->class, "acc") != 0;
}

static enum desk_fate offer(struct answerer *a, struct device *d, const struct msg_question *q,
	uint64_t now_us, struct msg_answer *ret)
{
	int rc = answer_offer(a, d, now_us);

	poke_seen(a->poke, d, clock_mono_ms());
	/* A map that had to grow is no trouble: the next poll is offered them. */
	if (rc < 0 && rc != -EAGAIN)
		log_trouble("commands cannot be offered", q->serial, rc);
	if (rc <= 0)
		return DESK_SEND;
	ret->body = buf_span(&a->body);
	return DESK_HOLD;
}

static enum desk_fate answer_poll(struct answerer *a, struct device *d,
	const struct msg_question *q, uint64_t now_us, struct msg_answer *ret)
{
	d->polls++;
	d->last_poll_us = now_us;
	if (d->state == DEVICE_APPROVED && !gate_key_seen(d, q->peer))
		return DESK_SEND;
	if (says_more(q->target) && target_parse(q->target, &a->target) == 0)
		learn_from_poll(d, &a->target);
	if (d->state != DEVICE_APPROVED)
		return DESK_SEND;
	ret->status = 200;
	ret->body = span_str("OK");
	return wants_commands(d) && !answer_too_late(a, q) ? offer(a, d, q, now_us, ret)
							   : DESK_SEND;
}

/* ---- both ---- */

/* Whoever speaks from outside of a device's networks is not that device: it was not seen. */
static bool comes_from_outside(struct answerer *a, const struct msg_question *q, uint64_t now_us)
{
	struct device *d = devices_find(a->devices, q->serial);

	if (!d || gate_network(d, q->peer, now_us))
		return false;
	devices_changed(a->devices, d);
	return true;
}

/* The device that speaks, or NULL with what it hears instead. */
static struct device *see(
	struct answerer *a, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret)
{
	struct device *d;

	*ret = (struct msg_answer){.status = 403};
	if (comes_from_outside(a, q, now_us))
		return NULL;
	int rc = devices_see(a->devices, q->serial, q->peer, now_us, &d);
	if (rc < 0) {
		ret->status = 503;
		log_trouble("no room for a device", q->serial, rc);
		return NULL;
	}
	if (rc == 1)
		log_first_sight(q, d);
	return d;
}

struct device *answer_admit(
	struct answerer *a, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret)
{
	struct device *d = see(a, q, now_us, ret);

	return d && d->state == DEVICE_APPROVED && gate_key_seen(d, q->peer) ? d : NULL;
}

enum desk_fate answer(
	struct answerer *a, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret)
{
	struct device *d = see(a, q, now_us, ret);

	buf_clear(&a->body);
	if (!d)
		return DESK_SEND;
	return q->kind == MSG_HELLO ? answer_hello(a, d, q, now_us, ret)
				    : answer_poll(a, d, q, now_us, ret);
}

/* ---- what has to be durable ---- */

bool answer_claim(struct answerer *a, const struct device *d, uint64_t resend)
{
	if (a->claim_count == ANSWER_CLAIMS_MAX)
		return false;
	struct answer_claim *c = &a->claims[a->claim_count++];
	*c = (struct answer_claim){.resend = resend};
	memcpy(c->serial, d->serial, sizeof(c->serial));
	return true;
}

static void take_back(struct answerer *a, const struct answer_claim *c)
{
	struct device *d = devices_find(a->devices, span_str(c->serial));

	if (!d)
		return;
	devices_set_open(d, true);
	d->resend |= c->resend;
	if (c->resend)
		devices_ordered(a->devices, d);
}

int answer_settle(struct answerer *a)
{
	int rc = a->failed < 0 ? a->failed : devices_save_ordered(a->devices);

	for (size_t i = 0; i < a->claim_count && rc < 0; i++)
		take_back(a, &a->claims[i]);
	a->claim_count = 0;
	a->failed = 0;
	return rc;
}

int answer_give_up(struct answerer *a, int rc)
{
	a->failed = ledger_give_up(a->ledger, rc);
	return a->failed;
}

void answer_close(struct answerer *a)
{
	buf_free(&a->body);
	buf_free(&a->facts);
}
