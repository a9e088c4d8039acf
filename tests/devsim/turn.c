/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal does next: handshake, options, its work, polls, records, in this order of urgency
 * and one at a time; and what a reply changes. */
#include <string.h>

#include "tests/devsim/run.h"

#define SAMPLE_LINES 5U

/* The stamp says what of the punches the server has: 0 is none of them. Old firmware goes by the
 * time. */
static void read_stamp(struct terminal *terminal, const struct reply *reply)
{
	struct device *device = &terminal->device;
	bool old = settings.dialect == DIALECT_OLD || settings.dialect == DIALECT_OLDEST;

	if (!reply_number(reply, "ATTLOGStamp", &device->stamp) &&
		!reply_number(reply, "Stamp", &device->stamp)) {
		return;
	}
	if (run_options.obey_stamps && settings.dialect != DIALECT_ACC) {
		terminal->resend_due =
			device->punches > device->cleared && (old || device->stamp == 0);
	}
}

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
	read_stamp(terminal, reply);
	reply_number(reply, "PushOptionsFlag", &wants_options);
	terminal->options_due = wants_options == 1;
	reply_number(reply, "Delay", &delay_s);
	terminal->delay_ms = run_options.poll_ms;
	if (terminal->delay_ms == 0) {
		terminal->delay_ms = delay_s < 1 || delay_s > 3600 ? 10000 : delay_s * 1000;
	}
	run_totals.handshakes++;
	work_unasked(terminal);
}

/* A poke that came while the poll was under way asks for another: the command may be younger than
 * its reply. */
static void read_poll(struct terminal *terminal, const struct reply *reply)
{
	struct text body = {reply_body(reply), reply->body_len};

	run_totals.polls++;
	run_totals.commands += orders_read(
		&terminal->orders, &terminal->results, body, terminal->conn.answered_us);
	terminal->polls_done++;
	terminal->poll_due_us = terminal->poked ? 0 : now_us() + terminal->delay_ms * 1000ULL;
	terminal->poked = false;
}

bool turn_hears(struct terminal *terminal, const struct reply *reply)
{
	if (terminal->upload.kind == KIND_POLL && faults.lose_reply > 0 &&
		reply_contains(reply, "C:") && ++terminal->batches == faults.lose_reply) {
		run_totals.lost++;
		return false;
	}
	if (terminal->upload.kind == KIND_RESULT && faults.lose_result > 0 &&
		terminal->lost_result != faults.lose_result &&
		results_posted(&terminal->results, faults.lose_result)) {
		terminal->lost_result = faults.lose_result;
		run_totals.lost++;
		return false;
	}
	return true;
}

/* With --twice-result it is loaded once more. */
static void read_result(struct terminal *terminal)
{
	run_totals.results += terminal->upload.records;
	if (faults.twice && !terminal->repeated) {
		terminal->repeated = true;
		terminal->loaded = true;
		return;
	}
	terminal->repeated = false;
	results_acked(&terminal->results);
}

static void read_sample(struct terminal *terminal)
{
	enum kind kind = terminal->upload.kind;

	run_totals.samples++;
	terminal->operlog = terminal->operlog && kind != KIND_OPERLOG;
	terminal->biodata = terminal->biodata && kind != KIND_BIODATA;
	terminal->attphoto = terminal->attphoto && kind != KIND_PHOTO;
}

void turn_acknowledged(struct terminal *terminal, const struct reply *reply)
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
		read_result(terminal);
		break;
	case KIND_FILE:
		work_fetched(terminal, reply);
		break;
	case KIND_ROWS:
		run_totals.answered += upload->records;
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
		read_sample(terminal);
		break;
	}
	ledger_acked(&upload->log);
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

/* CHECK and REBOOT: the handshake comes when their result is the server's. */
static void greet_again(struct terminal *terminal)
{
	if (terminal->machine && terminal->machine->hello_due && work_idle(terminal)) {
		terminal->machine->hello_due = false;
		terminal->greeted = false;
	}
}

static bool make_record(struct terminal *terminal, uint64_t now)
{
	struct device *device = &terminal->device;

	if (terminal->operlog) {
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

bool turn_next(struct terminal *terminal, uint64_t now)
{
	struct device *device = &terminal->device;

	greet_again(terminal);
	if (!terminal->greeted) {
		upload_make(&terminal->upload, device, KIND_HANDSHAKE, 0);
	} else if (terminal->registry_due) {
		upload_make(&terminal->upload, device, KIND_REGISTRY, 0);
	} else if (terminal->options_due) {
		upload_make(&terminal->upload, device, KIND_OPTIONS, 0);
	} else if (work_next(terminal)) {
		return true;
	} else if (terminal->machine && terminal->machine->hello_due) {
		return turn_next(terminal, now); /* its result was dropped */
	} else if (now >= terminal->poll_due_us &&
		   (run_options.stay || terminal->polls_done < run_options.polls ||
			   terminal->punches_left > 0)) {
		upload_make(&terminal->upload, device, KIND_POLL, 0);
	} else {
		return make_record(terminal, now);
	}
	return true;
}
