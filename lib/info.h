/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info: what a terminal says of itself with a poll, INFO=, taken apart. Pure. docs/PROTOCOL.md 4 */
#ifndef PUNCHD_LIB_INFO_H
#define PUNCHD_LIB_INFO_H

#include "lib/buf.h"

enum info_field {
	INFO_FIRMWARE,
	INFO_USERS,
	INFO_FINGERS,
	INFO_PUNCHES,
	INFO_IP,
	INFO_FINGER_VERSION,
	INFO_FACE_VERSION,
	INFO_FACE_TEMPLATES, /* of one face */
	INFO_FACES,
	INFO_FLAGS,
	INFO_FIELDS
};

/* A field that is not there is empty. The spans point into `text`. */
struct info {
	struct span fields[INFO_FIELDS];
};
struct info info_read(struct span text);

enum info_ability {
	INFO_ABLE_FINGER,
	INFO_ABLE_FACE,
	INFO_ABLE_USERPIC,
	INFO_ABLE_BIOPHOTO,
	INFO_ABLE_BIODATA,
	INFO_ABILITIES
};
/* What the flags say of an ability: 1 it is there, -1 it is not, 0 nothing. Where they end before
 * it the protocol has an answer for some. */
int info_able(struct span flags, enum info_ability ability);

/* Appends what the flags say that it can do: words with a blank between, "finger face userpic
 * biophoto biodata". 0, -ENOMEM, -EMSGSIZE. */
must_check int info_put_abilities(struct buf *b, struct span flags);

#endif
