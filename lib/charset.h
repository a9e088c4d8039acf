/* SPDX-License-Identifier: GPL-2.0-or-later */
/* charset: text for terminals; the only file that knows iconv. docs/PROTOCOL.md 5 */
#ifndef PUNCHD_LIB_CHARSET_H
#define PUNCHD_LIB_CHARSET_H

#include "lib/buf.h"

/* Has the C library bring what GB18030 needs, from files of its own: before a sandbox is closed. It
 * happens by itself otherwise. 0, or a negative errno when it has none. One thread. */
must_check int charset_open(void);

/* The longest beginning of UTF-8 `text` that takes at most `max` bytes in the charset and does not
 * end within a character. */
struct span charset_cut_utf8(struct span text, size_t max);

/* Appends UTF-8 `text` in GB18030: at most `max` bytes, whole characters. `*ret_cut` says whether
 * something was left out. 0; -EILSEQ when it is no UTF-8, or a character has no
 * place in GB18030; -ENOMEM; -EMSGSIZE when there is not room for `max` bytes or twice the text's.
 */
must_check int charset_put_gb18030(struct buf *b, struct span text, size_t max, bool *ret_cut);
/* Appends GB18030 `text` in UTF-8. 0; -EILSEQ when it is none; -ENOMEM; -EMSGSIZE when there is
 * not room for twice its bytes. */
must_check int charset_put_utf8(struct buf *b, struct span text);

#endif
