/* SPDX-License-Identifier: GPL-2.0-or-later */
/* withdraw: see the header. */
#include "cmdqd/withdraw.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cmdqd/ability.h"
#include "cmdqd/audit.h"
#include "cmdqd/facts.h"
#include "cmdqd/origin.h"
#include "cmdqd/queue.h"

/* One who is due. */
struct withdrawal {
	struct people *people;
	const struct conf *conf;
	struct ledger *ledger;
	uint64_t now_us;
	struct lent lent;
	struct span serial, pin;
};

/* ---- the commands ---- */

static int queue_one(const struct withdrawal *w, const char *verb)
{
	struct typed command = {.verb = verb_find(span_str(verb))};
	const struct queue_order o = {.serial = w->serial,
		.entry = QUEUE_OWN_ENTRY,
		.owner_uid = getuid(),
		.command = &command};
	char why[VERB_WHY_BYTES];
	uint64_t id;
	int rc = typed_set(&command, span_str("pin"), w->pin, why);

	return rc < 0 ? rc : queue_add(w->ledger, &o, w->now_us, &id);
}

static int dialect_of(const struct withdrawal *w, const struct device *d, struct dialect *ret)
{
	struct buf facts = buf_with_max(FACTS_MAX);
	int rc = ledger_get_facts(w->ledger, w->serial, &facts);

	if (rc == 0 || rc == -ENOENT)
		*ret = ability_dialect(d, buf_span(&facts));
	buf_free(&facts);
	return rc == -ENOENT ? 0 : rc;
}

/* What the user himself does not take along, and then the user. */
static int queue_all(const struct withdrawal *w, struct device *d)
{
	struct dialect dialect = {.old = false};
	int rc = dialect_of(w, d, &dialect);
	if (rc < 0)
		return rc;
	const struct {
		const char *verb;
		bool wanted;
	} verbs_of_it[] = {{"bio.rm", dialect.biodata == ABLE_YES},
		{"face.rm", dialect.face == ABLE_YES}, {"photo.rm", dialect.userpic == ABLE_YES},
		{"user.rm", true}};

	for (size_t i = 0; rc >= 0 && i < sizeof(verbs_of_it) / sizeof(*verbs_of_it); i++)
		if (verbs_of_it[i].wanted)
			rc = queue_one(w, verbs_of_it[i].verb);
	if (rc >= 0)
		devices_set_open(d, true);
	return rc < 0 ? rc : 0;
}

/* ---- one ---- */

/* `why`: it is not deleted, and this is the reason; NULL: it is. */
static int end(const struct withdrawal *w, const char *why)
{
	struct audit a = {.at_us = w->now_us, .what = AUDIT_WITHDRAW, .granted = why == NULL};
	int rc = audit_lent_over(w->ledger, w->serial, w->pin);

	if (rc < 0)
		return rc;
	snprintf(a.serial, sizeof(a.serial), "%s", w->lent.serial);
	snprintf(a.pin, sizeof(a.pin), "%s", w->lent.pin);
	snprintf(a.why, sizeof(a.why), "%s", why ? why : "");
	return audit_add(w->ledger, &a);
}

static int put_off(const struct withdrawal *w)
{
	return audit_lend(w->ledger, w->serial, w->pin, w->now_us + WITHDRAW_LATER_US);
}

/* Where nobody may look into the private records any more, what was lent out of them goes. */
static int is_its_own(const struct withdrawal *w)
{
	return w->conf->allow_remote ? origin_is(w->people, w->serial, w->pin) : 0;
}

static int withdraw(const struct withdrawal *w)
{
	struct device *d = devices_find(w->people->devices, w->serial);

	if (!d)
		return end(w, "the device is no longer known");
	int own = is_its_own(w);
	if (own < 0)
		return own == -ENOMEM ? own : put_off(w);
	if (own > 0)
		return end(w, "enrolled on the device itself meanwhile");
	int open = ledger_count_open(w->ledger, w->serial);
	if (open < 0 || open + 4 > QUEUE_OPEN_MAX)
		return open < 0 ? open : put_off(w);
	int rc = queue_all(w, d);
	return rc < 0 ? rc : end(w, NULL);
}

/* ---- all that are due ---- */

static int take_next(struct people *p, const struct conf *conf, uint64_t now_us)
{
	struct withdrawal w = {
		.people = p, .conf = conf, .ledger = devices_ledger(p->devices), .now_us = now_us};
	int rc = audit_next_due(w.ledger, now_us, &w.lent);

	if (rc != 1)
		return rc;
	w.serial = span_str(w.lent.serial);
	w.pin = span_str(w.lent.pin);
	rc = withdraw(&w);
	return rc < 0 ? rc : 1;
}

int withdraw_due(struct people *p, const struct conf *conf, uint64_t now_us)
{
	struct ledger *l = devices_ledger(p->devices);
	int count = 0, rc = 1;

	while (rc == 1 && count < WITHDRAW_MOST) {
		rc = take_next(p, conf, now_us);
		count += rc == 1;
	}
	if (rc < 0)
		return ledger_give_up(l, rc);
	/* Durability: the commands, the end of the loan and the audit in one transaction. */
	rc = devices_save_ordered(p->devices);
	return rc < 0 ? rc : count;
}
