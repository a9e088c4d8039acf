/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ask: one meaning for every option, wherever it is taken. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/ask.h"
#include "ctl/fail.h"
#include "ctl/text.h"
#include "ctl/when.h"
#include "lib/file_target.h"
#include "lib/num.h"
#include "lib/serial.h"
#include "spool/spool.h"
#include "store/command.h"
#include "store/control.h"
#include "store/records.h"

#define TIMEOUT_MAX_MS (24ull * 3600 * 1000)
#define EXPIRES_MAX_MS (366 * TIMEOUT_MAX_MS)

struct asking {
	const struct ask_verb *verb;
	struct ask *ask;
};

/* Names the offending word, adds the hint "Try … --help" and ends the program with EX_USAGE. */
static void wrong(struct argp_state *state, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void wrong(struct argp_state *state, const char *format, ...)
{
	char line[1024];
	struct buf shown = buf_with_max(4 * sizeof(line));
	va_list arguments;
	va_start(arguments, format);
	int len = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (len < 0 || text_escape(&shown, span_str(line), "\\") < 0)
		exit(EX_USAGE);
	argp_error(state, "%.*s", SPAN_ARG(buf_span(&shown)));
	buf_free(&shown);
}

/* ---- one value ---- */

static void take_moment(struct argp_state *state, const char *option, const char *arg,
	enum when_edge edge, struct clock_local *ret)
{
	struct clock_local now = when_now();
	int rc = when_parse(span_str(arg), &now, edge, ret);
	if (rc == -ERANGE)
		wrong(state, "--%s '%s': there is no such day or time", option, arg);
	else if (rc < 0)
		wrong(state,
			"--%s '%s' is not a time; write 2026-01-05, '2026-01-05 08:00', today or "
			"-7d",
			option, arg);
}

static void take_number(
	struct argp_state *state, const char *option, const char *arg, uint64_t min, uint64_t *ret)
{
	if (num_u64(span_str(arg), min, INT64_MAX, ret) < 0)
		wrong(state, "--%s '%s' is not a number from %llu up", option, arg,
			(unsigned long long)min);
}

static void take_span_of_time(struct argp_state *state, const char *option, const char *arg,
	uint64_t min_ms, uint64_t max_ms, const char *most, uint64_t *ret_ms)
{
	if (num_duration_ms(span_str(arg), min_ms, max_ms, ret_ms) < 0)
		wrong(state, "--%s '%s' is not a span of time with its unit up to %s, such as 30s",
			option, arg, most);
}

/* ---- lists of words, each a bit ---- */

static const char *spool_word(unsigned i)
{
	return i < SPOOL_STATES ? spool_state_name((enum spool_state)i) : NULL;
}

static const char *device_word(unsigned i)
{
	return i <= DEVICE_REFUSED ? device_state_name((enum device_state)i) : NULL;
}

static const char *command_word(unsigned i)
{
	return i < COMMAND_STATES ? command_state_name((enum command_state)i) : NULL;
}

static const char *table_word(unsigned i)
{
	return i < RESEND_TABLES ? resend_tables[i].word : NULL;
}

static void list_words(const char *(*word)(unsigned i), char *ret, size_t room)
{
	size_t len = 0;
	*ret = '\0';
	for (unsigned i = 0; word(i) && len < room; i++)
		len += (size_t)snprintf(ret + len, room - len, "%s%s", i ? ", " : "", word(i));
}

static void take_words(struct argp_state *state, const char *option, const char *arg,
	const char *(*word)(unsigned i), unsigned *bits)
{
	struct span rest = span_str(arg), piece;
	char all[128];
	while (span_next(&rest, ',', &piece)) {
		unsigned i = 0;
		while (word(i) && !span_is(piece, word(i)))
			i++;
		if (word(i)) {
			*bits |= 1u << i;
			continue;
		}
		list_words(word, all, sizeof(all));
		wrong(state, "--%s '%.*s' is none of %s", option, SPAN_ARG(piece), all);
		return;
	}
}

/* ---- options with a value ---- */

typedef void take_option(struct argp_state *state, struct ask *a, char *arg);

static void take_conf(struct argp_state *state, struct ask *a, char *arg)
{
	(void)state;
	a->conf_option = arg;
}

static void take_serial(struct argp_state *state, struct ask *a, char *arg)
{
	a->serial = span_str(arg);
	if (!serial_valid(a->serial))
		wrong(state, "--serial '%s' is no serial number: 1 to 32 of A-Z a-z 0-9 _ -", arg);
}

static void take_pin(struct argp_state *state, struct ask *a, char *arg)
{
	a->pin = span_str(arg);
	if (!punch_pin_valid(a->pin))
		wrong(state, "--pin is of 1 to %d bytes", PUNCH_PIN_MAX);
}

static void take_limit(struct argp_state *state, struct ask *a, char *arg)
{
	take_number(state, "limit", arg, 1, &a->limit);
}

static void take_after(struct argp_state *state, struct ask *a, char *arg)
{
	take_number(state, "after", arg, 0, &a->after);
	a->has_after = true;
}

static void take_since(struct argp_state *state, struct ask *a, char *arg)
{
	take_moment(state, "since", arg, WHEN_SINCE, &a->since);
}

static void take_until(struct argp_state *state, struct ask *a, char *arg)
{
	take_moment(state, "until", arg, WHEN_UNTIL, &a->until);
}

static void take_format(struct argp_state *state, struct ask *a, enum out_format format)
{
	if (a->format != OUT_TABLE && a->format != format)
		wrong(state, "--json and --csv exclude each other");
	a->format = format;
}

static void take_json(struct argp_state *state, struct ask *a, char *arg)
{
	(void)arg;
	take_format(state, a, OUT_JSON);
}

static void take_csv(struct argp_state *state, struct ask *a, char *arg)
{
	(void)arg;
	take_format(state, a, OUT_CSV);
}

static void take_states(struct argp_state *state, struct ask *a, char *arg)
{
	take_words(state, "state", arg, spool_word, &a->states);
}

static void take_device_states(struct argp_state *state, struct ask *a, char *arg)
{
	take_words(state, "state", arg, device_word, &a->device_states);
}

static void take_command_states(struct argp_state *state, struct ask *a, char *arg)
{
	take_words(state, "state", arg, command_word, &a->command_states);
}

static void take_tables(struct argp_state *state, struct ask *a, char *arg)
{
	take_words(state, "table", arg, table_word, &a->tables);
}

static void take_timeout(struct argp_state *state, struct ask *a, char *arg)
{
	a->has_timeout = true;
	take_span_of_time(state, "timeout", arg, 0, TIMEOUT_MAX_MS, "24 h", &a->timeout_ms);
}

static void take_expires(struct argp_state *state, struct ask *a, char *arg)
{
	a->has_expires = true;
	take_span_of_time(state, "expires", arg, 1, EXPIRES_MAX_MS, "366 days", &a->expires_ms);
}

static void take_site(struct argp_state *state, struct ask *a, char *arg)
{
	a->site = span_str(arg);
	if (a->site.len == 0)
		wrong(state, "--site is empty");
}

static void take_kind(struct argp_state *state, struct ask *a, char *arg)
{
	a->kind = span_str(arg);
	if (a->kind.len == 0)
		wrong(state, "--kind is empty");
}

static void take_to(struct argp_state *state, struct ask *a, char *arg)
{
	a->to = arg;
	if (!*arg)
		wrong(state, "--to is empty");
}

static void take_as(struct argp_state *state, struct ask *a, char *arg)
{
	a->as = arg;
	if (!*arg)
		wrong(state, "--as is empty");
}

static void take_sha256(struct argp_state *state, struct ask *a, char *arg)
{
	a->sha256 = span_str(arg);
	if (!file_hex_valid(a->sha256, FILE_SHA256_BYTES))
		wrong(state, "--sha256 '%s' is not 64 hex digits, a to f small", arg);
}

static void take_before(struct argp_state *state, struct ask *a, char *arg)
{
	take_moment(state, "before", arg, WHEN_SINCE, &a->before);
}

/* ---- the table: an option has a function, or it is a flag ---- */

#define FLAG(name) .flag = offsetof(struct ask, name)

static const struct rule {
	int key;
	take_option *take;
	size_t flag;
} rules[] = {
	{ASK_CONF, .take = take_conf},
	{ASK_SERIAL, .take = take_serial},
	{ASK_PIN, .take = take_pin},
	{ASK_LIMIT, .take = take_limit},
	{ASK_AFTER, .take = take_after},
	{ASK_SINCE, .take = take_since},
	{ASK_UNTIL, .take = take_until},
	{ASK_JSON, .take = take_json},
	{ASK_CSV, .take = take_csv},
	{ASK_STATE, .take = take_states},
	{ASK_DEVICE_STATE, .take = take_device_states},
	{ASK_COMMAND_STATE, .take = take_command_states},
	{ASK_TABLES, .take = take_tables},
	{ASK_TIMEOUT, .take = take_timeout},
	{ASK_EXPIRES, .take = take_expires},
	{ASK_SITE, .take = take_site},
	{ASK_KIND, .take = take_kind},
	{ASK_TO, .take = take_to},
	{ASK_BEFORE, .take = take_before},
	{ASK_AS, .take = take_as},
	{ASK_SHA256, .take = take_sha256},
	{ASK_ALL, FLAG(all)},
	{ASK_BODY, FLAG(body)},
	{ASK_YES, FLAG(yes)},
	{ASK_NO_WAIT, FLAG(no_wait)},
	{ASK_WAIT, FLAG(wait)},
	{ASK_ONLINE, FLAG(online)},
	{ASK_OFFLINE, FLAG(offline)},
	{ASK_STRAY, FLAG(stray)},
	{ASK_CONTENT, FLAG(content)},
	{ASK_REVEAL, FLAG(reveal)},
	{ASK_DELETED, FLAG(deleted)},
	{ASK_DEVICES, FLAG(devices)},
	{ASK_DRY_RUN, FLAG(dry_run)},
	{ASK_NO_NAMES, FLAG(no_names)},
	{ASK_REFUSED, FLAG(refused)},
	{ASK_ALL_AT_ONCE, FLAG(all_at_once)},
};

static const struct rule *find_rule(int key)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].key == key)
			return &rules[i];
	return NULL;
}

