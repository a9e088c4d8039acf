/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `devsim run`: terminals that behave like real ones. */
#ifndef PUNCHD_TESTS_DEVSIM_RUN_H
#define PUNCHD_TESTS_DEVSIM_RUN_H

#include "tests/devsim/execute.h"

/* orders.c: the commands of a poll's reply. */
struct order {
	char id[ID_MAX + 1];
	struct bytes command; /* what follows "C:<id>:", without LF */
	uint64_t received_us; /* CLOCK_MONOTONIC */
};
struct orders {
	struct order *list;
	size_t next, count, cap;
};
/* Returns how many are new: one that waits to be carried out or for its result to be taken is not
 * taken twice. */
size_t orders_read(struct orders *orders, const struct results *results, struct text body,
	uint64_t received_us);
/* The next one is the caller's then. */
bool orders_take(struct orders *orders, struct order *ret_order);
size_t orders_left(const struct orders *orders);
/* Forgets the rest and returns how many that were. */
size_t orders_lose(struct orders *orders);
/* The line of --exec-log. */
void orders_log(const struct device *device, const struct order *order, int64_t code);

/* terminal.c: one terminal; its connection, and what is sent again. */
struct terminal {
	struct conn conn;
	struct device device;
	struct timer next;
	struct upload upload;
	struct orders orders;
	struct results results;
	struct machine *machine; /* NULL before the first command */
	struct order open;       /* the command that waits for its file */
	bool loaded, accepted, greeted, registry_due, options_due, at_end;
	bool was_cut; /* --cut-file is done with */
	bool unasked_done, resend_due, repeated, poked;
	bool operlog, biodata, attphoto; /* samples still to be sent */
	uint32_t punches_left, polls_done, delay_ms;
	uint32_t batches; /* polls that brought commands */
	uint64_t executed;
	uint64_t lost_result; /* the number of the result whose answer was not heard */
	uint64_t poll_due_us, upload_due_us, first_us;
};
struct run_options {
	uint32_t punches, old_punches, polls, interval_ms, poll_ms, udp_port;
	int64_t code;
	bool code_given, stay, operlog, biodata, attphoto, obey_stamps;
};
struct run_totals {
	uint64_t handshakes, options, uploads, punches_acked, samples, polls, commands, results;
	uint64_t requests, failed, retried, given_up, finished;
	uint64_t executed, answered, unlocks, pokes,
		lost; /* answered: records that were asked for */
};
extern struct run_options run_options;
extern struct run_totals run_totals;
void terminals_start(void);
uint64_t terminals_unacked(void);
/* Polls at once, or as soon as it is free; nothing if it has ended. */
void terminal_poke(uint32_t index);

/* turn.c: what a terminal does next, and what a reply changes. */
bool turn_next(struct terminal *terminal, uint64_t now);
/* May the reply be heard? With --lose-reply and --lose-result, one is not. */
bool turn_hears(struct terminal *terminal, const struct reply *reply);
void turn_acknowledged(struct terminal *terminal, const struct reply *reply);

/* work.c: carries commands out, one by one; what they ask for is uploaded before the next one. */
bool work_next(struct terminal *terminal);
bool work_idle(const struct terminal *terminal);
/* An answer to KIND_FILE. */
void work_fetched(struct terminal *terminal, const struct reply *reply);
/* One whose connection was cut; false when it is to be sent again as it was. */
bool work_cut(struct terminal *terminal, const struct reply *reply);
/* Results of --unasked, for commands that nobody gave. */
void work_unasked(struct terminal *terminal);

/* poke.c: R-CMD by UDP. */
void poke_open(void);

#endif
