/* SPDX-License-Identifier: GPL-2.0-or-later */
/* changes: which fields of an item one version has otherwise than the one before. Pure. */
#ifndef PUNCHD_CTL_CHANGES_H
#define PUNCHD_CTL_CHANGES_H

#include "lib/buf.h"
#include "store/item.h"

/* Appends the fields' names, a blank between; what a field was spelled like on the way
 * ("card.sent", "name.raw") is none of its own. `before` NULL: all that are not empty. 0, -EUCLEAN,
 * -ENOMEM, -EMSGSIZE. */
must_check int changes_put(struct buf *b, const struct item *before, const struct item *after);

#endif
