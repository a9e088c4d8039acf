/* SPDX-License-Identifier: GPL-2.0-or-later */
/* obey_command: the orders that bring commands to the queue, or take them off. */
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "cmdqd/ability.h"
#include "cmdqd/audit.h"
#include "cmdqd/facts.h"
#include "cmdqd/ledger_command.h"
#include "cmdqd/obey_private.h"
#include "cmdqd/queue.h"

/* ---- for whom ---- */

/* NULL with the reason. */
static struct device *find_taker(const struct obey_order *w, char ret_why[static SPOOL_WHY_BYTES])
{
	struct device *d = devices_find(w->obey->devices, w->order->serial);
	const char *why = NULL;

	if (!d)
		why = "no device has this serial";
	else if (d->state == DEVICE_REFUSED)
		why = "the device is refused";
	else if (span_is(span_str(d->class), "acc"))
		why = "the device is one for access control, which no command is known for";
	if (!why)
		return d;
	snprintf(ret_why, SPOOL_WHY_BYTES, "%s", why);
	return NULL;
}

/* ---- into the queue ---- */

/* 1 when it is there now, 0 when it was before. */
static int add(const struct obey_order *w, struct device *d, const struct typed *command,
	const struct command_file *file, uint64_t expires_us, uint64_t *ret_id,
	char ret_why[static SPOOL_WHY_BYTES])
{
	const struct queue_order o = {.serial = span_str(d->serial),
		.entry = w->entry,
		.owner_uid = w->owner_uid,
		.expires_us = expires_us,
		.command = command,
		.file = file};
	int rc = queue_add(w->obey->ledger, &o, w->now_us, ret_id);

	if (rc == -ENOSPC)
		return obey_refuse("too many commands are waiting for this device", ret_why);
	if (rc < 0)
		return rc;
	devices_set_open(d, true);
	int woken = obey_wake_later(w->obey, d);
	return woken < 0 ? woken : rc;
}

static int check_allowed(
	const struct obey *o, const struct typed *command, char ret_why[static SPOOL_WHY_BYTES])
{
	unsigned missing = typed_allowances(command) & ~verb_granted(o->conf);

	if (!missing)
		return 0;
	snprintf(ret_why, SPOOL_WHY_BYTES, "not allowed: %s is not set in the configuration",
		verb_allowance_key(missing & -missing)); /* the lowest bit */
	return -EBADMSG;
}

/* What the device cannot take is refused now and not when it polls. */
static int try_rendering(const struct obey_order *w, const struct device *d,
	const struct typed *command, char ret_why[static SPOOL_WHY_BYTES])
{
	struct buf facts = buf_with_max(FACTS_MAX), line = buf_with_max(RENDER_MAX);
	int rc = ledger_get_facts(w->obey->ledger, span_str(d->serial), &facts);

	if (rc == 0 || rc == -ENOENT) {
		struct dialect dialect = ability_dialect(d, buf_span(&facts));
		rc = render_put(&line, command, &dialect, ret_why);
		if (rc == -EINVAL)
			rc = -EBADMSG;
	}
	buf_free(&facts);
	buf_free(&line);
	return rc;
}

static uint64_t expires_us(const struct obey_order *w)
{
	uint64_t after_ms =
		w->order->has_expires ? w->order->expires_ms : typed_expires_ms(&w->order->command);

	return after_ms ? w->received_us + after_ms * 1000 : 0;
}

/* Whom an operator gives to a device is no longer lent to it. */
static int keep_given(const struct obey_order *w)
{
	const struct typed *t = &w->order->command;

	if (strcmp(t->verb->name, "user.add") != 0)
		return 0;
	return audit_lent_over(w->obey->ledger, w->order->serial,
		t->values[verb_field_find(t->verb, span_str("pin"))]);
}

/* ---- its file ---- */

