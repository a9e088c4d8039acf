/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate: whether a device may speak. */
#include "cmdqd/gate.h"

#include "cmdqd/learn.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/network.h"
#include "store/setting.h"

/* Anybody can cause each of these, so each has its own allowance. */
static struct log_limit network_limit = {.burst = 5, .window_ms = 10000};
static struct log_limit key_limit = {.burst = 5, .window_ms = 10000};
static struct log_limit unseen_limit = {.burst = 5, .window_ms = 10000};

static bool refuse(
	struct log_limit *limit, const char *event, const struct device *d, struct span peer)
{
	uint64_t dropped;

	if (log_allow(limit, clock_mono_ms(), &dropped))
		log_warning(event, LOG_TEXT("serial", d->serial), LOG_SPAN("peer", peer),
			LOG_NUM(dropped ? "dropped" : NULL, dropped));
	return false;
}

bool gate_network(struct device *d, struct span peer, uint64_t now_us)
{
	if (!d->set.networks[0] || network_list_has(span_str(d->set.networks), peer))
		return true;
	d->network_refused_us = now_us;
	learn_text(d->network_refused_address, sizeof(d->network_refused_address), peer);
	return refuse(&network_limit, "device speaks from outside of its networks", d, peer);
}

bool gate_key(struct device *d, struct span key, struct span peer, uint64_t now_us)
{
	if (!d->set.comm_key[0])
		return true;
	if (comm_key_is(d->set.comm_key, key)) {
		d->key_good_us = now_us;
		return true;
	}
	d->key_refused_us = now_us;
	learn_text(d->key_refused_address, sizeof(d->key_refused_address), peer);
	return refuse(&key_limit,
		key.len > 0 ? "handshake with a wrong comm key" : "handshake without a comm key", d,
		peer);
}

bool gate_key_seen(const struct device *d, struct span peer)
{
	if (!d->set.comm_key[0] || d->key_good_us != 0)
		return true;
	return refuse(&unseen_limit, "poll before a handshake with the comm key", d, peer);
}
