/* SPDX-License-Identifier: GPL-2.0-or-later */
/* utf8: characters out of bytes. Pure. */
#ifndef PUNCHD_LIB_UTF8_H
#define PUNCHD_LIB_UTF8_H

#include <stdint.h>

#include "lib/span.h"

/* The bytes of the first character; 0 at the end and for what is none (too long a form, a
 * surrogate, above U+10FFFF). */
size_t utf8_next(struct span s, uint32_t *ret_code);
bool utf8_valid(struct span s);
/* Valid, and no control character (C0, DEL, C1) in it. */
bool utf8_plain(struct span s);

#endif
