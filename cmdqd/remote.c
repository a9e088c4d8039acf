/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remote: see the header. */
#include "cmdqd/remote.h"

#include <errno.h>
#include <stdio.h>

#include "cmdqd/ability.h"
#include "cmdqd/answer_private.h"
#include "cmdqd/audit.h"
#include "cmdqd/introduce.h"
#include "cmdqd/learn.h"
#include "cmdqd/origin.h"
#include "cmdqd/ration.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/site.h"

#define NOBODY "NONE\n"

static struct log_limit trouble_limit = {.burst = 5, .window_ms = 10000};
static struct log_limit alarm_limit = {.burst = 5, .window_ms = 10000};

static const struct ration_rule asked_rule = REMOTE_ASKED, missed_rule = REMOTE_MISSED,
				alarm_rule = REMOTE_ALARM;

/* One question. */
struct lookup {
	struct remote *r;
	struct answerer *a;
	struct device *d;
	struct span serial, site, pin;
	uint64_t now_us;
	struct audit audit;
};

/* ---- who may ask ---- */

static bool is_switched_on(const struct lookup *k)
{
	const struct conf *conf = k->a->defaults;

	if (!conf->allow_remote || k->d->set.remote != 0)
		return conf->allow_remote && k->d->set.remote > 0;
	return site_in_list(k->site, span_str(conf->remote_sites));
}

static bool take_rations(struct device_rations *r, uint64_t now_ms)
{
	return ration_left(r->missed_ms, &missed_rule, now_ms) &&
	       ration_take(&r->asked_ms, &asked_rule, now_ms);
}

/* ---- the audit ---- */

static void say_why(struct lookup *k, const char *why)
{
	snprintf(k->audit.why, sizeof(k->audit.why), "%s", why);
}

/* Nobody hears what could not be entered. */
static int enter(struct lookup *k)
{
	int rc = audit_add(k->a->ledger, &k->audit);

	return rc < 0 ? answer_give_up(k->a, rc) : 0;
}

