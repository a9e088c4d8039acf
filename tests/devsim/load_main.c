/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `devsim load`: its options and its closing line. */
#include "tests/devsim/load.h"

#include <string.h>
#include <sysexits.h>

enum load_key {
	KEY_CONNECTIONS = 512,
	KEY_REQUESTS,
	KEY_KIND,
	KEY_RATE,
	KEY_LOCKSTEP,
	KEY_IDLE,
	KEY_TRICKLE,
	KEY_TRICKLE_MS,
	KEY_NO_RETRY,
	KEY_PEOPLE,
};

#define DEFAULT_SECONDS  10
#define REQUESTS_SECONDS 3600 /* the bound when only --requests is given */

struct load_options load_options = {
	.connections = 1, .people = 1000, .crowd = {.trickle_ms = 3000}};

static const struct argp_option options[] = {
	{"connections", KEY_CONNECTIONS, "N", 0, "Connections at once (1)", 0},
	{"requests", KEY_REQUESTS, "N", 0, "End after N uploads; the bound is then an hour", 0},
	{"kind", KEY_KIND, "KIND", 0,
		"attlog, poll, handshake, photo, operlog, biodata, result, mixed, attendance or "
		"card (attlog)",
		0},
	{"people", KEY_PEOPLE, "N", 0, "How many people attendance and card are about (1000)", 0},
	{"rate", KEY_RATE, "R", 0, "Open loop: R uploads fall due every second", 0},
	{"lockstep", KEY_LOCKSTEP, NULL, 0, "All send together, when the last one was answered", 0},
	{"no-retry", KEY_NO_RETRY, NULL, 0, "Drop what is not acknowledged instead of resending it",
		0},
	{"idle", KEY_IDLE, "N", 0, "Open N more connections that say nothing", 0},
	{"trickle", KEY_TRICKLE, "N", 0, "Open N more that send a byte now and then", 0},
	{"trickle-ms", KEY_TRICKLE_MS, "MS", 0, "Time between two such bytes (3000)", 0},
	{0},
};

/* Of people who are known: an answer that is no "yes" counts as failed. */
static bool load_question(const char *arg)
{
	bool card = strcmp(arg, "card") == 0;

	load_options.ask = card ? ASK_CARD : ASK_ATTENDANCE;
	return card || strcmp(arg, "attendance") == 0;
}

static enum kind load_kind(struct argp_state *state, const char *arg)
{
	static const char *const names[] = {
		[KIND_ATTLOG] = "attlog",
		[KIND_POLL] = "poll",
		[KIND_HANDSHAKE] = "handshake",
		[KIND_PHOTO] = "photo",
		[KIND_OPERLOG] = "operlog",
		[KIND_RESULT] = "result",
		[KIND_BIODATA] = "biodata",
		[KIND_MIXED] = "mixed",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i] && strcmp(names[i], arg) == 0) {
			return (enum kind)i;
		}
	}
	if (load_question(arg)) {
		return KIND_QUESTION;
	}
	argp_error(state,
		"--kind: \"%s\" is none of attlog, poll, handshake, photo, operlog, biodata, "
		"result, mixed, attendance, card",
		arg);
	return KIND_ATTLOG;
}

