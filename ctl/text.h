/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text: bytes from outside, made fit for a person's terminal, for a table of values and for JSON.
 * Pure. */
#ifndef PUNCHD_CTL_TEXT_H
#define PUNCHD_CTL_TEXT_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/span.h"

/* Appends `s` with everything as \xNN that could change what is seen: control characters, bytes
 * that are not UTF-8, invisible and direction-changing characters; a backslash becomes two. The
 * bytes in `keep` stay as they are. 0, -ENOMEM or -EMSGSIZE, as all below. */
must_check int text_escape(struct buf *b, struct span s, const char *keep);

/* Appends the bytes of a text that is escaped as above, \xNN in either case of letters; what stands
 * as it is may be any byte. -EBADMSG, with the buffer untouched, when a backslash begins neither
 * that nor a pair of them. */
must_check int text_unescape(struct buf *b, struct span escaped);

/* Appends one field of RFC 4180: escaped as above but for TAB, CR and LF, and quoted when it needs
 * to be. */
must_check int text_csv(struct buf *b, struct span s);

/* Appends `s` as one word of a line for a shell, quoted when it needs to be. */
must_check int text_word(struct buf *b, struct span s);

/* Appends `s` with U+FFFD in place of every byte that is not UTF-8. */
must_check int text_repair(struct buf *b, struct span s);

/* Appends two lower-case hex digits for every byte. */
must_check int text_hex(struct buf *b, struct span s);

/* Appends what can be a part of a file's name: all but A-Z a-z 0-9 _ - and a dot that does not come
 * first as %XX. */
must_check int text_file_part(struct buf *b, struct span text);

/* Columns of a terminal that an escaped text takes. */
size_t text_columns(struct span s);

/* "3 s", "4 min", "5 h", "6 days", for people; always rounded down. */
#define TEXT_AGE_BYTES 32
void text_age(uint64_t age_us, char ret_text[static TEXT_AGE_BYTES]);
/* "17 B", "4.2 KiB", "3.0 GiB". */
#define TEXT_SIZE_BYTES 32
void text_size(uint64_t bytes, char ret_text[static TEXT_SIZE_BYTES]);

#endif
