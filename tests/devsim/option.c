/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that `run` and `load` share. `send` and `serials` take the part of them that says
 * where and who. */
#include "tests/devsim/devsim.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

enum option_key {
	KEY_URL = 256,
	KEY_DIALECT,
	KEY_CARD,
	KEY_TERMINALS,
	KEY_PREFIX,
	KEY_FIRST,
	KEY_RECORDS,
	KEY_USERS,
	KEY_PER_SECOND,
	KEY_SOURCES,
	KEY_FIRST_SOURCE,
	KEY_PHOTO_BYTES,
	KEY_START,
	KEY_SEED,
	KEY_RETRY,
	KEY_TIMEOUT,
	KEY_RAMP,
	KEY_SECONDS,
	KEY_GIVE_UP,
	KEY_KEEP,
	KEY_HTTP10,
	KEY_JSON,
	KEY_ACK,
	KEY_SENT,
};

/* 2026-01-05 08:00:00, a Monday. */
#define DEFAULT_START 820915200U

struct settings settings = {
	.url = "http://127.0.0.1:8081",
	.serial_prefix = "SIM",
	.terminals = 1,
	.first_serial = 1,
	.records = 1,
	.users = 1000,
	.per_second = 1,
	.first_source = 1,
	.photo_bytes = 10000,
	.start_when = DEFAULT_START,
	.retry_ms = 200,
	.timeout_ms = 30000,
};

static const struct argp_option place_options[] = {
	{"url", KEY_URL, "URL", 0, "Server, http://host:port or host:port (http://127.0.0.1:8081)",
		0},
	{"http10", KEY_HTTP10, NULL, 0, "Speak HTTP/1.0 as old firmware does", 0},
	{"timeout-ms", KEY_TIMEOUT, "MS", 0, "Longest wait for a whole reply (30000)", 0},
	{"sources", KEY_SOURCES, "K", 0,
		"Connect from 127.0.0.1 .. 127.0.0.K in turn; 0 moves on every 20000 connections "
		"(0)",
		0},
	{"first-source", KEY_FIRST_SOURCE, "N", 0, "The first of them is 127.0.0.0 + N (1)", 0},
	{0},
};

#define DIALECTS "new, old, oldest, acc or aspx"
#define CARDS    "decimal, turned, hex or hex-high"

static const struct argp_option common_options[] = {
	{NULL, 0, NULL, 0, "Who:", 1},
	{"terminals", KEY_TERMINALS, "N", 0, "Terminals, each with its own serial (1)", 1},
	{"serial-prefix", KEY_PREFIX, "TEXT", 0, "Serials are TEXT and a number of 6 digits (SIM)",
		1},
	{"first-serial", KEY_FIRST, "N", 0, "Number of the first terminal (1)", 1},
	{"dialect", KEY_DIALECT, "NAME", 0, DIALECTS " (new)", 1},
	{"card", KEY_CARD, "NAME", 0,
		"How it says a card's number when it asks: " CARDS " (decimal)", 1},
	{NULL, 0, NULL, 0, "What:", 2},
	{"records", KEY_RECORDS, "R", 0, "Records in one upload (1)", 2},
	{"users", KEY_USERS, "N", 0, "Users who punch, at most 99999 (1000)", 2},
	{"per-second", KEY_PER_SECOND, "N", 0, "Punches in one second of a terminal's clock (1)",
		2},
	{"photo-bytes", KEY_PHOTO_BYTES, "N", 0, "Bytes of one picture (10000)", 2},
	{"start-time", KEY_START, "TIME", 0, "First punch, \"2026-01-05 08:00:00\"", 2},
	{"seed", KEY_SEED, "N", 0, "Another seed makes other punches, 0 to 999999999 (0)", 2},
	{"ack-log", KEY_ACK, "FILE", 0, "Append every acknowledged punch and result", 2},
	{"sent-log", KEY_SENT, "FILE", 0, "Append every punch and result before it is first sent",
		2},
	{NULL, 0, NULL, 0, "How:", 3},
	{"keep-alive", KEY_KEEP, NULL, 0, "Use a connection again, if the server lets it", 3},
	{"retry-ms", KEY_RETRY, "MS", 0, "Wait before something is sent again (200)", 3},
	{"give-up", KEY_GIVE_UP, "SECONDS", 0,
		"Resend one thing at most so long; 0 = never give up (0)", 3},
	{"ramp-ms", KEY_RAMP, "MS", 0, "Spread the start over this time (0)", 3},
	{"seconds", KEY_SECONDS, "S", 0, "End after this time", 3},
	{"json", KEY_JSON, NULL, 0, "Print the closing line as a JSON object", 3},
	{0},
};

/* Digits only, the whole argument, within bounds; anything else ends the program with a usage
 * error. */
uint64_t option_number(
	struct argp_state *state, const char *name, const char *arg, uint64_t min, uint64_t max)
{
	uint64_t number = 0;
	const char *at = arg;

	for (; *at >= '0' && *at <= '9' && number <= max; at++) {
		number = number * 10 + (uint64_t)(*at - '0');
	}
	if (at == arg || *at || number < min || number > max) {
		argp_error(state, "--%s: \"%s\" is not a number from %llu to %llu", name, arg,
			(unsigned long long)min, (unsigned long long)max);
	}
	return number;
}

