/* SPDX-License-Identifier: GPL-2.0-or-later */
/* learn: what a terminal says of itself in a request target. Pure. docs/PROTOCOL.md 1.1, 4 */
#ifndef PUNCHD_CMDQD_LEARN_H
#define PUNCHD_CMDQD_LEARN_H

#include "lib/target.h"
#include "store/control.h"

/* Copies at most room - 1 bytes of outside text; a control character becomes '?', so that a fact is
 * always one line. `to` is ended by NUL. */
void learn_text(char *to, size_t room, struct span from);

/* From a handshake: pushver (none is a fact too), DeviceType, language. */
void learn_from_hello(struct device *d, const struct target *t);
/* From a poll: INFO= and the firmware in it. */
void learn_from_poll(struct device *d, const struct target *t);

#endif
