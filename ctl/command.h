/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command: the commands for terminals as nouns and verbs of the command line. None of them is
 * written down here: they are made of the table of command/verb.h. */
#ifndef PUNCHD_CTL_COMMAND_H
#define PUNCHD_CTL_COMMAND_H

#include "command/typed.h"
#include "ctl/ask.h"
#include "ctl/orders.h"

/* ---- command_words.c: pure but for files and secrets that words name ---- */

/* Is there a command "NOUN", or any "NOUN.VERB"? */
bool command_is_noun(const char *noun);
/* "unlock" alone; "user" and "add"; "query" and "user" as well as "user" and "query". NULL when
 * there is none such; `word` may be NULL. */
const struct verb *command_find(const char *noun, const char *word);
/* Is its only field the last word, whatever that holds? */
bool command_is_line(const struct verb *v);

/* How many of the words name devices. */
size_t command_names(const struct verb *v, char **words, size_t count);

/* The commands that the words behind the names make: one, or one for each KEY=VALUE of an option.
 */
struct command_made {
	struct buf *texts; /* command/typed.h, each with the lines of an order before it */
	size_t count;
	unsigned allowances; /* bits, of all of them */
};
/* An exit code, said. `expires_ms` 0: as the verb has it. */
int command_make(const struct verb *v, char **words, size_t count, uint64_t expires_ms,
	struct command_made *ret);
void command_made_free(struct command_made *m);

/* ---- command.c ---- */

/* Orders the command that the words describe: TARGET… FIELD=VALUE…, or TARGET… LINE. An exit code.
 */
int command_give(struct ask *a, const struct verb *v, char **words, size_t count);
/* The same of devices that were named otherwise: `words` are behind the names. */
struct targets;
int command_give_to(
	struct ask *a, const struct verb *v, const struct targets *t, char **words, size_t count);

/* Orders commands that are made already, all of them of each device. An exit code. */
int command_give_made(
	struct ask *a, const struct targets *t, const struct command_made *made, size_t count);

/* The verb of the command line for a command; `more` is room for its help. */
#define COMMAND_MORE_BYTES 6144
struct ask_verb command_verb(const struct verb *v, char more[static COMMAND_MORE_BYTES]);
/* Of "cmd send" and "cmd raw" too. */
extern const struct argp_option command_options[];

/* ---- command_report.c ---- */

/* Posts the orders and says what became of them: queued, or with --wait how they ended. An exit
 * code. */
int command_follow(struct orders *o);
/* Waits for commands by their ids, as --wait does. An exit code. */
int command_wait(const struct ask *a, const uint64_t *ids, size_t count);

/* ---- command_help.c ---- */

/* Appends the fields of a verb, a line each, and what it needs. 0, -ENOMEM, -EMSGSIZE. */
must_check int command_put_fields(struct buf *b, const struct verb *v);
int command_verb_verbs(struct ask *a);
/* The verbs of a noun, for its --help. */
void command_print_noun(const char *noun);

#endif
