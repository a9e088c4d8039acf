/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64: RFC 4648 section 4. Pure. */
#ifndef PUNCHD_LIB_BASE64_H
#define PUNCHD_LIB_BASE64_H

#include "lib/buf.h"

/* Whole groups of four letters, the last one with up to two '='. An empty text is. */
bool base64_valid(struct span text);
/* How many bytes a valid text stands for. */
size_t base64_bytes(struct span text);

/* base64_code.c: appends bytes as text. 0, -ENOMEM, -EMSGSIZE. */
must_check int base64_put(struct buf *b, struct span bytes);
/* And back. -EINVAL for a text that is not valid, or whose last letter says more than there is in
 * its bytes; the buffer is untouched on failure. */
must_check int base64_get(struct buf *b, struct span text);

#endif
