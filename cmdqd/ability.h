/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ability: the dialect of a device, from what it said of itself and how it is set. Pure.
 * docs/PROTOCOL.md 4 (INFO), 5 */
#ifndef PUNCHD_CMDQD_ABILITY_H
#define PUNCHD_CMDQD_ABILITY_H

#include "command/render.h"
#include "store/control.h"

/* `facts` are the lines of its last INFO (store/command.h), empty when there is none: they count
 * where INFO= of a poll says nothing. */
struct dialect ability_dialect(const struct device *d, struct span facts);

/* Of these alone: the form in which it gives and takes the number of a card, and its charset. */
enum card_form ability_card(const struct device *d);
enum charset ability_charset(const struct device *d);

/* Is it an old terminal: pushver= absent, below 2, or nothing readable? */
bool ability_old(struct span push_version);

#endif
