/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The load generator. Every slot is a connection that is busy with one upload at a time and keeps
 * it until it is acknowledged. Closed loop: a free slot takes the next upload at once. Open loop
 * (--rate): uploads fall due by the clock and wait for a slot. Lock step: all slots send, and send
 * again when the last of them was answered.
 */
#include "tests/devsim/load.h"
#include "tests/devsim/question.h"

#include <string.h>

struct slot {
	struct conn conn;
	struct upload upload;
	struct timer again;
	bool loaded, accepted, queued;
	uint64_t due_us;   /* when it should have been sent, if it had to wait for a slot */
	uint64_t first_us; /* first attempt */
	struct slot *next_free;
};

struct load_totals load_totals;

static struct slot *slots, *free_slots;
static struct device *devices;
static uint64_t busy, rate_due, rate_served, round_start_us;
static bool stopping, round_failed;
static struct timer end_timer, tick_timer, round_timer;

static bool more_to_take(void)
{
	return !stopping &&
	       (load_options.requests == 0 || load_totals.taken < load_options.requests);
}

static void stop_when_done(void)
{
	if (busy == 0 && !more_to_take()) {
		load_totals.end_us = now_us();
		loop_stop();
	}
}

static uint64_t rate_time(uint64_t nth)
{
	return load_totals.start_us + nth * USEC / load_options.rate;
}

static void slot_send(struct slot *slot)
{
	slot->accepted = false;
	conn_start(&slot->conn, &slot->upload);
}

/* Takes the next upload; the slot must be free and there must be more to take. */
static void slot_take(struct slot *slot)
{
	uint64_t nth = load_totals.taken++;
	struct device *device = &devices[nth % settings.terminals];

	if (load_options.kind == KIND_MIXED) {
		mixed_make(&slot->upload, device, settings.records);
	} else if (load_options.kind == KIND_QUESTION) {
		question_made(&slot->upload, device, load_options.ask,
			nth * 2654435761U % load_options.people);
	} else {
		upload_make(&slot->upload, device, load_options.kind, settings.records);
	}
	ledger_sent(&slot->upload.log);
	slot->loaded = true;
	slot->queued = false;
	slot->first_us = now_us();
	busy++;
}

static void rate_serve(void)
{
	while (free_slots && rate_served < rate_due && more_to_take()) {
		struct slot *slot = free_slots;

		free_slots = slot->next_free;
		slot_take(slot);
		slot->due_us = rate_time(rate_served++);
		slot->queued = slot->first_us > slot->due_us + 1000;
		slot_send(slot);
	}
}

static void on_tick(struct timer *timer)
{
	uint64_t now = now_us();

	while (rate_time(rate_due) <= now) {
		rate_due++;
	}
	rate_serve();
	if (more_to_take()) {
		timer_set(timer, rate_time(rate_due));
	}
}

/* Nothing is in flight: all slots that still have something, or can get it, send together. */
static void on_round(struct timer *timer)
{
	uint64_t loaded = 0;

	(void)timer;
	for (uint32_t i = 0; i < load_options.connections && !stopping; i++) {
		if (!slots[i].loaded && more_to_take()) {
			slot_take(&slots[i]);
		} else if (slots[i].loaded) {
			busy++;
			load_totals.retried++;
		}
		loaded += slots[i].loaded;
	}
	if (loaded == 0) {
		stop_when_done();
		return;
	}
	load_totals.rounds++;
	round_failed = false;
	round_start_us = now_us();
	for (uint32_t i = 0; i < load_options.connections; i++) {
		if (slots[i].loaded) {
			slot_send(&slots[i]);
		}
	}
}

static void round_member_done(void)
{
	if (busy == 0) {
		timer_set(
			&round_timer, now_us() + (round_failed ? settings.retry_ms * 1000ULL : 0));
	}
}

static void slot_free(struct slot *slot)
{
	busy--;
	if (load_options.lockstep) {
		round_member_done();
	} else if (load_options.rate > 0) {
		slot->next_free = free_slots;
		free_slots = slot;
		rate_serve();
		stop_when_done();
	} else if (more_to_take()) {
		slot_take(slot);
		slot_send(slot);
	} else {
		stop_when_done();
	}
}

static void on_again(struct timer *timer)
{
	struct slot *slot = container(timer, struct slot, again);

	if (!slot->loaded || stopping) {
		load_totals.unacked += slot->loaded;
		slot->loaded = false;
		slot_free(slot);
		return;
	}
	load_totals.retried++;
	slot->queued = false;
	slot_send(slot);
}