/* Nobody can guess it: whoever knows it was told. */
static int make_token(char ret[static FILE_TOKEN_BYTES + 1])
{
	unsigned char bytes[FILE_TOKEN_BYTES / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* What the order says that it has to be. */
static int check_sha256(const struct typed *command, const struct command_file *file,
	char ret_why[static SPOOL_WHY_BYTES])
{
	int at = verb_field_find(command->verb, span_str("sha256"));

	if (at < 0 || !command->given[at] || span_is(command->values[at], file->sha256))
		return 0;
	snprintf(ret_why, SPOOL_WHY_BYTES, "the file's SHA-256 is another one: %s", file->sha256);
	return -EBADMSG;
}

/* The file that the command names, if its verb is of one. -EAGAIN as shelf_take has it. */
static int take_file(const struct obey_order *w, const struct typed *command,
	struct command_file *file, char ret_why[static SPOOL_WHY_BYTES])
{
	int at = verb_field_find(command->verb, span_str("file"));
	struct command_file copy;

	if (at < 0)
		return 0;
	int rc = shelf_take(w->obey->shelf, command->values[at], &copy, ret_why);
	if (rc == 0)
		rc = check_sha256(command, &copy, ret_why);
	if (rc < 0)
		return rc;
	memcpy(file->sha256, copy.sha256, sizeof(file->sha256));
	file->bytes = copy.bytes;
	return 0;
}

/* ---- a command ---- */

/* The file last: only a command that is good for all else has one copied. */
static int queue_it(const struct obey_order *w, struct device *d, uint64_t *ret_id,
	char ret_why[static SPOOL_WHY_BYTES])
{
	struct command_file file = {.bytes = 0};
	struct typed command = w->order->command;
	int rc = make_token(file.token);

	command.token = span_str(file.token);
	if (rc == 0)
		rc = try_rendering(w, d, &command, ret_why);
	if (rc == 0)
		rc = take_file(w, &command, &file, ret_why);
	return rc < 0 ? rc
		      : add(w, d, &command, file.bytes ? &file : NULL, expires_us(w), ret_id,
				ret_why);
}

int obey_command(const struct obey_order *w, uint64_t *ret_id, char ret_why[static SPOOL_WHY_BYTES])
{
	struct device *d = find_taker(w, ret_why);

	if (!d)
		return -EBADMSG;
	int rc = check_allowed(w->obey, &w->order->command, ret_why);
	if (rc == 0)
		rc = queue_it(w, d, ret_id, ret_why);
	return rc < 0 ? rc : keep_given(w);
}

/* ---- the others ---- */

/* The stamps are given as 0 once for each order: it is in the queue but once. */
int obey_resend(const struct obey_order *w, uint64_t *ret_id, char ret_why[static SPOOL_WHY_BYTES])
{
	struct typed check = {.verb = verb_find(span_str("check"))};
	struct device *d = find_taker(w, ret_why);

	if (!d)
		return -EBADMSG;
	int rc = add(w, d, &check, NULL, 0, ret_id, ret_why);
	if (rc <= 0)
		return rc;
	d->resend |= w->order->tables;
	devices_ordered(w->obey->devices, d);
	return 0;
}

/* Its state, in words that say why it cannot be cancelled. */
static int refuse_cancel(const struct obey_order *w, char ret_why[static SPOOL_WHY_BYTES])
{
	struct buf text = buf_with_max(TYPED_MASKED_MAX);
	struct command c;
	int rc = ledger_get_command(w->obey->ledger, w->order->id, &text, &c);

	if (rc == 0) {
		snprintf(ret_why, SPOOL_WHY_BYTES, "the command is %s already",
			command_state_name(c.state));
		rc = -EBADMSG;
	}
	buf_free(&text);
	return rc;
}

int obey_cancel(const struct obey_order *w, char ret_why[static SPOOL_WHY_BYTES])
{
	struct command c;
	int rc = queue_cancel(w->obey->ledger, w->order->id, w->now_us, &c);

	if (rc == -ENOENT)
		return obey_refuse("there is no command of this id", ret_why);
	return rc == -EALREADY ? refuse_cancel(w, ret_why) : rc;
}