static void alarm_once(struct lookup *k, uint64_t now_ms)
{
	uint64_t dropped;

	if (!ration_take(&devices_rations(k->d)->alarmed_ms, &alarm_rule, now_ms))
		return;
	k->audit.what = AUDIT_ALARM;
	say_why(k, "asks about more people than a device may, and hears nothing for a while");
	if (enter(k) == 0 && log_allow(&alarm_limit, now_ms, &dropped))
		log_warning("device asks about more people than it may",
			LOG_SPAN("serial", k->serial), LOG_TEXT("peer", k->audit.address),
			LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

static void log_trouble(const struct lookup *k, int rc)
{
	uint64_t dropped;

	/* A map that had to grow is no trouble. */
	if (k->a->failed != -EAGAIN && log_allow(&trouble_limit, clock_mono_ms(), &dropped))
		log_error("remote attendance cannot be answered", LOG_SPAN("serial", k->serial),
			LOG_ERR(rc), LOG_NUM(dropped ? "dropped" : NULL, dropped));
}

/* ---- the person ---- */

static int see_item(void *context, const struct item *i)
{
	return introduce_item(context, i);
}

/* A thousand templates of one PIN are nobody's: then the user alone. */
static int gather_templates(struct lookup *k, struct introduction *n)
{
	int rc = people_templates(k->r->people, k->site, k->pin, see_item, n);

	return rc == -E2BIG ? 0 : rc;
}

/* Into a->body. How many lines; -ENOENT when nobody knows him, -EINVAL when there is no such PIN,
 * -EKEYEXPIRED when he is not valid now. */
static int introduce(struct lookup *k)
{
	struct person p;
	int rc = answer_facts(k->a, k->serial);

	if (rc < 0)
		return answer_give_up(k->a, rc);
	const struct dialect dialect = ability_dialect(k->d, buf_span(&k->a->facts));
	struct introduction n = {.dialect = &dialect};
	rc = people_by_pin(k->r->people, k->site, k->pin, &p);
	if (rc < 0)
		return rc;
	const char *why = answer_objection(k->a, k->d, &p, k->now_us);
	rc = why ? -EKEYEXPIRED : introduce_user(&n, &p);
	person_free(&p);
	if (rc == 0)
		rc = gather_templates(k, &n);
	if (rc == 0)
		rc = introduce_put(&n, &k->a->body);
	introduce_free(&n);
	return rc;
}

/* He is deleted there some day, unless the device is one that he comes from. */
static int lend(struct lookup *k)
{
	uint64_t after_ms = k->a->defaults->remote_withdraw_ms;

	if (after_ms == 0)
		return 0;
	int rc = origin_is(k->r->people, k->serial, k->pin);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = audit_lend(k->a->ledger, k->serial, k->pin, k->now_us + after_ms * 1000);
	return rc < 0 ? answer_give_up(k->a, rc) : 0;
}

/* ---- what is said ---- */

static enum desk_fate say(struct msg_answer *ret, struct span body)
{
	*ret = (struct msg_answer){.status = 200, .body = body};
	return DESK_HOLD;
}

static enum desk_fate say_none(
	struct lookup *k, const char *why, uint64_t now_ms, struct msg_answer *ret)
{
	(void)ration_take(&devices_rations(k->d)->missed_ms, &missed_rule, now_ms);
	say_why(k, why);
	return enter(k) == 0 ? say(ret, span_str(NOBODY)) : DESK_SEND;
}

static enum desk_fate say_who(struct lookup *k, uint64_t now_ms, struct msg_answer *ret)
{
	buf_clear(&k->a->body);
	k->a->body.max = ANSWER_BODY_MAX;
	int rc = introduce(k);
	if (rc == -ENOENT)
		return say_none(k, "no device of the site knows this PIN", now_ms, ret);
	if (rc == -EINVAL)
		return say_none(k, "no terminal takes such a PIN", now_ms, ret);
	if (rc == -EKEYEXPIRED)
		return say_none(k, "he is not valid now", now_ms, ret);
	if (rc > 0) {
		k->audit.granted = true;
		k->audit.count = (uint64_t)rc;
		rc = lend(k);
	}
	if (rc == 0)
		rc = enter(k);
	if (rc == 0)
		return say(ret, buf_span(&k->a->body));
	log_trouble(k, rc);
	return DESK_SEND;
}

/* After a failure nothing more goes into the transaction of this turn of the loop, and what may not
 * be audited is not said. */
static enum desk_fate look_up(struct lookup *k, uint64_t now_ms, struct msg_answer *ret)
{
	if (k->a->failed < 0)
		return DESK_SEND;
	if (!is_switched_on(k)) {
		if (!take_rations(devices_rations(k->d), now_ms))
			return say(ret, span_str(NOBODY));
		return say_none(k, "not switched on for this device", now_ms, ret);
	}
	if (!take_rations(devices_rations(k->d), now_ms)) {
		alarm_once(k, now_ms);
		return DESK_SEND;
	}
	return say_who(k, now_ms, ret);
}

static struct lookup lookup_of(
	struct remote *r, struct device *d, const struct msg_question *q, uint64_t now_us)
{
	struct lookup k = {.r = r,
		.a = r->answerer,
		.d = d,
		.serial = span_str(d->serial),
		.site = span_str(d->set.site),
		.now_us = now_us,
		.audit = {.at_us = now_us, .what = AUDIT_LOOKUP}};

	learn_text(k.audit.serial, sizeof(k.audit.serial), k.serial);
	learn_text(k.audit.address, sizeof(k.audit.address), q->peer);
	return k;
}

enum desk_fate remote_answer(
	struct remote *r, const struct msg_question *q, uint64_t now_us, struct msg_answer *ret)
{
	struct answerer *a = r->answerer;
	struct device *d = answer_admit(a, q, now_us, ret);

	if (!d)
		return DESK_SEND;
	struct lookup k = lookup_of(r, d, q, now_us);
	*ret = (struct msg_answer){.status = 404};
	if (target_parse(q->target, &a->target) < 0 || !target_param(&a->target, "PIN", &k.pin))
		return DESK_SEND;
	k.pin = span_trim(k.pin);
	learn_text(k.audit.pin, sizeof(k.audit.pin), k.pin);
	ret->status = 503;
	return answer_too_late(a, q) ? DESK_SEND : look_up(&k, clock_mono_ms(), ret);
}