static const char *const dialect_names[] = {
	[DIALECT_NEW] = "new",
	[DIALECT_OLD] = "old",
	[DIALECT_OLDEST] = "oldest",
	[DIALECT_ACC] = "acc",
	[DIALECT_ASPX] = "aspx",
	NULL,
};

static const char *const card_names[] = {
	[CARD_DECIMAL] = "decimal",
	[CARD_TURNED] = "turned",
	[CARD_HEX] = "hex",
	[CARD_HEX_HIGH] = "hex-high",
	NULL,
};

/* The place of `arg` among the names; `all` says them to people. */
static unsigned option_name(struct argp_state *state, const char *name, const char *arg,
	const char *const *names, const char *all)
{
	unsigned i = 0;

	while (names[i] && strcmp(names[i], arg) != 0) {
		i++;
	}
	if (!names[i]) {
		argp_error(state, "--%s: \"%s\" is not %s", name, arg, all);
	}
	return i;
}

static const char *option_prefix(struct argp_state *state, const char *arg)
{
	size_t good =
		strspn(arg, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

	if (arg[good] || good > SERIAL_MAX - 10) {
		argp_error(
			state, "--serial-prefix: at most %u of A-Z a-z 0-9 _ -", SERIAL_MAX - 10);
	}
	return arg;
}

static uint32_t option_start(struct argp_state *state, const char *arg)
{
	uint32_t when = 0;

	if (when_parse(arg, &when) < 0 || when == 0) {
		argp_error(state, "--start-time: \"%s\" is not YYYY-MM-DD HH:MM:SS of this century",
			arg);
	}
	return when;
}

static uint32_t number32(
	struct argp_state *state, const char *name, const char *arg, uint32_t min, uint32_t max)
{
	return (uint32_t)option_number(state, name, arg, min, max);
}

static error_t parse_place(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_URL:
		settings.url = arg;
		return 0;
	case KEY_HTTP10:
		settings.http10 = true;
		return 0;
	case KEY_TIMEOUT:
		settings.timeout_ms = number32(state, "timeout-ms", arg, 1, 3600000);
		return 0;
	case KEY_SOURCES:
		settings.sources = number32(state, "sources", arg, 0, 65000);
		return 0;
	case KEY_FIRST_SOURCE:
		settings.first_source = number32(state, "first-source", arg, 1, 65000);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A flat table. */
static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_DIALECT:
		settings.dialect =
			(enum dialect)option_name(state, "dialect", arg, dialect_names, DIALECTS);
		return 0;
	case KEY_CARD:
		settings.card = (enum card)option_name(state, "card", arg, card_names, CARDS);
		return 0;
	case KEY_TERMINALS:
		settings.terminals = number32(state, "terminals", arg, 1, 10000000);
		return 0;
	case KEY_PREFIX:
		settings.serial_prefix = option_prefix(state, arg);
		return 0;
	case KEY_FIRST:
		settings.first_serial = number32(state, "first-serial", arg, 0, 1000000000);
		return 0;
	case KEY_RECORDS:
		settings.records = number32(state, "records", arg, 1, 100000);
		return 0;
	case KEY_USERS:
		settings.users = number32(state, "users", arg, 1, 99999);
		return 0;
	case KEY_PER_SECOND:
		settings.per_second = number32(state, "per-second", arg, 1, 99999);
		return 0;
	case KEY_PHOTO_BYTES:
		settings.photo_bytes = number32(state, "photo-bytes", arg, 32, 256U << 20);
		return 0;
	case KEY_START:
		settings.start_when = option_start(state, arg);
		return 0;
	case KEY_SEED:
		settings.seed = number32(state, "seed", arg, 0, 999999999);
		return 0;
	case KEY_RETRY:
		settings.retry_ms = number32(state, "retry-ms", arg, 1, 3600000);
		return 0;
	case KEY_RAMP:
		settings.ramp_ms = number32(state, "ramp-ms", arg, 0, 3600000);
		return 0;
	case KEY_SECONDS:
		settings.seconds = number32(state, "seconds", arg, 1, 10000000);
		settings.seconds_given = true;
		return 0;
	case KEY_GIVE_UP:
		settings.give_up_s = number32(state, "give-up", arg, 0, 10000000);
		return 0;
	case KEY_KEEP:
		settings.keep_alive = true;
		return 0;
	case KEY_JSON:
		settings.json = true;
		return 0;
	case KEY_ACK:
		settings.ack_path = arg;
		return 0;
	case KEY_SENT:
		settings.sent_path = arg;
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = NULL;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp place_argp = {place_options, parse_place, NULL, NULL, NULL, NULL, NULL};
static const struct argp_child common_children[] = {{&place_argp, 0, "Where:", -1}, {0}};
const struct argp common_argp = {
	common_options, parse_common, NULL, NULL, common_children, NULL, NULL};

/* What can only be judged when all options are known. */
void settings_check(struct argp_state *state)
{
	const char *why = "";

	if (target_parse(settings.url, &settings.target, &why) < 0) {
		argp_error(state, "--url: %s: %s", settings.url, why);
	}
	if (settings.sources > 0 && !settings.target.loopback) {
		argp_error(state, "--sources needs a server at 127.x.x.x");
	}
	if (settings.per_second > settings.users) {
		argp_error(state,
			"--per-second must not exceed --users: a user punches once a second");
	}
	if (settings.http10 && settings.keep_alive) {
		argp_error(state, "--http10 and --keep-alive exclude each other");
	}
}