static void check(struct argp_state *state)
{
	settings_check(state);
	if (load_options.lockstep && load_options.rate > 0) {
		argp_error(state, "--lockstep and --rate exclude each other");
	}
	if (load_options.lockstep && settings.ramp_ms > 0) {
		argp_error(state, "--lockstep and --ramp-ms exclude each other");
	}
	if (!settings.seconds_given) {
		settings.seconds = load_options.requests ? REQUESTS_SECONDS : DEFAULT_SECONDS;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_CONNECTIONS:
		load_options.connections =
			(uint32_t)option_number(state, "connections", arg, 1, 1000000);
		return 0;
	case KEY_REQUESTS:
		load_options.requests = option_number(state, "requests", arg, 1, 1000000000000);
		return 0;
	case KEY_KIND:
		load_options.kind = load_kind(state, arg);
		return 0;
	case KEY_RATE:
		load_options.rate = (uint32_t)option_number(state, "rate", arg, 1, 1000000);
		return 0;
	case KEY_PEOPLE:
		load_options.people = option_number(state, "people", arg, 1, 100000000);
		return 0;
	case KEY_LOCKSTEP:
		load_options.lockstep = true;
		return 0;
	case KEY_NO_RETRY:
		load_options.no_retry = true;
		return 0;
	case KEY_IDLE:
		load_options.crowd.idle = (uint32_t)option_number(state, "idle", arg, 0, 1000000);
		return 0;
	case KEY_TRICKLE:
		load_options.crowd.trickle =
			(uint32_t)option_number(state, "trickle", arg, 0, 1000000);
		return 0;
	case KEY_TRICKLE_MS:
		load_options.crowd.trickle_ms =
			(uint32_t)option_number(state, "trickle-ms", arg, 1, 3600000);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument \"%s\"", arg);
		return 0;
	case ARGP_KEY_END:
		check(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_report(void)
{
	const struct load_totals *totals = &load_totals;
	struct report report = {0};
	double seconds = (double)(totals->end_us - totals->start_us) / 1e6;
	double cpu_us = (cpu_seconds() - totals->start_cpu) * 1e6;
	double per_s = seconds > 0 ? 1 / seconds : 0;

	report_count(&report, "requests", totals->requests);
	report_count(&report, "ok", totals->ok);
	report_count(&report, "failed", totals->failed);
	report_count(&report, "retried", totals->retried);
	report_real(&report, "seconds", seconds);
	report_real(&report, "req_per_s", (double)totals->ok * per_s);
	report_real(&report, "records_per_s", (double)totals->records * per_s);
	report_count(&report, "bytes", conn_totals.bytes_out);
	report_real(&report, "mb_per_s", (double)conn_totals.bytes_out / 1e6 * per_s);
	report_count(&report, "p50_us", tally_percentile(&totals->tally, 50));
	report_count(&report, "p90_us", tally_percentile(&totals->tally, 90));
	report_count(&report, "p99_us", tally_percentile(&totals->tally, 99));
	report_count(&report, "max_us", totals->tally.max_us);
	report_real(&report, "client_cpu_us_per_req",
		totals->requests ? cpu_us / (double)totals->requests : 0);
	report_count(&report, "unacked", totals->unacked);
	report_count(&report, "records", totals->records);
	report_count(&report, "connections_opened", conn_totals.opened);
	report_count(&report, "reconnects", conn_totals.reconnects);
	report_count(&report, "shortages", totals->shortages);
	if (load_options.lockstep) {
		report_count(&report, "rounds", totals->rounds);
		report_count(&report, "worst_round_us", totals->worst_round_us);
	}
	if (load_options.crowd.idle + load_options.crowd.trickle > 0) {
		report_count(&report, "crowd_opened", crowd_totals.opened);
		report_count(&report, "crowd_closed", crowd_totals.closed_by_server);
		report_count(&report, "crowd_refused", crowd_totals.refused);
	}
	report_print(&report);
}

int load_main(int argc, char **argv)
{
	static const struct argp_child children[] = {{&common_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {options, parse, NULL,
		"Generates load and prints one line of figures.\v"
		"Exit status: 0 all was acknowledged, 1 not all, 69 nothing at all, 64 usage.",
		children, NULL, NULL};
	uint64_t files;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	files = (uint64_t)load_options.connections + load_options.crowd.idle +
		load_options.crowd.trickle + 32;
	net_raise_limit(files);
	ledger_open();
	loop_open();
	load_run();
	print_report();
	if (load_totals.ok == 0 && load_totals.failed > 0) {
		return EX_UNAVAILABLE;
	}
	return load_totals.unacked > 0;
}
