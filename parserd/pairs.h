/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pairs: "key=value" out of lines. Pure; values are bytes, in whatever encoding.
 * docs/PROTOCOL.md 3.2, 3.3 */
#ifndef PUNCHD_PARSERD_PAIRS_H
#define PUNCHD_PARSERD_PAIRS_H

#include "lib/span.h"

#define PAIRS_KEY_MAX 64

struct pair {
	struct span key, value;
};

/* Splits at the first '=': base64 has more of them. Blanks before the key are dropped. 0, or
 * -EINVAL when what stands before it is no key: 1 to 64 of A-Z a-z 0-9 _ ~. */
must_check int pairs_split(struct span piece, struct pair *ret);

/* The bytes of the key at the beginning of `text` when an '=' follows it; 0 when there is none. A
 * key may be longer than 64 here. */
size_t pairs_key_len(struct span text);

/* Takes the keyword and the blanks behind it off `*line`: what stands before the first blank or
 * TAB, unless an '=' is in it; then the line has no keyword and this is empty. */
struct span pairs_take_keyword(struct span *line);

#endif
