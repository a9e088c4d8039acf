/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keep_text: fields and content of a row as the text of an item. The form is store/item.h's. */
#ifndef PUNCHD_PARSERD_KEEP_TEXT_H
#define PUNCHD_PARSERD_KEEP_TEXT_H

#include "lib/buf.h"
#include "parserd/row.h"

enum keep_part { KEEP_OPEN = 1, KEEP_SECRET = 2, KEEP_ALL = KEEP_OPEN | KEEP_SECRET };

/* Is there a field of this part? */
bool keep_text_has(const struct row *row, enum keep_part part);
/* Appends the fields of this part, sorted by name. 0, -ENOMEM or -EMSGSIZE. */
must_check int keep_text_fields(struct buf *b, const struct row *row, enum keep_part part);
/* Appends the content's bytes: those that came, or those that its base64 says. `*ret_decoded` is
 * false when it was to be base64 and is none after all. 0, -ENOMEM or -EMSGSIZE. */
must_check int keep_text_content(struct buf *b, const struct row *row, bool *ret_decoded);

#endif
