/* SPDX-License-Identifier: GPL-2.0-or-later */
/* offer: the commands that a poll brings home. docs/PROTOCOL.md 4 */
#include <errno.h>

#include "cmdqd/ability.h"
#include "cmdqd/answer_private.h"
#include "cmdqd/facts.h"
#include "cmdqd/queue.h"
#include "cmdqd/settings.h"

int answer_facts(struct answerer *a, struct span serial)
{
	a->facts.max = FACTS_MAX;
	buf_clear(&a->facts);
	int rc = ledger_need(a->ledger);
	if (rc == 0)
		rc = ledger_get_facts(a->ledger, serial, &a->facts);
	return rc == -ENOENT ? 0 : rc;
}

static uint64_t batch_bytes(const struct answerer *a, const struct device *d)
{
	uint64_t bytes = settings_effective(a->defaults, &d->set).batch_bytes;

	return bytes < ANSWER_BODY_MAX ? bytes : ANSWER_BODY_MAX;
}

static int offer(struct answerer *a, const struct device *d, uint64_t now_us, bool *ret_open)
{
	struct span serial = span_str(d->serial);
	int rc = answer_facts(a, serial);

	if (rc < 0)
		return rc;
	const struct dialect dialect = ability_dialect(d, buf_span(&a->facts));
	const struct progress_rules rules = {.lease_us = a->defaults->command_lease_ms * 1000,
		.offers_max = a->defaults->command_offers};
	const struct queue_offer o = {serial, &dialect, batch_bytes(a, d), &rules};

	a->body.max = ANSWER_BODY_MAX;
	return queue_offer(a->ledger, &o, now_us, &a->body, ret_open);
}

/* After a failure the offers of this turn of the loop are not made, so there are no more of them
 * until it is over. */
int answer_offer(struct answerer *a, struct device *d, uint64_t now_us)
{
	bool open = true;

	if (a->failed < 0)
		return 0;
	int rc = offer(a, d, now_us, &open);
	if (rc < 0)
		return answer_give_up(a, rc);
	if (!open && answer_claim(a, d, 0))
		devices_set_open(d, false);
	return rc;
}
