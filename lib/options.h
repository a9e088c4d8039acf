/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options: the command line that all daemons have. */
#ifndef PUNCHD_LIB_OPTIONS_H
#define PUNCHD_LIB_OPTIONS_H

#include "lib/span.h"

#define PUNCHD_VERSION "0.1"

struct options {
	const char *conf_file; /* -c, --config; NULL when not given */
	bool check;            /* --check: is the configuration right? */
	bool once;             /* --once: work off what is waiting, and exit */
};

/* Reads them; a wrong one, --help and --version end the program. `doc` is a sentence for --help;
 * `may_once` says whether this daemon has --once. */
struct options options_read(int argc, char **argv, const char *doc, bool may_once);

#endif