static void slot_answered(struct conn *conn)
{
	struct slot *slot = container(conn, struct slot, conn);
	uint64_t from = slot->queued ? slot->due_us : conn->started_us;

	slot->accepted = upload_accepted(&slot->upload, &conn->reply);
	if (!slot->accepted) {
		return;
	}
	ledger_acked(&slot->upload.log);
	load_totals.ok++;
	load_totals.records += slot->upload.records;
	tally_add(&load_totals.tally, conn->answered_us - from);
	if (load_options.lockstep &&
		conn->answered_us - round_start_us > load_totals.worst_round_us) {
		load_totals.worst_round_us = conn->answered_us - round_start_us;
	}
}

/* Not acknowledged: keep it and send it again later, in the next round, or never. */
static void slot_failed(struct slot *slot, int err)
{
	uint64_t now = now_us();
	uint64_t give_up_us = settings.give_up_s * 1000000ULL;

	round_failed = true;
	if (net_is_shortage(err)) {
		static bool warned;

		warn_once(&warned, "this machine runs short (%s): connections wait for each other",
			strerror(-err));
		load_totals.shortages++;
	} else {
		load_totals.requests++;
		load_totals.failed++;
		if (load_options.no_retry || (give_up_us && now - slot->first_us >= give_up_us)) {
			slot->loaded = false;
			load_totals.unacked++;
		}
	}
	if (load_options.lockstep) {
		busy--;
		round_member_done();
	} else {
		timer_set(&slot->again, stopping ? now : now + settings.retry_ms * 1000ULL);
	}
}

static void slot_finished(struct conn *conn, int err)
{
	struct slot *slot = container(conn, struct slot, conn);

	if (!slot->accepted) {
		slot_failed(slot, err);
		return;
	}
	load_totals.requests++;
	slot->loaded = false;
	slot_free(slot);
}

/* Time is up: what is in flight may end, what waits to be sent again is over. */
static void on_end(struct timer *timer)
{
	(void)timer;
	stopping = true;
	for (uint32_t i = 0; i < load_options.connections; i++) {
		if (slots[i].again.want_us) {
			timer_set(&slots[i].again, now_us());
		}
	}
	if (round_timer.want_us) {
		timer_set(&round_timer, now_us());
	}
	stop_when_done();
}

static void start_slots(void)
{
	uint64_t ramp_us = settings.ramp_ms * 1000ULL;

	for (uint32_t i = 0; i < load_options.connections; i++) {
		if (load_options.rate > 0) {
			slots[i].next_free = free_slots;
			free_slots = &slots[i];
		} else if (more_to_take() && ramp_us == 0) {
			slot_take(&slots[i]);
			slot_send(&slots[i]);
		} else if (more_to_take()) {
			busy++;
			timer_set(
				&slots[i].again, now_us() + ramp_us * i / load_options.connections);
		}
	}
}

static void load_begin(void)
{
	load_totals.start_us = now_us();
	load_totals.start_cpu = cpu_seconds();
	timer_set(&end_timer, load_totals.start_us + settings.seconds * 1000000ULL);
	if (load_options.lockstep) {
		timer_set(&round_timer, load_totals.start_us);
		return;
	}
	start_slots();
	if (load_options.rate > 0) {
		timer_set(&tick_timer, load_totals.start_us);
	}
}

void load_run(void)
{
	slots = must_alloc(load_options.connections, sizeof(*slots));
	devices = must_alloc(settings.terminals, sizeof(*devices));
	for (uint32_t i = 0; i < settings.terminals; i++) {
		devices[i].index = i;
		devices[i].info_sent = true;
	}
	for (uint32_t i = 0; i < load_options.connections; i++) {
		conn_init(&slots[i].conn, i);
		slots[i].conn.answered = slot_answered;
		slots[i].conn.finished = slot_finished;
		slots[i].again.fire = on_again;
	}
	end_timer.fire = on_end;
	tick_timer.fire = on_tick;
	round_timer.fire = on_round;
	crowd_open(&load_options.crowd, load_begin);
	loop_run();
	if (load_totals.end_us == 0) {
		load_totals.end_us = now_us();
	}
	for (uint32_t i = 0; i < load_options.connections; i++) {
		load_totals.unacked += slots[i].loaded;
	}
}
