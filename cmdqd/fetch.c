/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fetch: see the header. */
#include "cmdqd/fetch.h"

#include <errno.h>
#include <stdio.h>

#include "cmdqd/answer_private.h"
#include "cmdqd/audit.h"
#include "cmdqd/learn.h"
#include "cmdqd/ledger_command.h"
#include "command/typed.h"
#include "lib/clock.h"
#include "lib/log.h"

/* Anybody can cause the first, the disk the second. */
static struct log_limit stranger_limit = {.burst = 5, .window_ms = 10000};
static struct log_limit trouble_limit = {.burst = 5, .window_ms = 10000};

/* One question. */
struct fetching {
	struct fetch *f;
	struct answerer *a;
	const struct msg_question *q;
	struct file_target target;
	uint64_t now_us;
	struct buf text; /* of the command */
	struct command command;
};

/* ---- whose is it ---- */

/* The name is for people and for terminals that tell a file's kind by it: there is one for each. */
static bool is_named_so(const struct fetching *k)
{
	char why[VERB_WHY_BYTES];
	struct typed t;
	int at;

	if (typed_get(k->command.text, &t, why) < 0)
		return false;
	at = verb_field_find(t.verb, span_str("file"));
	return at >= 0 && span_eq(t.values[at], k->target.name);
}

static bool is_its_device(const struct fetching *k)
{
	struct span serial = k->q->serial.len > 0 ? k->q->serial : k->target.serial;

	return serial.len == 0 || span_is(serial, k->command.serial);
}

/* 0; -ENOENT when it is nobody's, or not this device's; another negative errno. */
static int find_command(struct fetching *k)
{
	uint64_t id = 0;
	int rc = ledger_need(k->a->ledger);

	if (rc == 0)
		rc = ledger_find_token(k->a->ledger, k->target.token, &id);
	if (rc < 0)
		return rc;
	rc = ledger_get_command(k->a->ledger, id, &k->text, &k->command);
	if (rc < 0)
		return rc == -ENOENT ? -EUCLEAN : rc;
	return command_is_open(k->command.state) && is_its_device(k) && is_named_so(k) ? 0
										       : -ENOENT;
}

/* ---- what is said of it ---- */

static void log_stranger(const struct fetching *k)
{
	uint64_t dropped;

	if (log_allow(&stranger_limit, clock_mono_ms(), &dropped))
		log_warning("file asked for that was offered to nobody who asks so",
			LOG_SPAN(k->q->serial.len ? "serial" : NULL, k->q->serial),
			LOG_SPAN("peer", k->q->peer), LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

static void log_trouble(const struct fetching *k, int rc)
{
	uint64_t dropped;

	if (rc != -EAGAIN && log_allow(&trouble_limit, clock_mono_ms(), &dropped))
		log_error("file cannot be let go", LOG_TEXT("serial", k->command.serial),
			LOG_NUM("id", k->command.id), LOG_ERR(rc),
			LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

static int audit(const struct fetching *k)
{
	const struct command *c = &k->command;
	struct audit a = {
		.at_us = k->now_us, .what = AUDIT_FILE, .granted = true, .count = c->file.bytes};

	learn_text(a.serial, sizeof(a.serial), span_str(c->serial));
	learn_text(a.address, sizeof(a.address), k->q->peer);
	learn_text(a.why, sizeof(a.why), k->target.name);
	return audit_add(k->a->ledger, &a);
}

/* Of many parts the first is told of. */
static int note_first(struct fetching *k)
{
	struct command *c = &k->command;
	int rc = audit(k);

	c->file.fetched_us = k->now_us;
	if (rc == 0)
		rc = ledger_put_command(k->a->ledger, c, false);
	if (rc == 0)
		log_info("file is fetched", LOG_TEXT("serial", c->serial), LOG_NUM("id", c->id),
			LOG_SPAN("peer", k->q->peer), LOG_NUM("bytes", c->file.bytes));
	return rc;
}

static int put_grant(struct fetching *k)
{
	const struct command_file *file = &k->command.file;
	const struct file_grant grant = {span_str(file->sha256), file->bytes};

	buf_clear(&k->a->body);
	k->a->body.max = ANSWER_BODY_MAX;
	return file_grant_put(&k->a->body, &grant);
}

static enum desk_fate grant(struct fetching *k, struct msg_answer *ret)
{
	const bool first = k->command.file.fetched_us == 0;
	int rc = shelf_touch(k->f->shelf, &k->command.file);

	*ret = (struct msg_answer){.status = 503};
	if (rc == 0)
		rc = put_grant(k);
	if (rc == 0 && first) {
		rc = note_first(k);
		rc = rc < 0 ? answer_give_up(k->a, rc) : 0;
	}
	if (rc < 0) {
		log_trouble(k, rc);
		return DESK_SEND;
	}
	*ret = (struct msg_answer){.status = 200, .body = buf_span(&k->a->body)};
	return first ? DESK_HOLD : DESK_SEND;
}

/* The address speaks for the device; where it may speak from is as for all that it asks. */
static enum desk_fate let_in(struct fetching *k, struct msg_answer *ret)
{
	struct msg_question own = *k->q;

	own.serial = span_str(k->command.serial);
	return answer_admit(k->a, &own, k->now_us, ret) ? grant(k, ret) : DESK_SEND;
}

static enum desk_fate look(struct fetching *k, struct msg_answer *ret)
{
	int rc = find_command(k);

	if (rc == 0)
		return let_in(k, ret);
	if (rc == -ENOENT) {
		*ret = (struct msg_answer){.status = 404};
		log_stranger(k);
	} else {
		log_trouble(k, answer_give_up(k->a, rc));
	}
	return DESK_SEND;
}

enum desk_fate fetch_answer(
	struct fetch *f, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret)
{
	struct fetching k = {.f = f,
		.a = f->answerer,
		.q = q,
		.now_us = now_us,
		.text = buf_with_max(TYPED_MASKED_MAX)};

	*ret = (struct msg_answer){.status = 404};
	if (file_target_read(q->target, &k.target) < 0)
		return DESK_SEND;
	ret->status = 503;
	/* After a failure nothing more goes into the transaction of this turn of the loop. */
	if (k.a->failed < 0 || answer_too_late(k.a, q))
		return DESK_SEND;
	enum desk_fate fate = look(&k, ret);
	buf_free(&k.text);
	return fate;
}
