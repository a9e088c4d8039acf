/* SPDX-License-Identifier: GPL-2.0-or-later */
/* introduce: the lines by which a terminal is told of somebody whom another one knows. Pure.
 * docs/PROTOCOL.md 5, 6
 *
 * They are those of command/render.h for this terminal, without "C:<id>:". What it could not take,
 * or did not say that it takes (all but fingers), what came damaged, and lines that are too long
 * are left out. */
#ifndef PUNCHD_CMDQD_INTRODUCE_H
#define PUNCHD_CMDQD_INTRODUCE_H

#include "cmdqd/people.h"
#include "command/render.h"

#define INTRODUCE_LINE_MAX (10 * 1024) /* bytes of a line with its LF */

/* What is told first is what a small reply has room for. */
enum introduce_part {
	INTRODUCE_USER,
	INTRODUCE_FINGERS,
	INTRODUCE_BIO,
	INTRODUCE_FACES,
	INTRODUCE_PICTURES,
	INTRODUCE_PARTS
};

/* Begins with the dialect and all else zero. */
struct introduction {
	const struct dialect *dialect;
	struct buf parts[INTRODUCE_PARTS];
};
void introduce_free(struct introduction *n);

/* 0; -EINVAL when no terminal takes such a PIN; -ENOMEM. Of the user's fields those that this
 * terminal cannot take are left out. The privilege is that of a user: who administers one terminal
 * does not administer those that ask for him. */
must_check int introduce_user(struct introduction *n, const struct person *p);
/* A template or picture (ITEM_TEMPLATE, ITEM_PICTURE): 0, also when it is left out; -ENOMEM. */
must_check int introduce_item(struct introduction *n, const struct item *i);
/* Appends as many lines as there is room for. How many, or -ENOMEM. */
must_check int introduce_put(const struct introduction *n, struct buf *reply);

#endif
