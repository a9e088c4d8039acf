/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answer: what a terminal hears to its handshake and its polls. */
#include "cmdqd/answer.h"

#include <errno.h>
#include <stdio.h>

#include "cmdqd/hello.h"
#include "cmdqd/learn.h"
#include "cmdqd/zone.h"
#include "lib/clock.h"
#include "lib/log.h"

#define HELLO_MAX 4096

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
		LOG_SPAN("peer", q->peer), LOG_TEXT("command", command),
		LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

static void log_trouble(const char *event, struct span serial, int rc)
{
	uint64_t dropped;

	if (log_allow(&trouble_limit, clock_mono_ms(), &dropped))
		log_error(event, LOG_SPAN("serial", serial), LOG_ERR(rc),
			LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

/* ---- stamps ---- */

/* parserd makes the store when it first runs: until then every contact is the first one. */
static int open_records(struct answerer *a)
{
	return a->records ? 0 : records_open(a->records_path, &a->records);
}

static int read_stamp(
	struct answerer *a, struct span serial, enum hello_table table, struct buf *into)
{
	int rc = records_stamp(a->records, serial, hello_table_name(table), into);

	/* None yet, or one that is too long to be given back. */
	if (rc != -ENOENT && rc != -EMSGSIZE)
		return rc;
	buf_clear(into);
	return 0;
}

/* A stamp that could not be read must not become 0: that would make the terminal send all it has.
 */
static int read_stamps(
	struct answerer *a, struct span serial, struct buf stamps[static HELLO_TABLES])
{
	int rc = open_records(a);

	if (rc == -ENOENT)
		return 0;
	for (enum hello_table t = 0; t < HELLO_TABLES && rc == 0; t++)
		rc = read_stamp(a, serial, t, &stamps[t]);
	if (rc < 0)
		answer_close(a);
	return rc;
}

/* ---- the two questions ---- */

static int put_hello(struct answerer *a, const struct device *d, uint64_t now_us,
	const struct buf stamps[static HELLO_TABLES])
{
	struct hello h = {
		.serial = span_str(d->serial),
		.push_version = span_str(d->push_version),
		.class = span_str(d->class),
		.settings = settings_effective(a->defaults, &d->set),
	};

	for (enum hello_table t = 0; t < HELLO_TABLES; t++)
		h.stamps[t] = buf_span(&stamps[t]);
	int rc = zone_offset(h.settings.time_zone, (int64_t)(now_us / 1000000), &h.zone_minutes);
	return rc < 0 ? rc : hello_put(&a->body, &h);
}

static int make_hello(struct answerer *a, const struct device *d, uint64_t now_us)
{
	struct buf stamps[HELLO_TABLES];

	for (enum hello_table t = 0; t < HELLO_TABLES; t++)
		stamps[t] = buf_with_max(HELLO_STAMP_MAX);
	int rc = read_stamps(a, span_str(d->serial), stamps);
	if (rc == 0)
		rc = put_hello(a, d, now_us, stamps);
	for (enum hello_table t = 0; t < HELLO_TABLES; t++)
		buf_free(&stamps[t]);
	return rc;
}

static void answer_hello(struct answerer *a, struct device *d, const struct msg_question *q,
	uint64_t now_us, struct msg_answer *ret)
{
	d->handshakes++;
	if (target_parse(q->target, &a->target) == 0)
		learn_from_hello(d, &a->target);
	if (d->state != DEVICE_APPROVED)
		return;
	a->body.max = HELLO_MAX;
	int rc = make_hello(a, d, now_us);
	if (rc < 0) {
		ret->status = 503;
		log_trouble("handshake cannot be answered", q->serial, rc);
		return;
	}
	ret->status = 200;
	ret->body = buf_span(&a->body);
}

/* Most polls name the serial and nothing else, and then there is nothing to take apart. */
static bool says_more(struct span target)
{
	return span_has(target, '&');
}

static void answer_poll(
	struct answerer *a, struct device *d, const struct msg_question *q, struct msg_answer *ret)
{
	d->polls++;
	if (says_more(q->target) && target_parse(q->target, &a->target) == 0)
		learn_from_poll(d, &a->target);
	if (d->state != DEVICE_APPROVED)
		return;
	ret->status = 200;
	ret->body = span_str("OK");
}

void answer(
	struct answerer *a, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret)
{
	struct device *d;
	int rc = devices_see(a->devices, q->serial, q->peer, now_us, &d);

	buf_clear(&a->body);
	*ret = (struct msg_answer){.status = rc < 0 ? 503 : 403};
	if (rc < 0) {
		log_trouble("no room for a device", q->serial, rc);
		return;
	}
	if (rc == 1)
		log_first_sight(q, d);
	if (q->kind == MSG_HELLO)
		answer_hello(a, d, q, now_us, ret);
	else
		answer_poll(a, d, q, ret);
}

void answer_close(struct answerer *a)
{
	records_close(a->records);
	a->records = NULL;
	buf_free(&a->body);
}
