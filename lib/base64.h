/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64: is a text base64, and of how many bytes? (RFC 4648 section 4.) Pure. */
#ifndef PUNCHD_LIB_BASE64_H
#define PUNCHD_LIB_BASE64_H

#include "lib/span.h"

/* Whole groups of four letters, the last one with up to two '='. An empty text is. */
bool base64_valid(struct span text);
/* How many bytes a valid text stands for. */
size_t base64_bytes(struct span text);

#endif
