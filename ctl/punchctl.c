/* SPDX-License-Identifier: GPL-2.0-or-later */
/* punchctl: what an operator asks of punchd and orders it to do. punchctl [-c FILE] NOUN VERB
 * [options]; punchctl(1). */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>

#include "ctl/ask.h"
#include "ctl/command.h"
#include "ctl/fail.h"
#include "ctl/lost_page.h"
#include "ctl/text.h"
#include "lib/options.h"

const char *argp_program_version = "punchctl (punchd) " PUNCHD_VERSION;

static const struct noun *const nouns[] = {&noun_punch, &noun_user, &noun_template, &noun_photo,
	&noun_oplog, &noun_raw, &noun_export, &noun_purge, &noun_device, &noun_cmd, &noun_spool,
	&noun_file, &noun_firmware, &noun_audit, &noun_status};
#define NOUN_COUNT (sizeof(nouns) / sizeof(nouns[0]))
/* The same in words. */
#define NOUN_WORDS                                                                      \
	"punch, user, template, photo, oplog, raw, export, purge, device, cmd, spool, " \
	"file, firmware, audit, status"

/* The part of the command line before the noun. */
struct front {
	const char *conf_option;
	int noun_at; /* index in argv; 0 while there is none */
};

static error_t take_front(int key, char *arg, struct argp_state *state)
{
	struct front *f = state->input;
	switch (key) {
	case ASK_CONF:
		f->conf_option = arg;
		return 0;
	case ARGP_KEY_ARG:
		/* The noun's own options are its own: argp stops here. */
		f->noun_at = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!f->noun_at)
			argp_error(state, "which NOUN? " NOUN_WORDS ", or a command for terminals");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct front parse_front(int argc, char **argv)
{
	static const struct argp_option options[] = {ASK_OPTION_CONF, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = take_front,
		.args_doc = "NOUN [VERB] [OPTION…]",
		.doc = "Ask what punchd has recorded, look after its spools, and give orders for "
		       "its devices.\v"
		       "  punch ls|count|follow                 what was punched\n"
		       "  user ls|show|export|erase             who the terminals know\n"
		       "  template ls|export|import             fingers, faces and the like\n"
		       "  photo ls|export                       of punches and of users\n"
		       "  oplog ls|follow                       what was done at the terminals\n"
		       "  raw ls|show                           what nobody understands yet\n"
		       "  export                                everything, into a directory\n"
		       "  purge photos|oplog|spool              what is older than it has to be\n"
		       "  device ls|show|wait                   the terminals\n"
		       "  device approve|refuse|set|rename|rm|resend\n"
		       "  NOUN [VERB] TARGET… [FIELD=VALUE…]    a command for terminals: unlock, "
		       "user add …\n"
		       "  cmd verbs                             all of those, with their fields\n"
		       "  cmd ls|show|wait|cancel|send|raw      the commands that were ordered\n"
		       "  spool ls|show|check                   what waits, what was done\n"
		       "  spool hold|release|replay|discard\n"
		       "  file ls                               what terminals may be told to "
		       "fetch\n"
		       "  firmware push                         a file to many, one by one\n"
		       "  audit                                 what terminals asked about "
		       "people\n"
		       "  status                                everything on one screen\n"
		       "\n"
		       "TARGET is a serial, an alias, @SITE, or --all. punchctl NOUN --help and "
		       "punchctl NOUN VERB --help say more; so does punchctl(1).\n"
		       "\n"
		       "Example: punchctl punch ls --since today --serial ABCD250100001",
	};
	struct front f = {0};
	argp_err_exit_status = EX_USAGE;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &f))
		exit(EX_OSERR);
	return f;
}

/* NULL when there is none of ours. */
static const struct noun *find_noun(const char *name)
{
	for (size_t i = 0; i < NOUN_COUNT; i++)
		if (strcmp(nouns[i]->name, name) == 0)
			return nouns[i];
	return NULL;
}

