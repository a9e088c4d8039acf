/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devsim: picks the mode. */
#include "tests/devsim/devsim.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const struct mode {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *what;
} modes[] = {
	{"run", run_main, "terminals that behave like real ones"},
	{"load", load_main, "a load generator"},
	{"ask", ask_main, "a terminal's questions, the answers printed"},
	{"send", send_main, "one request, its reply printed"},
	{"serials", serials_main, "the serials that the other modes use, one a line"},
};

static void usage(FILE *out)
{
	fprintf(out, "Usage: devsim MODE [OPTION...]\n\n");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		fprintf(out, "  %-8s  %s\n", modes[i].name, modes[i].what);
	}
	fprintf(out, "\n`devsim MODE --help' lists the options of a mode.\n");
}

int main(int argc, char **argv)
{
	static char name[64];

	if (argc < 2) {
		usage(stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0) {
		usage(stdout);
		return 0;
	}
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, argv[1]) == 0) {
			snprintf(name, sizeof(name), "devsim %s", modes[i].name);
			argv[1] = name;
			return modes[i].main(argc - 1, argv + 1);
		}
	}
	fprintf(stderr, "devsim: no mode \"%s\"\n", argv[1]);
	usage(stderr);
	return EX_USAGE;
}
