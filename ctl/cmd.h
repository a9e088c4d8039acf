/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd: the commands that were ordered, as cmdqd keeps them. */
#ifndef PUNCHD_CTL_CMD_H
#define PUNCHD_CTL_CMD_H

#include "command/typed.h"
#include "ctl/ask.h"
#include "ctl/place.h"
#include "store/command.h"

#define CMD_TEXT_MAX ((size_t)4 * TYPED_MAX) /* bytes of a stored command's text */

/* Opens the store for reading. An exit code, said: EX_UNAVAILABLE while cmdqd has never run. */
int cmd_open(const struct ask *a, struct control_reader **ret);
/* Is cmdqd surely not at work? */
bool cmd_nobody_works(const struct places *ps);
/* A word that is the number of a command. An exit code, said. */
int cmd_id(const char *word, uint64_t *ret_id);

/* How it ended, in words: the reason, else what its Return says; empty while neither is known. */
#define CMD_OUTCOME_BYTES (COMMAND_WHY_BYTES + 32)
void cmd_outcome(const struct command *c, char ret_words[static CMD_OUTCOME_BYTES]);

/* Its verb and fields as "key: value" lines without what is secret. Only open ones still hold
 * that. 0, -ENOMEM, -EMSGSIZE. */
must_check int cmd_put_masked(struct buf *b, const struct command *c);
/* The same on a line: "user.add pin=1001 name=Anna". */
must_check int cmd_put_line(struct buf *b, const struct command *c);
/* NULL for one that this version does not know. */
const struct verb *cmd_verb(const struct command *c);

/* The verbs that have a file of their own. Each gives the exit code. */
int cmd_verb_ls(struct ask *a);
int cmd_verb_show(struct ask *a);

#endif
