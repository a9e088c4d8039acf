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
#include "lib/num.h"
#include "lib/serial.h"
#include "spool/spool.h"
#include "store/control.h"

#define TIMEOUT_MAX_MS (24ull * 3600 * 1000)

struct asking {
	const struct verb *verb;
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

static void take_states(struct argp_state *state, const char *arg, unsigned *states)
{
	struct span rest = span_str(arg), piece;
	enum spool_state one;
	while (span_next(&rest, ',', &piece)) {
		if (spool_state_of(piece, &one) < 0) {
			wrong(state, "--state '%.*s' is none of tmp, new, cur, done, bad, hold",
				SPAN_ARG(piece));
			return;
		}
		*states |= 1u << one;
	}
}

static void take_device_states(struct argp_state *state, const char *arg, unsigned *states)
{
	struct span rest = span_str(arg), piece;
	while (span_next(&rest, ',', &piece)) {
		bool known = false;
		for (unsigned one = DEVICE_PENDING; one <= DEVICE_REFUSED; one++)
			if (span_is(piece, device_state_name((enum device_state)one))) {
				*states |= 1u << one;
				known = true;
			}
		if (!known)
			wrong(state, "--state '%.*s' is none of pending, approved, refused",
				SPAN_ARG(piece));
	}
}

static void take_format(struct argp_state *state, struct ask *a, enum out_format format)
{
	if (a->format != OUT_TABLE && a->format != format)
		wrong(state, "--json and --csv exclude each other");
	a->format = format;
}

static void take_word(struct argp_state *state, const struct verb *v, struct ask *a, char *arg)
{
	if (a->word_count >= v->words_max)
		wrong(state, "'%s' is one word too many", arg);
	else
		a->words[a->word_count++] = arg;
}

/* A flat table: one case for every option. */
static error_t take(int key, char *arg, struct argp_state *state)
{
	const struct verb *v = ((struct asking *)state->input)->verb;
	struct ask *a = ((struct asking *)state->input)->ask;
	switch (key) {
	case ASK_CONF:
		a->conf_option = arg;
		break;
	case ASK_SERIAL:
		a->serial = span_str(arg);
		if (!serial_valid(a->serial))
			wrong(state,
				"--serial '%s' is no serial number: 1 to 32 of A-Z a-z 0-9 _ -",
				arg);
		break;
	case ASK_PIN:
		a->pin = span_str(arg);
		if (a->pin.len == 0)
			wrong(state, "--pin is empty");
		break;
	case ASK_LIMIT:
		take_number(state, "limit", arg, 1, &a->limit);
		break;
	case ASK_AFTER:
		take_number(state, "after", arg, 0, &a->after);
		a->has_after = true;
		break;
	case ASK_SINCE:
		take_moment(state, "since", arg, WHEN_SINCE, &a->since);
		break;
	case ASK_UNTIL:
		take_moment(state, "until", arg, WHEN_UNTIL, &a->until);
		break;
	case ASK_JSON:
		take_format(state, a, OUT_JSON);
		break;
	case ASK_CSV:
		take_format(state, a, OUT_CSV);
		break;
	case ASK_STATE:
		take_states(state, arg, &a->states);
		break;
	case ASK_DEVICE_STATE:
		take_device_states(state, arg, &a->device_states);
		break;
	case ASK_ALL:
		a->all = true;
		break;
	case ASK_BODY:
		a->body = true;
		break;
	case ASK_YES:
		a->yes = true;
		break;
	case ASK_NO_WAIT:
		a->no_wait = true;
		break;
	case ASK_WAIT:
		a->wait = true;
		break;
	case ASK_TIMEOUT:
		a->has_timeout = true;
		if (num_duration_ms(span_str(arg), 0, TIMEOUT_MAX_MS, &a->timeout_ms) < 0)
			wrong(state,
				"--timeout '%s' is not a span of time with its unit up to 24 h, "
				"such as 30s",
				arg);
		break;
	case ARGP_KEY_ARG:
		take_word(state, v, a, arg);
		break;
	case ARGP_KEY_END:
		if (a->word_count < v->words_min)
			wrong(state, "a word is missing: %s", v->words);
		if (a->wait && a->no_wait)
			wrong(state, "--wait and --no-wait exclude each other");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void ask_parse(const struct verb *v, int argc, char **argv, struct ask *a)
{
	char doc[4096];
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
