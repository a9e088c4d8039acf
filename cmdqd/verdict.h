/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verdict: what a terminal hears when it asked if somebody is who he says. Pure.
 * docs/PROTOCOL.md 6 */
#ifndef PUNCHD_CMDQD_VERDICT_H
#define PUNCHD_CMDQD_VERDICT_H

#include "command/render.h"
#include "lib/buf.h"

#define VERDICT_FAILED    "AUTH=Failed\n"
#define VERDICT_MAX       (22 * 1024 - 1) /* bytes of the whole line */
#define VERDICT_PHOTO_MAX (16 * 1024)     /* of a photo; a larger one is left out */
#define VERDICT_NAME_MAX  24              /* of a name in the terminal's charset */

struct person;

/* Makes the line that lets this person in, `photo` being the bytes of a picture or empty; `b` is
 * wiped first, and after a failure. A text that could be taken for more than one field is left out,
 * and so is a name for which the charset has no characters. 0; -EINVAL when it is the PIN; -ENOMEM,
 * -EMSGSIZE. */
must_check int verdict_put(
	struct buf *b, const struct person *p, enum charset charset, struct span photo);

#endif
