/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress: how a command goes from queued to its end. Pure. */
#include "cmdqd/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "command/meaning.h"

static void end(struct command *c, enum command_state state, const char *why, uint64_t now_us)
{
	c->state = state;
	c->ended_us = now_us;
	(void)snprintf(c->why, sizeof(c->why), "%s", why);
}

/* ---- time ---- */

static bool is_past_expiry(const struct command *c, uint64_t now_us)
{
	return c->expires_us != 0 && now_us >= c->expires_us;
}

/* It waited for as long as nobody knows; an unlock must not be carried out an hour too late. */
static bool moved_life(struct command *c, uint64_t now_us)
{
	if (c->expires_us == 0 || c->queued_us <= now_us)
		return false;
	uint64_t life_us = c->expires_us > c->queued_us ? c->expires_us - c->queued_us : 0;
	c->queued_us = now_us;
	c->expires_us = now_us + life_us;
	return true;
}

static bool moved_lease(struct command *c, uint64_t now_us)
{
	if (c->offered_us <= now_us)
		return false;
	c->offered_us = now_us;
	return true;
}

static bool queued_time(struct command *c, uint64_t now_us)
{
	if (!is_past_expiry(c, now_us))
		return false;
	end(c, COMMAND_EXPIRED,
		c->offers ? "no result came before it expired; it may have been carried out"
			  : "it expired before it was handed out",
		now_us);
	return true;
}

static void lease_over(
	struct command *c, unsigned traits, uint64_t now_us, const struct progress_rules *rules)
{
	char why[COMMAND_WHY_BYTES];

	if (traits & VERB_NEVER_TWICE) {
		end(c, COMMAND_FAILED, "no result came; it may have been carried out", now_us);
	} else if (queued_time(c, now_us)) {
		return;
	} else if (c->offers >= rules->offers_max) {
		(void)snprintf(why, sizeof(why),
			"no result came, though it was handed out %llu times; it may have been "
			"carried out",
			(unsigned long long)c->offers);
		end(c, COMMAND_FAILED, why, now_us);
	} else {
		c->state = COMMAND_QUEUED;
	}
}

bool progress_time(
	struct command *c, unsigned traits, uint64_t now_us, const struct progress_rules *rules)
{
	if (!command_is_open(c->state))
		return false;
	bool moved = moved_life(c, now_us);

	if (c->state == COMMAND_QUEUED)
		return queued_time(c, now_us) || moved;
	moved = moved_lease(c, now_us) || moved;
	if (now_us - c->offered_us < rules->lease_us)
		return moved;
	lease_over(c, traits, now_us, rules);
	return true;
}

/* ---- offers ---- */

bool progress_may_offer(const struct command *c)
{
	return c->state == COMMAND_QUEUED;
}

void progress_offer(struct command *c, uint64_t now_us)
{
	c->state = COMMAND_OFFERED;
	c->offered_us = now_us;
	c->offers++;
}

void progress_refuse(struct command *c, const char *why, uint64_t now_us)
{
	end(c, COMMAND_FAILED, why, now_us);
}

/* ---- ends ---- */

/* A terminal that has stored a file says how many bytes. docs/PROTOCOL.md 4.1 */
static bool is_whole(const struct command *c)
{
	return c->file.bytes == 0 || c->return_code == (int64_t)c->file.bytes;
}

static void end_by_return(struct command *c, const struct verb *verb, bool good, uint64_t now_us)
{
	char words[VERB_WHY_BYTES];

	if (good && is_whole(c)) {
		end(c, COMMAND_DONE, "", now_us);
		return;
	}
	if (good)
		(void)snprintf(words, sizeof(words),
			"the terminal has %" PRId64 " bytes of a file of %" PRIu64, c->return_code,
			c->file.bytes);
	else
		meaning_put(verb, c->return_code, words);
	end(c, COMMAND_FAILED, words, now_us);
}

/* Also one that is over: the terminal did carry it out, whatever was thought of it. */
enum progress_verdict progress_result(struct command *c, const struct verb *verb, unsigned traits,
	int64_t code, const char *entry, uint64_t now_us)
{
	if (c->has_return)
		return PROGRESS_KNOWN;
	if (c->offers == 0)
		return PROGRESS_STRAY;
	c->has_return = true;
	c->return_code = code;
	(void)snprintf(c->result, sizeof(c->result), "%s", entry);
	end_by_return(c, verb, meaning_good(traits, code), now_us);
	return PROGRESS_TAKEN;
}

bool progress_cancel(struct command *c, uint64_t now_us)
{
	if (!command_is_open(c->state))
		return false;
	end(c, COMMAND_CANCELLED,
		c->offers ? "it had been handed out and may have been carried out"
			  : "it was not handed out",
		now_us);
	return true;
}
