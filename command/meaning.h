/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meaning: what the Return of a result says. Pure. docs/PROTOCOL.md 4.1 */
#ifndef PUNCHD_COMMAND_MEANING_H
#define PUNCHD_COMMAND_MEANING_H

#include "command/verb.h"

/* Did a command with these traits work? 0, and every number from 0 up for VERB_COUNTS. */
bool meaning_good(unsigned traits, int64_t code);
/* In words, such as "no such PIN" or "12 records"; always printable. `v` may be NULL. */
void meaning_put(const struct verb *v, int64_t code, char ret_words[static VERB_WHY_BYTES]);

#endif