static const struct ask_verb *find_verb(const struct noun *n, const char *name)
{
	for (const struct ask_verb *v = n->verbs; v->run; v++)
		if (v->name && strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

static void print_verb(const struct ask_verb *v)
{
	const char *words = v->words ? v->words : "";
	size_t wide = text_columns(span_str(words));
	printf("  %-8s %s%*s %s\n", v->name, words, wide < 20 ? (int)(20 - wide) : 0, "", v->brief);
}

static void print_verbs(const struct noun *n)
{
	printf("Usage: punchctl [-c FILE] %s VERB [OPTION…]\n%s.\n\n", n->name, n->brief);
	for (const struct ask_verb *v = n->verbs; v->run; v++)
		print_verb(v);
	printf("\nExample: %s\npunchctl %s VERB --help says more.\n", n->example, n->name);
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0;
}

static void no_verb(const char *noun, const char *word) __attribute__((noreturn));
static void no_verb(const char *noun, const char *word)
{
	if (word)
		fail_note("%s has no verb '%s'", noun, word);
	else
		fail_note("%s needs a verb", noun);
	exit(fail(EX_USAGE, "try 'punchctl %s --help'", noun));
}

/* What the command line asks for. */
struct chosen {
	struct ask_verb verb;
	const struct verb *command; /* for terminals; else NULL */
	int words;                  /* of the command line that name it */
	char more[COMMAND_MORE_BYTES];
};

/* The verb that `word` names; NULL: there is no word. A noun whose only verb has no name needs
 * none. */
static void choose_verb(const struct noun *n, const char *word, struct chosen *c)
{
	const struct ask_verb *v = n->verbs[0].name ? NULL : &n->verbs[0];
	if (!v && word && is_help(word)) {
		print_verbs(n);
		if (command_is_noun(n->name)) {
			printf("\nCommands for terminals:\n");
			command_print_noun(n->name);
		}
		exit(EX_OK);
	}
	if (!v && word)
		v = find_verb(n, word);
	if (!v)
		no_verb(n->name, word);
	c->verb = *v;
	c->words = v->name ? 2 : 1;
}

static void choose_command(const char *noun, const char *word, struct chosen *c)
{
	if (!command_is_noun(noun))
		exit(fail(EX_USAGE,
			"there is no noun '%s'; there are " NOUN_WORDS
			", and those of 'punchctl cmd verbs'",
			noun));
	c->command = command_find(noun, word);
	if (!c->command && word && is_help(word)) {
		command_print_noun(noun);
		exit(EX_OK);
	}
	if (!c->command)
		no_verb(noun, word);
	c->verb = command_verb(c->command, c->more);
	c->words = command_find(noun, NULL) ? 1 : 2;
}

/* A noun may have verbs of both kinds: "user ls" and "user add". */
static void choose(const char *noun, const char *word, struct chosen *c)
{
	const struct noun *ours = find_noun(noun);
	if (ours && !(word && command_find(noun, word)))
		choose_verb(ours, word, c);
	else
		choose_command(noun, word, c);
}

/* An exit code; what is wrong has been said by conf_load. */
static int load_conf(struct ask *a)
{
	const char *path = conf_path(a->conf_option);
	int rc = conf_load(path, &a->conf);
	if (rc == -EACCES)
		return fail_at(rc, "read", path);
	if (rc < 0)
		return rc == -ENOENT ? EX_NOINPUT : EX_CONFIG;
	return EX_OK;
}

int main(int argc, char **argv)
{
	static struct chosen chosen;
	char name[64];
	struct ask ask = {0};

	/* The widths of characters, and nothing else: no number and no message may change with the
	 * operator's language. */
	setlocale(LC_CTYPE, "C.UTF-8");
	/* Whoever stops reading (| head) ends the program by an error on writing, in good order. */
	signal(SIGPIPE, SIG_IGN);
	lost_page_watch();

	struct front front = parse_front(argc, argv);
	const char *noun = argv[front.noun_at], *word = argv[front.noun_at + 1];
	choose(noun, word, &chosen);
	int skipped = front.noun_at + chosen.words - 1;

	snprintf(name, sizeof(name), "punchctl %s%s%s", noun, chosen.words > 1 ? " " : "",
		chosen.words > 1 ? word : "");
	argv[skipped] = name;
	ask.conf_option = front.conf_option;
	ask.command = chosen.command;
	ask_parse(&chosen.verb, argc - skipped, argv + skipped, &ask);

	char **words = ask.words; /* a verb takes words off their front */
	int code = load_conf(&ask);
	if (code == EX_OK)
		code = chosen.verb.run(&ask);
	conf_free(&ask.conf);
	free(words);
	int rc = out_flushed(stdout);
	return rc < 0 && code == EX_OK ? fail_at(rc, "write", "to standard output") : code;
}
