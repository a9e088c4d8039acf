/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options: see the header. */
#include "lib/options.h"

#include <argp.h>
#include <stdio.h>
#include <sysexits.h>

enum { OPTION_CHECK = 256, OPTION_ONCE };

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'c':
		o->conf_file = arg;
		return 0;
	case OPTION_CHECK:
		o->check = true;
		return 0;
	case OPTION_ONCE:
		o->once = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: no arguments are taken", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void say_version(FILE *to, struct argp_state *state)
{
	fprintf(to, "%s (punchd) " PUNCHD_VERSION "\n", state->name);
}

struct options options_read(int argc, char **argv, const char *doc, bool may_once)
{
	const struct argp_option list[] = {
		{"config", 'c', "FILE", 0,
			"Configuration (default: $PUNCHD_CONF, else /etc/punchd/punchd.conf)", 0},
		{"check", OPTION_CHECK, NULL, 0, "Say whether the configuration is right, and exit",
			0},
		{may_once ? "once" : NULL, may_once ? OPTION_ONCE : 0, NULL, 0,
			may_once ? "Work off all that is waiting, and exit" : NULL, 0},
		{0},
	};
	const struct argp argp = {.options = list, .parser = take_option, .doc = doc};
	struct options o = {0};

	argp_program_version_hook = say_version;
	argp_err_exit_status = EX_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	return o;
}
