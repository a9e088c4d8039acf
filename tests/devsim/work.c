/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The work of a terminal: its commands one by one, each with what it brings about, and results. */
#include <string.h>

#include "tests/devsim/run.h"

static struct machine *machine_of(struct terminal *terminal)
{
	if (!terminal->machine) {
		terminal->machine = must_alloc(1, sizeof(*terminal->machine));
		terminal->machine->device = &terminal->device;
	}
	return terminal->machine;
}

/* The command is done: into the log, and its result to those that wait. */
static void finish(struct terminal *terminal, struct order *order, struct result *result)
{
	terminal->executed++;
	run_totals.executed++;
	orders_log(&terminal->device, order, result->code);
	memcpy(result->id, order->id, sizeof(result->id));
	result->number = terminal->executed;
	bytes_free(&order->command);
	if (faults.drop_result == terminal->executed) {
		bytes_free(&result->more);
		run_totals.lost++;
	} else {
		results_add(&terminal->results, result);
	}
}

static void carry_out(struct terminal *terminal, struct order *order)
{
	struct machine *machine = machine_of(terminal);
	struct result result;

	execute(machine, (struct text){order->command.data, order->command.len}, &result);
	if (machine->errand.kind == ERRAND_FILE) {
		machine->result = result;
		terminal->open = *order;
		return;
	}
	finish(terminal, order, &result);
	if (machine->reboots) {
		machine->reboots = false;
		run_totals.lost += orders_lose(&terminal->orders);
	}
	if (machine->upload_due) {
		machine->upload_due = false;
		terminal->upload_due_us = 0;
	}
}

void work_fetched(struct terminal *terminal, const struct reply *reply)
{
	if (errand_fetched(terminal->machine, reply)) {
		finish(terminal, &terminal->open, &terminal->machine->result);
	}
}

bool work_cut(struct terminal *terminal, const struct reply *reply)
{
	if (terminal->upload.kind != KIND_FILE || !errand_cut(terminal->machine, reply)) {
		return false;
	}
	terminal->was_cut = true;
	return true;
}

static void post(struct terminal *terminal)
{
	struct parcel parcel;

	results_post(&terminal->results, &terminal->device, &parcel);
	upload_parcel(&terminal->upload, &terminal->device, &parcel);
}

static bool has_errand(const struct terminal *terminal)
{
	return terminal->machine && terminal->machine->errand.kind != ERRAND_NONE;
}

/* A stamp of 0 asked for all the punches again. */
static void begin_resend(struct terminal *terminal)
{
	const struct device *device = &terminal->device;
	uint64_t first = device->cleared;

	if (settings.dialect == DIALECT_OLD || settings.dialect == DIALECT_OLDEST) {
		first = made_after_stamp(device, device->stamp);
	}
	terminal->resend_due = false;
	errand_punches(machine_of(terminal), first, device->punches, false);
}

static bool may_post(const struct terminal *terminal)
{
	return terminal->results.count > 0 &&
	       (!faults.together || orders_left(&terminal->orders) == 0);
}

bool work_next(struct terminal *terminal)
{
	for (;;) {
		struct order order;

		if (faults.result_first && may_post(terminal)) {
			post(terminal);
			return true;
		}
		if (has_errand(terminal) && errand_upload(terminal->machine, &terminal->upload)) {
			return true;
		}
		if (may_post(terminal)) {
			post(terminal);
			return true;
		}
		if (terminal->resend_due) {
			begin_resend(terminal);
		} else if (orders_take(&terminal->orders, &order)) {
			carry_out(terminal, &order);
		} else {
			return false;
		}
	}
}

bool work_idle(const struct terminal *terminal)
{
	return terminal->results.count == 0 && orders_left(&terminal->orders) == 0 &&
	       !has_errand(terminal) && !terminal->resend_due;
}

void work_unasked(struct terminal *terminal)
{
	struct text rest = text_of(faults.unasked ? faults.unasked : "");
	struct text id;

	while (!terminal->unasked_done && text_next(&rest, ',', &id)) {
		struct result result = {.echo = "DATA"};

		memcpy(result.id, id.at, id.len > ID_MAX ? ID_MAX : id.len);
		results_add(&terminal->results, &result);
	}
	terminal->unasked_done = true;
}
