/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ration: so many at once, and one more every so often. Pure: a ration is one number, zero at
 * first, in ms of a clock that never steps: when all that was taken will have come back. */
#ifndef PUNCHD_CMDQD_RATION_H
#define PUNCHD_CMDQD_RATION_H

#include <stdbool.h>
#include <stdint.h>

struct ration_rule {
	uint64_t at_once, every_ms;
};

static inline bool ration_left(uint64_t ration_ms, const struct ration_rule *rule, uint64_t now_ms)
{
	return ration_ms <= now_ms || ration_ms - now_ms <= (rule->at_once - 1) * rule->every_ms;
}

/* Taken even when none is left: the next one then comes back so much later. */
static inline void ration_spend(
	uint64_t *ration_ms, const struct ration_rule *rule, uint64_t now_ms)
{
	*ration_ms = (*ration_ms > now_ms ? *ration_ms : now_ms) + rule->every_ms;
}

/* False, and nothing is taken, when none is left. */
static inline bool ration_take(uint64_t *ration_ms, const struct ration_rule *rule, uint64_t now_ms)
{
	if (!ration_left(*ration_ms, rule, now_ms))
		return false;
	ration_spend(ration_ms, rule, now_ms);
	return true;
}

#endif
