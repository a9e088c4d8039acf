/* SPDX-License-Identifier: GPL-2.0-or-later */
/* value: what an operator writes behind FIELD=, made into the value that is meant. */
#ifndef PUNCHD_CTL_VALUE_H
#define PUNCHD_CTL_VALUE_H

#include "command/verb.h"
#include "lib/buf.h"

/* Appends the value of `word`: "@FILE" is what is in the file, "@@…" begins with one "@", and "-"
 * for what is secret is asked for. An exit code, said. */
int value_take(const struct verb_field *f, struct span word, struct buf *b);

/* Bytes of a file as the field takes them: base64 for a field of that, unless they are it already,
 * perhaps in several lines; else without one final end of line. 0, -ENOMEM, -EMSGSIZE. Pure. */
must_check int value_put_bytes(const struct verb_field *f, struct span bytes, struct buf *b);

#endif
