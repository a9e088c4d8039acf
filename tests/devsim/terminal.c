/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal: handshake, options, results, polls, records, in this order of urgency and one at a
 * time. What is not acknowledged is sent again, byte for byte, before anything else.
 */
#include "tests/devsim/devsim.h"

#include <string.h>

#define SAMPLE_LINES 5U

struct terminal {
	struct conn conn;
	struct device device;
	struct timer next;
	struct upload upload;
	struct orders orders;
	bool loaded, accepted, greeted, registry_due, options_due, hello_again, at_end;
	bool operlog, biodata, attphoto; /* samples still to be sent */
	uint32_t punches_left, polls_done, delay_ms;
	uint64_t poll_due_us, upload_due_us, first_us;
};

struct run_options run_options = {.punches = 10, .polls = 1};
struct run_totals run_totals;

static struct terminal *terminals;
static struct timer end_timer;

static void read_hello(struct terminal *terminal, const struct reply *reply)
{
	uint32_t delay_s = 10;
	uint32_t wants_options = 0;
	uint32_t version;

	terminal->greeted = true;
	terminal->registry_due = settings.dialect == DIALECT_ACC &&
				 !reply_contains(reply, "registry=ok") &&
				 !reply_contains(reply, "GET OPTION");
	terminal->device.old_cursors =
		settings.dialect != DIALECT_ACC && !reply_number(reply, "ServerVer", &version);
	if (!reply_number(reply, "ATTLOGStamp", &terminal->device.stamp)) {
		reply_number(reply, "Stamp", &terminal->device.stamp);
	}
	reply_number(reply, "PushOptionsFlag", &wants_options);
	terminal->options_due = wants_options == 1;
	reply_number(reply, "Delay", &delay_s);
	terminal->delay_ms = run_options.poll_ms;
	if (terminal->delay_ms == 0) {
		terminal->delay_ms = delay_s < 1 || delay_s > 3600 ? 10000 : delay_s * 1000;
	}
	run_totals.handshakes++;
}

static void read_poll(struct terminal *terminal, const struct reply *reply)
{
	size_t before = terminal->orders.count;

	run_totals.polls++;
	run_totals.commands += orders_read(&terminal->orders, reply_body(reply), reply->body_len);
	for (size_t i = before; i < terminal->orders.count; i++) {
		if (strcmp(terminal->orders.list[i].word, "CHECK") == 0 ||
			strcmp(terminal->orders.list[i].word, "REBOOT") == 0) {
			terminal->hello_again = true;
		}
	}
	terminal->polls_done++;
	terminal->poll_due_us = now_us() + terminal->delay_ms * 1000ULL;
}

static void results_acked(struct terminal *terminal)
{
	run_totals.results += terminal->upload.records;
	orders_acked(&terminal->orders);
	if (terminal->orders.count == 0 && terminal->hello_again) {
		terminal->hello_again = false;
		terminal->greeted = false;
	}
}

static void acknowledged(struct terminal *terminal, const struct reply *reply)
{
	const struct upload *upload = &terminal->upload;

	switch (upload->kind) {
	case KIND_HANDSHAKE:
		read_hello(terminal, reply);
		break;
	case KIND_POLL:
		read_poll(terminal, reply);
		break;
	case KIND_RESULT:
		results_acked(terminal);
		break;
	case KIND_ATTLOG:
		run_totals.uploads++;
		run_totals.punches_acked += upload->records;
		terminal->upload_due_us = now_us() + run_options.interval_ms * 1000ULL;
		break;
	case KIND_OPTIONS:
		run_totals.options++;
		terminal->options_due = false;
		break;
	case KIND_REGISTRY:
		terminal->registry_due = false;
		break;
	default:
		run_totals.samples++;
		terminal->operlog = terminal->operlog && upload->kind != KIND_OPERLOG;
		terminal->biodata = terminal->biodata && upload->kind != KIND_BIODATA;
		terminal->attphoto = terminal->attphoto && upload->kind != KIND_PHOTO;
		break;
	}
	ledger_acked(&upload->log);
}

static void terminal_end(struct terminal *terminal)
{
	terminal->at_end = true;
	conn_close(&terminal->conn);
	if (++run_totals.finished == settings.terminals) {
		loop_stop();
	}
}

static void make_results(struct terminal *terminal)
{
	static struct bytes body, log;
	uint32_t count;

	body.len = 0;
	log.len = 0;
	count = orders_answer(&terminal->orders, &terminal->device, run_options.code, &body, &log);
	upload_result(&terminal->upload, &terminal->device, &body, &log, count);
}

static void make_punches(struct terminal *terminal)
{
	uint32_t count = settings.records;

	if (count > terminal->punches_left) {
		count = terminal->punches_left;
	}
	terminal->punches_left -= count;
	upload_make(&terminal->upload, &terminal->device, KIND_ATTLOG, count);
}

/* Makes the most urgent request; false when there is none now. */
static bool make_next(struct terminal *terminal, uint64_t now)
{
	struct device *device = &terminal->device;

	if (!terminal->greeted) {
		upload_make(&terminal->upload, device, KIND_HANDSHAKE, 0);
	} else if (terminal->registry_due) {
		upload_make(&terminal->upload, device, KIND_REGISTRY, 0);
	} else if (terminal->options_due) {
		upload_make(&terminal->upload, device, KIND_OPTIONS, 0);
	} else if (terminal->orders.count > 0) {
		make_results(terminal);
	} else if (now >= terminal->poll_due_us &&
		   (run_options.stay || terminal->polls_done < run_options.polls ||
			   terminal->punches_left > 0)) {
		upload_make(&terminal->upload, device, KIND_POLL, 0);
	} else if (terminal->operlog) {
		upload_make(&terminal->upload, device, KIND_OPERLOG, SAMPLE_LINES);
	} else if (terminal->biodata) {
		upload_make(&terminal->upload, device, KIND_BIODATA, 1);
	} else if (terminal->attphoto) {
		upload_make(&terminal->upload, device, KIND_PHOTO, 1);
	} else if (terminal->punches_left > 0 && now >= terminal->upload_due_us) {
		make_punches(terminal);
	} else {
		return false;
	}
	return true;
}

static void terminal_send(struct terminal *terminal)
{
	terminal->accepted = false;
	conn_start(&terminal->conn, &terminal->upload);
}

static void terminal_step(struct terminal *terminal)
{
	uint64_t now = now_us();

	if (make_next(terminal, now)) {
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

	terminal->accepted = upload_accepted(&terminal->upload, &conn->reply);
	if (terminal->accepted) {
		terminal->loaded = false;
		acknowledged(terminal, &conn->reply);
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
	if (terminal->accepted) {
		terminal_step(terminal);
		return;
	}
	if (!net_is_shortage(err)) {
		run_totals.failed++;
	}
	if (give_up_us && now - terminal->first_us >= give_up_us) {
		run_totals.given_up++;
		terminal_end(terminal);
		return;
	}
	timer_set(&terminal->next, now + retry_us());
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

		count += (uint64_t)terminal->punches_left + terminal->orders.count;
		count += (uint64_t)terminal->operlog + terminal->biodata + terminal->attphoto;
		if (terminal->loaded && terminal->upload.kind == KIND_ATTLOG) {
			count += terminal->upload.records;
		}
	}
	return count;
}