static void take_word(struct argp_state *state, const struct ask_verb *v, struct ask *a, char *arg)
{
	if (a->word_count >= v->words_max)
		wrong(state, "'%s' is one word too many", arg);
	else
		a->words[a->word_count++] = arg;
}

static void check_whole(struct argp_state *state, const struct ask_verb *v, const struct ask *a)
{
	if (a->word_count < v->words_min)
		wrong(state, "a word is missing: %s", v->words);
	if (a->wait && a->no_wait)
		wrong(state, "--wait and --no-wait exclude each other");
	if (a->online && a->offline)
		wrong(state, "--online and --offline exclude each other");
}

static error_t take(int key, char *arg, struct argp_state *state)
{
	struct asking *asking = state->input;
	const struct rule *rule = find_rule(key);
	if (key == ARGP_KEY_ARG)
		take_word(state, asking->verb, asking->ask, arg);
	else if (key == ARGP_KEY_END)
		check_whole(state, asking->verb, asking->ask);
	else if (!rule)
		return ARGP_ERR_UNKNOWN;
	else if (rule->take)
		rule->take(state, asking->ask, arg);
	else
		*(bool *)((char *)asking->ask + rule->flag) = true;
	return 0;
}

void ask_parse(const struct ask_verb *v, int argc, char **argv, struct ask *a)
{
	char doc[8192];
	struct asking asking = {v, a};
	struct argp argp = {
		.options = v->options, .parser = take, .args_doc = v->words, .doc = doc};

	snprintf(doc, sizeof(doc), "%s\v%s", v->brief, v->more);
	a->words = calloc((size_t)argc + 1, sizeof(*a->words));
	if (!a->words)
		exit(fail(EX_OSERR, "out of memory"));
	argp_err_exit_status = EX_USAGE;
	error_t rc = argp_parse(&argp, argc, argv, 0, NULL, &asking);
	if (rc)
		exit(fail(EX_OSERR, "cannot read the command line: %s", strerror(rc)));
}
