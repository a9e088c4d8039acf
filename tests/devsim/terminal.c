/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal: its connection and its clock. What is not acknowledged is sent again, byte for byte,
 * before anything else. */
#include "tests/devsim/run.h"

struct run_options run_options = {.punches = 10, .polls = 1};
struct run_totals run_totals;

static struct terminal *terminals;
static struct timer end_timer;

static void terminal_end(struct terminal *terminal)
{
	terminal->at_end = true;
	conn_close(&terminal->conn);
	if (++run_totals.finished == settings.terminals) {
		loop_stop();
	}
}

static void terminal_send(struct terminal *terminal)
{
	terminal->accepted = false;
	terminal->conn.cut_body =
		terminal->upload.kind == KIND_FILE && !terminal->was_cut ? faults.cut_file : 0;
	conn_start(&terminal->conn, &terminal->upload);
}

static void terminal_step(struct terminal *terminal)
{
	uint64_t now = now_us();

	if (turn_next(terminal, now)) {
		ledger_sent(&terminal->upload.log);
		terminal->loaded = true;
		terminal->first_us = now;
		terminal_send(terminal);
	} else if (terminal->punches_left > 0) {
		timer_set(&terminal->next, terminal->poll_due_us < terminal->upload_due_us
						   ? terminal->poll_due_us
						   : terminal->upload_due_us);
	} else if (run_options.stay || terminal->polls_done < run_options.polls) {
		timer_set(&terminal->next, terminal->poll_due_us);
	} else {
		terminal_end(terminal);
	}
}

static void on_next(struct timer *timer)
{
	struct terminal *terminal = container(timer, struct terminal, next);

	if (terminal->loaded) {
		run_totals.retried++;
		terminal_send(terminal);
	} else {
		terminal_step(terminal);
	}
}

static void on_answered(struct conn *conn)
{
	struct terminal *terminal = container(conn, struct terminal, conn);

	terminal->accepted = upload_accepted(&terminal->upload, &conn->reply) &&
			     turn_hears(terminal, &conn->reply);
	if (terminal->accepted) {
		terminal->loaded = false;
		turn_acknowledged(terminal, &conn->reply);
	}
}

/* Not at the same moment as all the others: a quarter more or less. */
static uint64_t retry_us(void)
{
	static uint32_t dice = 1;

	dice = dice * 1664525 + 1013904223;
	return settings.retry_ms * (750ULL + (dice >> 16) % 500);
}

static void on_finished(struct conn *conn, int err)
{
	struct terminal *terminal = container(conn, struct terminal, conn);
	uint64_t give_up_us = settings.give_up_s * 1000000ULL;
	uint64_t now = now_us();

	run_totals.requests++;
	if (terminal->accepted && terminal->loaded) {
		terminal_send(terminal); /* a result that goes twice */
		return;
	}
	if (terminal->accepted) {
		terminal_step(terminal);
		return;
	}
	if (!net_is_shortage(err)) {
		run_totals.failed++;
	}
	if (err < 0 && work_cut(terminal, &conn->reply)) {
		run_totals.lost++;
		terminal->loaded = false;
	}
	if (give_up_us && now - terminal->first_us >= give_up_us) {
		run_totals.given_up++;
		terminal_end(terminal);
		return;
	}
	timer_set(&terminal->next, now + retry_us());
}

static bool is_free(const struct terminal *terminal)
{
	return !terminal->loaded &&
	       (terminal->conn.state == CONN_CLOSED || terminal->conn.state == CONN_IDLE);
}

/* The timer brings a free terminal to its poll; a busy one comes to it by itself. */
void terminal_poke(uint32_t index)
{
	struct terminal *terminal = &terminals[index];

	if (terminal->at_end) {
		return;
	}
	terminal->poll_due_us = 0;
	terminal->poked = terminal->loaded && terminal->upload.kind == KIND_POLL;
	if (is_free(terminal)) {
		timer_set(&terminal->next, now_us());
	}
}

static void on_end(struct timer *timer)
{
	(void)timer;
	loop_stop();
}

/* All begin within --ramp-ms; many begin within a second even without it, or the server's queue
 * would overflow. */
void terminals_start(void)
{
	uint64_t now = now_us();
	uint64_t ramp_us = settings.ramp_ms * 1000ULL;

	if (ramp_us == 0 && settings.terminals > 1000) {
		ramp_us = settings.terminals * 100ULL;
	}
	terminals = must_alloc(settings.terminals, sizeof(*terminals));
	for (uint32_t i = 0; i < settings.terminals; i++) {
		struct terminal *terminal = &terminals[i];

		conn_init(&terminal->conn, i);
		terminal->conn.answered = on_answered;
		terminal->conn.finished = on_finished;
		terminal->device.index = i;
		terminal->device.punches = run_options.old_punches;
		terminal->next.fire = on_next;
		terminal->operlog = run_options.operlog;
		terminal->biodata = run_options.biodata;
		terminal->attphoto = run_options.attphoto;
		terminal->punches_left = run_options.punches;
		timer_set(&terminal->next, now + ramp_us * i / settings.terminals);
	}
	end_timer.fire = on_end;
	timer_set(&end_timer, now + settings.seconds * 1000000ULL);
}

/* Punches, samples and results that are not the server's yet. */
uint64_t terminals_unacked(void)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < settings.terminals; i++) {
		const struct terminal *terminal = &terminals[i];

		count += (uint64_t)terminal->punches_left + orders_left(&terminal->orders);
		count += terminal->results.count;
		count += (uint64_t)terminal->operlog + terminal->biodata + terminal->attphoto;
		if (terminal->loaded && terminal->upload.kind == KIND_ATTLOG) {
			count += terminal->upload.records;
		}
	}
	return count;
}
