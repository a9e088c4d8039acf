/* SPDX-License-Identifier: GPL-2.0-or-later */
/* why: the reason of a refusal in words, within this room. */
#ifndef PUNCHD_COMMAND_WHY_H
#define PUNCHD_COMMAND_WHY_H

#include "command/verb.h"

/* Writes the reason; always -EINVAL. */
must_check int why_refuse(char ret_why[static VERB_WHY_BYTES], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A word from outside for "%.*s": itself when it is short and made of a-z 0-9 . - _, else empty. */
struct span why_word(struct span word);

#endif
