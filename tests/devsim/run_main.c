/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `devsim run` and `devsim serials`: their options and what they print. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "tests/devsim/run.h"

enum run_key {
	KEY_PUNCHES = 512,
	KEY_POLLS,
	KEY_INTERVAL,
	KEY_POLL_MS,
	KEY_RETURN,
	KEY_STAY,
	KEY_TABLES,
	KEY_OLD_PUNCHES,
	KEY_OBEY,
	KEY_UDP,
	KEY_EXEC,
};

#define DEFAULT_SECONDS 600

static const struct argp_option options[] = {
	{"punches", KEY_PUNCHES, "N", 0, "Punches of every terminal, in uploads of --records (10)",
		0},
	{"interval-ms", KEY_INTERVAL, "MS", 0, "Pause between two uploads of a terminal (0)", 0},
	{"tables", KEY_TABLES, "LIST", 0, "Samples to upload too: operlog,biodata,attphoto", 0},
	{"polls", KEY_POLLS, "N", 0, "Polls of every terminal before it ends (1)", 0},
	{"poll-ms", KEY_POLL_MS, "MS", 0, "Time between two polls; 0 = as the server says (0)", 0},
	{"return", KEY_RETURN, "CODE", 0, "Do nothing and answer every command so", 0},
	{"old-punches", KEY_OLD_PUNCHES, "N", 0,
		"Punches that are there already and are only uploaded when asked for (0)", 0},
	{"obey-stamps", KEY_OBEY, NULL, 0, "Upload all again when a handshake's stamp says so", 0},
	{"udp-port", KEY_UDP, "PORT", 0, "Poll at once when R-CMD comes to this port", 0},
	{"exec-log", KEY_EXEC, "FILE", 0, "Append a line for every command that was carried out",
		0},
	{"stay", KEY_STAY, NULL, 0, "Go on polling until --seconds are over", 0},
	{0},
};

static void read_tables(struct argp_state *state, const char *list)
{
	while (*list) {
		size_t len = strcspn(list, ",");

		if (len == 7 && strncmp(list, "operlog", len) == 0) {
			run_options.operlog = true;
		} else if (len == 7 && strncmp(list, "biodata", len) == 0) {
			run_options.biodata = true;
		} else if (len == 8 && strncmp(list, "attphoto", len) == 0) {
			run_options.attphoto = true;
		} else {
			argp_error(state,
				"--tables: \"%.*s\" is none of operlog, biodata, attphoto",
				(int)len, list);
		}
		list += len + (list[len] == ',');
	}
}

static int64_t read_return(struct argp_state *state, const char *arg)
{
	if (arg[0] == '-') {
		return -(int64_t)option_number(state, "return", arg + 1, 1, 1000000000);
	}
	return (int64_t)option_number(state, "return", arg, 0, 1000000000);
}

static void check(struct argp_state *state)
{
	settings_check(state);
	if (run_options.udp_port > 0 && !settings.target.loopback) {
		argp_error(state, "--udp-port needs a server at 127.x.x.x");
	}
	if (!settings.seconds_given) {
		settings.seconds = DEFAULT_SECONDS;
	}
}

/* A flat table. */
static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_PUNCHES:
		run_options.punches = (uint32_t)option_number(state, "punches", arg, 0, 4000000000);
		return 0;
	case KEY_POLLS:
		run_options.polls = (uint32_t)option_number(state, "polls", arg, 0, 4000000000);
		return 0;
	case KEY_INTERVAL:
		run_options.interval_ms =
			(uint32_t)option_number(state, "interval-ms", arg, 0, 3600000);
		return 0;
	case KEY_POLL_MS:
		run_options.poll_ms = (uint32_t)option_number(state, "poll-ms", arg, 0, 3600000);
		return 0;
	case KEY_RETURN:
		run_options.code = read_return(state, arg);
		run_options.code_given = true;
		return 0;
	case KEY_OLD_PUNCHES:
		run_options.old_punches =
			(uint32_t)option_number(state, "old-punches", arg, 0, 100000000);
		return 0;
	case KEY_OBEY:
		run_options.obey_stamps = true;
		return 0;
	case KEY_UDP:
		run_options.udp_port = (uint32_t)option_number(state, "udp-port", arg, 1, 65535);
		return 0;
	case KEY_EXEC:
		settings.exec_path = arg;
		return 0;
	case KEY_STAY:
		run_options.stay = true;
		return 0;
	case KEY_TABLES:
		read_tables(state, arg);
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

static void print_report(double seconds, uint64_t unacked)
{
	struct report report = {0};

	report_count(&report, "terminals", settings.terminals);
	report_count(&report, "handshakes", run_totals.handshakes);
	report_count(&report, "options", run_totals.options);
	report_count(&report, "uploads", run_totals.uploads);
	report_count(&report, "punches_acked", run_totals.punches_acked);
	report_count(&report, "samples", run_totals.samples);
	report_count(&report, "polls", run_totals.polls);
	report_count(&report, "commands", run_totals.commands);
	report_count(&report, "executed", run_totals.executed);
	report_count(&report, "results", run_totals.results);
	report_count(&report, "answered", run_totals.answered);
	report_count(&report, "unlocks", run_totals.unlocks);
	report_count(&report, "pokes", run_totals.pokes);
	report_count(&report, "lost", run_totals.lost);
	report_count(&report, "requests", run_totals.requests);
	report_count(&report, "failed", run_totals.failed);
	report_count(&report, "retried", run_totals.retried);
	report_count(&report, "given_up", run_totals.given_up);
	report_count(&report, "unacked", unacked);
	report_real(&report, "seconds", seconds);
	report_print(&report);
}

static const struct argp_child children[] = {
	{&common_argp, 0, NULL, 0}, {&behave_argp, 0, NULL, 0}, {0}};
static const struct argp_child serials_children[] = {{&common_argp, 0, NULL, 0}, {0}};

int run_main(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL,
		"Lets terminals behave like real ones until their work is done.\v"
		"Exit status: 0 all was acknowledged, 1 not all, 69 no handshake at all, 64 usage.",
		children, NULL, NULL};
	uint64_t start_us, unacked;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	net_raise_limit((uint64_t)settings.terminals + settings.sources + 32);
	ledger_open();
	loop_open();
	start_us = now_us();
	terminals_start();
	poke_open();
	loop_run();
	unacked = terminals_unacked();
	print_report((double)(now_us() - start_us) / 1e6, unacked);
	if (run_totals.handshakes == 0) {
		return EX_UNAVAILABLE;
	}
	return unacked > 0 || run_totals.given_up > 0;
}

static error_t parse_serials(int key, char *arg, struct argp_state *state)
{
	if (key == ARGP_KEY_ARG) {
		argp_error(state, "unexpected argument \"%s\"", arg);
	}
	return key == ARGP_KEY_ARG ? 0 : ARGP_ERR_UNKNOWN;
}

int serials_main(int argc, char **argv)
{
	static const struct argp argp = {NULL, parse_serials, NULL,
		"Prints the serials of --terminals, --serial-prefix and --first-serial, for an "
		"admission "
		"list.",
		serials_children, NULL, NULL};
	char serial[SERIAL_MAX + 1];

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	for (uint32_t i = 0; i < settings.terminals; i++) {
		const struct device device = {.index = i};

		device_serial(&device, serial);
		puts(serial);
	}
	return fflush(stdout) == 0 ? 0 : EX_IOERR;
}
