/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ask: what the operator asks for, taken from the command line, and the table of nouns and verbs.
 * Every noun's file owns its verbs; which options a verb has stands in its own list, what an option
 * means stands in ask.c. */
#ifndef PUNCHD_CTL_ASK_H
#define PUNCHD_CTL_ASK_H

#include <argp.h>
#include <stdint.h>

#include "ctl/out.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/span.h"

struct verb; /* command/verb.h: what can be ordered of a terminal */

struct ask {
	struct conf conf;
	const char *conf_option; /* -c, or NULL */
	enum out_format format;

	/* of punches */
	struct span serial, pin;         /* empty: any */
	struct clock_local since, until; /* a zero month: not given */
	uint64_t limit;                  /* 0: all */
	uint64_t after;                  /* of the journal */
	bool has_after;
	bool no_names;

	/* of spool files */
	unsigned states; /* a bit for each enum spool_state that was named; 0: not given */
	bool all, body, yes;

	/* of devices */
	unsigned device_states; /* the same for enum device_state */
	struct span site;       /* empty: any */
	bool online, offline;
	unsigned tables; /* bits of enum device_resend; 0: not given */

	/* of commands */
	const struct verb *command; /* that the words name; NULL for the other verbs */
	unsigned command_states;    /* a bit for each enum command_state that was named */
	bool stray, content;
	uint64_t expires_ms;
	bool has_expires;

	/* of files */
	const char *as; /* a path on the terminal, or NULL */
	struct span sha256;
	bool all_at_once;

	/* of people */
	bool reveal, deleted, devices, dry_run, refused;
	struct span kind;          /* empty: not given; its verb knows the words */
	const char *to;            /* a directory, or NULL */
	struct clock_local before; /* a zero month: not given */

	/* of orders */
	bool no_wait, wait;
	uint64_t timeout_ms;
	bool has_timeout;

	/* what is no option */
	char **words;
	size_t word_count;
};

struct ask_verb {
	const char *name;  /* NULL for a noun that needs no verb, and behind the last one */
	const char *words; /* "SERIAL…", for the line of usage */
	const char *brief; /* one line */
	const char *more;  /* what follows the options in --help: an example at least */
	const struct argp_option *options;
	unsigned words_min, words_max;
	int (*run)(struct ask *a); /* gives the exit code */
};

struct noun {
	const char *name;
	const char *brief;
	const struct ask_verb *verbs; /* ends with a verb without run */
	const char *example;
};

/* The nouns, each in the file of its name. Those of the commands are made of their table:
 * command.h; some nouns have verbs of both kinds. */
extern const struct noun noun_punch, noun_spool, noun_device, noun_cmd, noun_status;
extern const struct noun noun_user, noun_template, noun_photo, noun_oplog, noun_raw;
extern const struct noun noun_export, noun_purge, noun_audit, noun_file, noun_firmware;

/* Takes the command line of a verb apart into `*a`: argv[0] is "punchctl punch ls". Ends the
 * program with EX_USAGE and a line that names the offending word, or with 0 after --help. */
void ask_parse(const struct ask_verb *v, int argc, char **argv, struct ask *a);

/* The lists of options are made of these. */
enum ask_key {
	ASK_CONF = 'c',
	ASK_SERIAL = 's',
	ASK_PIN = 'p',
	ASK_LIMIT = 'n',
	ASK_SINCE = 0x100,
	ASK_UNTIL,
	ASK_AFTER,
	ASK_JSON,
	ASK_CSV,
	ASK_STATE,
	ASK_DEVICE_STATE,
	ASK_ALL,
	ASK_BODY,
	ASK_YES,
	ASK_NO_WAIT,
	ASK_WAIT,
	ASK_TIMEOUT,
	ASK_SITE,
	ASK_ONLINE,
	ASK_OFFLINE,
	ASK_TABLES,
	ASK_COMMAND_STATE,
	ASK_STRAY,
	ASK_CONTENT,
	ASK_EXPIRES,
	ASK_REVEAL,
	ASK_DELETED,
	ASK_DEVICES,
	ASK_DRY_RUN,
	ASK_KIND,
	ASK_TO,
	ASK_BEFORE,
	ASK_NO_NAMES,
	ASK_REFUSED,
	ASK_AS,
	ASK_SHA256,
	ASK_ALL_AT_ONCE,
};

#define ASK_OPTION_CONF                                                              \
	{                                                                            \
		"config", ASK_CONF, "FILE", 0,                                       \
			"Read FILE, not $PUNCHD_CONF or /etc/punchd/punchd.conf", 90 \
	}
#define ASK_OPTION_JSON                                                 \
	{                                                               \
		"json", ASK_JSON, NULL, 0, "One JSON object a line", 80 \
	}
#define ASK_OPTION_CSV                                                       \
	{                                                                    \
		"csv", ASK_CSV, NULL, 0, "CSV with a heading (RFC 4180)", 80 \
	}
#define ASK_OPTION_SINCE                                          \
	{                                                         \
		"since", ASK_SINCE, "TIME", 0, "From TIME on", 10 \
	}
#define ASK_OPTION_UNTIL                                                                        \
	{                                                                                       \
		"until", ASK_UNTIL, "TIME", 0, "Before TIME; a day alone is taken in whole", 10 \
	}

#define ASK_OPTION_SERIAL                                                  \
	{                                                                  \
		"serial", ASK_SERIAL, "SN", 0, "Of this terminal only", 10 \
	}
#define ASK_OPTION_PIN                                           \
	{                                                        \
		"pin", ASK_PIN, "PIN", 0, "Of this PIN only", 10 \
	}
#define ASK_OPTION_REVEAL(what)                         \
	{                                               \
		"reveal", ASK_REVEAL, NULL, 0, what, 20 \
	}
#define ASK_OPTION_DELETED(what)                          \
	{                                                 \
		"deleted", ASK_DELETED, NULL, 0, what, 10 \
	}

#define ASK_TIMES                                                                                 \
	"TIME is YYYY-MM-DD, \"YYYY-MM-DD HH:MM[:SS]\", now, today, yesterday, or a span before " \
	"now: "                                                                                   \
	"-30min, -12h, -7d, -2w.\n\n"

#endif
